//! What goes into and out of `App`: plain values that are also the API's JSON.
//!
//! No secret is among them but the text of a freshly minted pass.

use std::path::PathBuf;

use datalog::{Account, ConnectionName, PassId, RevocationId, ServiceName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::BudgetLeft;

/// What `init` found and made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InitReport {
    pub home: PathBuf,
    pub config_file: PathBuf,
    /// The id of the root key that mints.
    pub root_key: u32,
    pub outcome: InitOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitOutcome {
    Created,
    /// The home was there already and was left as it is.
    AlreadyThere,
}

/// What a person says of a connection that neither configuration nor provider does: the OAuth client to connect with,
/// where it is not the configured one, and whose account it is, where the service has no way to say so.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ClientChoice {
    #[serde(default)]
    pub account: Option<Account>,
    pub client_id: Option<String>,
    /// A file with the secret alone, or Google's `client_secret.json`.
    pub client_secret_file: Option<PathBuf>,
}

/// Begins an authorization code flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectStart {
    pub service: ServiceName,
    /// The service's own name where there is none.
    #[serde(default)]
    pub name: Option<ConnectionName>,
    /// `http://127.0.0.1:PORT/callback`.
    pub redirect_uri: String,
    /// The service's default scopes where empty.
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub client: ClientChoice,
}

/// An authorization code flow that waits for the person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectBegun {
    pub attempt: String,
    /// Where the person's browser goes.
    pub authorize_url: String,
    /// Seconds until the attempt lapses.
    pub expires_in: u64,
}

/// What the redirect brought: the parameters of the callback, as they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ConnectFinish {
    #[serde(default)]
    pub attempt: Option<String>,
    pub state: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub iss: Option<String>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub error_description: Option<String>,
}

/// Begins a device flow (RFC 8628).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceStart {
    pub service: ServiceName,
    #[serde(default)]
    pub name: Option<ConnectionName>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub client: ClientChoice,
}

/// A device flow that waits for the person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceBegun {
    pub attempt: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds between polls.
    pub interval: u64,
}

/// Where a device flow stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum DevicePoll {
    /// Ask again after `interval` seconds.
    Pending {
        interval: u64,
    },
    Connected {
        connection: ConnectionInfo,
    },
}

/// One connection with its health.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectionInfo {
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    pub scopes: Vec<String>,
    pub status: ConnectionStatus,
    #[serde(with = "time::serde::rfc3339")]
    pub connected: OffsetDateTime,
    /// When the access token ends; none for one that does not.
    #[serde(with = "time::serde::rfc3339::option")]
    pub token_expires: Option<OffsetDateTime>,
    /// Why the last refresh failed, where it did.
    pub last_error: Option<String>,
    /// The base URL that an SDK is given, on the gateway's common listener.
    pub base_url: String,
    /// The base URL of the connection's own listener, where it has one.
    pub own_base_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionStatus {
    Healthy,
    NeedsReconnect,
    /// Stopped by a person, until it is resumed.
    Stopped,
}

/// What became of a connection that was let go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DisconnectReport {
    pub name: ConnectionName,
    pub account: Account,
    pub provider: ProviderRevocation,
    /// Requests that were on their way and did not end in time: what they do may still happen.
    #[serde(default)]
    pub not_recalled: usize,
}

/// Whether the provider took the grant back too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum ProviderRevocation {
    Revoked,
    /// The service has no revocation endpoint that is known.
    Unsupported,
    Failed {
        because: String,
    },
}

/// A freshly minted pass: the only time its text is seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Minted {
    /// `hallpass_…`
    pub pass: String,
    #[serde(flatten)]
    pub info: PassInfo,
}

/// One pass as the authority remembers it: never its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PassInfo {
    pub id: PassId,
    pub task: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    pub connections: Vec<ConnectionName>,
    pub root_key: u32,
    pub status: PassStatus,
    /// What is left of its own budgets, where it counts still; those that its children added are not known here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetLeft>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassStatus {
    Live,
    /// Stopped by itself, or with its task, until it is resumed.
    Suspended,
    Expired,
    Revoked,
}

/// Which passes to list. The newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PassFilter {
    #[serde(default)]
    pub status: Option<PassStatus>,
    #[serde(default)]
    pub connection: Option<ConnectionName>,
    /// 100 where it is not said.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokeArgs {
    /// Pass ids, or revocation ids of delegated blocks.
    pub ids: Vec<RevocationId>,
    #[serde(default)]
    pub because: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokeReport {
    pub revoked: Vec<RevocationId>,
    /// Were revoked before.
    pub already: Vec<RevocationId>,
    /// Revoked too, though this authority has no such pass on record.
    pub unknown: Vec<RevocationId>,
    /// Requests that were on their way and did not end in time: what they do may still happen.
    #[serde(default)]
    pub not_recalled: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReport {
    /// Whether the emergency stop holds now.
    pub stopped: bool,
    /// Requests that were on their way when it was ordered and did not end in time: what they do may still happen.
    #[serde(default)]
    pub not_recalled: usize,
}

/// One root key, without its private half.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RootKeyInfo {
    pub id: u32,
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    pub status: RootKeyStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootKeyStatus {
    /// Mints new passes.
    Minting,
    /// Mints no more; what it minted is valid until it ends.
    Trusted,
    /// What it minted is refused.
    Retired,
}

/// A link that signs a person in to the console once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignInLink {
    pub url: String,
    /// Seconds until it lapses.
    pub expires_in: u64,
}
