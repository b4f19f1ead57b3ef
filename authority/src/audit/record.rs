//! What one audit record says.
//!
//! The JSON of these types is what is chained and what people read. It holds no body and no secret.

use datalog::Reservation;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

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

/// The four kinds of records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// A request that was about to be sent.
    Intent(RequestEntry),
    /// What became of it.
    Outcome(OutcomeEntry),
    /// A request that was not sent.
    Refusal(RequestEntry),
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
    /// `allow`, or the code of the refusal.
    pub decision: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetEntry>,
    pub peer: String,
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

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventEntry {
    /// `connected`, `disconnected`, `needs-reconnect`, `refreshed`, `minted`, `revoked`, `stopped`, `resumed`,
    /// `root-created`, `root-retired`.
    pub event: String,
    /// What it happened to: a connection, a pass id, a revocation id, a root key id.
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<&Reservation> for BudgetEntry {
    fn from(reservation: &Reservation) -> Self {
        Self { budget: reservation.budget.clone(), max: reservation.max, cost: reservation.cost }
    }
}
