//! The revocations.

use datalog::RevocationId;
use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;

#[derive(Debug, Clone)]
pub(crate) struct RevocationRow {
    pub id: RevocationId,
    pub at: OffsetDateTime,
    pub because: Option<String>,
}

pub(crate) trait RevocationStore {
    /// Stores all of these revocations or none. Each has its event.
    fn revoked(&self, revocations: Vec<(RevocationRow, Line)>) -> Stored<'_, ()>;
    fn revocations(&self) -> Stored<'_, Vec<RevocationId>>;
}
