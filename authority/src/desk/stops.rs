//! The stops of single passes, tasks and connections, in memory. Every request checks them.
//!
//! The store makes them durable. A row is added here before it is written there, so that a stop holds at once. The
//! emergency stop is not here: it is one flag of the authority.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use datalog::{ConnectionName, RevocationId};
use verifier::ports::StoppedBy;

use crate::stopped::{Stop, StopTarget};

#[derive(Default)]
pub(crate) struct Stops(RwLock<HashMap<StopTarget, Stop>>);

impl Stops {
    pub(crate) fn new(rows: Vec<Stop>) -> Self {
        Self(RwLock::new(rows.into_iter().map(|row| (row.target.clone(), row)).collect()))
    }

    pub(crate) fn add(&self, row: Stop) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(row.target.clone()).or_insert(row);
    }

    /// Removes the stop of a target. Returns whether there was one.
    pub(crate) fn remove(&self, target: &StopTarget) -> bool {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(target).is_some()
    }

    pub(crate) fn contains(&self, target: &StopTarget) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(target)
    }

    /// Returns the stops, the oldest first.
    pub(crate) fn list(&self) -> Vec<Stop> {
        let mut rows: Vec<_> =
            self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        rows.sort_by_key(|row| row.since);
        rows
    }

    pub(crate) fn holds(
        &self,
        lineage: &[RevocationId],
        task: &str,
        connection: Option<&ConnectionName>,
    ) -> Option<StoppedBy> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if rows.is_empty() {
            return None;
        }
        let pass = lineage.iter().find_map(|id| rows.get(&StopTarget::Pass(id.clone())));
        if let Some(row) = pass {
            return Some(StoppedBy::Pass(row.because.clone()));
        }
        if !task.is_empty() && rows.contains_key(&StopTarget::Task(task.to_owned())) {
            return Some(StoppedBy::Task);
        }
        let name = connection?;
        rows.contains_key(&StopTarget::Connection(name.clone())).then(|| StoppedBy::Connection(name.clone()))
    }
}
