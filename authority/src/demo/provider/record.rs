//! Remembers every request that reached the provider, before anything answers it.
//!
//! The story's check that no pass went upstream reads these bytes, not what the gateway says of itself.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;

const MAX_BODY: usize = 1 << 20;

/// One request as it came in.
#[derive(Clone)]
pub(in crate::demo) struct Seen {
    pub(in crate::demo) method: String,
    /// Path and query.
    pub(in crate::demo) target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
}

impl Seen {
    #[cfg(test)]
    pub(in crate::demo) fn made<'a>(
        target: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &str,
    ) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let body = Bytes::copy_from_slice(body.as_bytes());
        Self { method: "GET".to_owned(), target: target.to_owned(), headers: headers.collect(), body }
    }

    /// The values of a header, by its lower-case name.
    pub(in crate::demo) fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_slice())
    }

    /// Whether `needle` stands anywhere in it: target, header names and values, body.
    pub(in crate::demo) fn contains(&self, needle: &[u8]) -> bool {
        let in_headers =
            |(name, value): &(String, Vec<u8>)| holds(name.as_bytes(), needle) || holds(value, needle);
        holds(self.target.as_bytes(), needle)
            || self.headers.iter().any(in_headers)
            || holds(&self.body, needle)
    }
}

/// Whether `needle` is a part of `hay`.
pub(in crate::demo) fn holds(hay: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && hay.windows(needle.len()).any(|window| window == needle)
}

pub(super) async fn record(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    shared.seen().push(Seen {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: headers.collect(),
        body: body.clone(),
    });
    next.run(Request::from_parts(parts, Body::from(body))).await
}
