//! An audit record in a line.

use crate::app::LogRecord;
use crate::audit::{CountedEntry, Entry, EventEntry, RequestEntry};
use crate::cli::term::{Tone, visible};
use crate::cli::{Context, when};

pub(in crate::cli) fn line(record: &LogRecord, context: &Context) -> String {
    let colour = context.term.colour();
    let (tone, words) = match &record.entry {
        Entry::Intent(request) => (Tone::Good, request_words(request)),
        Entry::Refusal(request) => (Tone::Bad, request_words(request)),
        Entry::Outcome(outcome) => {
            let status = outcome.status.map(|status| status.to_string()).or_else(|| outcome.code.clone());
            let status = status.unwrap_or_default();
            (Tone::Quiet, format!("{} {status} of {} in {} ms", outcome.result, outcome.of, outcome.took_ms))
        }
        Entry::Counted(counted) => (Tone::Bad, counted_words(counted)),
        Entry::Event(event) => (Tone::Strong, event_words(event)),
    };
    let words = visible(&words).replace('\n', " ");
    format!("{:>6}  {}  {}\n", record.seq, when::at(record.at), colour.paint(tone, &words))
}

fn request_words(request: &RequestEntry) -> String {
    let what = what(request);
    let why = match (request.decision.as_str(), request.reasons.first()) {
        ("allow", _) | (_, None) => String::new(),
        (_, Some(reason)) => format!(" (expected {}, got {})", reason.expected, reason.got),
    };
    format!("{} {what}{why}", request.decision)
}

pub(in crate::cli) fn counted_words(counted: &CountedEntry) -> String {
    let like = counted.like.map(|seq| format!(" like record {seq}")).unwrap_or_default();
    format!("{} and {} more{like}, within a second", counted.decision, counted.more)
}

/// What was asked for: the operation where it is known.
pub(in crate::cli) fn what(request: &RequestEntry) -> String {
    match (&request.connection, &request.operation) {
        (Some(connection), Some(operation)) => format!("{connection}: {operation}"),
        _ => format!("{} {}", request.method, request.path),
    }
}

pub(in crate::cli) fn event_words(event: &EventEntry) -> String {
    let name = serde_json::to_value(event.event).ok();
    let root_key = event.root_key.map(|id| format!("root key {id}"));
    let upto = event.upto.map(|seq| format!("up to record {seq}"));
    let lineage = event.lineage.last().map(String::as_str);
    let subjects = [event.connection.as_deref(), lineage, root_key.as_deref(), upto.as_deref()];
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
