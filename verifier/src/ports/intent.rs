//! Why an intent was not taken.

use crate::ports::fault::StoreFault;
use crate::ports::sent_before::SentBefore;

#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    #[error("the budget `{0}` is used up")]
    Exhausted(String),
    #[error("the approval was used before, or no longer counts")]
    ApprovalUsed,
    #[error("the same request was sent at {}, and its outcome is not known", .0.at)]
    SentBefore(SentBefore),
    #[error(transparent)]
    Fault(#[from] StoreFault),
}
