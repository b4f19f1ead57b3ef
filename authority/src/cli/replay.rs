//! `hallpass replay`: how a pass would have answered the recorded requests.
//!
//! Nothing is sent and nothing is permitted. If the facts of a decision are stored, they give the answer. Otherwise the
//! log has no argument values, and an answer that depends on one is reported as unknown. The end of the pass and its
//! budgets are ignored.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use datalog::StoredFacts;
use datalog::catalog::Service;
use datalog::replay::{Recorded, Replay, Verdict};
use serde::Serialize;

use super::client::{Client, with_query};
use super::failure::Failure;
use super::number;
use super::pass_arg::PassArg;
use super::table::Table;
use crate::api::LogPage;
use crate::app::{KeptPage, LogQuery, LogRecord};
use crate::audit::Entry;
use crate::cli::context::{Context, block_on};
use crate::when::Moment;

/// Show how a pass would have answered the requests in the audit log
///
/// It uses the stored facts of each decision: arguments, recipients, and the ids that earlier answers had shown. If the
/// answer depends on facts that were not stored, it says `untold`. It ignores the pass's end and budgets.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    pass: PassArg,
    /// Use the newest N requests
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = number::a_page)]
    last: u32,
    /// Use only requests at or after this moment: a time, a day, or how long ago (30m, 7d)
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
}

/// The whole replay.
#[derive(Debug, Default, Serialize)]
struct ReplayReport {
    allow: usize,
    ask: usize,
    deny: usize,
    untold: usize,
    /// How many of them have stored facts.
    kept: usize,
    requests: Vec<ReplayLine>,
}

/// One request, then and now.
#[derive(Debug, Serialize)]
struct ReplayLine {
    record: u64,
    connection: String,
    operation: String,
    /// The decision at that time.
    decided: String,
    facts: FactsOf,
    would: Verdict,
    because: Vec<String>,
}

/// The source of the answer: the decision's facts, or only the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FactsOf {
    Kept,
    NotKept,
}

impl ReplayArgs {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let content = self.pass.content(context)?;
        let catalog = crate::catalog::load(&context.home()?).map_err(Failure::failed)?;
        let services: Vec<Arc<Service>> = catalog.services().cloned().collect();
        let (records, kept) = block_on(self.records(context))?;
        let replay = Replay::of(&content, &services);
        let lines = records.iter().filter_map(|record| line(&replay, record, kept.get(&record.seq)));
        let report = ReplayReport::of(lines.collect());
        context.term.say(report.summary());
        if report.untold > 0 && report.kept < report.requests.len() {
            context.term.say(report.without_facts());
        }
        context.term.result(&report, || report.table(context))
    }

    /// Returns the newest requests, oldest first, with their stored facts.
    async fn records(
        &self,
        context: &Context,
    ) -> Result<(Vec<LogRecord>, BTreeMap<u64, StoredFacts>), Failure> {
        let client = Client::open(context).await?;
        let mut records = Vec::new();
        for kind in ["intent", "refusal"] {
            let query = LogQuery {
                kind: Some(kind.to_owned()),
                limit: Some(self.last),
                since: self.since.map(|moment| moment.from(context.clock.now())),
                ..LogQuery::default()
            };
            let page: LogPage = client.read(&with_query("/v1/log", &query)?).await?;
            records.extend(page.records);
        }
        records.sort_by_key(|record| record.seq);
        let surplus = records.len().saturating_sub(self.last as usize);
        let records = records.split_off(surplus);
        let mut kept = BTreeMap::new();
        let mut after = records.first().map_or(0, |record| record.seq.saturating_sub(1));
        let upto = records.last().map_or(0, |record| record.seq);
        while after < upto {
            let page: KeptPage = client.read(&format!("/v1/log/facts?after={after}&upto={upto}")).await?;
            kept.extend(page.facts.into_iter().map(|facts| (facts.record, facts.kept)));
            // If the answer brings nothing newer, the loop goes on all the same, so that it ends.
            after = page.last.max(after + 1);
        }
        Ok((records, kept))
    }
}

/// Returns the line of one request. None if the request was no operation: no pass allows that.
fn line(replay: &Replay<'_>, record: &LogRecord, kept: Option<&StoredFacts>) -> Option<ReplayLine> {
    let (Entry::Intent(request) | Entry::Refusal(request)) = &record.entry else { return None };
    let (connection, operation) = (request.connection.as_deref()?, request.operation.as_deref()?);
    let recorded = Recorded { connection, operation, outline: request.outline.as_ref(), kept, at: record.at };
    let replayed = replay.answer(&recorded);
    Some(ReplayLine {
        record: record.seq,
        connection: connection.to_owned(),
        operation: operation.to_owned(),
        decided: request.decision.clone(),
        facts: if kept.is_some() { FactsOf::Kept } else { FactsOf::NotKept },
        would: replayed.verdict,
        because: replayed.because,
    })
}

impl ReplayReport {
    fn of(requests: Vec<ReplayLine>) -> Self {
        let count = |verdict| requests.iter().filter(|line| line.would == verdict).count();
        let [allow, ask, deny, untold] =
            [Verdict::Allow, Verdict::Ask, Verdict::Deny, Verdict::Untold].map(count);
        let kept = requests.iter().filter(|line| line.facts == FactsOf::Kept).count();
        Self { allow, ask, deny, untold, kept, requests }
    }

    fn without_facts(&self) -> String {
        format!(
            "the facts of {} are not stored: if an argument or a recipient decides, the log does not tell the answer",
            self.requests.len() - self.kept
        )
    }

    fn summary(&self) -> String {
        if self.requests.is_empty() {
            return "no request is on record".into();
        }
        format!(
            "would have allowed {} of the last {}, asked before {}, denied {}; the log does not tell about {}",
            self.allow,
            self.requests.len(),
            self.ask,
            self.deny,
            self.untold
        )
    }

    /// Returns the table of requests that the pass would not simply have allowed.
    fn table(&self, context: &Context) -> String {
        let mut table = Table::new(["RECORD", "OPERATION", "THEN", "WOULD", "BECAUSE"]);
        for line in self.requests.iter().filter(|line| line.would != Verdict::Allow) {
            let would = match line.would {
                Verdict::Allow => "allow",
                Verdict::Ask => "ask",
                Verdict::Deny => "deny",
                Verdict::Untold => "untold",
            };
            table.row([
                line.record.to_string().into(),
                line.operation.as_str().into(),
                line.decided.as_str().into(),
                would.into(),
                line.because.join("; ").into(),
            ]);
        }
        table.render(&context.term)
    }
}
