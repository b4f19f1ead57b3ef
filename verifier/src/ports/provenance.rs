//! What answers have shown to a lineage.

use datalog::{ConnectionName, Known, Resource, RevocationId};
use time::OffsetDateTime;

use crate::ports::answer::Answer;
use crate::ports::fault::StoreFault;

/// The ids that answers have shown to a lineage. Asked only for passes that read provenance.
pub trait Provenance: Send + Sync {
    /// Returns which of these things the lineage knows on this connection.
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Answer<'a, Result<Known, StoreFault>>;
    /// Stores the ids of an answer, durably. Ids beyond the lineage's limit are not stored.
    fn remember(&self, learned: Learned) -> Answer<'_, Result<(), StoreFault>>;
}

/// Ids in one answer.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The revocation id of the authority block.
    pub lineage: RevocationId,
    /// When the whole lineage ends. After that nobody asks again.
    pub ends: OffsetDateTime,
    pub connection: ConnectionName,
    pub seen: Vec<Resource>,
    /// Those of the seen ids that the request created.
    pub created: Vec<Resource>,
}
