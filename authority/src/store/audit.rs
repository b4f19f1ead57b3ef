//! The audit log as it is kept: a record is a line of text and the hash that chains it.

use super::{Beside, Stored};
use crate::app::LogQuery;

/// A record that has no number yet: canonical JSON without its `seq`; and what is to be kept beside it.
#[derive(Debug, Clone)]
pub struct Line {
    pub(crate) text: String,
    pub(crate) beside: Option<Beside>,
}

/// A record as it stands in the log.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    pub seq: u64,
    pub text: String,
    pub hash: [u8; 32],
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainLink {
    pub seq: u64,
    pub hash: [u8; 32],
}

pub trait AuditStore {
    /// Appends a line; it is durable when this answers.
    fn append(&self, line: Line) -> Stored<'_, u64>;
    /// Appends a line when its turn comes, for one who does not wait.
    fn append_later(&self, line: Line);
    /// Answers when everything that was queued before is durable.
    fn settle(&self) -> Stored<'_, ()>;
    fn records(&self, query: LogQuery) -> Stored<'_, Vec<StoredRecord>>;
    /// The record of this number.
    fn record(&self, seq: u64) -> Stored<'_, Option<StoredRecord>>;
    /// The outcome of the intent of this number.
    fn outcome_of(&self, seq: u64) -> Stored<'_, Option<StoredRecord>>;
    /// The next records of the chain, exactly as stored.
    fn chain_after(&self, seq: u64, limit: u32) -> Stored<'_, Vec<StoredRecord>>;
    /// The end of the chain that is durable.
    fn chain_end(&self) -> Stored<'_, ChainLink>;
    /// The newest record's number, whenever it changes.
    fn head(&self) -> tokio::sync::watch::Receiver<u64>;
}
