//! What the authority remembers: one small trait for each kind of thing, its methods named for events.
//!
//! One method is one transaction, and what it changes is in the audit log in that same transaction. SQL is
//! only in a backend (`sqlite`); nothing here knows it.

mod audit;
mod budget;
mod checkpoint;
mod connection;
mod pass;
mod revocation;
mod root_key;
pub mod sqlite;
#[cfg(test)]
mod story;

pub use audit::{AuditStore, ChainLink, Line, StoredRecord};
pub use budget::{BudgetStore, Intended};
pub use checkpoint::{AuditKeyRow, CheckpointStore};
pub use connection::{
    ConnectionId, ConnectionStore, CredentialRow, KnownConnectionRow, Moved, NewConnection, RefreshBegun,
    RowStatus,
};
pub use pass::{PassQuery, PassRow, PassStore, Said};
pub use revocation::{RevocationRow, RevocationStore};
pub use root_key::{RootKeyRow, RootKeyStore};

pub use verifier::ports::{Answer, StoreFault};

/// Everything that a backend does.
pub trait Store:
    AuditStore
    + BudgetStore
    + CheckpointStore
    + ConnectionStore
    + PassStore
    + RevocationStore
    + RootKeyStore
    + Send
    + Sync
{
}

impl<T> Store for T where
    T: AuditStore
        + BudgetStore
        + CheckpointStore
        + ConnectionStore
        + PassStore
        + RevocationStore
        + RootKeyStore
        + Send
        + Sync
{
}

pub(crate) type Stored<'a, T> = Answer<'a, Result<T, StoreFault>>;
