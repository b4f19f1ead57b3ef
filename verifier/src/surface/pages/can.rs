//! `POST /pass/can`: a holder describes a request, and learns how its pass would answer.

use datalog::Reason;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::entrance::Scope;
use crate::pipeline::{RequestState, Worker};
use crate::refusal::Refusal;
use crate::refusal::unanswered::Unanswered;
use crate::steps::arrived::Contents;
use crate::steps::verify::Trusted;
use crate::surface::admit::{Admitted, address, base, no_other_credential};
use crate::surface::framing::OwnHost;
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

/// The page's answer; its record is written.
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
    let admitted = thought.admitted(holder)?;
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

    /// Returns the request as it would be admitted if the holder sent it.
    fn admitted(&self, holder: Holder<'_>) -> Result<Admitted, Refusal> {
        let Holder { pass, scope, host } = holder;
        let unread = |what: &str, got: &str| Refusal::ambiguous(what).expected(SHAPE, format!("`{got}`"));
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| unread("the method cannot be read", &self.method))?;
        let url: Uri = self.url.parse().map_err(|_| unread("the URL cannot be read", &self.url))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
            let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value) else {
                return Err(unread("a header cannot be read", name));
            };
            headers.append(name, value);
        }
        no_other_credential(&headers)?;
        let content_type =
            self.content_type.clone().or((!self.body.is_null()).then(|| "application/json".into()));
        if let Some(value) = content_type.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(CONTENT_TYPE, value);
        }
        let (connection, path) = address(url.path(), scope)?;
        let base = base(scope, host, &connection);
        let query = url.query().map(str::to_owned);
        Ok(Admitted {
            pass,
            connection,
            method,
            path,
            query,
            headers,
            method_override: None,
            content_type,
            base,
        })
    }
}
