//! The ids that answers have shown to lineages.

use datalog::{ConnectionName, Known, Resource, RevocationId};
use time::OffsetDateTime;
use verifier::ports::Learned;

use crate::store::stored::Stored;

/// The most ids that are kept for one lineage. Further ids are not kept, so they count as not shown.
pub(super) const KEPT_FOR_A_LINEAGE: usize = 20_000;

pub(crate) trait ProvenanceStore {
    /// Returns those of these things that the lineage has been shown on this connection.
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Stored<'a, Known>;
    /// Stores the ids that an answer showed, and forgets those of ended lineages.
    fn shown(&self, shown: Learned, now: OffsetDateTime) -> Stored<'_, ()>;
}
