//! `hallpass connections` and `hallpass disconnect`: lists the links with their health, and removes one.

use clap::Args;
use datalog::ConnectionName;

use super::client::Client;
use super::failure::Failure;
use super::stop::all_recalled;
use super::table::{Cell, Table};
use super::term::{Term, Tone};
use super::when;
use crate::app::{ConnectionInfo, ConnectionStatus, DisconnectReport, ProviderRevocation};
use crate::cli::context::{Context, block_on};
use time::OffsetDateTime;

/// List the connections, their health, and the base URL for an SDK
#[derive(Debug, Args)]
pub(super) struct Connections {}

/// Revoke a connection at the provider, and forget it
#[derive(Debug, Args)]
pub(super) struct Disconnect {
    /// The connection's name, as `hallpass connections` shows it
    name: ConnectionName,
}

impl Connections {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let connections: Vec<ConnectionInfo> =
            block_on(async { Client::open(context).await?.read("/v1/connections").await })?;
        if connections.is_empty() {
            context.term.say("there are no connections yet: `hallpass connect SERVICE`");
        }
        connections.iter().for_each(|connection| say_concerns(&context.term, connection));
        context.term.result(&connections, || listing(&connections, context.clock.now()).render(&context.term))
    }
}

/// Says each concern of a connection in a sentence, and how to fix it.
pub(super) fn say_concerns(term: &Term, connection: &ConnectionInfo) {
    for told in &connection.concerns {
        let tone = match told.concern.status() {
            ConnectionStatus::Healthy | ConnectionStatus::Stopped => Tone::Warn,
            ConnectionStatus::ClientRefused | ConnectionStatus::NeedsReconnect => Tone::Bad,
        };
        term.say_in(tone, format!("`{}`: {}", connection.name, told.says));
        if let Some(hint) = &told.hint {
            term.say(format!("  {hint}"));
        }
    }
}

/// Returns a few words: the overall health, and the worst of the other concerns.
fn health(connection: &ConnectionInfo) -> String {
    let status = connection.status.words();
    match connection.concerns.iter().find(|told| told.concern.status() < connection.status) {
        _ if connection.status == ConnectionStatus::Healthy => match connection.concerns.first() {
            Some(told) => format!("{status}, {}", told.concern.short()),
            None => status.into(),
        },
        Some(told) => format!("{status}, {}", told.concern.short()),
        None => status.into(),
    }
}

fn listing(connections: &[ConnectionInfo], now: OffsetDateTime) -> Table<6> {
    let mut table = Table::new(["NAME", "SERVICE", "ACCOUNT", "HEALTH", "TOKEN ENDS", "BASE URL"]);
    for connection in connections {
        let tone = match (connection.status, connection.concerns.is_empty()) {
            (ConnectionStatus::Healthy, true) => Tone::Good,
            (ConnectionStatus::Healthy, false) | (ConnectionStatus::Stopped, _) => Tone::Warn,
            (ConnectionStatus::ClientRefused | ConnectionStatus::NeedsReconnect, _) => Tone::Bad,
        };
        let health = Cell::in_tone(health(connection), tone);
        let ends = connection.token_expires.map_or_else(|| "never".into(), |ends| when::from_now(ends, now));
        let base_url = connection.own_base_url.as_ref().unwrap_or(&connection.base_url);
        table.row([
            connection.name.as_str().into(),
            connection.service.as_str().into(),
            connection.account.as_str().into(),
            health,
            ends.into(),
            base_url.as_str().into(),
        ]);
    }
    table
}

impl Disconnect {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (report, service) = block_on(async {
            let client = Client::open(context).await?;
            let known: Vec<ConnectionInfo> = client.read("/v1/connections").await?;
            let service =
                known.into_iter().find(|one| one.name == self.name).map(|one| one.service.to_string());
            let path = format!("/v1/connections/{}", self.name);
            let report = client.delete::<DisconnectReport>(&path).await?;
            Ok((report, service.unwrap_or_default()))
        })?;
        let term = &context.term;
        match &report.provider {
            ProviderRevocation::Revoked => term.say("the provider has revoked the grant"),
            ProviderRevocation::Unsupported => term.say_in(
                Tone::Warn,
                "forgotten here; this provider cannot be asked to revoke: revoke the grant on the account's own pages",
            ),
            ProviderRevocation::Failed { because } => term.say_in(
                Tone::Warn,
                format!("forgotten here, but the provider did not revoke the grant ({because}): do so on the account's own pages"),
            ),
        }
        term.say(format!("to undo it, connect again: `hallpass connect {} --as {}`", service, report.name));
        term.result(&report, || format!("{} ({})", report.name, report.account))?;
        all_recalled(report.not_recalled)
    }
}
