//! `hallpass log`: shows the audit records, past or as they come, and holds the other commands on the log.

mod export;
mod restored;
mod verify;
mod words;

use clap::{Args, Subcommand, ValueEnum};
use datalog::{ConnectionName, RevocationId};
use time::OffsetDateTime;
use verifier::ports::Mode;

use super::client::{Client, with_query};
use super::failure::Failure;
use super::number;
use crate::api::LogPage;
use crate::app::LogQuery;
use crate::cli::context::{Context, block_on};
use crate::when::Moment;
use words::line;

pub(super) use verify::own_key;
pub(super) use words::{counted_words, event_words, what};

/// Show the audit log, the newest records last
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Log {
    #[command(subcommand)]
    verb: Option<LogVerb>,
    #[command(flatten)]
    filter: LogFilter,
    /// Keep printing each new record until interrupted
    #[arg(long, short)]
    follow: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum LogVerb {
    Verify(verify::Verify),
    Export(export::Export),
    Rotate(export::Rotate),
    AcceptRestored(restored::AcceptRestored),
}

#[derive(Debug, Clone, Args)]
struct LogFilter {
    /// Show only records of this pass and of passes attenuated from it
    #[arg(long, value_name = "ID")]
    pass: Option<RevocationId>,
    /// Show only requests on this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// Show only this operation, or a group (`gmail.users.messages.*`)
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Show only requests with this decision: `allow`, or a refusal's code
    #[arg(long, value_name = "DECISION")]
    decision: Option<String>,
    /// Show only requests that came over this surface
    #[arg(long, value_name = "MODE")]
    mode: Option<LogMode>,
    /// Show only records of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<RecordKind>,
    /// Show only records at or after this moment: a time (2026-11-22T09:00:00Z), a day, or how long ago (30m, 7d)
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Show only records before this moment
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// Show the newest N records
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = number::a_page)]
    last: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogMode {
    BaseUrl,
    Mcp,
    Direct,
}

impl LogMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::BaseUrl => Mode::BaseUrl,
            Self::Mcp => Mode::Mcp,
            Self::Direct => Mode::Direct,
        }
        .as_str()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RecordKind {
    Intent,
    Outcome,
    Refusal,
    Counted,
    Event,
}

impl LogFilter {
    fn query(self, now: OffsetDateTime) -> LogQuery {
        let filter = self;
        let kind = filter.kind.and_then(|kind| kind.to_possible_value());
        LogQuery {
            after: None,
            limit: Some(filter.last),
            pass: filter.pass,
            connection: filter.connection,
            operation: filter.operation,
            decision: filter.decision,
            mode: filter.mode.map(|mode| mode.as_str().to_owned()),
            kind: kind.map(|kind| kind.get_name().to_owned()),
            since: filter.since.map(|moment| moment.from(now)),
            until: filter.until.map(|moment| moment.from(now)),
        }
    }
}

impl Log {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Some(LogVerb::Verify(verify)) => verify.run(context),
            Some(LogVerb::Export(export)) => export.run(context),
            Some(LogVerb::Rotate(rotate)) => rotate.run(context),
            Some(LogVerb::AcceptRestored(accept)) => accept.run(context),
            None if self.follow => follow(context, self.filter.query(context.clock.now())),
            None => show(context, &self.filter.query(context.clock.now())),
        }
    }
}

fn show(context: &Context, query: &LogQuery) -> Result<(), Failure> {
    let path = with_query("/v1/log", query)?;
    let page: LogPage = block_on(async { Client::open(context).await?.read(&path).await })?;
    if page.records.is_empty() {
        context.term.say("no such record");
    }
    context.term.result(&page.records, || page.records.iter().map(|record| line(record, context)).collect())
}

/// Prints one record a line; with `--json` one object a line. It ends when the authority or the reader goes away.
fn follow(context: &Context, mut query: LogQuery) -> Result<(), Failure> {
    block_on(async {
        let client = Client::needed(context, "nothing will be written to its log").await?;
        loop {
            let wait = if query.after.is_some() { "&wait=30" } else { "" };
            let path = format!("{}{wait}", with_query("/v1/log", &query)?);
            let page: LogPage = client.read(&path).await?;
            for record in &page.records {
                context.term.result(record, || line(record, context))?;
            }
            let full = page.records.len() >= query.limit.map_or(usize::MAX, |limit| limit as usize);
            let last = page.records.last().map(|record| record.seq);
            // After a full page, a filtered log may have more. Only a page that is not full reaches up to the head.
            query.after = match (query.after, last) {
                (Some(_), Some(last)) if full => Some(last),
                (_, last) => Some(last.unwrap_or(0).max(page.head)),
            };
        }
    })
}
