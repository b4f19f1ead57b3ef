//! `hallpass connections` and `hallpass disconnect`: the links there are, with their health, and letting one go.

use clap::Args;
use datalog::ConnectionName;

use super::client::Client;
use super::failure::Failure;
use super::stop::all_recalled;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{Context, block_on, when};
use crate::app::{ConnectionInfo, ConnectionStatus, DisconnectReport, ProviderRevocation};
use crate::clock::Clock;
use crate::nearest::nearest;

/// List connections, their health, and the base URL that an SDK is given
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
        for connection in
            connections.iter().filter(|connection| connection.status == ConnectionStatus::NeedsReconnect)
        {
            let because = connection.last_error.as_deref().unwrap_or("its grant is no longer accepted");
            context
                .term
                .say_in(Tone::Warn, format!("`{}` needs to be connected again: {because}", connection.name));
        }
        context.term.result(&connections, || listing(&connections).render(&context.term))
    }
}

fn listing(connections: &[ConnectionInfo]) -> Table<6> {
    let now = Clock::System.now();
    let mut table = Table::new(["NAME", "SERVICE", "ACCOUNT", "HEALTH", "TOKEN ENDS", "BASE URL"]);
    for connection in connections {
        let health = match connection.status {
            ConnectionStatus::Healthy => Cell::in_tone("healthy", Tone::Good),
            ConnectionStatus::Stopped => Cell::in_tone("stopped", Tone::Warn),
            ConnectionStatus::NeedsReconnect => Cell::in_tone("needs reconnect", Tone::Bad),
        };
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
        let report = block_on(async {
            let client = Client::open(context).await?;
            let known: Vec<ConnectionInfo> = client.read("/v1/connections").await?;
            if !known.iter().any(|connection| connection.name == self.name) {
                return Err(self.unknown(&known));
            }
            client.delete::<DisconnectReport>(&format!("/v1/connections/{}", self.name)).await
        })?;
        let term = &context.term;
        match &report.provider {
            ProviderRevocation::Revoked => term.say("the provider has revoked the grant"),
            ProviderRevocation::Unsupported => term.say_in(
                Tone::Warn,
                "forgotten here; this provider takes nothing back: revoke the grant on the account's own pages",
            ),
            ProviderRevocation::Failed { because } => term.say_in(
                Tone::Warn,
                format!("forgotten here, but the provider did not revoke the grant ({because}): do so on the account's own pages"),
            ),
        }
        term.result(&report, || format!("{} ({})", report.name, report.account))?;
        all_recalled(report.not_recalled)
    }

    fn unknown(&self, known: &[ConnectionInfo]) -> Failure {
        let names = || known.iter().map(|connection| connection.name.as_str());
        let failure = Failure::failed(format_args!("there is no connection `{}`", self.name));
        match nearest(self.name.as_str(), names()) {
            Some(near) => failure.or_hint(format_args!("did you mean `{near}`?")),
            None if known.is_empty() => {
                failure.or_hint("there are none; `hallpass connect SERVICE` makes one")
            }
            None => failure.or_hint(format_args!("there are {}", names().collect::<Vec<_>>().join(", "))),
        }
    }
}
