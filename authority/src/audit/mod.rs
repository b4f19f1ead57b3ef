//! The audit log: one durable, hash-chained line for everything that was decided or changed, and the signed
//! checkpoints that say where it stood.
//!
//! No body and no secret is ever in it.

mod chain;
mod checkpoint;
mod export;
mod key;
mod record;
mod walk;

pub(crate) use chain::{FIRST_LINK, hex, link, parse};
pub(crate) use checkpoint::CheckpointFile;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use export::{ExportVerification, verify_exports};
pub(crate) use export::{Header, record_line};
pub(crate) use key::AuditSigner;
pub use key::{AuditKey, AuditKeyError};
pub use record::{
    ApprovalEntry, BudgetEntry, CountedEntry, Entry, Event, EventEntry, LogRecord, OutcomeEntry, ReasonEntry,
    RequestEntry,
};
pub(crate) use record::{misleads, plain};
pub(crate) use walk::Walk;
