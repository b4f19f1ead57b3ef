//! The settings of a person: `hallpass.toml` and the environment.
//!
//! This is the only place that reads the environment. Secrets come from a file or the environment, never from
//! `hallpass.toml` itself. An unknown key is refused, so that a misspelt key does not silently leave a default.

mod keys;
mod read;
mod secret_file;
#[cfg(test)]
mod tests;
pub(crate) mod types;
pub mod webhook_secret;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use datalog::ServiceName;
use secrecy::SecretString;

pub use crate::config::types::Config;
pub use crate::config::types::ConfigError;
pub use crate::config::types::ServiceConfig;
use crate::home::{Home, HomeError};
pub(crate) use secret_file::ClientSecretFile;

/// The variables that set the character encoding, the strongest first (POSIX, section 8.2).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// The variable from which opencode takes settings.
pub(crate) const OPENCODE_SETTINGS: &str = "OPENCODE_CONFIG_CONTENT";

/// The environment at the moment when it was read.
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
    /// `HALLPASS_PASS`: the agent's pass.
    pub pass: Option<SecretString>,
    /// This machine's address for somebody who is signed in over ssh: the third word of `SSH_CONNECTION`.
    pub ssh_host: Option<String>,
    /// `HALLPASS_GATEWAY`: where the agent presents its pass.
    pub gateway: Option<String>,
    /// The values of `HALLPASS_CONNECTION_URL`, by the whole name of the variable.
    pub base_urls: BTreeMap<String, String>,
    /// `NO_PROXY`, or else `no_proxy`.
    pub no_proxy: Option<String>,
    /// The names of all variables that are not empty.
    pub names: BTreeSet<String>,
    /// `NO_COLOR` (no-color.org) is set, or `TERM` is `dumb`.
    pub no_colour: bool,
    /// The person's own settings of opencode.
    pub opencode: Option<OsString>,
    /// The locale has more letters than ASCII: `LC_ALL`, or else `LC_CTYPE`, or else `LANG`, ends in UTF-8.
    pub unicode: bool,
}

impl Config {
    /// Reads `hallpass.toml` of the home, if there is one, and adds the environment.
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

    /// Adds the environment. It wins over the file.
    fn add(&mut self, environment: &Environment) {
        for (service, id) in &environment.client_ids {
            self.services.entry(service.clone()).or_default().client_id = Some(id.clone());
        }
        for (service, secret) in &environment.client_secrets {
            self.services.entry(service.clone()).or_default().client_secret = Some(secret.clone());
        }
    }

    /// Returns the commented file that `hallpass init` writes.
    pub fn default_file() -> String {
        keys::default_file()
    }

    /// Returns the settings of a service; empty if it has no table.
    pub fn service(&self, name: &ServiceName) -> ServiceConfig {
        self.services.get(name).cloned().unwrap_or_default()
    }
}

fn ssh_host(connection: &str) -> Option<String> {
    let host: IpAddr = connection.split_whitespace().nth(2)?.parse().ok()?;
    Some(host.to_string())
}

impl Environment {
    /// Reads the environment. Call this once, at the start.
    pub fn read() -> Self {
        // `vars` would panic if another program's variable is not UTF-8.
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
            if name.eq_ignore_ascii_case("NO_PROXY") {
                let text = value.to_string_lossy().into_owned();
                environment.no_proxy =
                    Some(environment.no_proxy.filter(|_| name == "no_proxy").unwrap_or(text));
            }
            environment.no_colour |= name == "NO_COLOR" || (name == "TERM" && value == "dumb");
            if name == "SSH_CONNECTION" {
                environment.ssh_host = ssh_host(&value.to_string_lossy());
            }
            if name == OPENCODE_SETTINGS {
                environment.opencode = Some(value.clone());
            }
            let Some(rest) = name.strip_prefix("HALLPASS_") else { continue };
            match rest {
                "HOME" => environment.home = Some(PathBuf::from(value)),
                "PASS" => environment.pass = value.into_string().ok().map(SecretString::from),
                "VAULT_KEY_FILE" => environment.vault_key_file = Some(PathBuf::from(value)),
                "GATEWAY" => environment.gateway = value.into_string().ok(),
                _ if rest.ends_with("_URL") => {
                    environment.base_urls.extend(value.into_string().ok().map(|url| (name, url)));
                }
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

    /// Returns the home: `chosen`, or the one in the environment, or the platform's place.
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

/// Returns the service of a variable: `GOOGLE_CALENDAR` names `google-calendar`.
fn service_of(variable: &str) -> Option<ServiceName> {
    variable.to_ascii_lowercase().replace('_', "-").parse().ok()
}
