//! What a person can set: `hallpass.toml`, and the environment.
//!
//! The only place that reads the environment. Secrets come from a file or the environment, never from
//! `hallpass.toml` itself. What is not known is refused, so that a misspelt key does not pass for a default.

mod keys;
mod read;
mod secret_file;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use datalog::{ConnectionName, Effect, Effects, ServiceName};
use secrecy::SecretString;
use time::Duration;
use verifier::ports::Keeping;

use crate::home::{Home, HomeError};
pub(crate) use secret_file::ClientSecretFile;

/// Everything that was set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub gateway_listen: SocketAddr,
    /// Names that agents may call the gateway by, beside those of this machine.
    pub gateway_names: Vec<String>,
    pub authority_listen: SocketAddr,
    pub approvals: ApprovalsConfig,
    pub breaker: BreakerConfig,
    /// How long passes that ended are remembered, with their revocations and budgets.
    pub keep_ended: Duration,
    pub audit: AuditConfig,
    pub notify: NotifyConfig,
    pub services: BTreeMap<ServiceName, ServiceConfig>,
    pub connections: BTreeMap<ConnectionName, ConnectionConfig>,
}

/// `[approvals]`.
#[derive(Debug, Clone)]
pub struct ApprovalsConfig {
    /// How long a question waits, and a yes for one request holds.
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
    /// Of which decisions the facts are kept beside the record.
    pub facts: Keeping,
    /// How long.
    pub facts_for: Duration,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { facts: Keeping::All, facts_for: Duration::days(30) }
    }
}

/// `[breaker]`: when a pass is suspended.
#[derive(Debug, Clone)]
pub struct BreakerConfig {
    /// So many refusals, of requests that have one of these effects, within this time.
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
    /// From a file. A webhook has one.
    pub(crate) webhook_secret: Option<crate::notify::Secret>,
    pub command: Vec<String>,
}

/// `[services.NAME]`: what differs from the service's own.
#[derive(Debug, Clone, Default)]
pub struct ServiceConfig {
    pub base_url: Option<String>,
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub device_authorization_url: Option<String>,
    pub revoke_url: Option<String>,
    /// The address that the provider redirects to, where it takes no loopback address: it sends the browser on to one.
    pub redirect_uri: Option<String>,
    pub userinfo_url: Option<String>,
    /// The field of the userinfo answer that names the account.
    pub account_field: Option<String>,
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    /// From a file or the environment.
    pub client_secret: Option<SecretString>,
    pub client_auth: ClientAuth,
    pub scopes: Option<Vec<String>>,
    pub refresh: Option<RefreshStyle>,
}

/// How the OAuth client shows its secret (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    #[default]
    Post,
    Basic,
}

/// What a refresh does to the refresh token that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefreshStyle {
    /// It stays good.
    Keeps,
    /// It is dead at once; to use it again may end the grant.
    #[default]
    Rotates,
    /// Replaced, and good for a little longer.
    RotatesWithGrace,
}

/// `[connections.NAME]`.
#[derive(Debug, Clone, Default)]
pub struct ConnectionConfig {
    pub listen: Option<SocketAddr>,
}

/// The variables that say which letters there are, the strongest first (POSIX, section 8.2).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// What was in the environment when it was read.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `HALLPASS_HOME`
    pub home: Option<PathBuf>,
    /// `HALLPASS_VAULT_KEY_FILE`
    pub vault_key_file: Option<PathBuf>,
    /// `HALLPASS_SERVICE_CLIENT_ID`
    pub client_ids: BTreeMap<ServiceName, String>,
    /// `HALLPASS_SERVICE_CLIENT_SECRET`
    pub client_secrets: BTreeMap<ServiceName, SecretString>,
    /// `HALLPASS_PASS`: the pass that an agent was given.
    pub pass: Option<SecretString>,
    /// The names of all variables that hold something.
    pub names: BTreeSet<String>,
    /// `NO_COLOR` (no-color.org) is set, or `TERM` is `dumb`.
    pub no_colour: bool,
    /// The locale has more letters than ASCII: `LC_ALL`, or else `LC_CTYPE`, or else `LANG`, ends in UTF-8.
    pub unicode: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("`{path}` could not be read: {error}", path = path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("`{path}`: {error}", path = path.display())]
    In { path: PathBuf, error: Box<ConfigError> },
    #[error("not TOML: {0}")]
    Syntax(String),
    #[error("unknown {what} `{got}`\nhint: {hint}")]
    Unknown { what: String, got: String, hint: String },
    #[error("`{key}` is {got}, expected {expected}")]
    Value { key: String, got: String, expected: String },
    #[error(
        "`{key}` holds a secret, which does not belong in this file\nhint: put it in a file and name that with `client_secret_file`, or set {variable}"
    )]
    SecretInFile { key: String, variable: String },
    #[error("`{path}` is not a secret of the kind that is needed: {because}", path = path.display())]
    ClientSecret { path: PathBuf, because: String },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            gateway_listen: SocketAddr::from(([127, 0, 0, 1], 7411)),
            gateway_names: Vec::new(),
            authority_listen: SocketAddr::from(([127, 0, 0, 1], 7412)),
            approvals: ApprovalsConfig::default(),
            breaker: BreakerConfig::default(),
            keep_ended: Duration::days(30),
            audit: AuditConfig::default(),
            notify: NotifyConfig::default(),
            services: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads `hallpass.toml` of the home, where there is one, and adds the environment.
    pub fn load(home: &Home, environment: &Environment) -> Result<Self, ConfigError> {
        let path = home.config_file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError::Unreadable { path, error }),
        };
        let mut config = read::parse(&text, home.dir())
            .map_err(|error| ConfigError::In { path, error: Box::new(error) })?;
        config.add(environment);
        Ok(config)
    }

    /// Reads the text of a `hallpass.toml`; files that it names are looked for in `home`.
    pub fn parse(text: &str, home: &Home) -> Result<Self, ConfigError> {
        read::parse(text, home.dir())
    }

    /// The environment wins over the file.
    fn add(&mut self, environment: &Environment) {
        for (service, id) in &environment.client_ids {
            self.services.entry(service.clone()).or_default().client_id = Some(id.clone());
        }
        for (service, secret) in &environment.client_secrets {
            self.services.entry(service.clone()).or_default().client_secret = Some(secret.clone());
        }
    }

    /// The commented file that `hallpass init` leaves.
    pub fn default_file() -> String {
        keys::default_file()
    }

    /// What was set for a service; nothing where it has no table.
    pub fn service(&self, name: &ServiceName) -> ServiceConfig {
        self.services.get(name).cloned().unwrap_or_default()
    }
}

impl Environment {
    /// Reads it, once, at the start.
    pub fn read() -> Self {
        // `vars` would panic on a variable of another program that is not UTF-8.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let mut environment = Self::default();
        let mut locale = BTreeMap::new();
        for (name, value) in variables {
            if value.is_empty() {
                continue;
            }
            environment.names.insert(name.clone());
            if let Some(rank) = LOCALE.iter().position(|variable| *variable == name) {
                locale.insert(rank, value.to_string_lossy().to_ascii_lowercase());
            }
            environment.no_colour |= name == "NO_COLOR" || (name == "TERM" && value == "dumb");
            let Some(rest) = name.strip_prefix("HALLPASS_") else { continue };
            match rest {
                "HOME" => environment.home = Some(PathBuf::from(value)),
                "PASS" => environment.pass = value.into_string().ok().map(SecretString::from),
                "VAULT_KEY_FILE" => environment.vault_key_file = Some(PathBuf::from(value)),
                _ => environment.add_client(rest, value.into_string().ok()),
            }
        }
        let decides = locale.first_key_value().map(|(_, locale)| locale.replace('-', ""));
        environment.unicode = decides.is_some_and(|locale| locale.contains("utf8"));
        environment
    }

    fn add_client(&mut self, rest: &str, value: Option<String>) {
        let Some(value) = value else { return };
        if let Some(service) = rest.strip_suffix("_CLIENT_ID").and_then(service_of) {
            self.client_ids.insert(service, value);
        } else if let Some(service) = rest.strip_suffix("_CLIENT_SECRET").and_then(service_of) {
            self.client_secrets.insert(service, SecretString::from(value));
        }
    }

    /// Where the home is: `chosen`, or what was set, or the platform's place.
    pub fn home(&self, chosen: Option<&Path>) -> Result<Home, HomeError> {
        let home = match chosen.or(self.home.as_deref()) {
            Some(dir) => Home::at(dir),
            None => Home::of_platform()?,
        };
        Ok(match &self.vault_key_file {
            Some(path) => home.with_vault_key(path),
            None => home,
        })
    }
}

/// `GOOGLE_CALENDAR` names `google-calendar`.
fn service_of(variable: &str) -> Option<ServiceName> {
    variable.to_ascii_lowercase().replace('_', "-").parse().ok()
}

/// The variable that holds a service's client secret.
fn secret_variable(service: &str) -> String {
    format!("HALLPASS_{}_CLIENT_SECRET", service.to_ascii_uppercase().replace('-', "_"))
}
