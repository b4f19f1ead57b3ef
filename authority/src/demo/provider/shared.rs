//! The memory of the demo's provider.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use time::OffsetDateTime;

use crate::demo::provider::grants::DemoGrants;
use crate::demo::provider::mailbox::Mailbox;

/// The start of a provider.
pub(crate) struct Options {
    pub(crate) access_token_lifetime: Duration,
    /// The mails arrived some hours before this.
    pub(crate) now: OffsetDateTime,
}

/// The state that handlers share.
pub(crate) struct Shared {
    pub(crate) base_url: String,
    pub(crate) started_at: OffsetDateTime,
    pub(crate) started: Instant,
    pub(crate) client_secret: String,
    pub(super) grants: Mutex<DemoGrants>,
    pub(super) mailbox: Mutex<Mailbox>,
    pub(crate) seen: Mutex<Vec<SeenRequest>>,
}

impl Shared {
    /// Returns the time, counted from the start. No clock is read here.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.started_at + self.started.elapsed()
    }

    pub(super) fn grants(&self) -> MutexGuard<'_, DemoGrants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<SeenRequest>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request as it came in.
#[derive(Clone)]
pub(in crate::demo) struct SeenRequest {
    pub(in crate::demo) method: String,
    /// Path and query.
    pub(in crate::demo) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
}

impl SeenRequest {
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

    /// Returns the values of a header, by its lower-case name.
    pub(in crate::demo) fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_slice())
    }

    /// Whether it holds `needle` anywhere: in target, header names and values, or body.
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

/// The one client that the provider knows.
pub(crate) const CLIENT_ID: &str = "hallpass-demo";
