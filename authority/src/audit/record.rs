//! What one audit record says.
//!
//! The JSON of these types is what is chained and what people read. It holds no body and no secret.

use datalog::{
    ApproverName, ConnectionName, LiftableBy, Outline, Reason, RequestDigest, Reservation, RevocationId,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use verifier::ports::{Outcome, Record, RecordId};

use crate::store::Line;

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
    /// A request that was about to be sent.
    Intent(RequestEntry),
    /// What became of it.
    Outcome(OutcomeEntry),
    /// A request that was not sent.
    Refusal(RequestEntry),
    /// Refusals like one that was written, all of them without a pass that counts.
    Counted(CountedEntry),
    /// Something that a person changed, or the authority on its own.
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
    /// What was understood of it, without the values of arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outline>,
    /// The operations that the credential was used for to find out what the request refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_up: Vec<String>,
    /// The approval that it went with, and who gave it.
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
    /// SHA-256 of the facts of the decision as they are sealed beside the record, where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<String>,
    /// Microseconds from its arrival to its decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_us: Option<u64>,
}

/// How many more there were within a second.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountedEntry {
    /// The code of the refusals.
    pub decision: String,
    /// The record of the first one.
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
    /// The record that it is the outcome of.
    pub of: u64,
    /// `answered`, `failed` or `aborted`.
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    pub took_ms: u64,
}

/// Something that was done to the authority, or that it did by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventEntry {
    pub event: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The pass, or the delegated block, that it happened to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_key: Option<u32>,
    /// The last record that was moved to a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upto: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a person was asked, or said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Box<ApprovalEntry>>,
    /// Whose key it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
}

/// An approval, by what it is about: never what was shown of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApprovalEntry {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
    /// How often it may be used; none is without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The third-party block that the approver signed, base64url. With the pass it verifies anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    Connected,
    Refreshed,
    NeedsReconnect,
    Disconnecting,
    Disconnected,
    Minted,
    Revoked,
    Stopped,
    Resumed,
    RootCreated,
    RootRetired,
    /// The oldest records were moved to a file.
    LogRotated,
    SignedIn,
    SignedOut,
    /// A person is asked about a request.
    Asked,
    Approved,
    ApprovalDenied,
    ApproverCreated,
    ApproverRetired,
    /// One pass, task or connection was stopped by itself, and resumed.
    Suspended,
    Lifted,
}

impl EventEntry {
    fn of(event: Event) -> Self {
        Self {
            event,
            connection: None,
            lineage: Vec::new(),
            task: None,
            root_key: None,
            upto: None,
            detail: None,
            approval: None,
            approver: None,
        }
    }

    pub(crate) fn on_connection(event: Event, name: &ConnectionName) -> Self {
        Self { connection: Some(name.to_string()), ..Self::of(event) }
    }

    pub(crate) fn on_lineage(event: Event, id: &str) -> Self {
        Self { lineage: vec![id.to_owned()], ..Self::of(event) }
    }

    pub(crate) fn on_root_key(event: Event, id: u32) -> Self {
        Self { root_key: Some(id), ..Self::of(event) }
    }

    pub(crate) fn on_log(event: Event, upto: u64) -> Self {
        Self { upto: Some(upto), ..Self::of(event) }
    }

    pub(crate) fn on_approver(event: Event, name: &ApproverName) -> Self {
        Self { approver: Some(name.to_string()), ..Self::of(event) }
    }

    pub(crate) fn of_lineage(self, lineage: &[RevocationId]) -> Self {
        Self { lineage: lineage.iter().map(ToString::to_string).collect(), ..self }
    }

    pub(crate) fn approval(self, approval: ApprovalEntry) -> Self {
        Self { approval: Some(Box::new(approval)), ..self }
    }

    pub(crate) fn on_everything(event: Event) -> Self {
        Self::of(event)
    }

    pub(crate) fn detail(self, detail: &str) -> Self {
        Self { detail: Some(plain(detail)), ..self }
    }

    pub(crate) fn task(self, task: &str) -> Self {
        Self { task: Some(plain(task)), ..self }
    }

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
            // Not known before the record has its number.
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
                took_ms: millis(took),
            },
            Outcome::Failed { code, took } => Self {
                of,
                result: "failed".into(),
                status: None,
                code: Some((*code).into()),
                bytes: None,
                took_ms: millis(took),
            },
            Outcome::Aborted { bytes, took } => Self {
                of,
                result: "aborted".into(),
                status: None,
                code: None,
                bytes: Some(*bytes),
                took_ms: millis(took),
            },
        }
    }
}

/// The text with everything escaped that a terminal or a reader could be misled by: control characters,
/// and those that change direction or have no width.
pub(crate) fn plain(text: &str) -> String {
    // Nearly all of it is printable ASCII, which is seen without reading it letter by letter.
    if text.bytes().fold(true, |so_far, byte| so_far & (0x20..0x7f).contains(&byte))
        || !text.chars().any(misleads)
    {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if misleads(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character is obeyed or not seen where it is shown.
pub(crate) fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
