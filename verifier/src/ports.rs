//! What the gateway needs of an authority, and no more.
//!
//! An implementation is in the same process or behind a socket; the gateway cannot tell.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use datalog::catalog::Service;
use datalog::lookup::Needed;
use datalog::{
    Account, AlikeDigest, ApprovalId, ApproverKeys, ApproverName, ConnectionName, Known, OperationId,
    Outline, Permitted, Quorum, Reason, Request, RequestDigest, Reservation, Resource, RevocationId,
    RootKeys, ServiceName, Shown, Spent,
};
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;

use crate::departures::Departures;

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything the gateway asks for.
pub trait Authority: Trust + Credentials + Ledger + Provenance + Audit + Approvals {}
impl<T: Trust + Credentials + Ledger + Provenance + Audit + Approvals> Authority for T {}

/// Whom to believe. Answered from memory, on every request.
pub trait Trust: Send + Sync {
    fn root_keys(&self) -> Arc<RootKeys>;
    fn is_revoked(&self, id: &RevocationId) -> bool;
    /// Whether the emergency stop holds.
    fn is_stopped(&self) -> bool;
    /// What is stopped beside everything, and concerns a pass of this lineage and task, or this connection.
    fn held(&self, lineage: &[RevocationId], task: &str, connection: Option<&ConnectionName>)
    -> Option<Held>;
    /// The requests that are on their way out: whoever stops something waits until none of it is.
    fn departures(&self) -> &Arc<Departures>;
    fn connection(&self, name: &ConnectionName) -> Option<Arc<Connection>>;
    fn connections(&self) -> Vec<Arc<Connection>>;
}

/// What a person, or the circuit breaker, has stopped until it is resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The pass, and why; with everything attenuated from it.
    Pass(Option<String>),
    /// Every pass for this task.
    Task,
    Connection(ConnectionName),
}

/// One connection as the gateway sees it.
#[derive(Debug)]
pub struct Connection {
    pub name: ConnectionName,
    pub account: Account,
    pub service: Arc<Service>,
    /// Where requests go instead of the operation's own host: an emulator, a company's own host.
    pub upstream: Upstream,
    /// A listener of the connection's own, without a path prefix.
    pub listen: Option<SocketAddr>,
}

/// Where a service is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// The hosts that the catalog names, over verified TLS.
    Catalog,
    /// `https://HOST[:PORT][/PREFIX]` over verified TLS, or `http://` to loopback.
    BaseUrl(String),
}

/// What a credential is leased for. Nothing else holds a request that may be sent, and only `datalog` makes either.
#[derive(Debug, Clone, Copy)]
pub enum Warrant<'a> {
    /// A request that was permitted.
    Permitted(&'a Permitted),
    /// A look-up that a decision needs. It only reads.
    Needed(&'a Needed),
}

impl<'a> Warrant<'a> {
    pub fn request(self) -> &'a Request {
        match self {
            Self::Permitted(permitted) => permitted.request(),
            Self::Needed(needed) => needed.request(),
        }
    }
}

/// The token that goes upstream, only with a warrant.
pub trait Credentials: Send + Sync {
    fn lease<'a>(&'a self, warrant: Warrant<'a>) -> Answer<'a, Result<Credential, LeaseError>>;
    /// The upstream answered 401 to this credential: the next lease is to be a new one.
    fn reject<'a>(&'a self, connection: &'a ConnectionName, credential: &'a Credential) -> Answer<'a, ()>;
}

/// An access token on loan.
#[derive(Clone)]
pub struct Credential {
    pub token: SecretString,
    /// Counts the connection's tokens, so that `reject` can tell an old one from the current.
    pub generation: u64,
    pub expires: Option<OffsetDateTime>,
}

#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("the connection `{0}` needs to be connected again")]
    NeedsReconnect(ConnectionName),
    #[error("the provider could not be asked for a new token: {0}")]
    Unavailable(String),
    #[error("the catalog's `{0}` is another than the one that the request was judged by")]
    AnotherCatalog(ServiceName),
}

/// Budgets of a lineage. They are taken together with the intent that names them (`Audit::intent`).
pub trait Ledger: Send + Sync {
    /// How each budget stands before these would be taken.
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<Vec<Spent>, StoreFault>>;
    /// Takes more for a request that has left: of all these budgets or of none, durable when it answers.
    fn take(&self, more: Vec<Reservation>) -> Answer<'_, Result<(), IntentError>>;
    /// Gives back what was taken beyond need. Queued, not waited for; what is lost on the way stays used.
    fn settle(&self, unspent: Vec<Reservation>);
    /// Gives back what was taken for a request that never left.
    fn release<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<(), StoreFault>>;
}

/// What answers have shown to a lineage. Asked only for passes that ask where a thing comes from.
pub trait Provenance: Send + Sync {
    /// Which of these things the lineage knows on this connection.
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Answer<'a, Result<Known, StoreFault>>;
    /// Durable when it returns. What is past the bound of a lineage is not kept.
    fn remember(&self, learned: Learned) -> Answer<'_, Result<(), StoreFault>>;
}

/// Ids in one answer.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The revocation id of the authority block.
    pub lineage: RevocationId,
    /// When the whole lineage ends, after which nobody asks again.
    pub ends: OffsetDateTime,
    pub connection: ConnectionName,
    pub seen: Vec<Resource>,
    /// Of those seen, what the request created.
    pub created: Vec<Resource>,
}

#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    #[error("the budget `{0}` is used up")]
    Exhausted(String),
    #[error("the approval was used before, or does not stand any more")]
    ApprovalUsed,
    #[error(transparent)]
    Fault(#[from] StoreFault),
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("the store did not answer: {0}")]
pub struct StoreFault(pub String);

/// The audit log. An intent is durable when `intent` returns; without it nothing is forwarded.
pub trait Audit: Send + Sync {
    /// The record of a request that is about to be sent, and what it takes from its budgets: durable together,
    /// all of it or nothing, atomic over every caller.
    fn intent(&self, record: Record) -> Answer<'_, Result<RecordId, IntentError>>;
    /// The record of a request that was not sent, or of one that is like it: those that came without a pass that
    /// counts may be counted together.
    fn refusal(&self, record: Record) -> Answer<'_, Result<Option<RecordId>, StoreFault>>;
    /// What became of an intent. Called exactly once for each; queued, not waited for.
    fn outcome(&self, id: RecordId, outcome: Outcome);
    /// Of which decisions the facts are kept beside the record. Answered from memory.
    fn keeping(&self) -> Keeping;
}

/// The sequence number of an audit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

/// What is known of a request when it is decided. Never a body, never a secret.
#[derive(Debug, Clone)]
pub struct Record {
    pub at: OffsetDateTime,
    /// The lineage of the pass; empty where there was no valid one.
    pub lineage: Vec<RevocationId>,
    pub task: Option<String>,
    pub connection: Option<ConnectionName>,
    pub operation: Option<String>,
    pub method: String,
    /// The path without its query, cut to 512 characters.
    pub path: String,
    pub digest: Option<RequestDigest>,
    /// What was understood of it, without the values of arguments.
    pub outline: Option<Arc<Outline>>,
    /// The operations that the credential was used for to find out what the request refers to.
    pub looked_up: Vec<String>,
    /// The approval that an intent uses up, in the same durable step.
    pub approval: Option<ApprovalUse>,
    /// `allow`, or the code of the refusal.
    pub decision: &'static str,
    pub reasons: Vec<Reason>,
    /// The facts of the decision, where they are kept: sealed beside the record, and never part of it.
    pub facts: Option<Arc<Facts>>,
    pub reservations: Vec<Reservation>,
    /// The port side of the agent's address is left out on purpose.
    pub peer: std::net::IpAddr,
    /// From its arrival to its decision.
    pub decided_in: Duration,
}

pub use crate::facts::{Facts, Keeping};

/// An approval that lets one request go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalUse {
    pub id: ApprovalId,
    pub by: Vec<ApproverName>,
}

/// The people who are asked.
pub trait Approvals: Send + Sync {
    /// Whose signature under an approval counts. Answered from memory.
    fn approver_keys(&self) -> Arc<ApproverKeys>;
    /// The approval of this very request by this pass: found, or asked for now.
    fn ask(&self, ask: Ask) -> Answer<'_, Result<Asked, AskError>>;
    /// What became of an approval, told to the pass that asked (`holder`: the last of its lineage), and to no other.
    fn approval<'a>(
        &'a self,
        id: &'a ApprovalId,
        holder: &'a RevocationId,
    ) -> Answer<'a, Result<Option<ApprovalState>, StoreFault>>;
    /// What waits for a person under this pass.
    fn waiting<'a>(&'a self, holder: &'a RevocationId) -> Answer<'a, Result<Vec<ApprovalState>, StoreFault>>;
    /// Undoes the use of an approval by a request that certainly never left.
    fn give_back<'a>(&'a self, approval: &'a ApprovalUse) -> Answer<'a, Result<(), StoreFault>>;
    /// A holder gives its pass up: the last block of this lineage is revoked, with everything below it.
    fn give_up<'a>(&'a self, lineage: &'a [RevocationId]) -> Answer<'a, Result<(), StoreFault>>;
    /// Changes whenever an answer is given, or a pass, a connection or everything is stopped or resumed.
    fn changes(&self) -> watch::Receiver<Changes>;
}

/// Counts what changed, so that whoever waits knows of which kind it was.
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
    /// Of the pass that asks; an approval is for its last block alone.
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub pass_ends: OffsetDateTime,
    pub connection: ConnectionName,
    pub operation: OperationId,
    pub digest: RequestDigest,
    pub alike: Option<AlikeDigest>,
    pub shown: Shown,
    /// What an approver's block is bound to: the pass's third-party request. No secret.
    pub request: Vec<u8>,
    pub quorum: Quorum,
    /// The approval that this very request waits for already.
    pub waits_for: Option<ApprovalId>,
}

/// The approval that a question has.
#[derive(Debug, Clone)]
pub struct Asked {
    pub id: ApprovalId,
    pub opinion: Opinion,
}

/// Where it stands.
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
    /// What was waited for was approved, and another request that is the same has used it.
    Used,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("{waiting} requests wait for a person already")]
    TooMany { waiting: u64 },
    #[error(transparent)]
    Fault(#[from] StoreFault),
}

/// An approval as its pass may know it.
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

/// How a forwarded request ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    Answered {
        status: u16,
        bytes: u64,
        took: Duration,
    },
    /// The upstream was not reached, or went away.
    Failed {
        code: &'static str,
        took: Duration,
    },
    /// The agent went away, or the gateway stopped, before the answer was whole.
    Aborted {
        bytes: u64,
        took: Duration,
    },
}
