//! The people who are asked, and what they say.

use std::sync::Arc;

use datalog::{
    ApprovalId, ApproverKeys, ConnectionName, EnvelopeDigest, OperationId, QuestionDigest, Quorum,
    RequestView, RevocationId,
};
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::ports::answer::Answer;
use crate::ports::fault::StoreFault;
use crate::ports::record::ApprovalUse;

/// The people who are asked.
pub trait Approvals: Send + Sync {
    /// Returns the approvers whose signatures count, from memory.
    fn approver_keys(&self) -> Arc<ApproverKeys>;
    /// Finds the question of this very request under this pass, or puts a new one.
    fn ask(&self, ask: Ask) -> Answer<'_, Result<Asked, AskError>>;
    /// Returns the state of an approval, but only to the pass that asked. `holder` is the last id of its lineage.
    fn approval<'a>(
        &'a self,
        id: &'a ApprovalId,
        holder: &'a RevocationId,
    ) -> Answer<'a, Result<Option<ApprovalState>, StoreFault>>;
    /// Says that an agent waits right now, until the returned value is dropped.
    fn held_open(&self, id: &ApprovalId) -> Box<dyn Send + Sync>;
    /// Returns the questions that wait for a person under this pass.
    fn waiting<'a>(&'a self, holder: &'a RevocationId) -> Answer<'a, Result<Vec<ApprovalState>, StoreFault>>;
    /// Undoes the use of an approval by a request that certainly never left.
    fn give_back<'a>(&'a self, approval: &'a ApprovalUse) -> Answer<'a, Result<(), StoreFault>>;
    /// Gives up a holder's pass: revokes the last block of this lineage, with everything below it.
    fn give_up<'a>(&'a self, lineage: &'a [RevocationId]) -> Answer<'a, Result<(), StoreFault>>;
    /// Changes with every answer, and whenever a pass, a connection or everything is stopped or resumed.
    fn changes(&self) -> watch::Receiver<Changes>;
}

/// Counts the changes by kind, so that waiting code knows which kind came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    pub approvals: u64,
    pub passes: u64,
    pub connections: u64,
    pub stop: u64,
}

/// A question for a person.
#[derive(Debug, Clone)]
pub struct Ask {
    pub at: OffsetDateTime,
    /// The pass that asks. An approval is only for its last block.
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub pass_ends: OffsetDateTime,
    pub connection: ConnectionName,
    pub operation: OperationId,
    pub digest: QuestionDigest,
    pub alike: Option<EnvelopeDigest>,
    /// The people whom the request reaches; empty if there are none, or if they are unknown.
    pub people: Vec<String>,
    pub shown: RequestView,
    /// The pass's third-party request, to which an approver's block is bound. It is no secret.
    pub request: Vec<u8>,
    pub quorum: Quorum,
    /// The approval that this very request already waits for.
    pub waits_for: Option<ApprovalId>,
}

/// The approval that a question has.
#[derive(Debug, Clone)]
pub struct Asked {
    pub id: ApprovalId,
    pub opinion: Opinion,
}

/// The state of an approval.
#[derive(Debug, Clone)]
pub enum Opinion {
    Pending,
    /// The approvers' signed blocks.
    Approved {
        blocks: Vec<Vec<u8>>,
    },
    Denied {
        because: Option<String>,
    },
    /// A person already said no: to this very request, or to another request to the same people by this pass or a
    /// relative of it.
    DeniedBefore {
        because: Option<String>,
    },
    /// It was approved, and an identical request has used the approval.
    Used,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("{waiting} requests already wait for a person")]
    TooMany { waiting: u64 },
    #[error(transparent)]
    Fault(#[from] StoreFault),
}

/// An approval as its pass may see it.
#[derive(Debug, Clone)]
pub struct ApprovalState {
    pub id: ApprovalId,
    pub operation: String,
    /// `pending`, `approved`, `denied`, `used` or `expired`.
    pub status: &'static str,
    pub because: Option<String>,
    pub asked: OffsetDateTime,
    pub expires: OffsetDateTime,
}
