//! The facts of decisions, sealed, each beside its record; and how the passes read that made them.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::Stored;
use crate::vault::{Sealed, VaultError};

/// Seals the facts of the record that has this number.
pub type Seal = Arc<dyn Fn(u64) -> Result<Sealed, VaultError> + Send + Sync>;

/// What is kept beside a record. It is sealed where the record gets its number, since it is bound to it.
#[derive(Clone)]
pub struct Beside {
    pub at: OffsetDateTime,
    pub seal: Seal,
    /// How the pass reads, where that is not known to be kept.
    pub wording: Option<WordingRow>,
}

/// How a pass reads.
#[derive(Clone)]
pub struct WordingRow {
    /// SHA-256 of what is sealed.
    pub digest: [u8; 32],
    /// Bound to `pass_wording`, the digest in hexadecimal, `wording`, generation 0.
    pub sealed: Sealed,
    /// When the pass ends.
    pub ends: OffsetDateTime,
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

/// Whose facts they are, and the facts: bound to `decision_facts`, the record's number, `facts`, generation 0.
#[derive(Clone)]
pub struct FactsRow {
    pub seq: u64,
    pub sealed: Sealed,
}

pub trait FactsStore {
    /// The facts beside the records from `first` to `last`, as far as there are any, in order.
    fn facts(&self, first: u64, last: u64) -> Stored<'_, Vec<FactsRow>>;
    fn wording(&self, digest: [u8; 32]) -> Stored<'_, Option<Sealed>>;
    /// Forgets the facts of at most `most` decisions from before `before`, the oldest first, and how passes read that
    /// ended before it; of how many decisions.
    fn facts_forgotten(&self, before: OffsetDateTime, most: u32) -> Stored<'_, u64>;
}
