//! Connections, their sealed credentials, and the refreshes that are under way.
//!
//! Every change to a credential names the generation it was made from, so that of two writers one loses
//! and knows it. An id is never used twice: a connection that comes back under its old name is another one.

use datalog::{Account, ConnectionName, ServiceName};
use time::OffsetDateTime;

use super::{Line, Stored};
use crate::vault::Sealed;

/// Random, and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStatus {
    Healthy,
    NeedsReconnect,
    /// Lent to nobody any more; the provider is being told.
    Disconnecting,
}

#[derive(Clone)]
pub struct NewConnection {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    pub scopes: Vec<String>,
    pub client_id: String,
    /// Bound to `connection`, the id, `client_secret`, generation 0.
    pub client_secret: Option<Sealed>,
    pub connected: OffsetDateTime,
    pub credential: CredentialRow,
}

/// One generation of a connection's tokens.
#[derive(Clone)]
pub struct CredentialRow {
    /// Counts from 1.
    pub generation: u64,
    /// Bound to `credential`, the connection's id, `access`, the generation.
    pub access: Sealed,
    /// Bound to `credential`, the connection's id, `refresh`, the generation.
    pub refresh: Option<Sealed>,
    pub obtained: OffsetDateTime,
    pub expires: Option<OffsetDateTime>,
}

#[derive(Clone)]
pub struct KnownConnectionRow {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    pub scopes: Vec<String>,
    pub client_id: String,
    pub client_secret: Option<Sealed>,
    pub status: RowStatus,
    pub connected: OffsetDateTime,
    /// The current generation.
    pub credential: CredentialRow,
    /// When a refresh of this generation was begun whose end is not known.
    pub open_refresh: Option<OffsetDateTime>,
}

/// Whether a refresh may call the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshBegun {
    /// Nothing else is under way.
    First,
    /// An earlier call with the same token has an unknown outcome.
    Again { since: OffsetDateTime },
    /// The row has another generation, or is gone: read it again.
    Moved,
}

/// Whether a fenced change happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    Done,
    /// Another generation, a disconnect or a reconnect came first; nothing was changed.
    Superseded,
}

pub trait ConnectionStore {
    /// Keeps a new connection, in place of one with the same name.
    fn connected(&self, new: NewConnection, event: Line) -> Stored<'_, ()>;
    fn known_connections(&self) -> Stored<'_, Vec<KnownConnectionRow>>;
    fn known_connection(&self, id: ConnectionId) -> Stored<'_, Option<KnownConnectionRow>>;
    /// The intent, durable before the provider is called.
    fn begin_refresh(
        &self,
        id: ConnectionId,
        generation: u64,
        now: OffsetDateTime,
    ) -> Stored<'_, RefreshBegun>;
    /// The next generation, where `from` is still the current one. The one before is kept.
    fn refreshed(&self, id: ConnectionId, from: u64, next: CredentialRow, event: Line) -> Stored<'_, Moved>;
    /// The provider is known not to have acted.
    fn refresh_came_to_nothing(&self, id: ConnectionId, generation: u64) -> Stored<'_, ()>;
    /// The provider refused the grant of this generation. Nothing is deleted.
    fn needs_reconnect(&self, id: ConnectionId, generation: u64, event: Line) -> Stored<'_, Moved>;
    /// From now on it is lent to nobody.
    fn begin_disconnect(&self, id: ConnectionId, event: Line) -> Stored<'_, Moved>;
    /// Deletes it with all its tokens.
    fn forgotten(&self, id: ConnectionId, event: Line) -> Stored<'_, ()>;
}
