//! What a command did under its pass, counted from the audit log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::api::LogPage;
use crate::app::{LogQuery, Minted};
use crate::audit::{Entry, RequestEntry};
use crate::cli::client::{Client, with_query};
use crate::cli::failure::Failure;
use crate::cli::plain::inline;

/// How many records are read at once.
const PAGE: u32 = 1_000;
/// So many refusals are told one by one.
const SAID: usize = 5;

/// Requests by how they were decided.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    allowed: u64,
    /// Requests that waited for a person, or were told to.
    asked: u64,
    denied: u64,
    refusals: Vec<Refusals>,
}

/// Refusals of one operation for one reason.
#[derive(Debug, Serialize)]
struct Refusals {
    /// The operation. If the request was no operation, its method and path.
    operation: String,
    code: String,
    times: u64,
}

impl Summary {
    pub(super) async fn read(client: &Client, minted: &Minted) -> Result<Self, Failure> {
        let mut counted = Counted::default();
        let mut after = 0;
        loop {
            let query = LogQuery {
                after: Some(after),
                limit: Some(PAGE),
                pass: Some(minted.info.id.as_str().parse().map_err(Failure::failed)?),
                since: Some(minted.info.created),
                ..LogQuery::default()
            };
            let page: LogPage = client.read(&with_query("/v1/log", &query)?).await?;
            let Some(last) = page.records.last() else { return Ok(counted.summary()) };
            after = last.seq;
            page.records.into_iter().for_each(|record| counted.add(record.entry));
        }
    }

    /// Returns the counts in a line, and a line for each kind of refusal.
    pub(super) fn words(&self) -> String {
        let Self { allowed, asked, denied, refusals } = self;
        let mut text =
            format!("the pass is revoked; of its requests {allowed} allowed, {asked} asked, {denied} denied");
        for Refusals { operation, code, times } in refusals.iter().take(SAID) {
            let _ = write!(text, "\n  `{}` {times}×: {code}", inline(operation));
        }
        if refusals.len() > SAID {
            let _ = write!(text, "\n  … and {} more: `hallpass log` has them", refusals.len() - SAID);
        }
        text
    }
}

#[derive(Debug, Default)]
struct Counted {
    summary: Summary,
    refusals: BTreeMap<(String, String), u64>,
}

impl Counted {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Intent(_) => self.summary.allowed += 1,
            Entry::Refusal(request) if request.would().is_some() => {}
            Entry::Refusal(request) => self.refused(request),
            Entry::Outcome(_) | Entry::Counted(_) | Entry::Event(_) => {}
        }
    }

    fn refused(&mut self, request: RequestEntry) {
        match request.decision.as_str() {
            "approval-required" => self.summary.asked += 1,
            _ => self.summary.denied += 1,
        }
        let operation = request.operation.unwrap_or_else(|| format!("{} {}", request.method, request.path));
        *self.refusals.entry((operation, request.decision)).or_default() += 1;
    }

    /// Returns the summary. The most frequent refusal comes first.
    fn summary(self) -> Summary {
        let refusals = self.refusals.into_iter();
        let refusals = refusals.map(|((operation, code), times)| Refusals { operation, code, times });
        let mut refusals: Vec<Refusals> = refusals.collect();
        refusals.sort_by_key(|one| std::cmp::Reverse(one.times));
        Summary { refusals, ..self.summary }
    }
}
