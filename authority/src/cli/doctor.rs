//! `hallpass doctor`: checks the set-up, one line a check. It changes nothing and asks nobody outside.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::client::Client;
use super::failure::{Failure, FailureKind};
use super::plain::inline;
use super::term::Tone;
use super::when;
use crate::api::{LogPage, Status};
use crate::app::{AllStops, ConnectionInfo, RootKeyInfo, RootKeyStatus};
use crate::cli::context::{Context, block_on};
use crate::config::types::{Config, StoreConfig};
use crate::home::Home;
use crate::store::StoreAt;
use time::OffsetDateTime;

/// Check the set-up
///
/// It exits with 1 if a check fails.
#[derive(Debug, Args)]
pub(super) struct Doctor {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckState {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    state: CheckState,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, state: CheckState::Ok, says: says.into(), hint: None }
    }

    fn warn(check: &'static str, says: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, state: CheckState::Warn, says: says.into(), hint: Some(hint.into()) }
    }

    fn fail(check: &'static str, failure: Failure) -> Self {
        Self { check, state: CheckState::Fail, says: failure.message, hint: failure.hint }
    }
}

impl Doctor {
    pub(super) fn run(&self, context: &Context) -> Result<ExitCode, Failure> {
        let home = context.home()?;
        let config = context.config(&home);
        let store =
            config.as_ref().map_or_else(|_| StoreConfig::default(), |config| config.store.clone()).of(&home);
        let mut checks = vec![folder(&home, &store)];
        checks.push(match crate::catalog::load(&home) {
            Ok(catalog) => Check::ok("services", format!("{} are known", catalog.services().count())),
            Err(error) => Check::fail("services", Failure::failed(error)),
        });
        match config {
            Err(failure) => checks.push(Check::fail("settings", failure)),
            Ok(config) => {
                checks.push(Check::ok("settings", home.config_file().display().to_string()));
                if store.is_made() {
                    checks.extend(block_on(authority(&home, &config, context))?);
                }
            }
        }
        context.term.result(&checks, || checks.iter().map(|check| line(check, context)).collect())?;
        let failed = checks.iter().any(|check| check.state == CheckState::Fail);
        Ok(if failed { ExitCode::from(FailureKind::Failed.exit_code()) } else { ExitCode::SUCCESS })
    }
}

fn line(check: &Check, context: &Context) -> String {
    let (word, tone) = match check.state {
        CheckState::Ok => ("ok  ", Tone::Good),
        CheckState::Warn => ("warn", Tone::Warn),
        CheckState::Fail => ("fail", Tone::Bad),
    };
    let hint = check.hint.as_ref().map(|hint| format!("\n      hint: {}", inline(hint))).unwrap_or_default();
    format!("{}  {}: {}{hint}\n", context.term.colour().paint(tone, word), check.check, inline(&check.says))
}

/// Checks that the home exists, and that only its owner can read it.
fn folder(home: &Home, store: &StoreAt) -> Check {
    let shown = home.dir().display();
    if let Some(mode) = mode(home.dir()).filter(|mode| mode & 0o077 != 0) {
        let failure = Failure::failed(format!("expected mode 700 on `{shown}`, got {mode:o}"))
            .or_hint(format_args!("chmod 700 '{shown}'"));
        return Check::fail("home", failure);
    }
    if !store.is_made() {
        let failure = Failure::failed(format!("`{shown}` holds no authority")).or_hint("run `hallpass init`");
        return Check::fail("home", failure);
    }
    let store = store.file().map(|file| (file, 0o600));
    for (path, expected) in [(home.dir(), 0o700), (home.vault_key(), 0o600)].into_iter().chain(store) {
        match mode(path) {
            Some(mode) if mode & 0o077 != 0 => {
                let shown = path.display();
                let failure =
                    Failure::failed(format!("expected mode {expected:o} on `{shown}`, got {mode:o}"))
                        .or_hint(format_args!("chmod {expected:o} '{shown}'"));
                return Check::fail("home", failure);
            }
            _ => {}
        }
    }
    Check::ok("home", format!("`{shown}` is yours alone"))
}

/// Returns the permissions of a file, if it exists.
fn mode(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|found| found.permissions().mode() & 0o777)
}

/// Checks that need an open authority.
async fn authority(home: &Home, config: &Config, context: &Context) -> Result<Vec<Check>, Failure> {
    let running = match Client::running(home).await {
        Ok(running) => running,
        Err(failure) => return Ok(vec![Check::fail("authority", failure)]),
    };
    let mut checks = vec![match &running {
        Some(client) => version(client).await,
        None => Check::warn("authority", "none runs on this home", "start one with `hallpass serve`"),
    }];
    for (name, address) in [("gateway", config.gateway_listen), ("authority's port", config.authority_listen)]
    {
        checks.push(match &running {
            Some(_) => answers(name, address),
            None => is_free(name, address),
        });
    }
    match Client::open(context).await {
        Ok(client) => {
            checks.extend(connections(&client).await);
            checks.extend([keys(&client).await, clock(&client, context.clock.now()).await]);
            checks.extend(stops(&client).await);
        }
        Err(failure) => checks.push(Check::fail("store", failure)),
    }
    Ok(checks)
}

/// Returns the stops as a check; none if nothing is stopped.
async fn stops(client: &Client) -> Option<Check> {
    let hint = "`hallpass stop --list` tells what, `hallpass resume` ends it";
    match client.read::<AllStops>("/v1/stops").await {
        Err(failure) => Some(Check::fail("stops", failure)),
        Ok(stops) if stops.everything.is_some() => Some(Check::warn("stops", "everything is stopped", hint)),
        Ok(AllStops { stops, .. }) if stops.is_empty() => None,
        Ok(AllStops { stops, .. }) => Some(Check::warn(
            "stops",
            format!("{} passes, tasks or connections are stopped", stops.len()),
            hint,
        )),
    }
}

async fn version(client: &Client) -> Check {
    let own = env!("CARGO_PKG_VERSION");
    match client.read::<Status>("/v1/status").await {
        Ok(status) if status.version == own => {
            Check::ok("authority", format!("runs as process {}", status.process))
        }
        Ok(status) => Check::warn(
            "authority",
            format!("runs version {}, this is {own}", status.version),
            "start it again with this version",
        ),
        Err(failure) => Check::fail("authority", failure),
    }
}

/// Checks that the running authority listens where the settings say.
fn answers(check: &'static str, address: SocketAddr) -> Check {
    if address.port() == 0 {
        return Check::ok(check, format!("a free port of {}", address.ip()));
    }
    match TcpStream::connect_timeout(&address, Duration::from_secs(2)) {
        Ok(_) => Check::ok(check, format!("{address} answers")),
        Err(error) => {
            let failure = Failure::failed(format!("{address} does not answer: {error}"));
            Check::fail(
                check,
                failure.or_hint("the settings changed since the authority was started: start it again"),
            )
        }
    }
}

/// Checks that `serve` could listen where the settings say.
fn is_free(check: &'static str, address: SocketAddr) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(check, format!("{address} is free")),
        Err(error) => {
            let failure = Failure::failed(format!("cannot listen on {address}: {error}"));
            Check::fail(
                check,
                failure.or_hint("end the other process, or set another address in hallpass.toml"),
            )
        }
    }
}

/// Returns a check for each thing that a connection's owner should know.
async fn connections(client: &Client) -> Vec<Check> {
    let connections: Vec<ConnectionInfo> = match client.read("/v1/connections").await {
        Ok(connections) => connections,
        Err(failure) => return vec![Check::fail("connections", failure)],
    };
    let mut checks = Vec::new();
    for connection in &connections {
        checks.extend(connection.concerns.iter().map(|told| Check {
            check: "connections",
            state: CheckState::Warn,
            says: format!("`{}`: {}", connection.name, told.says),
            hint: told.hint.clone(),
        }));
    }
    match connections.len() {
        0 => vec![Check::warn("connections", "there are none yet", "hallpass connect SERVICE")],
        all if checks.is_empty() => vec![Check::ok("connections", format!("{all} of {all} are healthy"))],
        _ => checks,
    }
}

async fn keys(client: &Client) -> Check {
    match client.read::<Vec<RootKeyInfo>>("/v1/keys").await {
        Ok(keys) => match keys.iter().find(|key| key.status == RootKeyStatus::Minting) {
            Some(key) => Check::ok("keys", format!("root key {} mints", key.id)),
            None => Check::fail("keys", Failure::failed("no root key mints").or_hint("hallpass keys rotate")),
        },
        Err(failure) => Check::fail("keys", failure),
    }
}

/// Checks whether the clock was set back: then ended passes would count again. The newest record shows by how much.
async fn clock(client: &Client, now: OffsetDateTime) -> Check {
    let newest = match client.read::<LogPage>("/v1/log?limit=1").await {
        Ok(page) => page.records.last().map(|record| record.at),
        Err(failure) => return Check::fail("clock", failure),
    };
    match newest {
        Some(newest) if newest > now + time::Duration::seconds(5) => {
            let ahead = when::span(newest - now);
            let failure = Failure::failed(format!("the newest audit record is {ahead} in the future"));
            Check::fail(
                "clock",
                failure.or_hint("the clock was set back: set it right before passes are used"),
            )
        }
        _ => Check::ok("clock", when::at(now)),
    }
}
