//! One audit record explained: the request, the decision and the check that made it, and the outcome.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::frame::{Frame, Here, whole};
use super::line::{self, became, what};
use crate::app::RecordView;
use crate::audit::{Entry, EventEntry, ReasonEntry, RequestEntry};
use crate::console::state::{Console, PageRoutes};
use crate::{fact_words, when};

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    frame: Frame,
    seq: u64,
    at: String,
    tone: &'static str,
    word: String,
    what: String,
    /// Names and values, if there are any.
    facts: Vec<(&'static str, String)>,
    lineage: Vec<String>,
    reasons: Vec<ReasonEntry>,
    /// The facts of the request, or why they are not stored.
    told: Vec<(&'static str, String)>,
    became: Option<String>,
    hash: String,
}

#[derive(Deserialize)]
struct RecordPath {
    seq: u64,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/audit/{seq}", get(record))]
}

async fn record(
    State(console): State<Console>,
    frame: Frame,
    Path(RecordPath { seq }): Path<RecordPath>,
) -> Response {
    let frame = frame.on(Here::Audit);
    match console.app.record(seq).await {
        Ok(view) => {
            let page = page(frame, view);
            whole(&page)
        }
        Err(error) => frame.failed(&error),
    }
}

fn page(frame: Frame, RecordView { record, outcome, facts, no_facts, undoing }: RecordView) -> RecordPage {
    let outcome = outcome.and_then(|outcome| match outcome.entry {
        Entry::Outcome(outcome) => Some(outcome),
        _ => None,
    });
    let line = line::line(&record, outcome.as_ref(), frame.now);
    let mut page = RecordPage {
        frame,
        seq: record.seq,
        at: when::at(record.at),
        tone: line.as_ref().map_or("quiet", |line| line.tone),
        word: line.as_ref().map(|line| line.word.clone()).unwrap_or_default(),
        what: line.map(|line| line.what).unwrap_or_default(),
        facts: Vec::new(),
        lineage: Vec::new(),
        reasons: Vec::new(),
        told: facts.map(|facts| fact_words::facts(&facts.kept)).unwrap_or_default(),
        became: outcome.as_ref().map(became),
        hash: record.hash,
    };
    if let Some(undoing) = undoing {
        page.told.extend(undoing.irreversible.map(|words| ("Cannot be taken back", words)));
        page.told.extend(undoing.undo.map(|words| ("Can be undone", words)));
    }
    page.told.extend(no_facts.map(|none| ("Facts", none.because)));
    match record.entry {
        Entry::Intent(request) | Entry::Refusal(request) => page.asked(request),
        Entry::Event(event) => page.changed(event),
        Entry::Outcome(_) | Entry::Counted(_) => {}
    }
    page
}

impl RecordPage {
    fn asked(&mut self, request: RequestEntry) {
        self.what = what(&request);
        let facts = [
            ("Task", request.task),
            ("Connection", request.connection),
            ("Operation", request.operation),
            ("Request", Some(format!("{} {}", request.method, request.path))),
            ("From", Some(request.peer)),
            ("Over", request.mode),
            ("Digest", request.digest),
            ("Looked up", Some(request.looked_up.join(", ")).filter(|all| !all.is_empty())),
            ("Decided", request.decided_us.map(|us| format!("in {} µs", us))),
        ];
        self.facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let taken =
            request.budgets.iter().map(|b| ("Budget", format!("{} of {} of {}", b.cost, b.max, b.budget)));
        self.facts.extend(taken);
        self.lineage = request.lineage;
        self.reasons = request.reasons;
    }

    fn changed(&mut self, event: EventEntry) {
        let facts = [
            ("Connection", event.connection),
            ("Task", event.task),
            ("Root key", event.root_key.map(|id| id.to_string())),
            ("Detail", event.detail),
        ];
        self.facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.lineage = event.lineage;
    }
}
