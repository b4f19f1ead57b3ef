//! Suspensions of single passes, tasks and connections, in memory. Every request checks them.
//!
//! The store makes them durable. A row is added here before it is written there, so that a stop holds at once. The
//! emergency stop is not here: it is one flag of the authority.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use datalog::{ConnectionName, RevocationId};
use verifier::ports::Held;

use crate::store::{Suspended, SuspensionRow};

#[derive(Default)]
pub(crate) struct Suspensions(RwLock<HashMap<Suspended, SuspensionRow>>);

impl Suspensions {
    pub fn new(rows: Vec<SuspensionRow>) -> Self {
        Self(RwLock::new(rows.into_iter().map(|row| (row.what.clone(), row)).collect()))
    }

    pub fn add(&self, row: SuspensionRow) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(row.what.clone()).or_insert(row);
    }

    /// Whether it was there.
    pub fn remove(&self, what: &Suspended) -> bool {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(what).is_some()
    }

    pub fn contains(&self, what: &Suspended) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(what)
    }

    /// The oldest first.
    pub fn list(&self) -> Vec<SuspensionRow> {
        let mut rows: Vec<_> =
            self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        rows.sort_by_key(|row| row.at);
        rows
    }

    pub fn holds(
        &self,
        lineage: &[RevocationId],
        task: &str,
        connection: Option<&ConnectionName>,
    ) -> Option<Held> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if rows.is_empty() {
            return None;
        }
        let pass = lineage.iter().find_map(|id| rows.get(&Suspended::Pass(id.clone())));
        if let Some(row) = pass {
            return Some(Held::Pass(row.because.clone()));
        }
        if !task.is_empty() && rows.contains_key(&Suspended::Task(task.to_owned())) {
            return Some(Held::Task);
        }
        let name = connection?;
        rows.contains_key(&Suspended::Connection(name.clone())).then(|| Held::Connection(name.clone()))
    }
}
