//! `hallpass log`: the audit records, as they are or as they come; and the proof that none was edited.

use clap::{Args, Subcommand, ValueEnum};
use datalog::{ConnectionName, RevocationId};

use super::client::{Client, with_query};
use super::failure::Failure;
use super::term::{Tone, visible};
use super::{Context, block_on, when};
use crate::api::LogPage;
use crate::app::{LogQuery, LogRecord, LogVerification, OpenError};
use crate::audit::{Entry, EventEntry, RequestEntry};

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

#[derive(Debug, Clone, Copy, Subcommand)]
enum Verb {
    /// Walk the chain of records from the first one on, and say whether any was changed
    Verify,
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
    /// The newest N records
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    last: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Intent,
    Outcome,
    Refusal,
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
        }
    }
}

impl Log {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Some(Verb::Verify) => verify(context),
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
    let home = context.home()?;
    if !home.is_initialised() {
        return Err(Failure::failed(OpenError::NotInitialised(home.dir().to_owned())));
    }
    block_on(async {
        let client = Client::running(&home).await?.ok_or_else(|| {
            Failure::failed("no authority runs on this home, so nothing will be written to its log")
                .or_hint("start one with `hallpass serve`, or leave out --follow")
        })?;
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

fn verify(context: &Context) -> Result<(), Failure> {
    let found: LogVerification =
        block_on(async { Client::open(context).await?.read("/v1/log/verification").await })?;
    if let Some(bad) = &found.first_bad {
        let good = found.records;
        return Err(Failure::failed(format_args!("record {} was changed: {}", bad.seq, bad.because))
            .or_hint(format_args!("the {good} records before it are whole")));
    }
    context.term.say_in(
        Tone::Good,
        match found.records {
            1 => "the one record is as it was written".into(),
            records => format!("all {records} records are as they were written"),
        },
    );
    context.term.result(&found, || found.head.clone())
}

fn line(record: &LogRecord, context: &Context) -> String {
    let colour = context.term.colour();
    let (tone, words) = match &record.entry {
        Entry::Intent(request) => (Tone::Good, request_words(request)),
        Entry::Refusal(request) => (Tone::Bad, request_words(request)),
        Entry::Outcome(outcome) => {
            let status = outcome.status.map(|status| status.to_string()).or_else(|| outcome.code.clone());
            let status = status.unwrap_or_default();
            (Tone::Quiet, format!("{} {status} of {} in {} ms", outcome.result, outcome.of, outcome.took_ms))
        }
        Entry::Event(event) => (Tone::Strong, event_words(event)),
    };
    let words = visible(&words).replace('\n', " ");
    format!("{:>6}  {}  {}\n", record.seq, when::at(record.at), colour.paint(tone, &words))
}

fn request_words(request: &RequestEntry) -> String {
    let what = match (&request.connection, &request.operation) {
        (Some(connection), Some(operation)) => format!("{connection}: {operation}"),
        _ => format!("{} {}", request.method, request.path),
    };
    let why = match (request.decision.as_str(), request.reasons.first()) {
        ("allow", _) | (_, None) => String::new(),
        (_, Some(reason)) => format!(" (expected {}, got {})", reason.expected, reason.got),
    };
    format!("{} {what}{why}", request.decision)
}

fn event_words(event: &EventEntry) -> String {
    let name = serde_json::to_value(event.event).ok();
    let root_key = event.root_key.map(|id| format!("root key {id}"));
    let subjects =
        [event.connection.as_deref(), event.lineage.last().map(String::as_str), root_key.as_deref()];
    let notes = [event.task.as_deref(), event.detail.as_deref()];
    let mut words = name.as_ref().and_then(|name| name.as_str()).unwrap_or("event").to_owned();
    for subject in subjects.into_iter().flatten() {
        words.push(' ');
        words.push_str(subject);
    }
    for note in notes.into_iter().flatten() {
        words.push_str(": ");
        words.push_str(note);
    }
    words
}
