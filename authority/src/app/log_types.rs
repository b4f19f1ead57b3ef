//! What is asked of the audit log and what it answers: plain values that are also the API's JSON.

use datalog::kept::KeptError;
use datalog::{ConnectionName, Kept, RevocationId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::LogRecord;

/// Which audit records to read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LogQuery {
    /// Only records after this one, the oldest first: how a log is followed. Without it the newest `limit`
    /// records, in order.
    #[serde(default)]
    pub after: Option<u64>,
    /// 100 where it is not said, 1,000 at most.
    #[serde(default)]
    pub limit: Option<u32>,
    /// A pass id, or the revocation id of a delegated block: everything under that lineage.
    #[serde(default)]
    pub pass: Option<RevocationId>,
    #[serde(default)]
    pub connection: Option<ConnectionName>,
    /// An operation id, or its beginning followed by `*`.
    #[serde(default)]
    pub operation: Option<String>,
    /// `allow`, or the code of a refusal.
    #[serde(default)]
    pub decision: Option<String>,
    /// `intent`, `outcome`, `refusal`, `counted` or `event`.
    #[serde(default)]
    pub kind: Option<String>,
    /// Only records of this moment and later.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    /// Only records of before this moment.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// One record with what belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordView {
    /// What was decided, or changed. Asked for an outcome, it is the intent that the outcome is of, where that
    /// is still here.
    pub record: LogRecord,
    /// What became of it, where it was sent and its end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<LogRecord>,
    /// The facts of the decision, where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<DecisionFacts>>,
    /// Why they are not, where the record is of a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_facts: Option<NoFacts>,
}

/// The facts of one decision, and the whole of it as Datalog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecisionFacts {
    /// `allow`, or the code of the refusal.
    pub decision: String,
    pub datalog: String,
    /// What the Datalog lacks though the pass could read it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    pub kept: Kept,
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

    pub(crate) fn of(error: &KeptError) -> Self {
        Self::new(error.to_string())
    }

    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

/// The facts of several decisions, and where to go on from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptPage {
    pub facts: Vec<KeptFacts>,
    /// The last record that was looked at.
    pub last: u64,
}

/// The facts beside one record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptFacts {
    pub record: u64,
    pub kept: Kept,
}

/// What walking the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogVerification {
    /// The number of the first record that was looked at: those before it were moved to files.
    pub first: u64,
    /// Records that were good, from the first on.
    pub records: u64,
    /// The hash of the last good record, in hexadecimal.
    pub head: String,
    /// Signed checkpoints on the way.
    pub checkpoints: u64,
    /// Records after the last signed checkpoint: nothing shows that no other followed them.
    pub after_checkpoint: u64,
    pub first_bad: Option<BadRecord>,
}

/// The first record that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    pub seq: u64,
    pub because: String,
    /// What belongs there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
}

impl BadRecord {
    pub(crate) fn new(seq: u64, because: String) -> Self {
        Self { seq, because, expected: None, got: None }
    }

    pub(crate) fn differs(self, expected: String, got: String) -> Self {
        Self { expected: Some(expected), got: Some(got), ..self }
    }
}

/// The key that checkpoints and exports are signed with, without its private half.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditKeyInfo {
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
}

/// Which part of the log to export: whole periods, from the first record in them to the last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExportRange {
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// An export that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportBegun {
    /// The first line of the file, signed.
    pub header: String,
    /// The number of the record before the first one.
    pub after: u64,
    /// The number of the last one.
    pub to: u64,
    /// What the file is verified with.
    pub key: String,
}

/// The next lines of an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportLines {
    pub lines: Vec<String>,
    /// The last record among them: where to go on from.
    pub last: u64,
}

/// What was moved out of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rotation {
    /// The last record that was moved.
    pub upto: u64,
    pub removed: u64,
}
