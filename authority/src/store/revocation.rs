//! The revocations, and whether everything is stopped.

use datalog::RevocationId;
use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;

#[derive(Debug, Clone)]
pub struct RevocationRow {
    pub id: RevocationId,
    pub at: OffsetDateTime,
    pub because: Option<String>,
}

/// The stop of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaltRow {
    /// None for a stop from before this was stored.
    pub at: Option<OffsetDateTime>,
    pub because: Option<String>,
}

pub trait RevocationStore {
    /// All of them or none; each with its event.
    fn revoked(&self, revocations: Vec<(RevocationRow, Line)>) -> Stored<'_, ()>;
    fn revocations(&self) -> Stored<'_, Vec<RevocationId>>;
    /// Stops everything. If it is already stopped, that stop stays.
    fn stopped(&self, row: HaltRow, event: Line) -> Stored<'_, ()>;
    fn resumed(&self, event: Line) -> Stored<'_, ()>;
    fn halt(&self) -> Stored<'_, Option<HaltRow>>;
}
