//! The audit log: one durable, hash-chained line for every decision and every change, and the signed checkpoints of its
//! position.
//!
//! It never holds a body or a secret.

mod chain;
mod checkpoint;
mod event;
mod export;
pub(crate) mod hex;
pub(crate) mod key;
pub(crate) mod line;
pub(crate) mod query;
mod record;
mod walk;

pub(crate) use crate::audit::hex::hex;
pub(crate) use chain::FIRST_LINK;
pub(crate) use chain::link;
pub(crate) use chain::parse;
pub(crate) use checkpoint::CheckpointFile;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use event::{ApprovalEntry, Event, EventEntry};
pub use export::{ExportVerification, verify_exports};
pub(crate) use export::{Header, record_line};
pub(crate) use key::AuditSigner;
pub use key::{AuditKey, AuditKeyError};
pub(crate) use line::plain;
pub use record::{BudgetEntry, CountedEntry, Entry, LogRecord, OutcomeEntry, ReasonEntry, RequestEntry};
pub(crate) use walk::Walk;
