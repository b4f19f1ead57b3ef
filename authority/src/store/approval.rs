//! Questions for people and their answers, and the keys that approvers sign with.
//!
//! An approval is for one request (its digest) by one holder (the last block of its pass's lineage); while it is
//! open the same request finds the same one. Using it up is `BudgetStore::intended`, beside the intent.

use datalog::{ApprovalId, ApproverName, ConnectionName, RevocationId};
use time::OffsetDateTime;

use super::{Line, Stored};
use crate::vault::Sealed;

/// A question, before it has been put.
#[derive(Clone)]
pub struct NewApproval {
    pub id: ApprovalId,
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub connection: ConnectionName,
    pub operation: String,
    pub digest: String,
    /// What requests that are alike have in common; none where it is alike to itself alone.
    pub alike: Option<String>,
    /// The third-party request of the pass.
    pub request: Vec<u8>,
    /// What the approver is shown. Bound to `approval`, the id, `shown`, generation 0.
    pub shown: Sealed,
    pub needed: u32,
    /// Who may approve; anybody where it is empty.
    pub approvers: Vec<ApproverName>,
    pub asked: OffsetDateTime,
    pub expires: OffsetDateTime,
    pub pass_ends: OffsetDateTime,
}

/// How many questions may wait.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of one pass and everything attenuated from it.
    pub of_pass: u32,
    pub of_all: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    Pending,
    Approved,
    Denied,
    Used,
    /// An answer to a request that is alike covers it.
    Covered,
    Expired,
}

#[derive(Clone)]
pub struct ApprovalRow {
    pub id: ApprovalId,
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub connection: ConnectionName,
    pub operation: String,
    pub digest: String,
    pub alike: Option<String>,
    pub request: Vec<u8>,
    /// Gone once it is settled.
    pub shown: Option<Sealed>,
    pub needed: u32,
    pub approvers: Vec<ApproverName>,
    pub status: ApprovalStatus,
    /// None where it is not limited, or nothing was granted yet.
    pub uses_left: Option<u32>,
    pub uses: u32,
    pub because: Option<String>,
    pub asked: OffsetDateTime,
    pub expires: OffsetDateTime,
    pub pass_ends: OffsetDateTime,
    pub answers: Vec<AnswerRow>,
}

/// One approver's yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    pub approver: ApproverName,
    pub at: OffsetDateTime,
    /// The signed third-party block.
    pub block: Vec<u8>,
    pub grant: Grant,
}

/// What a yes is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub reach: Reach,
    /// How often; none is without a limit.
    pub times: Option<u32>,
    pub until: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Exact,
    Alike,
}

/// An approval that an intent uses up, once, for this request.
#[derive(Debug, Clone)]
pub struct Use {
    pub id: ApprovalId,
    pub digest: String,
    pub at: OffsetDateTime,
}

/// What became of a question.
#[derive(Clone)]
pub enum Put {
    /// It was there, or an answer to one that is alike covers it.
    Found(ApprovalRow),
    New(ApprovalRow),
    TooMany {
        waiting: u64,
    },
}

/// What became of an answer.
#[derive(Clone)]
pub enum AnswerTaken {
    Done(Box<ApprovalRow>),
    NotFound,
    /// It is settled already.
    Settled(ApprovalStatus),
}

#[derive(Debug, Clone)]
pub struct ApprovalQuery {
    pub status: Option<ApprovalStatus>,
    pub holder: Option<RevocationId>,
    /// A pass of which it is, or from which it was attenuated.
    pub pass: Option<RevocationId>,
    pub limit: u32,
    pub now: OffsetDateTime,
}

#[derive(Clone)]
pub struct ApproverRow {
    pub name: ApproverName,
    pub public: [u8; 32],
    /// Bound to `approver`, the name, `seed`, generation 0. None once retired.
    pub seed: Option<Sealed>,
    pub created: OffsetDateTime,
}

pub trait ApprovalStore {
    /// Finds the question, or puts it; what has ended is closed on the way.
    fn asked(&self, ask: NewApproval, bounds: Bounds, event: Line) -> Stored<'_, Put>;
    /// The newest first.
    fn approvals(&self, query: ApprovalQuery) -> Stored<'_, Vec<ApprovalRow>>;
    fn approval<'a>(&'a self, id: &'a ApprovalId, now: OffsetDateTime) -> Stored<'a, Option<ApprovalRow>>;
    /// One approver's yes. Enough of them grant what all of them said.
    fn approved(&self, id: ApprovalId, answer: AnswerRow, event: Line) -> Stored<'_, AnswerTaken>;
    /// A no; it takes back what was granted and not used.
    fn denied(
        &self,
        id: ApprovalId,
        because: Option<String>,
        at: OffsetDateTime,
        event: Line,
    ) -> Stored<'_, AnswerTaken>;
    /// Undoes one use by a request that never left.
    fn approval_returned(&self, id: ApprovalId) -> Stored<'_, ()>;
    /// A new approver. Fails where the name is taken.
    fn approver_created(&self, approver: ApproverRow, event: Line) -> Stored<'_, ()>;
    fn approver_retired(&self, name: ApproverName, event: Line) -> Stored<'_, ()>;
    fn approvers(&self) -> Stored<'_, Vec<ApproverRow>>;
}
