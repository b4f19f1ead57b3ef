//! The witnesses of the log: the audit key, signed checkpoints, and where the log begins now.

use time::OffsetDateTime;

use super::{ChainLink, Line};
use crate::audit::Checkpoint;
use crate::audit::key::AuditKeyRow;
use crate::store::stored::Stored;

pub(crate) trait CheckpointStore {
    /// Returns the audit key. If there is none, stores `first`.
    fn audit_key(&self, first: AuditKeyRow) -> Stored<'_, AuditKeyRow>;
    fn checkpointed(&self, checkpoint: Checkpoint) -> Stored<'_, ()>;
    /// Returns the checkpoints of records from `first` to `last`, in order.
    fn checkpoints(&self, first: u64, last: u64) -> Stored<'_, Vec<Checkpoint>>;
    /// Returns the link before the first record that is still here.
    fn log_base(&self) -> Stored<'_, ChainLink>;
    /// Returns the first record at or after `since`, and the last one before `until`, if they are given.
    fn log_period(
        &self,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Stored<'_, (Option<u64>, Option<u64>)>;
    /// Notes that the log now begins after `base`. That is before the log's end, and never moves back.
    fn log_rotated(&self, base: ChainLink, event: Line) -> Stored<'_, ()>;
    /// Removes at most `most` records before the base, with their checkpoints. Returns how many.
    fn forget_rotated(&self, most: u32) -> Stored<'_, u64>;
}
