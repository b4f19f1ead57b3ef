//! The loopback listener to which the provider's consent page sends the browser back (RFC 8252, section 7.3).
//!
//! It listens on 127.0.0.1 only, at exactly `/callback`, until one answer with the expected state comes. It exchanges
//! nothing: the answer goes to the authority.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::failure::Failure;

/// A browser sends its request line at once. Anything slower is no browser.
const READ_DEADLINE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: usize = 16 * 1024;

/// The parameters with which the provider sent the browser back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Heard {
    pub state: Option<String>,
    pub code: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
}

/// A listener that waits for the browser.
pub(super) struct Callback {
    listener: TcpListener,
    address: SocketAddr,
}

impl Callback {
    /// Listens on `port` of 127.0.0.1; 0 takes a free one.
    pub(super) async fn listen(port: u16) -> Result<Self, Failure> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.and_then(|listener| {
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        });
        bound.map_err(|error| {
            Failure::failed(format!("cannot listen on port {port} of 127.0.0.1: {error}"))
                .or_hint("choose another one with --redirect-port, or leave the flag out to get a free one")
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the redirect URI to register and to send.
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://{}/callback", self.address)
    }

    /// Waits for the browser to return with `state`. Strangers get a 404 and change nothing.
    pub(super) async fn heard(self, state: &str, patience: Duration) -> Result<Heard, Failure> {
        timeout(patience, self.wait(state)).await.map_err(|_| {
            Failure::failed(format!("the provider sent no browser back within {} s", patience.as_secs()))
                .or_hint("run the command again, and finish the consent page in the browser")
        })?
    }

    async fn wait(&self, state: &str) -> Result<Heard, Failure> {
        loop {
            let (mut stream, _) =
                self.listener.accept().await.map_err(|error| {
                    Failure::failed(format!("the browser's answer cannot be taken: {error}"))
                })?;
            // One at a time on purpose: a browser's idle second connection is given up after the deadline.
            let Ok(Some(head)) = timeout(READ_DEADLINE, head(&mut stream)).await else { continue };
            match parse(&head, self.address) {
                Some(heard) if heard.state.as_deref() == Some(state) => {
                    let page = if heard.code.is_some() { DONE } else { REFUSED };
                    reply(&mut stream, "200 OK", page).await;
                    return Ok(heard);
                }
                _ => reply(&mut stream, "404 Not Found", STRANGER).await,
            }
        }
    }
}

/// Returns the bytes up to the empty line. None if they do not come, or do not end.
async fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(2048);
    while head.len() < LONGEST_HEAD {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
        if head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            return Some(head);
        }
    }
    None
}

/// Returns the query of a `GET /callback` that was sent to this very listener. Each parameter appears once.
fn parse(head: &[u8], address: SocketAddr) -> Option<Heard> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let target = lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    // A page of another origin may resolve its own name to 127.0.0.1. Its requests still have that name here.
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let own = [address.to_string(), format!("localhost:{}", address.port())];
    if !own.iter().any(|own| own == host) {
        return None;
    }
    heard(target.strip_prefix("/callback?")?)
}

/// Returns the parameters of a query. Each appears once.
pub(super) fn heard(query: &str) -> Option<Heard> {
    let mut heard = Heard::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            "state" => &mut heard.state,
            "code" => &mut heard.code,
            "iss" => &mut heard.iss,
            "error" => &mut heard.error,
            "error_description" => &mut heard.error_description,
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    Some(heard)
}

async fn reply(stream: &mut TcpStream, status: &str, text: &str) {
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Hallpass</title>\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}}</style>\
         <h1>Hallpass</h1><p>{text}</p>"
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nreferrer-policy: no-referrer\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    // The browser may be gone. Only its parameters count.
    let _ = timeout(READ_DEADLINE, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    })
    .await;
}

const DONE: &str = "The account's consent has arrived. You can close this page and go back to the terminal.";
const REFUSED: &str = "The provider did not give consent. The terminal says more; you can close this page.";
const STRANGER: &str = "Nothing is expected here.";

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> SocketAddr {
        "127.0.0.1:5001".parse().unwrap()
    }

    fn get(target: &str, host: &str) -> Option<Heard> {
        parse(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes(), address())
    }

    #[test]
    fn the_browsers_answer_is_heard() {
        let heard = get("/callback?state=s&code=a%2Fb&iss=https%3A%2F%2Fx", "127.0.0.1:5001").unwrap();
        assert_eq!(heard.code.as_deref(), Some("a/b"));
        assert_eq!(heard.state.as_deref(), Some("s"));
        assert_eq!(heard.iss.as_deref(), Some("https://x"));
    }

    #[test]
    fn anything_but_the_exact_path_on_this_host_is_a_stranger() {
        for (target, host) in [
            ("/callback/?state=s&code=c", "127.0.0.1:5001"),
            ("/Callback?state=s&code=c", "127.0.0.1:5001"),
            ("/callback?state=s&code=c&code=d", "127.0.0.1:5001"),
            ("/callback?state=s&code=c", "rebound.example:5001"),
            ("http://127.0.0.1:5001/callback?state=s", "127.0.0.1:5001"),
        ] {
            assert_eq!(get(target, host), None, "{target} {host}");
        }
        assert_eq!(
            parse(b"POST /callback?state=s HTTP/1.1\r\nHost: 127.0.0.1:5001\r\n\r\n", address()),
            None
        );
    }

    #[tokio::test]
    async fn only_the_expected_state_ends_the_wait() {
        let callback = Callback::listen(0).await.unwrap();
        let address = callback.address;
        let browser = async {
            let mut answers = Vec::new();
            for state in ["wrong", "right"] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let request =
                    format!("GET /callback?state={state}&code=c HTTP/1.1\r\nHost: {address}\r\n\r\n");
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                answers.push(answer);
            }
            answers
        };
        let (heard, answers) = tokio::join!(callback.heard("right", Duration::from_secs(20)), browser);
        assert_eq!(heard.unwrap().code.as_deref(), Some("c"));
        assert!(answers[0].starts_with("HTTP/1.1 404"), "{}", answers[0]);
        assert!(answers[1].starts_with("HTTP/1.1 200"), "{}", answers[1]);
    }
}
