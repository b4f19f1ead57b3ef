//! An audit record in one line for lists: the request, the decision, and the outcome.

use std::collections::HashMap;

use time::OffsetDateTime;

use crate::audit::{Entry, Event, EventEntry, LogRecord, OutcomeEntry, RequestEntry};
use crate::when;

/// One line of a list.
#[derive(Debug, Clone)]
pub(super) struct ListLine {
    pub seq: u64,
    pub at: String,
    pub ago: String,
    /// `good`, `warn`, `bad` or `quiet`.
    pub tone: &'static str,
    /// The decision, or the event, in a word.
    pub word: String,
    pub what: String,
    pub task: Option<String>,
    /// What the pass expected and what it got, for a refusal.
    pub why: Option<String>,
    /// The outcome of a request that was sent.
    pub outcome: Option<String>,
    pub moment: OffsetDateTime,
}

/// Returns the lines of `records`, newest first: requests and events. An outcome stands with its request.
pub(super) fn lines(records: &[LogRecord], now: OffsetDateTime) -> Vec<ListLine> {
    let mut outcomes = HashMap::new();
    for record in records {
        if let Entry::Outcome(outcome) = &record.entry {
            outcomes.insert(outcome.of, outcome);
        }
    }
    records.iter().rev().filter_map(|record| line(record, outcomes.get(&record.seq).copied(), now)).collect()
}

/// Returns the line of a request or an event; none for an outcome.
pub(super) fn line(
    record: &LogRecord,
    outcome: Option<&OutcomeEntry>,
    now: OffsetDateTime,
) -> Option<ListLine> {
    let (tone, word, what, task, why) = match &record.entry {
        Entry::Intent(request) => ("good", "allow".to_owned(), what(request), request.task.clone(), None),
        Entry::Refusal(request) => {
            let tone = match request.decision.as_str() {
                "approval-required" => "warn",
                _ if request.would().is_some() => "quiet",
                _ => "bad",
            };
            (tone, request.decision.clone(), what(request), request.task.clone(), because(request))
        }
        Entry::Event(event) => {
            ("quiet", name(event), subject(event), event.task.clone(), event.detail.clone())
        }
        Entry::Counted(counted) => {
            let like = counted.like.map(|seq| format!(" like record {seq}")).unwrap_or_default();
            (
                "bad",
                counted.decision.clone(),
                format!("{} more{like}, within a second", counted.more),
                None,
                None,
            )
        }
        Entry::Outcome(_) => return None,
    };
    Some(ListLine {
        seq: record.seq,
        at: when::at(record.at),
        ago: when::from_now(record.at, now),
        tone,
        word,
        what,
        task,
        why,
        outcome: outcome.map(became),
        moment: record.at,
    })
}

impl ListLine {
    pub(super) fn is_refusal(&self) -> bool {
        self.tone == "bad"
    }

    /// Whether the request was sent and its end is not known.
    pub(super) fn is_open(&self) -> bool {
        self.word == "allow" && self.outcome.is_none()
    }
}

pub(super) fn what(request: &RequestEntry) -> String {
    match (&request.connection, &request.operation) {
        (Some(connection), Some(operation)) => format!("{operation} on {connection}"),
        _ => format!("{} {}", request.method, request.path),
    }
}

pub(super) fn because(request: &RequestEntry) -> Option<String> {
    let reason = request.reasons.first()?;
    Some(format!("expected {}, got {}", reason.expected, reason.got))
}

pub(super) fn became(outcome: &OutcomeEntry) -> String {
    let status = outcome.status.map(|status| status.to_string()).or_else(|| outcome.code.clone());
    let words = format!("{} {} in {} ms", outcome.result, status.unwrap_or_default(), outcome.took_ms);
    match outcome.carried_out_words() {
        Some(carried_out) => format!("{words}; {carried_out}"),
        None => words,
    }
}

/// Returns the event's name as the log has it.
pub(super) fn name(event: &EventEntry) -> String {
    let name = serde_json::to_value(event.event).ok();
    name.as_ref().and_then(|name| name.as_str()).unwrap_or("event").to_owned()
}

fn subject(event: &EventEntry) -> String {
    if matches!(event.event, Event::SignedIn | Event::SignedOut) {
        return "the console".into();
    }
    event.subject()
}
