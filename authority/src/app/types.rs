//! The input and output of `App`: plain values that are also the API's JSON.
//!
//! Their only secret is the text of a freshly minted pass.

use std::path::PathBuf;

use datalog::response::Covered;
use datalog::{
    Account, ApproverName, ConnectionName, Measure, Message, PassId, RevocationId, ServiceName, Window,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::app::Stopped;
use crate::oauth::ProviderRevocation;

pub use crate::health::{Concern, ConnectionStatus, Told};

/// The result of `init`.
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
    /// The home existed and was left unchanged.
    AlreadyThere,
}

/// What only a person can tell about a connection: an OAuth client other than the configured one, and the account's
/// name if the service cannot tell it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ClientChoice {
    #[serde(default)]
    pub account: Option<Account>,
    pub client_id: Option<String>,
    /// A file that holds only the secret, or Google's `client_secret.json`.
    pub client_secret_file: Option<PathBuf>,
}

/// Begins an authorization code flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectStart {
    pub service: ServiceName,
    /// The connection's name; by default the service's name.
    #[serde(default)]
    pub name: Option<ConnectionName>,
    /// `http://127.0.0.1:PORT/callback`.
    pub redirect_uri: String,
    /// The scopes; if there are none, the service's default scopes.
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

/// The redirect's parameters, unchanged.
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
    /// Seconds until the flow lapses.
    pub expires_in: u64,
    /// Seconds between polls.
    pub interval: u64,
}

/// The state of a device flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum DevicePoll {
    /// Ask again after `interval` seconds.
    Pending {
        interval: u64,
    },
    Connected {
        connection: Box<ConnectionInfo>,
    },
}

/// One connection with its health.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectionInfo {
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    /// The granted scopes, as far as the provider said.
    pub scopes: Vec<String>,
    /// The health that follows from the worst of `concerns`.
    pub status: ConnectionStatus,
    /// The owner's concerns, the worst first.
    #[serde(default)]
    pub concerns: Vec<Told>,
    /// The stop that the connection is under, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    #[serde(with = "time::serde::rfc3339")]
    pub connected: OffsetDateTime,
    /// When the access token ends; none if it does not.
    #[serde(with = "time::serde::rfc3339::option")]
    pub token_expires: Option<OffsetDateTime>,
    /// When the grant ends, if the provider announced it.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub grant_ends: Option<OffsetDateTime>,
    /// Why there is no newer token, if there is none.
    pub last_error: Option<String>,
    /// An SDK's base URL on the gateway's common listener.
    pub base_url: String,
    /// The base URL of the connection's own listener, if it has one.
    pub own_base_url: Option<String>,
}

/// The result of a disconnect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DisconnectReport {
    pub name: ConnectionName,
    pub account: Account,
    pub provider: ProviderRevocation,
    /// Requests that were on their way and did not end in time: what they do may still happen.
    #[serde(default)]
    pub not_recalled: usize,
}

/// A freshly minted pass: the only time its text is seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Minted {
    /// `hallpass_…`
    pub pass: String,
    #[serde(flatten)]
    pub info: PassInfo,
    /// Warnings: parts of the pass that do not do what they seem to do, or that are wider than people usually mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Message>,
    /// The places of its redacted fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redacts: Vec<Covered>,
    /// Further notes for its minter, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
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
    /// When it begins, if that is later than its minting.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub begins: Option<OffsetDateTime>,
    /// The stop that the pass is under, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// What is left of its own budgets, if it still counts. The budgets of passes attenuated from it are not known
    /// here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetLeft>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassStatus {
    Live,
    /// It has not begun.
    NotYet,
    /// Stopped, alone or with its task, until it is resumed.
    Stopped,
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
    /// 100 by default.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokeArgs {
    /// Pass ids, or revocation ids of delegated blocks.
    pub ids: Vec<RevocationId>,
    #[serde(default)]
    pub because: Option<String>,
    /// Also revokes ids without a record. The caller may have the text of such a pass.
    #[serde(default)]
    pub even_unknown: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokeReport {
    pub revoked: Vec<RevocationId>,
    /// Ids that were revoked before.
    pub already: Vec<RevocationId>,
    /// Ids without a recorded pass. Unless the caller asked for `even_unknown`, they were not revoked.
    pub unknown: Vec<RevocationId>,
    /// Requests that were on their way and did not end in time: what they do may still happen.
    #[serde(default)]
    pub not_recalled: usize,
}

/// The result of accepting a restored database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RestoredReport {
    /// The key that mints from now on.
    pub root_key: u32,
    /// Keys that are trusted no longer.
    pub retired: Vec<u32>,
    /// The record of this.
    pub record: u64,
}

/// Who signs in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SignInArgs {
    /// The name under which the person answers. If it is missing and there are several approvers, each answer names
    /// one.
    #[serde(default)]
    pub by: Option<ApproverName>,
}

/// A link that signs a person in to the console once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignInLink {
    pub url: String,
    /// Seconds until it lapses.
    pub expires_in: u64,
    /// The name under which the person answers. None if each answer must name one.
    #[serde(default)]
    pub by: Option<ApproverName>,
}

/// A budget and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLeft {
    pub of: String,
    pub counts: Measure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Window>,
    pub max: u64,
    pub left: u64,
    /// When the oldest use leaves the window.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub refills_at: Option<OffsetDateTime>,
}
