//! What is used of plain budgets, in memory: it is asked for with every request, and changed by nearly every one.
//!
//! Only the thread that commits changes it, after the commit, so that it is what the disk has. What it does not know
//! is read from there; that there is enough left is held by the row itself, and not here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Past so many budgets it begins again.
const KEPT: usize = 10_000;

/// What a job changed of a budget.
pub(super) enum Change {
    /// It stands at this.
    Used(String, u64),
    /// It is to be read from the disk.
    Unknown(String),
    AllUnknown,
}

#[derive(Default)]
pub(super) struct Standing(Mutex<HashMap<String, u64>>);

impl Standing {
    pub fn of(&self, budget: &str) -> Option<u64> {
        self.known().get(budget).copied()
    }

    /// To be called after the commit that made it so, before anybody is told of it.
    pub fn learn(&self, changes: Vec<Change>) {
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
