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
pub(crate) mod sqlite;
mod stop;
pub(crate) mod stored;
#[cfg(test)]
mod story;

pub(crate) use crate::audit::line::Beside;
pub(crate) use crate::audit::line::ChainLink;
pub(crate) use crate::audit::line::FactsRow;
pub(crate) use crate::audit::line::Line;
pub(crate) use crate::audit::line::StoredRecord;
pub(crate) use crate::audit::line::WordingRow;
pub(crate) use crate::store::stored::Use;
pub(crate) use approval::AnswerTaken;
pub(crate) use approval::ApprovalQuery;
pub(crate) use approval::ApprovalReach;
pub(crate) use approval::ApprovalRow;
pub(crate) use approval::ApprovalStatus;
pub(crate) use approval::ApprovalStore;
pub(crate) use approval::ApproverRow;
pub(crate) use approval::Bounds;
pub(crate) use approval::Grant;
pub(crate) use approval::NewApproval;
pub(crate) use approval::Put;
pub(crate) use audit::AuditStore;
pub(crate) use budget::{BudgetStore, Intended, Taken};
pub(crate) use checkpoint::CheckpointStore;
pub(crate) use connection::{
    ConcernRow, ConnectionId, ConnectionStore, CredentialRow, GrantEnd, KnownConnectionRow, Moved,
    NewConnection, RefreshBegun, RowStatus,
};
pub(crate) use facts::FactsStore;
pub(crate) use notice::NoticeStore;
pub(crate) use once::{OnceKey, OnceStore};
pub(crate) use open::{StoreAt, open};
pub(crate) use pass::{PassQuery, PassRow, PassStore, PassWords};
pub(crate) use provenance::ProvenanceStore;
pub(crate) use prune::{PruneStore, Pruned};
pub(crate) use revocation::{RevocationRow, RevocationStore};
pub(crate) use root_key::{RootKeyRow, RootKeyStore};
pub(crate) use session::{SessionRow, SessionStore};
pub(crate) use stop::StopStore;

pub(crate) use verifier::ports::StoreFault;

/// Everything that a backend does.
pub(crate) trait Store:
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
