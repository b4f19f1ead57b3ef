//! What the authority remembers: one small trait for each kind of thing, its methods named for events.
//!
//! One method is one transaction, and what it changes is in the audit log in that same transaction. SQL is
//! only in a backend (`sqlite`); nothing here knows it.

mod approval;
mod audit;
mod budget;
mod checkpoint;
mod connection;
mod facts;
mod notice;
mod pass;
mod provenance;
mod prune;
mod revocation;
mod root_key;
pub mod sqlite;
#[cfg(test)]
mod story;
mod suspension;

pub use approval::{
    AnswerRow, AnswerTaken, ApprovalQuery, ApprovalRow, ApprovalStatus, ApprovalStore, ApproverRow, Bounds,
    Grant, NewApproval, Put, Reach, Use,
};
pub use audit::{AuditStore, ChainLink, Line, StoredRecord};
pub use budget::{BudgetStore, Intended, Taken};
pub use checkpoint::{AuditKeyRow, CheckpointStore};
pub use connection::{
    ConnectionId, ConnectionStore, CredentialRow, KnownConnectionRow, Moved, NewConnection, RefreshBegun,
    RowStatus,
};
pub use facts::{Beside, FactsRow, FactsStore, Seal, WordingRow};
pub use notice::NoticeStore;
pub use pass::{PassQuery, PassRow, PassStore, Said};
pub use provenance::ProvenanceStore;
pub use prune::{PruneStore, Pruned};
pub use revocation::{RevocationRow, RevocationStore};
pub use root_key::{RootKeyRow, RootKeyStore};
pub use suspension::{Suspended, SuspensionRow, SuspensionStore};

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
    + PassStore
    + PruneStore
    + ProvenanceStore
    + RevocationStore
    + RootKeyStore
    + SuspensionStore
    + Send
    + Sync
{
}

pub(crate) type Stored<'a, T> = Answer<'a, Result<T, StoreFault>>;
