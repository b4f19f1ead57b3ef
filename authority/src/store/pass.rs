//! The passes that were minted: what they are for, what they say and when they end, never their text.

use datalog::{ConnectionName, PassId};
use time::OffsetDateTime;

use super::{Line, Stored};

#[derive(Debug, Clone)]
pub struct PassRow {
    pub id: PassId,
    pub task: String,
    pub created: OffsetDateTime,
    pub expires: OffsetDateTime,
    pub connections: Vec<ConnectionName>,
    pub root_key: u32,
    /// Whether its own id is revoked. Whether it is refused for another reason is not said.
    pub is_revoked: bool,
}

/// What a pass says, without the signature that would make it a pass: the JSON of `datalog::Inspection`.
#[derive(Debug, Clone)]
pub struct Said(pub String);

/// Which passes; the newest first.
#[derive(Debug, Clone)]
pub struct PassQuery {
    pub connection: Option<ConnectionName>,
    pub revoked: Option<bool>,
    pub ends_after: Option<OffsetDateTime>,
    pub ends_before: Option<OffsetDateTime>,
    pub limit: u32,
}

pub trait PassStore {
    fn minted(&self, pass: PassRow, says: Said, event: Line) -> Stored<'_, ()>;
    /// One pass, and what it says; that is not there of passes from before it was kept.
    fn pass<'a>(&'a self, id: &'a PassId) -> Stored<'a, Option<(PassRow, Option<Said>)>>;
    fn passes(&self, query: PassQuery) -> Stored<'_, Vec<PassRow>>;
    /// Those of `ids` that were minted here.
    fn known_passes<'a>(&'a self, ids: &'a [String]) -> Stored<'a, Vec<String>>;
}
