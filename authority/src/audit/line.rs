//! A line of the audit log as it is stored, and what is stored beside it.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::vault::{Sealed, VaultError};

/// A record that has no number yet: canonical JSON without its `seq`, and the data to store beside it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) beside: Option<Beside>,
}

/// A record as it is in the log.
#[derive(Debug, Clone)]
pub(crate) struct StoredRecord {
    pub seq: u64,
    pub text: String,
    pub hash: [u8; 32],
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainLink {
    pub seq: u64,
    pub hash: [u8; 32],
}

/// The data beside a record. It is sealed when the record gets its number, because it is bound to the number.
#[derive(Clone)]
pub(crate) struct Beside {
    pub at: OffsetDateTime,
    pub seal: Seal,
    /// The pass's wording; none if it is already stored.
    pub wording: Option<WordingRow>,
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

/// Seals the facts of the record that has this number.
pub(crate) type Seal = Arc<dyn Fn(u64) -> Result<Sealed, VaultError> + Send + Sync>;

/// The wording of a pass.
#[derive(Clone)]
pub(crate) struct WordingRow {
    /// SHA-256 of the sealed data.
    pub digest: [u8; 32],
    /// Bound to `pass_wording`, the digest in hexadecimal, `wording`, generation 0.
    pub sealed: Sealed,
    /// When the pass ends.
    pub ends: OffsetDateTime,
}

/// The facts with their record: bound to `decision_facts`, the record's number, `facts`, generation 0.
#[derive(Clone)]
pub(crate) struct FactsRow {
    pub seq: u64,
    pub sealed: Sealed,
}

pub(crate) use datalog::visible::visible as plain;
