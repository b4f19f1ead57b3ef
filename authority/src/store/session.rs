//! The sessions of the console, so that a restart signs nobody out. No row is enough to open a session.

use time::OffsetDateTime;

use crate::store::stored::Stored;
use crate::vault::Sealed;

#[derive(Clone)]
pub(crate) struct SessionRow {
    /// The hash of the session's id, in hexadecimal.
    pub id: String,
    /// The place of its pages, and the token of its forms.
    pub sealed: Sealed,
    pub began: OffsetDateTime,
    /// When the person was last there.
    pub seen: OffsetDateTime,
}

pub(crate) trait SessionStore {
    /// Stores a session, and forgets those that began before `oldest`.
    fn session_kept(&self, row: SessionRow, oldest: OffsetDateTime) -> Stored<'_, ()>;
    fn session_seen(&self, id: String, seen: OffsetDateTime) -> Stored<'_, ()>;
    fn session_ended(&self, id: String) -> Stored<'_, ()>;
    fn sessions(&self) -> Stored<'_, Vec<SessionRow>>;
}
