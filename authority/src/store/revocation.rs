//! What is revoked, and whether everything is stopped.

use datalog::RevocationId;
use time::OffsetDateTime;

use super::{Line, Stored};

#[derive(Debug, Clone)]
pub struct RevocationRow {
    pub id: RevocationId,
    pub at: OffsetDateTime,
    pub because: Option<String>,
}

pub trait RevocationStore {
    /// All of them or none; each with its event.
    fn revoked(&self, revocations: Vec<(RevocationRow, Line)>) -> Stored<'_, ()>;
    fn revocations(&self) -> Stored<'_, Vec<RevocationId>>;
    fn stopped(&self, event: Line) -> Stored<'_, ()>;
    fn resumed(&self, event: Line) -> Stored<'_, ()>;
    fn is_stopped(&self) -> Stored<'_, bool>;
}
