//! What vouches for the log: the audit key, signed checkpoints, and where the log begins by now.

use time::OffsetDateTime;

use super::{ChainLink, Line, Stored};
use crate::audit::Checkpoint;
use crate::vault::Sealed;

/// The key that checkpoints are signed with.
#[derive(Clone)]
pub struct AuditKeyRow {
    pub public: [u8; 32],
    /// Bound to `audit_key`, row 1, `seed`, generation 0.
    pub seed: Sealed,
    pub created: OffsetDateTime,
}

pub trait CheckpointStore {
    /// The audit key; `first` is kept where there is none.
    fn audit_key(&self, first: AuditKeyRow) -> Stored<'_, AuditKeyRow>;
    fn checkpointed(&self, checkpoint: Checkpoint) -> Stored<'_, ()>;
    /// Checkpoints of records from `first` to `last`, in order.
    fn checkpoints(&self, first: u64, last: u64) -> Stored<'_, Vec<Checkpoint>>;
    /// What the first record that is still here is chained to.
    fn log_base(&self) -> Stored<'_, ChainLink>;
    /// The first record at `since` or later and the last one before `until`, as far as they are asked for.
    fn log_period(
        &self,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Stored<'_, (Option<u64>, Option<u64>)>;
    /// The log begins after `base` from now on. `base` is before its end, and never moves back.
    fn log_rotated(&self, base: ChainLink, event: Line) -> Stored<'_, ()>;
    /// Removes at most `most` records from before the base, and the checkpoints among them; how many it were.
    fn forget_rotated(&self, most: u32) -> Stored<'_, u64>;
}
