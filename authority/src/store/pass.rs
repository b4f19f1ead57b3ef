//! The minted passes: their task, their words and their end, never their text.

use datalog::{ConnectionName, PassId};
use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;

#[derive(Debug, Clone)]
pub(crate) struct PassRow {
    pub id: PassId,
    pub task: String,
    pub created: OffsetDateTime,
    pub expires: OffsetDateTime,
    pub connections: Vec<ConnectionName>,
    pub root_key: u32,
    /// Whether the pass's own id is revoked. The pass may be refused for another reason too.
    pub is_revoked: bool,
}

/// The words of a pass without its signature: the JSON of `datalog::Inspection`.
#[derive(Debug, Clone)]
pub(crate) struct PassWords(pub String);

/// Which passes, newest first.
#[derive(Debug, Clone)]
pub(crate) struct PassQuery {
    pub connection: Option<ConnectionName>,
    pub revoked: Option<bool>,
    pub ends_after: Option<OffsetDateTime>,
    pub ends_before: Option<OffsetDateTime>,
    pub limit: u32,
}

pub(crate) trait PassStore {
    fn minted(&self, pass: PassRow, says: PassWords, event: Line) -> Stored<'_, ()>;
    /// Returns a pass and its words. An old pass has none, because its words were not stored.
    fn pass<'a>(&'a self, id: &'a PassId) -> Stored<'a, Option<(PassRow, Option<PassWords>)>>;
    fn passes(&self, query: PassQuery) -> Stored<'_, Vec<PassRow>>;
    /// Returns some ids that begin like this.
    fn passes_that_begin<'a>(&'a self, beginning: &'a str) -> Stored<'a, Vec<PassId>>;
    /// Returns those of `ids` that were minted here.
    fn known_passes<'a>(&'a self, ids: &'a [String]) -> Stored<'a, Vec<String>>;
}
