//! Requests that may have been carried out, until somebody checks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::Duration;
use tokio::sync::watch;

/// Requests on their way, by the number of their record.
#[derive(Default)]
pub(crate) struct Once(Mutex<HashMap<u64, UnderWay>>);

struct UnderWay {
    /// How long the outcome of the request may stay open.
    window: Duration,
    /// Closes when the outcome is durable. No value is ever sent.
    settled: watch::Sender<()>,
}

impl Once {
    pub(crate) fn begin(&self, record: u64, window: Duration) {
        self.all().insert(record, UnderWay { window, settled: watch::Sender::new(()) });
    }

    pub(crate) fn window(&self, record: u64) -> Option<Duration> {
        self.all().get(&record).map(|one| one.window)
    }

    /// Wakes everybody who waits for this request, and nobody else.
    pub(crate) fn settled(&self, record: u64) {
        self.all().remove(&record);
    }

    /// Returns a receiver that closes when this request ends. None if it has ended, or has not begun here.
    pub(crate) fn end_of(&self, record: u64) -> Option<watch::Receiver<()>> {
        self.all().get(&record).map(|one| one.settled.subscribe())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, UnderWay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
