//! The direct surface: a caller in the same process hands over a request, without a protocol.
//!
//! It does exactly what every surface must do. Tests compare every other surface with it. A program that contains the
//! gateway may use it too.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use datalog::ConnectionName;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::answer::problem;
use crate::answer::reply::Reply;
use crate::answer::treatment::Shows;
use crate::caller::Caller;
use crate::filter::headers::end_to_end;
use crate::gateway::Gateway;
use crate::pipeline::{RequestState, Stopped, Worker};
use crate::ports::Mode;
use crate::record::Came;
use crate::refusal::spoken::Spoken;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Explanation, Refusal};
use crate::steps::arrived::{Arrived, Contents, Patience};
use crate::steps::verify::Trusted;
use crate::surface::admit::no_other_credential;
use crate::tasks::Tasks;

/// A gateway as a function.
pub struct Direct {
    worker: Worker,
    tasks: Arc<Tasks>,
    /// Never used: the owner of this surface ends it by dropping it.
    _ending: watch::Sender<bool>,
}

/// One request, as its caller means it.
#[derive(Debug, Clone)]
pub struct Call {
    pub pass: SecretString,
    pub connection: ConnectionName,
    /// The service's host that the caller means, if it matters.
    pub host: Option<String>,
    pub method: String,
    /// The service's own path, percent-encoded; starts with `/`.
    pub path: String,
    pub query: Option<String>,
    pub headers: Vec<(String, String)>,
    pub content_type: Option<String>,
    pub body: Bytes,
    /// How long to wait for a person, if one is asked.
    pub wait: Duration,
    /// The address to which the service's own URLs in its answer lead.
    pub base: String,
}

/// The result.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    Answer(DirectAnswer),
    /// Why there is no answer: the members of a problem, as on every surface.
    Stopped(Map<String, Value>),
}

/// The service's answer, as far as the pass shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub end: End,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Whole,
    CutOff,
}

impl Direct {
    /// Makes the surface. Make it where you call it, because its work after an answer runs on the same runtime.
    pub fn new(gateway: &Arc<Gateway>) -> Self {
        let (tasks, (_ending, ending)) = (Arc::new(Tasks::default()), watch::channel(false));
        Self { worker: Worker::new(gateway.clone(), tasks.clone(), ending), tasks, _ending }
    }

    /// Decides, sends and answers one request.
    pub async fn call(&self, call: Call) -> Got {
        let path = format!("/{}{}", call.connection, call.path);
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let came = Came { method: &call.method, path: &path, peer, mode: Mode::Direct };
        let mut state = self.worker.begin(&came, Caller::default());
        let answered = self.answered(call, &mut state).await;
        match self.worker.end(state, answered).await {
            Ok(reply) => Got::Answer(read(reply).await),
            Err(Stopped { unanswered, about }) => Got::Stopped(problem::problem(
                &unanswered,
                &Explanation::of(&unanswered, Spoken::Plain, about),
            )),
        }
    }

    /// Waits for the work that requests left, at most this long.
    pub async fn drain(self, patience: Duration) {
        self.tasks.drain(patience).await;
    }

    async fn answered(&self, call: Call, state: &mut RequestState) -> Result<Reply, Unanswered> {
        let arrived = self.arrived(call, state)?;
        let ready = self.worker.prepare(&arrived, state).await?;
        self.worker.go(ready, state).await
    }

    fn arrived(&self, call: Call, state: &mut RequestState) -> Result<Arrived, Unanswered> {
        let gateway = &self.worker.gateway;
        let headers = headers(&call.headers)?;
        no_other_credential(&headers)?;
        let trusted = Trusted::of(gateway, call.pass, &call.connection, &mut state.recording)?;
        Ok(Arrived {
            trusted,
            host: call.host,
            method: call.method,
            method_override: None,
            path: call.path,
            query: call.query,
            headers: end_to_end(&headers),
            content_type: call.content_type,
            body: Contents::whole(gateway, call.body)?,
            shows: Shows::Everything,
            base: call.base,
            patience: Patience::of(call.wait),
        })
    }
}

fn headers(named: &[(String, String)]) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        let (Ok(key), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) else {
            return Err(Refusal::ambiguous(format!("the header `{name}` cannot be read")));
        };
        headers.append(key, value);
    }
    Ok(headers)
}

async fn read(reply: Reply) -> DirectAnswer {
    let Reply { status, headers, body: mut pieces } = reply;
    let (mut body, mut end) = (Vec::new(), End::Whole);
    while let Some(piece) = pieces.frame().await {
        match piece {
            Ok(frame) => body.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Err(_) => end = End::CutOff,
        }
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    DirectAnswer { status: status.as_u16(), headers, body, end }
}
