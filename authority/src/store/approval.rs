//! Questions for people and their answers, and the keys of approvers.
//!
//! A question is for one request (by `Request::question`) of one holder (the last block of its pass's lineage). While
//! it is open, the same request finds the same question. `question` decides what becomes of it: a method here takes an
//! event and stores the next state, if nobody was faster. `BudgetStore::intended` uses it up, beside the intent.

use datalog::{ApprovalId, ApproverName, ConnectionName, RevocationId};
use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;
use crate::vault::Sealed;

pub(crate) use crate::question::{
    Answer, ApprovalReach, ApprovalStatus, Bar, Grant, Question, Refused, Said, Says, Word,
};

/// A question before it is put.
#[derive(Clone)]
pub(crate) struct NewApproval {
    pub id: ApprovalId,
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub connection: ConnectionName,
    pub operation: String,
    pub digest: String,
    /// The digest that similar requests share. None if no other request can be similar.
    pub alike: Option<String>,
    /// The people whom the request reaches, each as a hash. Empty if there are none, or if they are unknown.
    pub people: Vec<String>,
    /// The third-party request of the pass.
    pub request: Vec<u8>,
    /// What the approver sees. Bound to `approval`, the id, `shown`, generation 0.
    pub shown: Sealed,
    pub needed: u32,
    /// Who may approve; anybody if it is empty.
    pub approvers: Vec<ApproverName>,
    pub asked: OffsetDateTime,
    pub expires: OffsetDateTime,
    pub pass_ends: OffsetDateTime,
}

/// How many questions may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// For one pass and everything attenuated from it.
    pub of_pass: u32,
    pub of_all: u32,
}

#[derive(Clone)]
pub(crate) struct ApprovalRow {
    pub id: ApprovalId,
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub connection: ConnectionName,
    pub operation: String,
    pub digest: String,
    pub alike: Option<String>,
    pub people: Vec<String>,
    pub request: Vec<u8>,
    /// None once the question is settled.
    pub shown: Option<Sealed>,
    pub asked: OffsetDateTime,
    pub question: Question,
}

/// The result of putting a question.
#[derive(Clone)]
pub(crate) enum Put {
    /// The question already existed, or the answer to a similar one covers it.
    Found(ApprovalRow),
    /// A person has already said no: to the same request of a relative, or to the people whom this one reaches.
    Barred(ApprovalRow),
    New(ApprovalRow),
    TooMany {
        waiting: u64,
    },
}

/// The result of an answer.
#[derive(Clone)]
pub(crate) enum AnswerTaken {
    Done(Box<ApprovalRow>),
    NotFound,
    /// The approver was retired meanwhile.
    Retired,
    /// The state has not changed.
    Refused(Refused, Box<ApprovalRow>),
    /// The no is kept, although the approval was already used.
    TooLate(Box<ApprovalRow>),
}

/// Makes the log's entry for a changed question.
pub(crate) type Written = Box<dyn Fn(&ApprovalRow) -> Line + Send>;

#[derive(Debug, Clone)]
pub(crate) struct ApprovalQuery {
    pub status: Option<ApprovalStatus>,
    pub holder: Option<RevocationId>,
    /// The pass of the question, or one that this pass was attenuated from.
    pub pass: Option<RevocationId>,
    pub limit: u32,
    pub now: OffsetDateTime,
}

#[derive(Clone)]
pub(crate) struct ApproverRow {
    pub name: ApproverName,
    pub public: [u8; 32],
    /// Bound to `approver`, the name, `seed`, generation 0. None once retired.
    pub seed: Option<Sealed>,
    pub created: OffsetDateTime,
}

pub(crate) trait ApprovalStore {
    /// Finds the question, or puts it. It also closes questions that have ended.
    fn asked(&self, ask: NewApproval, bounds: Bounds, event: Line) -> Stored<'_, Put>;
    /// Returns the questions, the newest first.
    fn approvals(&self, query: ApprovalQuery) -> Stored<'_, Vec<ApprovalRow>>;
    fn approval<'a>(&'a self, id: &'a ApprovalId, now: OffsetDateTime) -> Stored<'a, Option<ApprovalRow>>;
    /// Takes one approver's answer. A no to people also answers waiting questions to the same people. Each of them gets
    /// a record.
    fn answered(&self, id: ApprovalId, answer: Answer, written: Written) -> Stored<'_, AnswerTaken>;
    /// Undoes one use by a request that never left.
    fn approval_returned(&self, id: ApprovalId) -> Stored<'_, ()>;
    /// Stores a new approver. Fails if the name is taken.
    fn approver_created(&self, approver: ApproverRow, event: Line) -> Stored<'_, ()>;
    /// Retires an approver. Their answers to open questions stop counting. Those questions wait again, until `until`.
    fn approver_retired(&self, name: ApproverName, until: OffsetDateTime, event: Line) -> Stored<'_, ()>;
    fn approvers(&self) -> Stored<'_, Vec<ApproverRow>>;
    /// Returns the approvers whose retirement is in the log.
    fn retired_approvers(&self) -> Stored<'_, Vec<ApproverName>>;
}
