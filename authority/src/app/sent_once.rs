//! Requests that may have been carried out, until somebody checks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::Duration;
use tokio::sync::watch;

/// Requests on their way, by their record, with how long each may stay open.
pub(crate) struct Once {
    under_way: Mutex<HashMap<u64, Duration>>,
    /// Counts outcomes, for waiting requests.
    pub(crate) settled: watch::Sender<u64>,
}

impl Default for Once {
    fn default() -> Self {
        Self { under_way: Mutex::default(), settled: watch::Sender::new(0) }
    }
}

impl Once {
    pub(crate) fn under_way(&self) -> MutexGuard<'_, HashMap<u64, Duration>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
