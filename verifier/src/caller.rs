//! Whoever waits for an answer: it may go away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The client that waits for the answer, as far as its surface notices.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller(Arc<AtomicBool>);

impl Caller {
    /// Notes that nobody waits for the answer any longer.
    pub(crate) fn leaves(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn has_left(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
