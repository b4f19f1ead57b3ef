//! The content of one audit record.
//!
//! The JSON of these types is what is chained and what people read. It holds no body and no secret.

use datalog::{LiftableBy, Reason, RequestDigest, RequestSummary, Reservation};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use verifier::ports::{CarriedOut, Mode, Outcome, Record, RecordId};

use crate::audit::event::EventEntry;
use crate::audit::line::{Line, plain};

/// One record with its place in the chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogRecord {
    pub seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[serde(flatten)]
    pub entry: Entry,
    /// SHA-256 over the hash before and this record, in hexadecimal.
    pub hash: String,
}

/// The kinds of records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// A request just before it was sent.
    Intent(RequestEntry),
    /// The outcome of that request.
    Outcome(OutcomeEntry),
    /// A request that was not sent.
    Refusal(RequestEntry),
    /// The count of refusals like one that was written in full, all without a valid pass.
    Counted(CountedEntry),
    /// A change by a person or by the authority itself.
    Event(EventEntry),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestEntry {
    /// The lineage of the pass, the authority block first.
    pub lineage: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    pub method: String,
    /// Without its query.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The request as it was understood, without argument values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<RequestSummary>,
    /// The operations for which the credential was used in look-ups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_up: Vec<String>,
    /// The approval that was used, and who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// `allow`, or the code of the refusal.
    pub decision: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetEntry>,
    pub peer: String,
    /// The surface that it came over: `mcp`, `direct`; none for a base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// SHA-256 of the decision's facts as they are sealed beside the record, if they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<String>,
    /// Microseconds from its arrival to its decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_us: Option<u64>,
}

/// How many more refusals of one kind came within that second.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountedEntry {
    /// The code of the refusals.
    pub decision: String,
    /// The record of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<u64>,
    pub more: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReasonEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    pub caveat: String,
    pub expected: String,
    pub got: String,
    pub liftable_by: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BudgetEntry {
    pub budget: String,
    pub max: u64,
    pub cost: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutcomeEntry {
    /// The record whose outcome it is.
    pub of: u64,
    /// `answered`, `failed` or `aborted`.
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether the service did it, if its answer did not reach the agent: `not-sent`, `no`, `perhaps` or `yes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_out: Option<String>,
    pub took_ms: u64,
}

impl EventEntry {
    pub(crate) fn at(self, at: OffsetDateTime) -> Line {
        Line::new(at, &Entry::Event(self))
    }
}

impl From<&Reservation> for BudgetEntry {
    fn from(reservation: &Reservation) -> Self {
        Self { budget: reservation.budget.clone(), max: reservation.max, cost: reservation.cost }
    }
}

impl From<&Reason> for ReasonEntry {
    fn from(reason: &Reason) -> Self {
        let liftable_by = match reason.liftable_by {
            LiftableBy::Approval => "approval",
            LiftableBy::Parent => "parent",
            LiftableBy::Nobody => "nobody",
        };
        Self {
            block: reason.block,
            caveat: plain(&reason.caveat),
            expected: plain(&reason.expected),
            got: plain(reason.recorded()),
            liftable_by: liftable_by.into(),
        }
    }
}

impl From<&Record> for RequestEntry {
    fn from(record: &Record) -> Self {
        Self {
            lineage: record.lineage.iter().map(ToString::to_string).collect(),
            task: record.task.as_deref().map(plain),
            connection: record.connection.as_ref().map(ToString::to_string),
            operation: record.operation.as_deref().map(plain),
            method: plain(&record.method),
            path: plain(&record.path),
            digest: record.digest.as_ref().map(RequestDigest::hex),
            outline: record.outline.as_deref().cloned(),
            looked_up: record.looked_up.clone(),
            approval: record.approval.as_ref().map(|approval| approval.id.to_string()),
            approved_by: record.approval.iter().flat_map(|one| &one.by).map(ToString::to_string).collect(),
            decision: record.decision.into(),
            reasons: record.reasons.iter().map(Into::into).collect(),
            budgets: record.reservations.iter().map(Into::into).collect(),
            peer: record.peer.to_string(),
            mode: (record.mode != Mode::BaseUrl).then(|| record.mode.as_str().to_owned()),
            // Unknown until the record has its number.
            facts: None,
            decided_us: u64::try_from(record.decided_in.whole_microseconds()).ok(),
        }
    }
}

impl OutcomeEntry {
    pub(crate) fn new(of: RecordId, outcome: &Outcome) -> Self {
        let millis = |took: &Duration| u64::try_from(took.whole_milliseconds()).unwrap_or_default();
        let of = of.0;
        match outcome {
            Outcome::Answered { status, bytes, took } => Self {
                of,
                result: "answered".into(),
                status: Some(*status),
                code: None,
                bytes: Some(*bytes),
                carried_out: None,
                took_ms: millis(took),
            },
            Outcome::Failed { code, carried_out, took } => Self {
                of,
                result: "failed".into(),
                status: None,
                code: Some((*code).into()),
                bytes: None,
                carried_out: Some(word(*carried_out).into()),
                took_ms: millis(took),
            },
            Outcome::Aborted { bytes, carried_out, took } => Self {
                of,
                result: "aborted".into(),
                status: None,
                code: None,
                bytes: Some(*bytes),
                carried_out: Some(word(*carried_out).into()),
                took_ms: millis(took),
            },
        }
    }
}

impl RequestEntry {
    /// Returns the answer to a holder who only asked; none for any other decision.
    pub(crate) fn would(&self) -> Option<&str> {
        self.decision.strip_prefix("would-")
    }
}

impl OutcomeEntry {
    /// Returns in words whether the service did it. None if the agent has the service's answer, because that says it.
    pub(crate) fn carried_out_words(&self) -> Option<&'static str> {
        Some(match self.carried_out.as_deref()? {
            "not-sent" => "nothing was sent",
            "no" => "the service did nothing",
            "yes" => "the service carried it out, and its answer did not reach the agent",
            _ => "nobody knows whether the service carried it out: look before it is sent again",
        })
    }
}

fn word(carried_out: CarriedOut) -> &'static str {
    match carried_out {
        CarriedOut::NotSent => "not-sent",
        CarriedOut::No => "no",
        CarriedOut::Perhaps => "perhaps",
        CarriedOut::Yes => "yes",
    }
}
