//! Arrived: a request as its surface understood it, with one trusted pass.
//!
//! It holds nothing of a protocol: the pipeline decides, sends and answers, and the surface renders the result.

use std::time::Duration;

use bytes::Bytes;
use datalog::RawRequest;

use crate::answer::treatment::Shows;
use crate::gateway::Gateway;
use crate::memory::MemoryShare;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Refusal, RefusalCode};
use crate::steps::verify::Trusted;

/// A request as its surface understood it.
pub(crate) struct Arrived {
    pub trusted: Trusted,
    /// The service's host that the agent meant, if its surface shows one.
    pub host: Option<String>,
    pub method: String,
    /// The method that the agent named in a header, if it named one.
    pub method_override: Option<String>,
    /// The service's own path, percent-encoded; starts with `/`.
    pub path: String,
    /// The query, percent-encoded, without the question mark.
    pub query: Option<String>,
    /// Headers that mean something beyond the surface, with names in lower case.
    pub headers: Vec<(String, String)>,
    pub content_type: Option<String>,
    pub body: Contents,
    pub shows: Shows,
    /// The agent's address for this connection: the service's own URLs in an answer lead there.
    pub base: String,
    /// How long the agent would wait for a person; none if it would rather be told to come back.
    pub patience: Option<Patience>,
}

impl Arrived {
    /// Calls `reader` with the request as the catalog reads it.
    pub(crate) fn read<T>(&self, reader: impl FnOnce(&RawRequest<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        reader(&RawRequest {
            method: &self.method,
            method_override: self.method_override.as_deref(),
            host: self.host.as_deref(),
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
            content_type: self.content_type.as_deref(),
            body: &self.body.bytes,
        })
    }
}

/// The whole body of a request, and the memory that it keeps as long as this lives.
pub(crate) struct Contents {
    pub bytes: Bytes,
    _room: Option<MemoryShare>,
}

impl Contents {
    /// Returns a body with the memory for it, if it needs any.
    pub(crate) fn within(room: Option<MemoryShare>, bytes: Bytes) -> Self {
        Self { bytes, _room: room }
    }

    /// Returns a body that a surface already has whole. Checks the limit, and takes memory now.
    pub(crate) fn whole(gateway: &Gateway, bytes: Bytes) -> Result<Self, Unanswered> {
        let most = gateway.config.limits.body;
        if bytes.len() > most {
            return Err(too_large(most).into());
        }
        Ok(Self { _room: gateway.memory.for_body(bytes.len())?, bytes })
    }

    /// Returns other bytes that were made from these, in the same memory.
    pub(crate) fn replaced(self, bytes: Bytes) -> Self {
        Self { bytes, ..self }
    }
}

/// Returns the refusal of a body that is larger than the gateway reads.
pub(crate) fn too_large(most: usize) -> Refusal {
    Refusal::new(RefusalCode::BodyTooLarge, "the request body is too large to be inspected")
        .expected(format!("at most {most} bytes"), "more")
}

/// The longest time for which a request may be held open for a person.
const LONGEST: Duration = Duration::from_secs(300);

/// How long an agent would rather wait for a person than be told to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(Duration);

impl Patience {
    /// Returns how long the agent wants to wait, within the limit. None if it does not want to wait.
    pub(crate) fn of(wanted: Duration) -> Option<Self> {
        (!wanted.is_zero()).then(|| Self(wanted.min(LONGEST)))
    }

    pub(crate) fn lasts(self) -> Duration {
        self.0
    }
}
