//! `hallpass log`: the audit records, as they are or as they come; and what else is done with the log.

mod export;
mod verify;
mod words;

use clap::{Args, Subcommand, ValueEnum};
use datalog::{ConnectionName, RevocationId};
use time::OffsetDateTime;

use super::client::{Client, with_query};
use super::failure::Failure;
use super::{Context, block_on, when};
use crate::api::LogPage;
use crate::app::LogQuery;
pub(super) use verify::own_key;
use words::line;
pub(super) use words::{counted_words, event_words, what};

/// Show the audit log, the newest records last
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Log {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    filter: Filter,
    /// Go on with each record as it is written, until interrupted
    #[arg(long, short)]
    follow: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum Verb {
    Verify(verify::Verify),
    Export(export::Export),
    Rotate(export::Rotate),
}

#[derive(Debug, Clone, Args)]
struct Filter {
    /// Only what this pass, or a pass attenuated from it, did
    #[arg(long, value_name = "ID")]
    pass: Option<RevocationId>,
    /// Only requests on this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// Only this operation, or those that begin so (`gmail.users.messages.*`)
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Only requests that were decided so: `allow`, or the code of a refusal
    #[arg(long, value_name = "DECISION")]
    decision: Option<String>,
    /// Only records of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Only records of this moment and later: a time (2026-11-22T09:00:00Z), a day, or how long ago (30m, 7d)
    #[arg(long, value_name = "WHEN", value_parser = when::moment)]
    since: Option<OffsetDateTime>,
    /// Only records of before this moment
    #[arg(long, value_name = "WHEN", value_parser = when::moment)]
    until: Option<OffsetDateTime>,
    /// The newest N records
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    last: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Intent,
    Outcome,
    Refusal,
    Counted,
    Event,
}

impl From<Filter> for LogQuery {
    fn from(filter: Filter) -> Self {
        let kind = filter.kind.and_then(|kind| kind.to_possible_value());
        Self {
            after: None,
            limit: Some(filter.last),
            pass: filter.pass,
            connection: filter.connection,
            operation: filter.operation,
            decision: filter.decision,
            kind: kind.map(|kind| kind.get_name().to_owned()),
            since: filter.since,
            until: filter.until,
        }
    }
}

impl Log {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Some(Verb::Verify(verify)) => verify.run(context),
            Some(Verb::Export(export)) => export.run(context),
            Some(Verb::Rotate(rotate)) => rotate.run(context),
            None if self.follow => follow(context, self.filter.into()),
            None => show(context, &self.filter.into()),
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

/// One record a line, with `--json` one object a line. Ends when the authority or the reader goes away.
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
            // A full page of a filtered log may have more behind it; only a short one reaches to the head.
            query.after = match (query.after, last) {
                (Some(_), Some(last)) if full => Some(last),
                (_, last) => Some(last.unwrap_or(0).max(page.head)),
            };
        }
    })
}
