//! Turns the text of `hallpass.toml` into a `Config`, and checks every value against the table of keys.

use std::net::SocketAddr;
use std::path::Path;

use datalog::catalog::ClientAuth;
use datalog::{Effect, Effects};
use secrecy::SecretString;
use time::Duration;
use toml::{Table, Value};
use url::{Host, Url};
use verifier::ports::Keeping;
use verifier::{McpConfig, ToolsShown};

use super::ClientSecretFile;
use super::keys::{self, Section};
use crate::config::types::{
    AuditConfig, BreakerConfig, Config, ConfigError, ConnectionConfig, NotifyConfig, RefreshStyle,
    ServiceConfig, StoreConfig,
};
use crate::nearest;

pub(super) fn parse(text: &str, dir: &Path) -> Result<Config, ConfigError> {
    let file: Table =
        text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax(error.to_string()))?;
    let mut config = Config::default();
    for (name, value) in &file {
        let Some(section) = Section::ALL.into_iter().find(|section| section.name() == name) else {
            return Err(unknown("table", name, Section::ALL.into_iter().map(Section::name)));
        };
        let table = table(name, value)?;
        match section {
            Section::Gateway => {
                config.gateway_listen = listen(section, name, table, config.gateway_listen)?;
                if let Some(value) = table.get("names") {
                    config.gateway_names = host_names("gateway.names", value)?;
                }
            }
            Section::Authority => {
                config.authority_listen = listen(section, name, table, config.authority_listen)?;
                if let Some(value) = table.get("keep_ended") {
                    config.keep_ended = duration("authority.keep_ended", value)?;
                }
            }
            Section::Store => read_store(&mut config.store, name, table, dir)?,
            Section::Audit => read_audit(&mut config.audit, name, table)?,
            Section::Approvals => read_approvals(&mut config, name, table)?,
            Section::Mcp => read_mcp(&mut config.mcp, name, table)?,
            Section::Breaker => read_breaker(&mut config.breaker, name, table)?,
            Section::Notify => config.notify = read_notify(name, table, dir)?,
            Section::Service => read_services(&mut config, table, dir)?,
            Section::Connection => read_connections(&mut config, table)?,
        }
    }
    check_listeners(&config)?;
    Ok(config)
}

fn read_store(store: &mut StoreConfig, path: &str, table: &Table, dir: &Path) -> Result<(), ConfigError> {
    refuse_unknown(Section::Store, path, table)?;
    if let Some(value) = table.get("path") {
        store.path = Some(dir.join(text(&format!("{path}.path"), value)?));
    }
    Ok(())
}

fn read_services(config: &mut Config, services: &Table, dir: &Path) -> Result<(), ConfigError> {
    for (name, value) in services {
        let path = format!("services.{name}");
        let service = name.parse().map_err(|error: datalog::NameError| ConfigError::Value {
            key: path.clone(),
            got: format!("`{}`", error.got),
            expected: error.expected.into(),
        })?;
        config.services.insert(service, read_service(name, &path, table(&path, value)?, dir)?);
    }
    Ok(())
}

fn read_service(name: &str, path: &str, table: &Table, dir: &Path) -> Result<ServiceConfig, ConfigError> {
    let mut service = ServiceConfig::default();
    for (key, value) in table {
        let at = format!("{path}.{key}");
        match key.as_str() {
            "base_url" => service.base_url = Some(endpoint(&at, value)?.trim_end_matches('/').to_owned()),
            "authorize_url" => service.authorize_url = Some(endpoint(&at, value)?),
            "token_url" => service.token_url = Some(endpoint(&at, value)?),
            "device_authorization_url" => service.device_authorization_url = Some(endpoint(&at, value)?),
            "revoke_url" => service.revoke_url = Some(endpoint(&at, value)?),
            "redirect_uri" => service.redirect_uri = Some(endpoint(&at, value)?),
            "userinfo_url" => service.userinfo_url = Some(endpoint(&at, value)?),
            "account_field" => service.account_field = Some(text(&at, value)?.to_owned()),
            "issuer" => service.issuer = Some(text(&at, value)?.to_owned()),
            "client_id" => service.client_id = Some(text(&at, value)?.to_owned()),
            "client_secret" => {
                return Err(ConfigError::SecretInFile {
                    key: at,
                    variable: super::types::secret_variable(name),
                });
            }
            "client_secret_file" => {
                let file = ClientSecretFile::read(&dir.join(text(&at, value)?))?;
                service.client_secret = file.client_secret;
                service.client_id = service.client_id.or(file.client_id);
            }
            "client_auth" => service.client_auth = Some(client_auth(&at, value)?),
            "scopes" => service.scopes = Some(scopes(&at, value)?),
            "refresh" => service.refresh = Some(refresh_style(&at, value)?),
            _ => return Err(unknown(&format!("key in [{path}]"), key, keys::names(Section::Service))),
        }
    }
    // A `client_id` in the settings wins over the one in Google's file, whichever comes first.
    if let Some(id) = table.get("client_id") {
        service.client_id = Some(text(path, id)?.to_owned());
    }
    Ok(service)
}

fn read_connections(config: &mut Config, connections: &Table) -> Result<(), ConfigError> {
    for (name, value) in connections {
        let path = format!("connections.{name}");
        let connection = name.parse().map_err(|error: datalog::NameError| ConfigError::Value {
            key: path.clone(),
            got: format!("`{}`", error.got),
            expected: error.expected.into(),
        })?;
        let table = table(&path, value)?;
        refuse_unknown(Section::Connection, &path, table)?;
        let listen =
            table.get("listen").map(|value| address(&format!("{path}.listen"), value)).transpose()?;
        config.connections.insert(connection, ConnectionConfig { listen });
    }
    Ok(())
}

fn read_approvals(config: &mut Config, path: &str, table: &Table) -> Result<(), ConfigError> {
    refuse_unknown(Section::Approvals, path, table)?;
    if let Some(value) = table.get("keep") {
        config.approvals.keep = duration(&format!("{path}.keep"), value)?;
    }
    Ok(())
}

fn read_audit(audit: &mut AuditConfig, path: &str, table: &Table) -> Result<(), ConfigError> {
    refuse_unknown(Section::Audit, path, table)?;
    if let Some(value) = table.get("facts") {
        let key = format!("{path}.facts");
        audit.facts = match text(&key, value)? {
            "all" => Keeping::All,
            "refusals" => Keeping::Refusals,
            "none" => Keeping::None,
            _ => return Err(wrong(&key, value, "`all`, `refusals` or `none`")),
        };
    }
    if let Some(value) = table.get("facts_for") {
        audit.facts_for = duration(&format!("{path}.facts_for"), value)?;
    }
    Ok(())
}

fn read_mcp(mcp: &mut McpConfig, path: &str, table: &Table) -> Result<(), ConfigError> {
    refuse_unknown(Section::Mcp, path, table)?;
    if let Some(value) = table.get("hold") {
        let key = format!("{path}.hold");
        let hold = duration(&key, value)?;
        let hold = std::time::Duration::try_from(hold).ok().filter(|hold| hold.as_secs() <= 300);
        mcp.hold = hold.ok_or_else(|| wrong(&key, value, "at most `5m`"))?;
    }
    if let Some(value) = table.get("result") {
        let count = value.as_integer().filter(|count| (1_000..=1_000_000).contains(count));
        let count = count.and_then(|count| usize::try_from(count).ok());
        mcp.result =
            count.ok_or_else(|| wrong(&format!("{path}.result"), value, "a number from 1000 to 1000000"))?;
    }
    if let Some(value) = table.get("tools") {
        let key = format!("{path}.tools");
        mcp.tools = match text(&key, value)? {
            "auto" => ToolsShown::Auto,
            "all" => ToolsShown::All,
            "find" => ToolsShown::Find,
            _ => return Err(wrong(&key, value, "`auto`, `all` or `find`")),
        };
    }
    Ok(())
}

fn read_breaker(breaker: &mut BreakerConfig, path: &str, table: &Table) -> Result<(), ConfigError> {
    refuse_unknown(Section::Breaker, path, table)?;
    if let Some(value) = table.get("denials") {
        let count = value.as_integer().filter(|count| (1..=1_000).contains(count));
        let count = count.and_then(|count| usize::try_from(count).ok());
        breaker.denials =
            count.ok_or_else(|| wrong(&format!("{path}.denials"), value, "a number from 1 to 1000"))?;
    }
    if let Some(value) = table.get("within") {
        breaker.within = duration(&format!("{path}.within"), value)?;
    }
    if let Some(value) = table.get("effects") {
        let key = format!("{path}.effects");
        let expected =
            "a list of effects, with at least one: read, write, send, share, delete, run, secret, admin";
        let list =
            value.as_array().filter(|list| !list.is_empty()).ok_or_else(|| wrong(&key, value, expected))?;
        let effect = |one: &Value| one.as_str().and_then(|text| text.parse::<Effect>().ok());
        breaker.effects = list
            .iter()
            .map(effect)
            .collect::<Option<Effects>>()
            .ok_or_else(|| wrong(&key, value, expected))?;
    }
    Ok(())
}

fn read_notify(path: &str, table: &Table, dir: &Path) -> Result<NotifyConfig, ConfigError> {
    refuse_unknown(Section::Notify, path, table)?;
    let at = |key: &str| format!("{path}.{key}");
    let mut notify = NotifyConfig::default();
    if let Some(value) = table.get("webhook") {
        notify.webhook = Some(endpoint(&at("webhook"), value)?);
    }
    if let Some(value) = table.get("webhook_secret_file") {
        let file = dir.join(text(&at("webhook_secret_file"), value)?);
        let content = std::fs::read_to_string(&file)
            .map(SecretString::from)
            .map_err(|error| ConfigError::Unreadable { path: file.clone(), error })?;
        let secret = crate::notify::Secret::parse(&content)
            .map_err(|error| ConfigError::ClientSecret { path: file, because: error.to_string() })?;
        notify.webhook_secret = Some(secret);
    }
    if notify.webhook.is_some() != notify.webhook_secret.is_some() {
        return Err(ConfigError::Value {
            key: at("webhook"),
            got: "there without the other".into(),
            expected: "`webhook` and `webhook_secret_file` together".into(),
        });
    }
    if let Some(value) = table.get("command") {
        let expected = "a list of words, the first one a program";
        let words = value.as_array().filter(|words| !words.is_empty());
        let words = words.and_then(|words| {
            words.iter().map(|word| Some(word.as_str()?.to_owned())).collect::<Option<Vec<String>>>()
        });
        notify.command = words.ok_or_else(|| wrong(&at("command"), value, expected))?;
    }
    Ok(notify)
}

fn duration(key: &str, value: &Value) -> Result<Duration, ConfigError> {
    datalog::duration(text(key, value)?).map_err(|_| wrong(key, value, "a duration, as in `30m` or `2h`"))
}

fn listen(
    section: Section,
    path: &str,
    table: &Table,
    default: SocketAddr,
) -> Result<SocketAddr, ConfigError> {
    refuse_unknown(section, path, table)?;
    table.get("listen").map_or(Ok(default), |value| address(&format!("{path}.listen"), value))
}

fn refuse_unknown(section: Section, path: &str, table: &Table) -> Result<(), ConfigError> {
    match table.keys().find(|key| !keys::names(section).any(|known| known == *key)) {
        Some(key) => Err(unknown(&format!("key in [{path}]"), key, keys::names(section))),
        None => Ok(()),
    }
}

/// Checks that administration stays on this machine, and that no two listeners share a port.
fn check_listeners(config: &Config) -> Result<(), ConfigError> {
    if !config.authority_listen.ip().is_loopback() {
        return Err(ConfigError::Value {
            key: "authority.listen".into(),
            got: format!("`{}`", config.authority_listen),
            expected: "a loopback address: administration is for this machine only".into(),
        });
    }
    let mut taken = vec![("gateway.listen".to_owned(), config.gateway_listen)];
    let own = config
        .connections
        .iter()
        .filter_map(|(name, connection)| Some((format!("connections.{name}.listen"), connection.listen?)));
    for (key, address) in std::iter::once(("authority.listen".to_owned(), config.authority_listen)).chain(own)
    {
        if let Some((other, _)) = taken.iter().find(|(_, used)| *used == address && address.port() != 0) {
            return Err(ConfigError::Value {
                key,
                got: format!("`{address}`"),
                expected: format!("an address that `{other}` does not have"),
            });
        }
        taken.push((key, address));
    }
    Ok(())
}

/// Reads an address: `https`, or `http` to this machine, without a user and without a fragment.
fn endpoint(key: &str, value: &Value) -> Result<String, ConfigError> {
    let text = text(key, value)?;
    let refused = |expected: &str| ConfigError::Value {
        key: key.to_owned(),
        got: format!("`{}`", text.escape_debug()),
        expected: expected.into(),
    };
    let url = Url::parse(text).map_err(|_| refused("a URL"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refused("a URL without a user and a fragment"));
    }
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !is_safe {
        return Err(refused("https, or http to this machine (127.0.0.1, ::1 or localhost)"));
    }
    Ok(text.to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn client_auth(key: &str, value: &Value) -> Result<ClientAuth, ConfigError> {
    match text(key, value)? {
        "post" => Ok(ClientAuth::Post),
        "basic" => Ok(ClientAuth::Basic),
        other => Err(wrong(key, &Value::from(other), "`post` or `basic`")),
    }
}

fn refresh_style(key: &str, value: &Value) -> Result<RefreshStyle, ConfigError> {
    match text(key, value)? {
        "keeps" => Ok(RefreshStyle::Keeps),
        "rotates" => Ok(RefreshStyle::Rotates),
        "rotates-with-grace" => Ok(RefreshStyle::RotatesWithGrace),
        other => Err(wrong(key, &Value::from(other), "`keeps`, `rotates` or `rotates-with-grace`")),
    }
}

fn scopes(key: &str, value: &Value) -> Result<Vec<String>, ConfigError> {
    let list = value.as_array().ok_or_else(|| wrong(key, value, "a list of scopes"))?;
    list.iter()
        .map(|scope| match scope.as_str() {
            Some(scope) if !scope.is_empty() && !scope.contains(char::is_whitespace) => Ok(scope.to_owned()),
            _ => Err(wrong(key, scope, "a list of scopes, each a text without spaces")),
        })
        .collect()
}

fn host_names(key: &str, value: &Value) -> Result<Vec<String>, ConfigError> {
    let expected = "a list of host names, each without a port";
    let list = value.as_array().ok_or_else(|| wrong(key, value, expected))?;
    let is_sound = |name: &str| {
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        name.len() <= 253 && name.split('.').all(is_label)
    };
    let read = |one: &Value| match one.as_str() {
        Some(name) if is_sound(name) => Ok(name.to_owned()),
        _ => Err(wrong(key, one, expected)),
    };
    list.iter().map(read).collect()
}

fn address(key: &str, value: &Value) -> Result<SocketAddr, ConfigError> {
    text(key, value)?.parse().map_err(|_| wrong(key, value, "an address and a port, as in `127.0.0.1:7411`"))
}

fn text<'a>(key: &str, value: &'a Value) -> Result<&'a str, ConfigError> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(wrong(key, value, "a text")),
    }
}

fn table<'a>(key: &str, value: &'a Value) -> Result<&'a Table, ConfigError> {
    value.as_table().ok_or_else(|| wrong(key, value, "a table"))
}

fn wrong(key: &str, value: &Value, expected: &str) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), got: format!("`{value}`"), expected: expected.into() }
}

fn unknown(what: &str, got: &str, known: impl Iterator<Item = &'static str>) -> ConfigError {
    let hint = nearest::hint(got, known);
    ConfigError::Unknown { what: what.into(), got: got.escape_debug().to_string(), hint }
}
