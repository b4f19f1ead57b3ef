//! The agent of the story: an HTTP client that holds only a pass.
//!
//! It keeps every byte that it receives, so that the story can look for tokens in them. It decides nothing by itself:
//! the script says what it tries.

use std::net::SocketAddr;

use anyhow::Context;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::step::CameTo;

pub(super) struct Agent {
    client: Client<HttpConnector, Full<Bytes>>,
    gateway: SocketAddr,
    pass: String,
    received: Vec<u8>,
    /// How many of its requests were answered. The next one: how many were refused.
    pub(super) done: usize,
    pub(super) refused: usize,
}

/// One answer, as the agent understands it.
pub(super) struct AgentAnswer {
    pub(super) came_to: CameTo,
    pub(super) body: Value,
}

impl Agent {
    pub(super) fn new(gateway: SocketAddr, pass: String) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, gateway, pass, received: Vec::new(), done: 0, refused: 0 }
    }

    /// Returns the agent's own pass, for the maker of a sub-agent.
    pub(super) fn pass(&self) -> &str {
        &self.pass
    }

    pub(super) async fn read(&mut self, path: &str) -> anyhow::Result<AgentAnswer> {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn write(&mut self, path: &str, body: &Value) -> anyhow::Result<AgentAnswer> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Returns every byte of every answer so far, with the heads.
    pub(super) fn received(&self) -> &[u8] {
        &self.received
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<AgentAnswer> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.gateway))
            .header(AUTHORIZATION, format!("Bearer {}", self.pass));
        let request = match body {
            Some(body) => {
                request.header(CONTENT_TYPE, "application/json").body(Full::from(body.to_string()))?
            }
            None => request.body(Full::default())?,
        };
        let answer = self.client.request(request).await.context("the gateway did not answer")?;
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await?.to_bytes();
        for (name, value) in &head.headers {
            self.received.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
        }
        self.received.extend_from_slice(&bytes);
        self.received.push(b'\n');
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let came_to = came_to(head.status, &body);
        if came_to.is_done() {
            self.done += 1;
        } else {
            self.refused += 1;
        }
        Ok(AgentAnswer { came_to, body })
    }
}

/// Returns the result of an answer: the code of the gateway's refusal, or the status of any other failure.
fn came_to(status: http::StatusCode, body: &Value) -> CameTo {
    if status.is_success() {
        return CameTo::done();
    }
    let code = body.get("type").and_then(Value::as_str).and_then(|url| url.rsplit(['/', ':', '#']).next());
    CameTo(code.map_or_else(|| status.to_string(), ToOwned::to_owned))
}
