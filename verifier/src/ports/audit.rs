//! The audit log.

use datalog::RevocationId;
use time::OffsetDateTime;

use crate::facts::Keeping;
use crate::ports::answer::Answer;
use crate::ports::fault::StoreFault;
use crate::ports::intent::IntentError;
use crate::ports::outcome::Outcome;
use crate::ports::record::{Record, RecordId};
use crate::ports::sent_before::{Same, SentBefore};

/// The audit log. An intent is durable when `intent` returns; without it nothing is forwarded.
pub trait Audit: Send + Sync {
    /// Stores the record of a request that is about to be sent, and takes its amounts from the budgets. Both are
    /// durable, or neither is. This is atomic over all callers. A request that is sent once (`Record::once`) waits a
    /// while for an identical one on its way.
    fn intent(&self, record: Record) -> Answer<'_, Result<RecordId, IntentError>>;
    /// Stores the record of a request that was not sent. Requests without a valid pass may be counted together.
    fn refusal(&self, record: Record) -> Answer<'_, Result<Option<RecordId>, StoreFault>>;
    /// Returns an identical earlier request of this lineage whose agent got no answer.
    fn sent_before<'a>(
        &'a self,
        lineage: &'a RevocationId,
        same: Same,
        now: OffsetDateTime,
    ) -> Answer<'a, Result<Option<SentBefore>, StoreFault>>;
    /// Stores the outcome of an intent. Call it exactly once for each intent. The outcome is queued, and nobody waits
    /// for it.
    fn outcome(&self, id: RecordId, outcome: Outcome);
    /// Returns from memory for which decisions facts are stored beside the record.
    fn keeping(&self) -> Keeping;
}
