//! The surfaces. Each sends a case through its own door, and reports its agent's answer in common words.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use verifier::direct::{Call, Direct, DirectAnswer, End, Got};

use super::case::Meant;
use crate::common::{Reply, Stage, exchange, name, request};

/// One way into the gateway.
pub(super) trait Surface {
    /// Sends a request, and waits for its result.
    fn asks(&mut self, pass: &str, meant: &Meant) -> Got;

    /// Waits until no work is left.
    fn closes(self: Box<Self>) {}
}

/// A surface by name. A new one is another row here.
pub(super) struct Door {
    pub name: &'static str,
    pub open: fn(&Stage) -> Box<dyn Surface>,
}

pub(super) const SURFACES: [Door; 2] = [
    Door { name: "base URL", open: |stage| Box::new(BaseUrl(stage.address)) },
    Door { name: "direct", open: |stage| Box::new(InProcess::on(stage)) },
];

/// HTTP over a socket, as an SDK with another base URL speaks it.
struct BaseUrl(SocketAddr);

impl Surface for BaseUrl {
    fn asks(&mut self, pass: &str, meant: &Meant) -> Got {
        let query = meant.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("/{}{}{query}", meant.connection, meant.path);
        let mut lines = vec![format!("Authorization: Bearer {pass}")];
        lines.extend(meant.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.extend(meant.content_type.map(|media| format!("Content-Type: {media}")));
        lines.extend((meant.wait > 0).then(|| format!("Prefer: wait={}", meant.wait)));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        got(exchange(self.0, &request(meant.method, &target, &lines, &meant.body)))
    }
}

/// Headers of the connection, or of HTTP alone.
const OF_HTTP: [&str; 5] =
    ["content-length", "transfer-encoding", "connection", "date", "preference-applied"];
/// Members by which SDKs show a refusal, in addition to those that every surface has.
const OF_SDKS: [&str; 6] = ["status", "ok", "message", "error", "object", "status_url"];

fn got(reply: Reply) -> Got {
    let stopped: Option<Map<String, Value>> = serde_json::from_slice(&reply.body).ok();
    let is_stop = |problem: &Map<String, Value>| {
        problem.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("urn:hallpass:"))
    };
    match stopped.filter(is_stop) {
        Some(problem) => Got::Stopped(common_to_all(problem)),
        None => {
            let headers = reply.headers.into_iter();
            let headers = headers.filter(|(name, _)| !OF_HTTP.contains(&name.as_str())).collect();
            let end = if reply.whole { End::Whole } else { End::CutOff };
            Got::Answer(DirectAnswer { status: reply.status, headers, body: reply.body, end })
        }
    }
}

fn common_to_all(mut problem: Map<String, Value>) -> Map<String, Value> {
    problem.retain(|name, _| !OF_SDKS.contains(&name.as_str()));
    problem
}

/// A call in this process, without any HTTP.
pub(super) struct InProcess {
    runtime: Runtime,
    direct: Option<Direct>,
}

impl InProcess {
    pub(super) fn on(stage: &Stage) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, direct: Some(Direct::new(&stage.gateway)) }
    }
}

impl Surface for InProcess {
    fn asks(&mut self, pass: &str, meant: &Meant) -> Got {
        let call = Call {
            pass: SecretString::from(pass),
            connection: name(meant.connection),
            host: None,
            method: meant.method.to_owned(),
            path: meant.path.clone(),
            query: meant.query.clone(),
            headers: meant.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            content_type: meant.content_type.map(str::to_owned),
            body: meant.body.clone().into(),
            wait: Duration::from_secs(meant.wait),
            base: format!("http://127.0.0.1/{}", meant.connection),
        };
        match self.runtime.block_on(self.direct.as_ref().unwrap().call(call)) {
            Got::Stopped(problem) => Got::Stopped(common_to_all(problem)),
            Got::Answer(answer) => {
                let headers = answer.headers.into_iter();
                let headers = headers.filter(|(name, _)| !OF_HTTP.contains(&name.as_str())).collect();
                Got::Answer(DirectAnswer { headers, ..answer })
            }
        }
    }

    fn closes(mut self: Box<Self>) {
        let direct = self.direct.take().unwrap();
        self.runtime.block_on(direct.drain(Duration::from_secs(10)));
    }
}
