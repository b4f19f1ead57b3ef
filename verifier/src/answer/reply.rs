//! Reply: an answer as a value. A surface renders it.

use http::{HeaderMap, StatusCode};

use crate::answer::body::AnswerBody;

/// The answer to the agent: the service's, a refusal, or a page of the gateway.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Piece by piece, each checked before it goes on.
    pub body: AnswerBody,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: AnswerBody) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }
}
