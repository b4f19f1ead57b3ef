//! Connections, their sealed credentials, and the refreshes under way.
//!
//! Every change of a credential names the generation it was made from, so that one of two writers loses and knows it.
//! An id is never used twice: a connection that returns under its old name is another one.

use datalog::{Account, ConnectionName, ServiceName};
use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;
use crate::vault::Sealed;

/// The id of a connection. It is random, and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowStatus {
    Healthy,
    NeedsReconnect,
    /// Its credential is no longer lent, and the provider is about to be told.
    Disconnecting,
}

#[derive(Clone)]
pub(crate) struct NewConnection {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    /// The scopes that the person was asked for.
    pub asked: Vec<String>,
    pub client_id: String,
    /// Bound to `connection`, the id, `client_secret`, generation 0.
    pub client_secret: Option<Sealed>,
    pub connected: OffsetDateTime,
    pub credential: CredentialRow,
}

/// One generation of a connection's tokens.
#[derive(Clone)]
pub(crate) struct CredentialRow {
    /// Counts from 1.
    pub generation: u64,
    /// Bound to `credential`, the connection's id, `access`, the generation.
    pub access: Sealed,
    /// Bound to `credential`, the connection's id, `refresh`, the generation.
    pub refresh: Option<Sealed>,
    pub obtained: OffsetDateTime,
    pub expires: Option<OffsetDateTime>,
    /// The granted scopes, if the provider ever said; otherwise the requested ones.
    pub scopes: Vec<String>,
    pub grant: Option<GrantEnd>,
}

/// The announced end of a grant, and since when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantEnd {
    pub began: OffsetDateTime,
    pub ends: OffsetDateTime,
}

/// A concern that people were told of, and that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConcernRow {
    /// One of each kind for a connection.
    pub kind: &'static str,
    /// Its JSON. No secret.
    pub says: String,
    pub at: OffsetDateTime,
}

#[derive(Clone)]
pub(crate) struct KnownConnectionRow {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    /// The requested scopes; none for a connection from before these were stored.
    pub asked: Option<Vec<String>>,
    pub client_id: String,
    pub client_secret: Option<Sealed>,
    pub status: RowStatus,
    pub connected: OffsetDateTime,
    /// The current generation.
    pub credential: CredentialRow,
    /// JSON of the concerns that people were told of and that are not over.
    pub concerns: Vec<String>,
}

/// What a refresh may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshBegun {
    /// Nothing else is under way with this token.
    First,
    /// An earlier call with the same token has an unknown outcome.
    Again { since: OffsetDateTime },
    /// The row has another generation, or is gone: read it again.
    Moved,
}

/// Whether a change happened that needs a certain generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    Done,
    /// Another generation, a disconnect or a reconnect came first, so nothing changed.
    Superseded,
}

pub(crate) trait ConnectionStore {
    /// Stores a new connection, instead of one with the same name.
    fn connected(&self, new: NewConnection, event: Line) -> Stored<'_, ()>;
    fn known_connections(&self) -> Stored<'_, Vec<KnownConnectionRow>>;
    fn known_connection(&self, id: ConnectionId) -> Stored<'_, Option<KnownConnectionRow>>;
    /// Stores the intent of a refresh. It is durable before the provider is called.
    fn begin_refresh(
        &self,
        id: ConnectionId,
        generation: u64,
        now: OffsetDateTime,
    ) -> Stored<'_, RefreshBegun>;
    /// Stores the next generation, if `from` is still the current one. The earlier one is kept.
    fn refreshed(&self, id: ConnectionId, from: u64, next: CredentialRow, event: Line) -> Stored<'_, Moved>;
    /// Notes that the provider certainly did not act.
    fn refresh_came_to_nothing(&self, id: ConnectionId, generation: u64) -> Stored<'_, ()>;
    /// Notes that the provider refused the grant of this generation. Nothing is deleted.
    fn needs_reconnect(
        &self,
        id: ConnectionId,
        generation: u64,
        concern: ConcernRow,
        event: Line,
    ) -> Stored<'_, Moved>;
    /// Stores a concern, with the event that tells people of it. If a concern of its kind is stored that is not older
    /// than `again`, this does nothing.
    fn concern_began(
        &self,
        id: ConnectionId,
        concern: ConcernRow,
        again: OffsetDateTime,
        event: Line,
    ) -> Stored<'_, ()>;
    fn concerns_over(&self, id: ConnectionId, kinds: &'static [&'static str]) -> Stored<'_, ()>;
    /// Begins a disconnect. From now on the credential is not lent.
    fn begin_disconnect(&self, id: ConnectionId, event: Line) -> Stored<'_, Moved>;
    /// Deletes the connection with all its tokens.
    fn forgotten(&self, id: ConnectionId, event: Line) -> Stored<'_, ()>;
}
