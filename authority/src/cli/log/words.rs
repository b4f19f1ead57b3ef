//! An audit record in a line.

use crate::app::LogRecord;
use crate::audit::{CountedEntry, Entry, EventEntry, RequestEntry};
use crate::cli::context::Context;
use crate::cli::plain::inline;
use crate::cli::term::Tone;
use crate::cli::when;

pub(in crate::cli) fn line(record: &LogRecord, context: &Context) -> String {
    let colour = context.term.colour();
    let (tone, words) = match &record.entry {
        Entry::Intent(request) => (Tone::Good, request_words(request)),
        Entry::Refusal(request) if request.would().is_some() => (Tone::Quiet, request_words(request)),
        Entry::Refusal(request) => (Tone::Bad, request_words(request)),
        Entry::Outcome(outcome) => {
            let status = outcome.status.map(|status| status.to_string()).or_else(|| outcome.code.clone());
            let status = status.unwrap_or_default();
            (Tone::Quiet, format!("{} {status} of {} in {} ms", outcome.result, outcome.of, outcome.took_ms))
        }
        Entry::Counted(counted) => (Tone::Bad, counted_words(counted)),
        Entry::Event(event) => (Tone::Strong, event_words(event)),
    };
    let words = inline(&words);
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

/// Returns the request in words: its operation, if that is known.
pub(in crate::cli) fn what(request: &RequestEntry) -> String {
    match (&request.connection, &request.operation) {
        (Some(connection), Some(operation)) => format!("{connection}: {operation}"),
        _ => format!("{} {}", request.method, request.path),
    }
}

pub(in crate::cli) fn event_words(event: &EventEntry) -> String {
    let name = serde_json::to_value(event.event).ok();
    let subject = event.subject();
    let is_task = event.task.as_deref().is_some_and(|task| subject == format!("task `{task}`"));
    let notes = [event.task.as_deref().filter(|_| !is_task), event.detail.as_deref()];
    let mut words = name.as_ref().and_then(|name| name.as_str()).unwrap_or("event").to_owned();
    if !subject.is_empty() {
        words.push(' ');
        words.push_str(&subject);
    }
    for note in notes.into_iter().flatten() {
        words.push_str(": ");
        words.push_str(note);
    }
    words
}
