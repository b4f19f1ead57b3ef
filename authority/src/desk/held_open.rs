//! The questions for which an agent waits right now, with its request held open. They are in memory only: after a
//! restart no request is held open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datalog::ApprovalId;

type Counts = Arc<Mutex<HashMap<ApprovalId, usize>>>;

#[derive(Default)]
pub(crate) struct HeldOpen(Counts);

/// One request that is held open, until this is dropped.
pub(crate) struct Waits {
    counts: Counts,
    id: ApprovalId,
}

impl HeldOpen {
    pub(crate) fn begin(&self, id: &ApprovalId) -> Waits {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(id.clone()).or_default() += 1;
        Waits { counts: self.0.clone(), id: id.clone() }
    }

    pub(crate) fn count(&self, id: &ApprovalId) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied().unwrap_or(0)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}
