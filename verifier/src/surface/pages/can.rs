//! `POST /pass/can`: a holder describes a request, and learns how its pass would answer.

use datalog::Reason;
use http::header::{AUTHORIZATION, CONTENT_ENCODING};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::entrance::Scope;
use crate::heads;
use crate::pipeline::{RequestState, Worker};
use crate::refusal::Refusal;
use crate::refusal::unanswered::Unanswered;
use crate::steps::arrived::Contents;
use crate::steps::verify::Trusted;
use crate::surface::admit::{Admitted, admit};
use crate::surface::framing::{self, OwnHost};
use crate::would::Would;

const SHAPE: &str = r#"`{"method": "DELETE", "url": "/CONNECTION/…the service's own path…"}`, with `body`, `content_type` and `headers` where the request has them"#;

/// The asking holder, and its address.
pub(crate) struct Holder<'a> {
    /// The text of the pass, which was verified.
    pub pass: SecretString,
    pub scope: &'a Scope,
    pub host: &'a OwnHost,
}

/// The request that a holder asks about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thought {
    method: String,
    /// The URL as the holder would send it here: the whole URL, or the part from its path on.
    url: String,
    /// The body. Text is sent unchanged, anything else as JSON.
    #[serde(default)]
    body: Value,
    content_type: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
}

/// Answers the page, and writes its record.
pub(crate) async fn can(
    worker: &Worker,
    holder: Holder<'_>,
    text: Contents,
    state: &mut RequestState,
) -> Result<Value, Unanswered> {
    let thought: Thought = serde_json::from_slice(&text.bytes).map_err(|error| {
        Refusal::ambiguous("the question cannot be read").expected(SHAPE, error.to_string())
    })?;
    let body = text.replaced(thought.bytes().into());
    let limits = &worker.gateway.config.limits;
    let admitted = thought.admitted(holder, (limits.head, limits.headers))?;
    let trusted =
        Trusted::of(&worker.gateway, admitted.pass.clone(), &admitted.connection, &mut state.recording)?;
    let arrived = admitted.arrived(trusted, body);
    let Would { answer, operation, effects, reasons, record } = worker.would(&arrived, state).await?;
    Ok(json!({
        "would": answer.as_str(),
        "connection": arrived.trusted.connection().name.as_str(),
        "operation": operation.as_str(),
        "effects": effects.to_string(),
        "reasons": reasons.iter().map(told).collect::<Vec<_>>(),
        "sent": false,
        "record": record.map(|record| record.0),
    }))
}

fn told(reason: &Reason) -> Value {
    json!({"caveat": reason.caveat, "expected": reason.expected, "got": reason.got})
}

impl Thought {
    fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Value::Null => Vec::new(),
            Value::String(text) => text.as_bytes().to_vec(),
            other => other.to_string().into_bytes(),
        }
    }

    /// Returns the request as it would be admitted if the holder sent it. The readers of a real request read this one.
    fn admitted(&self, holder: Holder<'_>, most: (usize, usize)) -> Result<Admitted, Refusal> {
        let Holder { pass, scope, host } = holder;
        let mut lines = vec![format!("{} {} HTTP/1.1", self.method, self.url)];
        lines.push(format!("host: {}", host.as_str()));
        if let Some(value) = self.content_type() {
            lines.push(format!("content-type: {value}"));
        }
        for (name, value) in &self.headers {
            let value = value.as_str().ok_or_else(|| unread("a header is not text", name))?;
            lines.push(format!("{name}: {value}"));
        }
        let head = format!("{}\r\n\r\n", lines.join("\r\n"));
        heads::check(head.as_bytes(), most).map_err(|flaw| flaw.refusal())?;
        let mut parts = self.parts(lines.iter().skip(1))?;
        framing::is_for(&parts, host)?;
        if parts.headers.contains_key(CONTENT_ENCODING) {
            return Err(unread("the body of a question is never compressed", "content-encoding"));
        }
        parts.headers.append(AUTHORIZATION, bearer(&pass)?);
        admit(parts, scope, host)
    }

    fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref().or((!self.body.is_null()).then_some("application/json"))
    }

    fn parts<'a>(&self, headers: impl Iterator<Item = &'a String>) -> Result<Parts, Refusal> {
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| unread("the method cannot be read", &self.method))?;
        let url: Uri = self.url.parse().map_err(|_| unread("the URL cannot be read", &self.url))?;
        let mut parts = http::Request::new(()).into_parts().0;
        (parts.method, parts.uri) = (method, url);
        for line in headers {
            let read = line.split_once(": ").and_then(|(name, value)| {
                Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
            });
            let (name, value) = read.ok_or_else(|| unread("a header cannot be read", line))?;
            parts.headers.append(name, value);
        }
        Ok(parts)
    }
}

fn unread(what: &str, got: &str) -> Refusal {
    Refusal::ambiguous(what.to_owned()).expected(SHAPE, format!("`{got}`"))
}

fn bearer(pass: &SecretString) -> Result<HeaderValue, Refusal> {
    let line = format!("Bearer {}", pass.expose_secret());
    HeaderValue::try_from(line).map_err(|_| unread("the pass cannot be read", "another text"))
}
