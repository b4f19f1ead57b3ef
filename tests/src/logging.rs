//! A provider that a test scripts. It logs every request byte for byte, and gives the answers that the test has set.
//!
//! It is also the OAuth provider of all its services, under `/-/`, where everybody is Alice and agrees. A path
//! without an answer gets `200 {}`, so that a request that passes the gateway shows up, and is not lost in a 404.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::http::runtime;

/// One request as the provider received it.
#[derive(Debug, Clone)]
pub struct Logged {
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The headers in order of arrival, with repetitions.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Logged {
    /// The whole request as one text, for searches.
    pub fn text(&self) -> String {
        let headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {}\n{}\n\n{body}", self.method, self.target, headers.join("\n"))
    }
}

/// The answers at one path.
#[derive(Debug, Clone)]
pub struct Put {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

#[derive(Default)]
struct State {
    logged: Mutex<Vec<Logged>>,
    answers: Mutex<BTreeMap<String, Put>>,
    tokens: AtomicUsize,
}

pub struct LoggingUpstream {
    pub url: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl Drop for LoggingUpstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl LoggingUpstream {
    pub fn start() -> Self {
        let state = Arc::<State>::default();
        let listener =
            runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let serving = runtime().spawn(serve(listener, Arc::clone(&state)));
        Self { url: format!("http://{address}"), state, serving }
    }

    /// Forgets the requests and the prepared answers.
    pub fn forget(&self) {
        self.state.logged.lock().expect("no test panics in here").clear();
        self.state.answers.lock().expect("no test panics in here").clear();
    }

    /// From now on requests for this path get this answer, whatever their query.
    pub fn answer(&self, path: &str, put: Put) {
        self.state.answers.lock().expect("no test panics in here").insert(path.to_owned(), put);
    }

    /// The requests to services since then, without those of the sign-in.
    pub fn logged(&self) -> Vec<Logged> {
        self.state.logged.lock().expect("no test panics in here").clone()
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(move |request| respond(request, Arc::clone(&state)));
    // If a client goes away, this side has not failed.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path().to_owned();
    if let Some(part) = path.strip_prefix("/-/") {
        return Ok(sign_in(part, head.uri.query().unwrap_or_default(), &state));
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    state.logged.lock().expect("no test panics in here").push(Logged {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    });
    let put = state.answers.lock().expect("no test panics in here").get(&path).cloned();
    Ok(put.map_or_else(|| page(200, &json!({})), Put::response))
}

impl Put {
    fn response(self) -> Response<Full<Bytes>> {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        builder.body(Full::new(self.body)).expect("a test's answer has headers that can be sent")
    }
}

fn page(status: u16, value: &Value) -> Response<Full<Bytes>> {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Put { status, headers, body: value.to_string().into() }.response()
}

/// The OAuth server: one code, tokens that count up, and always Alice.
fn sign_in(part: &str, query: &str, state: &State) -> Response<Full<Bytes>> {
    match part {
        "authorize" => {
            let asked: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let back = asked.get("redirect_uri").map(String::as_str).unwrap_or_default();
            let state = asked.get("state").map(String::as_str).unwrap_or_default();
            let mut back: url::Url = back.parse().expect("`redirect_uri` is a URL");
            back.query_pairs_mut()
                .append_pair("code", "code-of-the-logging-upstream")
                .append_pair("state", state);
            let headers = vec![("location".to_owned(), back.to_string())];
            Put { status: 303, headers, body: Bytes::new() }.response()
        }
        "token" => {
            let number = state.tokens.fetch_add(1, Ordering::Relaxed);
            let tokens = json!({ "access_token": format!("token-of-alice-{number}"), "token_type": "Bearer",
                "refresh_token": format!("refresh-of-alice-{number}"), "expires_in": 3600 });
            let mut answer = tokens.clone();
            // Slack puts a person's tokens there. Where other services put them, Slack puts a bot's.
            answer["authed_user"] = tokens;
            answer["authed_user"]["token_type"] = "user".into();
            answer["ok"] = true.into();
            page(200, &answer)
        }
        "account" => {
            page(200, &json!({ "ok": true, "email": crate::ALICE, "login": "alice", "user_id": "U0ALICE" }))
        }
        _ => page(200, &json!({ "ok": true })),
    }
}
