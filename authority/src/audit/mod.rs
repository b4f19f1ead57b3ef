//! The audit log: one durable, hash-chained line for everything that was decided or changed.
//!
//! No body and no secret is ever in it.

mod record;

pub use record::{BudgetEntry, Entry, EventEntry, LogRecord, OutcomeEntry, ReasonEntry, RequestEntry};
