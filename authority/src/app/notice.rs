//! One notice: its event and its subject, in words that the log also has.
//!
//! Its shape is that of Standard Webhooks (`type`, `timestamp`, `data`). It holds ids, names and reasons. For a
//! question it also names the action, but not the people it reaches or its content.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::LogRecord;
use crate::audit::{Entry, Event, EventEntry};

/// One message to people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    /// The id. Every delivery of this notice has the same one.
    pub id: String,
    pub kind: &'static str,
    pub at: OffsetDateTime,
    pub data: Map<String, Value>,
}

impl Notice {
    /// Returns the notice of a record. Some records need none, and questions share one notice.
    pub(crate) fn of(record: &LogRecord) -> Option<Self> {
        let Entry::Event(event) = &record.entry else { return None };
        let kind = match event.event {
            Event::Stopped => "stopped",
            Event::Resumed => "resumed",
            Event::NeedsReconnect => "connection.needs-reconnect",
            Event::ClientRefused => "connection.client-refused",
            Event::GrantEnds => "connection.grant-ends",
            Event::ScopesMissing => "connection.missing-scopes",
            Event::SignOnWanted => "connection.sign-on",
            _ => return None,
        };
        Some(Self::new(record, kind, about(event)))
    }

    /// Returns the notice that questions wait: how many, and which one if there is only one new question.
    pub(crate) fn asked(newest: &LogRecord, new: usize, waiting: usize, title: Option<String>) -> Self {
        let mut data = match (&newest.entry, new) {
            (Entry::Event(event), 1) => about(event),
            _ => Map::new(),
        };
        data.extend(title.map(|title| ("title".to_owned(), json!(title))));
        data.insert("waiting".into(), json!(waiting));
        Self::new(newest, "approval.asked", data)
    }

    fn new(record: &LogRecord, kind: &'static str, data: Map<String, Value>) -> Self {
        // No other log has this record's hash.
        let id = format!("msg_{}", record.hash.get(..32).unwrap_or(&record.hash));
        Self { id, kind, at: record.at, data }
    }

    /// Returns the body, in the shape of Standard Webhooks.
    pub(crate) fn json(&self) -> String {
        let timestamp = self.at.format(&Rfc3339).unwrap_or_default();
        json!({ "type": self.kind, "timestamp": timestamp, "data": self.data }).to_string()
    }
}

/// Returns the id of the record's question.
pub(crate) fn question(record: &LogRecord) -> Option<&str> {
    match &record.entry {
        Entry::Event(event) => event.approval.as_ref().map(|approval| approval.id.as_str()),
        _ => None,
    }
}

pub(crate) fn is_asked(record: &LogRecord) -> bool {
    matches!(&record.entry, Entry::Event(event) if event.event == Event::Asked)
}

fn about(event: &EventEntry) -> Map<String, Value> {
    let approval = event.approval.as_deref();
    let pass = event.lineage.last().filter(|_| approval.is_none());
    let fields = [
        ("connection", event.connection.as_deref()),
        ("pass", pass.map(String::as_str)),
        ("task", event.task.as_deref()),
        ("approval", approval.map(|approval| approval.id.as_str())),
        ("operation", approval.and_then(|approval| approval.operation.as_deref())),
        ("because", event.detail.as_deref()),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}
