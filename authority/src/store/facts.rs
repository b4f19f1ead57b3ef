//! The sealed facts of decisions, each beside its record, and the wordings of the passes that made them.

use time::OffsetDateTime;

use crate::audit::line::FactsRow;
use crate::store::stored::Stored;
use crate::vault::Sealed;

pub(crate) trait FactsStore {
    /// Returns the facts beside the records from `first` to `last`, as far as they exist, in order.
    fn facts(&self, first: u64, last: u64) -> Stored<'_, Vec<FactsRow>>;
    fn wording(&self, digest: [u8; 32]) -> Stored<'_, Option<Sealed>>;
    /// Forgets the facts of at most `most` decisions from before `before`, oldest first, and the wordings of passes
    /// that ended before it. Returns the number of decisions.
    fn facts_forgotten(&self, before: OffsetDateTime, most: u32) -> Stored<'_, u64>;
}
