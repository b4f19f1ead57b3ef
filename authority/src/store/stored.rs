//! The answers of a store.

use datalog::ApprovalId;
use time::OffsetDateTime;
use verifier::ports::{Answer, StoreFault};

pub(crate) type Stored<'a, T> = Answer<'a, Result<T, StoreFault>>;

/// An approval that an intent uses up once, for this request.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub id: ApprovalId,
    pub digest: String,
    pub alike: Option<String>,
    pub at: OffsetDateTime,
}
