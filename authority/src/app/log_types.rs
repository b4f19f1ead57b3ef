//! What is asked of the audit log and what it answers: plain values that are also the API's JSON.

use datalog::{ConnectionName, RevocationId};
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
    /// `intent`, `outcome`, `refusal`, `refusals` or `event`.
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
}

/// What walking the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogVerification {
    /// Records that were good, from the first on.
    pub records: u64,
    /// The hash of the last good record, in hexadecimal.
    pub head: String,
    pub first_bad: Option<BadRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    pub seq: u64,
    pub because: String,
}
