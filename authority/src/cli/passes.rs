//! `hallpass passes`: what was minted and how it stands. Never a pass's text.

use clap::{Args, ValueEnum};
use datalog::ConnectionName;

use super::client::{Client, with_query};
use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{Context, block_on, when};
use crate::app::{PassFilter, PassInfo, PassStatus};
use crate::clock::Clock;

/// List the passes that were minted, the newest first
#[derive(Debug, Args)]
pub(super) struct Passes {
    /// Only passes that stand so
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Only passes that name this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    last: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Live,
    Suspended,
    Expired,
    Revoked,
}

impl From<Status> for PassStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Live => Self::Live,
            Status::Suspended => Self::Suspended,
            Status::Expired => Self::Expired,
            Status::Revoked => Self::Revoked,
        }
    }
}

impl Passes {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = PassFilter {
            status: self.status.map(PassStatus::from),
            connection: self.connection,
            limit: Some(self.last),
        };
        let path = with_query("/v1/passes", &filter)?;
        let passes: Vec<PassInfo> = block_on(async { Client::open(context).await?.read(&path).await })?;
        if passes.is_empty() {
            context.term.say("there are no such passes: `hallpass mint` makes one");
        }
        context.term.result(&passes, || listing(&passes).render(&context.term))
    }
}

fn listing(passes: &[PassInfo]) -> Table<5> {
    let now = Clock::System.now();
    let mut table = Table::new(["ID", "STATUS", "ENDS", "CONNECTIONS", "TASK"]);
    for pass in passes {
        let status = match pass.status {
            PassStatus::Live => Cell::in_tone("live", Tone::Good),
            PassStatus::Suspended => Cell::in_tone("suspended", Tone::Warn),
            PassStatus::Expired => Cell::in_tone("expired", Tone::Quiet),
            PassStatus::Revoked => Cell::in_tone("revoked", Tone::Bad),
        };
        let connections = pass.connections.iter().map(ConnectionName::as_str).collect::<Vec<_>>().join(", ");
        table.row([
            pass.id.as_str().into(),
            status,
            when::from_now(pass.expires, now).into(),
            connections.into(),
            pass.task.as_str().into(),
        ]);
    }
    table
}
