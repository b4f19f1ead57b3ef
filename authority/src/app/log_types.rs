//! The input and output of the audit log: plain values that are also the API's JSON.

use datalog::stored_facts::StoredFactsError;
use datalog::view::Undoing;
use datalog::{Hinted, StoredFacts};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::app::LogRecord;

/// One record, with its outcome and facts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordView {
    /// The decision or the change. If the caller asked for an outcome, this is the intent of that outcome, if the log
    /// still has it.
    pub record: LogRecord,
    /// The outcome, if the request was sent and its end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<LogRecord>,
    /// The facts of the decision, if they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<DecisionFacts>>,
    /// Why the facts are missing, if the record is a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_facts: Option<NoFacts>,
    /// Whether and how the request can be undone, if its operation is in the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoing: Option<Undoing>,
}

/// The facts of one decision, and the whole of it as Datalog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecisionFacts {
    /// `allow`, or the code of the refusal.
    pub decision: String,
    pub datalog: String,
    /// What the Datalog lacks although the pass could read it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    pub kept: StoredFacts,
}

/// Why there are no facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoFacts {
    pub because: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl NoFacts {
    pub(crate) fn new(because: impl Into<String>) -> Self {
        Self { because: because.into(), hint: None }
    }

    pub(crate) fn of(error: &StoredFactsError) -> Self {
        Self { because: error.to_string(), hint: error.hint() }
    }

    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

/// The facts of several decisions, and where to continue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptPage {
    pub facts: Vec<KeptFacts>,
    /// The last record that was read.
    pub last: u64,
}

/// The facts beside one record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptFacts {
    pub record: u64,
    pub kept: StoredFacts,
}

/// The public half of the key that signs checkpoints and exports.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditKeyInfo {
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
}

/// The part of the log to export: all records of a period, from the first to the last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExportRange {
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// A started export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportBegun {
    /// The first line of the file, signed.
    pub header: String,
    /// The number of the record before the first one.
    pub after: u64,
    /// The number of the last one.
    pub to: u64,
    /// The key that verifies the file.
    pub key: String,
}

/// The next lines of an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportLines {
    pub lines: Vec<String>,
    /// The last record among them: continue after it.
    pub last: u64,
}

/// The records that were moved out of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rotation {
    /// The last record that was moved.
    pub upto: u64,
    pub removed: u64,
}
