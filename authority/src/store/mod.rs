//! The authority's memory: one small trait for each kind of thing, with methods named for events.
//!
//! One method is one transaction, and its change is in the audit log in that same transaction. Only a backend
//! (`sqlite`) has SQL; nothing here knows it.
//!
//! - Invariant: Only the store, and `app`, which opens it, use the SQLite code
//!   (`only_the_store_and_who_opens_it_know_the_database`).

mod approval;
mod audit;
mod budget;
mod checkpoint;
mod connection;
mod facts;
mod notice;
mod once;
mod open;
mod pass;
mod provenance;
mod prune;
mod revocation;
mod root_key;
mod session;
pub mod sqlite;
mod stop;
pub mod stored;
#[cfg(test)]
mod story;

pub use crate::audit::key::AuditKeyRow;
pub use crate::audit::line::Beside;
pub use crate::audit::line::ChainLink;
pub use crate::audit::line::FactsRow;
pub use crate::audit::line::Line;
pub use crate::audit::line::Seal;
pub use crate::audit::line::StoredRecord;
pub use crate::audit::line::WordingRow;
pub use crate::store::stored::Use;
pub use approval::AnswerTaken;
pub use approval::ApprovalQuery;
pub use approval::ApprovalReach;
pub use approval::ApprovalRow;
pub use approval::ApprovalStatus;
pub use approval::ApprovalStore;
pub use approval::ApproverRow;
pub use approval::Bounds;
pub use approval::Grant;
pub use approval::NewApproval;
pub use approval::Put;
pub use approval::Written;
pub use audit::AuditStore;
pub use budget::{BudgetStore, Intended, Taken};
pub use checkpoint::CheckpointStore;
pub use connection::{
    ConcernRow, ConnectionId, ConnectionStore, CredentialRow, GrantEnd, KnownConnectionRow, Moved,
    NewConnection, RefreshBegun, RowStatus,
};
pub use facts::FactsStore;
pub use notice::NoticeStore;
pub use once::{LeftOpen, OnceKey, OnceStore};
pub use open::{StoreAt, open};
pub use pass::{PassQuery, PassRow, PassStore, PassWords};
pub use provenance::ProvenanceStore;
pub use prune::{PruneStore, Pruned};
pub use revocation::{RevocationRow, RevocationStore};
pub use root_key::{RootKeyRow, RootKeyStore};
pub use session::{SessionRow, SessionStore};
pub use stop::StopStore;

pub use verifier::ports::{Answer, StoreFault};

/// Everything that a backend does.
pub trait Store:
    ApprovalStore
    + AuditStore
    + BudgetStore
    + CheckpointStore
    + ConnectionStore
    + FactsStore
    + NoticeStore
    + OnceStore
    + PassStore
    + PruneStore
    + ProvenanceStore
    + RevocationStore
    + RootKeyStore
    + SessionStore
    + StopStore
    + Send
    + Sync
{
}
