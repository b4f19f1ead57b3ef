//! The stored audit log: a record is a line of text and the hash that chains it.

use crate::app::LogQuery;
use crate::audit::line::{ChainLink, Line, StoredRecord};
use crate::store::stored::Stored;

pub(crate) trait AuditStore {
    /// Appends a line. The line is durable when this returns.
    fn append(&self, line: Line) -> Stored<'_, u64>;
    /// Appends a line when its turn comes, for a caller that does not wait.
    fn append_later(&self, line: Line);
    /// Returns when every line that was queued before is durable.
    fn settle(&self) -> Stored<'_, ()>;
    fn records(&self, query: LogQuery) -> Stored<'_, Vec<StoredRecord>>;
    /// Returns the record of this number.
    fn record(&self, seq: u64) -> Stored<'_, Option<StoredRecord>>;
    /// Returns the outcome of the intent of this number.
    fn outcome_of(&self, seq: u64) -> Stored<'_, Option<StoredRecord>>;
    /// Returns the next records of the chain, exactly as stored.
    fn chain_after(&self, seq: u64, limit: u32) -> Stored<'_, Vec<StoredRecord>>;
    /// Returns the durable end of the chain.
    fn chain_end(&self) -> Stored<'_, ChainLink>;
    /// Returns a receiver of the newest record's number.
    fn head(&self) -> tokio::sync::watch::Receiver<u64>;
}
