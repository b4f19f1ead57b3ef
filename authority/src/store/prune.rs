//! Forgets what has ended.

use time::OffsetDateTime;

use crate::store::stored::Stored;

/// How much was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    pub passes: u64,
    pub revocations: u64,
    pub budgets: u64,
    /// How many decisions had facts that were kept long enough.
    pub facts: u64,
}

pub(crate) trait PruneStore {
    /// Forgets at most `most` passes that ended before `before`, with their revocations and budgets. A block belongs to
    /// a pass that was minted before the block's revocation. So that revocation is forgotten when no pass is left that
    /// is older than it.
    fn pruned(&self, before: OffsetDateTime, most: u32) -> Stored<'_, Pruned>;
}
