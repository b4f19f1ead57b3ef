//! Reply: an answer as a value. A surface renders it.

use http::{HeaderMap, StatusCode};

use crate::answer::body::AnswerBody;

/// The answer to the agent: the service's, a refusal, or a page of the gateway.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body goes on piece by piece. Each piece is checked first.
    pub body: AnswerBody,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: AnswerBody) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }
}
