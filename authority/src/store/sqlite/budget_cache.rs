//! The use of plain budgets, in memory: every request asks for it, and nearly every request changes it.
//!
//! Only the committing thread changes it, after the commit, so it equals the disk. It reads missing values from the
//! disk. The row itself makes sure that enough is left; this does not.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// If there are more budgets than this, the cache starts again.
const KEPT: usize = 10_000;

/// A job's change of a budget.
pub(super) enum Change {
    /// This is the budget's state now.
    Used(String, u64),
    /// The state is not known, so it is read from the disk.
    Unknown(String),
    AllUnknown,
}

#[derive(Default)]
pub(super) struct BudgetCache(Mutex<HashMap<String, u64>>);

impl BudgetCache {
    pub(super) fn of(&self, budget: &str) -> Option<u64> {
        self.known().get(budget).copied()
    }

    /// Takes the changes of committed jobs. Call it after the commit and before anybody is told.
    pub(super) fn learn(&self, changes: Vec<Change>) {
        let mut known = self.known();
        for change in changes {
            match change {
                Change::Used(budget, used) => {
                    if known.len() >= KEPT {
                        known.clear();
                    }
                    known.insert(budget, used);
                }
                Change::Unknown(budget) => {
                    known.remove(&budget);
                }
                Change::AllUnknown => known.clear(),
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
