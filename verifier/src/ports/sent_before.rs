//! A request that was sent before, and what became of it.

use datalog::{QuestionDigest, RequestDigest};
use time::OffsetDateTime;

use crate::ports::record::RecordId;

/// A request is the same as an earlier one if one of these digests is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Same {
    /// Equal for the same bytes, as far as they are understood.
    pub digest: RequestDigest,
    /// Equal for the same question to a person. An SDK or a model that builds a letter again gives it another boundary,
    /// date and id.
    pub question: QuestionDigest,
}

/// An earlier request with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentBefore {
    pub record: RecordId,
    pub at: OffsetDateTime,
    /// From then on the same request may be sent again.
    pub free_at: OffsetDateTime,
    pub fate: Fate,
}

/// Its outcome, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    OnItsWay,
    /// Nobody knows whether the service carried it out.
    Unknown,
    /// The service carried it out, and its agent did not get the answer.
    CarriedOut,
}
