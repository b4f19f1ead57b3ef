//! What answers have shown to lineages.

use datalog::{ConnectionName, Known, Resource, RevocationId};
use time::OffsetDateTime;
use verifier::ports::Learned;

use super::Stored;

/// Ids that are kept for one lineage. What is past that is not kept, and so counts as not shown.
pub const KEPT_FOR_A_LINEAGE: usize = 20_000;

pub trait ProvenanceStore {
    /// Which of these things were shown to the lineage on this connection.
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Stored<'a, Known>;
    /// Keeps what an answer showed, and lets go of what lineages that have ended were shown.
    fn shown(&self, shown: Learned, now: OffsetDateTime) -> Stored<'_, ()>;
}
