//! Which records a reader asks for, and what is wrong with a record.

use datalog::{ConnectionName, RevocationId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Which audit records to read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LogQuery {
    /// Only records after this one, oldest first, for following a log. Without it, the newest `limit` records, in
    /// order.
    #[serde(default)]
    pub after: Option<u64>,
    /// 100 by default, at most 1,000.
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
    /// The surface that requests came over: `base-url`, `mcp` or `direct`.
    #[serde(default)]
    pub mode: Option<String>,
    /// `intent`, `outcome`, `refusal`, `counted` or `event`.
    #[serde(default)]
    pub kind: Option<String>,
    /// Only records at or after this moment.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    /// Only records before this moment.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// The first record that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    pub seq: u64,
    #[serde(default)]
    pub wrong: Wrong,
    pub because: String,
    /// What should be in that place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
}

impl BadRecord {
    /// Returns the error for a record that is there, but was changed.
    pub(crate) fn new(seq: u64, because: String) -> Self {
        Self { seq, wrong: Wrong::Changed, because, expected: None, got: None }
    }

    /// Returns the error for a record that is missing from its place.
    pub(crate) fn missing(seq: u64, because: &str) -> Self {
        Self { wrong: Wrong::Missing, ..Self::new(seq, format!("it was removed{because}")) }
    }

    pub(crate) fn differs(self, expected: String, got: String) -> Self {
        Self { expected: Some(expected), got: Some(got), ..self }
    }
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    /// The record, or the data beside it, differs from what was written.
    #[default]
    Changed,
    Missing,
    /// The record appears further down.
    Moved,
}

/// The result of walking the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogVerification {
    /// The number of the first record that was checked. Earlier ones were moved to files.
    pub first: u64,
    /// How many records were good, counted from the first.
    pub records: u64,
    /// The hash of the last good record, in hexadecimal.
    pub head: String,
    /// Signed checkpoints on the way.
    pub checkpoints: u64,
    /// How many good records follow the last signed checkpoint. Later records could be missing, and nothing would show
    /// it.
    pub after_checkpoint: u64,
    pub first_bad: Option<BadRecord>,
}
