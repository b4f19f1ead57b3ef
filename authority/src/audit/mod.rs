//! The audit log: one durable, hash-chained line for everything that was decided or changed.
//!
//! No body and no secret is ever in it.

mod chain;
mod checkpoint;
mod record;

pub use chain::ChainBreak;
pub(crate) use chain::{FIRST_LINK, follow, hex, link, parse};
pub(crate) use checkpoint::Checkpoint;
pub use checkpoint::CheckpointError;
pub(crate) use record::plain;
pub use record::{BudgetEntry, Entry, Event, EventEntry, LogRecord, OutcomeEntry, ReasonEntry, RequestEntry};
