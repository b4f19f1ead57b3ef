//! An upstream that answers with scripted bytes, piece by piece, and remembers its requests.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// A request as it reached the upstream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Everything that was sent, for searches.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{:?}\n{}", self.line, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// One step of the upstream's answer.
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Bytes kept in memory once, however many times they are sent.
    Static(&'static [u8]),
    /// Waits until the test releases it.
    Wait(Receiver<()>),
    Close,
}

impl Step {
    pub(crate) fn send(text: impl Into<Vec<u8>>) -> Self {
        Self::Send(text.into())
    }

    /// Returns a place to wait, and the sender that releases it.
    pub(crate) fn gate() -> (Self, Sender<()>) {
        let (open, gate) = channel();
        (Self::Wait(gate), open)
    }
}

/// Returns a script whose first answer waits for the sender.
pub(crate) fn held(
    mut answer: impl FnMut() -> Vec<Step> + Send + 'static,
) -> (impl FnMut(&Seen) -> Vec<Step> + Send + 'static, Sender<()>) {
    let (gate, open) = Step::gate();
    let mut gate = Some(gate);
    (move |_: &Seen| gate.take().into_iter().chain(answer()).collect(), open)
}

/// Returns a whole JSON answer.
pub(crate) fn json(status: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![Step::send(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ))]
}

type Script = Box<dyn FnMut(&Seen) -> Vec<Step> + Send>;

#[derive(Clone)]
pub(crate) struct Scripted {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<Script>>,
}

impl Scripted {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let script: Script = Box::new(|_| json("200 OK", r#"{"id":1}"#));
        let upstream = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            script: Arc::new(Mutex::new(script)),
        };
        let serving = upstream.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        upstream
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets `script` answer every request from now on.
    pub(crate) fn answers(&self, script: impl FnMut(&Seen) -> Vec<Step> + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        while let Some(seen) = read_request(&mut reader) {
            self.seen.lock().unwrap().push(seen.clone());
            let steps = (self.script.lock().unwrap())(&seen);
            for step in steps {
                match step {
                    Step::Send(bytes) if writer.write_all(&bytes).is_err() => return,
                    Step::Static(bytes) if writer.write_all(bytes).is_err() => return,
                    Step::Send(_) | Step::Static(_) => {}
                    // An error means that the test dropped the other end.
                    Step::Wait(gate) => drop(gate.recv()),
                    Step::Close => {
                        let _ = writer.shutdown(std::net::Shutdown::Both);
                        return;
                    }
                }
            }
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Seen> {
    let mut seen = Seen::default();
    reader.read_line(&mut seen.line).ok().filter(|read| *read > 0)?;
    seen.line = seen.line.trim_end().to_owned();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => seen.headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    seen.body = vec![0; length];
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}
