//! The settings, as types.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use datalog::catalog::ClientAuth;
use datalog::{ConnectionName, Effect, Effects, Hinted, ServiceName};
use secrecy::SecretString;
use time::Duration;
use verifier::McpConfig;
use verifier::ports::Keeping;

use crate::home::Home;
use crate::store::StoreAt;

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub gateway_listen: SocketAddr,
    /// Names that agents may use for the gateway, beside those of this machine.
    pub gateway_names: Vec<String>,
    pub authority_listen: SocketAddr,
    pub approvals: ApprovalsConfig,
    pub mcp: McpConfig,
    pub breaker: BreakerConfig,
    /// How long ended passes are remembered, with their revocations and budgets.
    pub keep_ended: Duration,
    pub store: StoreConfig,
    pub audit: AuditConfig,
    pub notify: NotifyConfig,
    pub services: BTreeMap<ServiceName, ServiceConfig>,
    pub connections: BTreeMap<ConnectionName, ConnectionConfig>,
}

/// `[approvals]`.
#[derive(Debug, Clone)]
pub struct ApprovalsConfig {
    /// How long a question waits, and how long a yes to one request holds.
    pub keep: Duration,
}

impl Default for ApprovalsConfig {
    fn default() -> Self {
        Self { keep: Duration::hours(1) }
    }
}

/// `[audit]`.
#[derive(Debug, Clone)]
pub struct AuditConfig {
    /// The decisions whose facts are stored beside the record.
    pub facts: Keeping,
    /// How long these facts are stored.
    pub facts_for: Duration,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { facts: Keeping::All, facts_for: Duration::days(30) }
    }
}

/// `[breaker]`: when a pass is stopped.
#[derive(Debug, Clone)]
pub struct BreakerConfig {
    /// A pass is stopped after so many refusals, of requests with one of these effects, within this time.
    pub denials: usize,
    pub within: Duration,
    pub effects: Effects,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { denials: 5, within: Duration::minutes(1), effects: Effects::NONE.with(Effect::Delete) }
    }
}

/// `[notify]`: how people are told.
#[derive(Debug, Clone, Default)]
pub struct NotifyConfig {
    pub webhook: Option<String>,
    /// The secret, from a file. A webhook needs one.
    pub(crate) webhook_secret: Option<super::webhook_secret::Secret>,
    pub command: Vec<String>,
}

/// `[services.NAME]`: values that replace the service's own.
#[derive(Debug, Clone, Default)]
pub struct ServiceConfig {
    pub base_url: Option<String>,
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub device_authorization_url: Option<String>,
    pub revoke_url: Option<String>,
    /// The provider redirects to this address if it takes no loopback address. The address forwards the browser to a
    /// loopback address.
    pub redirect_uri: Option<String>,
    pub userinfo_url: Option<String>,
    /// The field of the userinfo answer that names the account.
    pub account_field: Option<String>,
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    /// The secret, from a file or the environment.
    pub client_secret: Option<SecretString>,
    pub client_auth: Option<ClientAuth>,
    pub scopes: Option<Vec<String>>,
    pub refresh: Option<RefreshStyle>,
}

/// What a refresh does to the used refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefreshStyle {
    /// The refresh token stays good.
    Keeps,
    /// The refresh token is dead at once. If it is used again, that may end the grant.
    #[default]
    Rotates,
    /// The refresh token is replaced, but stays valid a little longer.
    RotatesWithGrace,
}

/// `[store]`.
#[derive(Debug, Clone, Default)]
pub struct StoreConfig {
    /// The database's file; the home's own where none is set.
    pub path: Option<PathBuf>,
}

impl StoreConfig {
    /// Returns where the store of this home is.
    pub fn of(&self, home: &Home) -> StoreAt {
        StoreAt::File(self.path.clone().unwrap_or_else(|| home.database()))
    }
}

/// `[connections.NAME]`.
#[derive(Debug, Clone, Default)]
pub struct ConnectionConfig {
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("`{path}` could not be read: {error}", path = path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("`{path}`: {error}", path = path.display())]
    In { path: PathBuf, error: Box<ConfigError> },
    #[error("not TOML: {0}")]
    Syntax(String),
    #[error("unknown {what} `{got}`")]
    Unknown { what: String, got: String, hint: String },
    #[error("`{key}` is {got}, expected {expected}")]
    Value { key: String, got: String, expected: String },
    #[error("`{key}` holds a secret, which does not belong in this file")]
    SecretInFile { key: String, variable: String },
    #[error("`{path}` is not a secret of the kind that is needed: {because}", path = path.display())]
    ClientSecret { path: PathBuf, because: String },
}

impl Hinted for ConfigError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::In { error, .. } => error.hint(),
            Self::Unknown { hint, .. } => Some(hint.clone()),
            Self::SecretInFile { variable, .. } => {
                Some(format!("put it in a file and name that with `client_secret_file`, or set {variable}"))
            }
            Self::Unreadable { .. } | Self::Syntax(_) | Self::Value { .. } | Self::ClientSecret { .. } => {
                None
            }
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            gateway_listen: SocketAddr::from(([127, 0, 0, 1], 7411)),
            gateway_names: Vec::new(),
            authority_listen: SocketAddr::from(([127, 0, 0, 1], 7412)),
            approvals: ApprovalsConfig::default(),
            mcp: McpConfig::default(),
            breaker: BreakerConfig::default(),
            keep_ended: Duration::days(30),
            store: StoreConfig::default(),
            audit: AuditConfig::default(),
            notify: NotifyConfig::default(),
            services: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }
}

/// Returns the name of the variable for a service's client secret.
pub(crate) fn secret_variable(service: &str) -> String {
    format!("HALLPASS_{}_CLIENT_SECRET", service.to_ascii_uppercase().replace('-', "_"))
}
