//! A plain HTTP/1.1 client for tests. It sends exactly what it is given, follows no redirect, keeps no cookies and
//! speaks no TLS.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::process::DEADLINE;

type Http = Client<HttpConnector, Full<Bytes>>;

pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    })
}

fn client() -> &'static Http {
    static CLIENT: OnceLock<Http> = OnceLock::new();
    CLIENT.get_or_init(|| {
        // A pooled connection to a killed server would make the next request fail.
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http()
    })
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. A body that is not JSON fails the test and is shown.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} is not JSON ({error}):\n{}", self.status, self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header in ASCII"))
    }

    /// The last part of the problem type of a refusal: `denied`, `pass-revoked`.
    pub fn code(&self) -> String {
        let body = self.json();
        let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
        kind.rsplit(['/', ':', '#']).next().unwrap_or_default().to_owned()
    }

    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A request that is being put together.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
}

pub fn request(method: &str, url: impl Into<String>) -> Request {
    let method = method.parse().expect("a method");
    Request { method, url: url.into(), headers: HeaderMap::new(), body: Bytes::new() }
}

pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    pub fn form(self, fields: &[(String, String)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", text)
    }

    pub fn send(self) -> Answer {
        let shown = format!("{} {}", self.method, self.url);
        runtime().block_on(self.answer()).unwrap_or_else(|error| panic!("{shown}: {error}"))
    }

    /// Sends to a server that may not be there.
    pub fn try_send(self) -> Option<Answer> {
        runtime().block_on(self.answer()).ok()
    }

    pub async fn answer(self) -> Result<Answer, String> {
        self.answer_within(DEADLINE).await
    }

    async fn answer_within(self, deadline: Duration) -> Result<Answer, String> {
        let mut built = http::Request::new(Full::new(self.body));
        *built.method_mut() = self.method;
        *built.uri_mut() = self.url.parse().map_err(|error| format!("{error}"))?;
        *built.headers_mut() = self.headers;
        let whole = async {
            let answer = client().request(built).await.map_err(|error| format!("{error:?}"))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        };
        tokio::time::timeout(deadline, whole).await.map_err(|_| "no answer in time".to_owned())?
    }
}

/// Sends all at once. Returns the answers in the order of the requests.
pub fn parallel(requests: impl IntoIterator<Item = Request>) -> Vec<Answer> {
    let answers = race(requests).into_iter();
    answers.map(|answer| answer.unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// Like `parallel`, for tests where a busy machine may lose a connection: the last of a thousand waits for all others.
pub fn race(requests: impl IntoIterator<Item = Request>) -> Vec<Result<Answer, String>> {
    let flights: Vec<_> =
        requests.into_iter().map(|request| runtime().spawn(request.answer_within(4 * DEADLINE))).collect();
    on_runtime(async {
        let mut answers = Vec::with_capacity(flights.len());
        for flight in flights {
            answers.push(flight.await.expect("no request panics"));
        }
        answers
    })
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    runtime().block_on(work)
}
