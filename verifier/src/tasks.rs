//! Work that outlives its request, and the owner of that work.
//!
//! If an agent goes away, its audit record still gets finished here. A gateway that stops waits for this work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The unfinished work of one serving thread.
#[derive(Default)]
pub(crate) struct Tasks {
    running: Mutex<JoinSet<()>>,
    /// True once work that is spawned would not run any more.
    closed: AtomicBool,
}

impl Tasks {
    /// Runs `work` to its end. If the runtime is being torn down, it cannot run it, and logs an error.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let (Ok(runtime), false) = (Handle::try_current(), self.closed.load(Ordering::Acquire)) else {
            tracing::error!("a request was cut off while the gateway stopped; its record is not finished");
            return;
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn_on(work, &runtime);
    }

    /// Waits for the remaining work, at most `patience`. After that it takes no new work.
    pub(crate) async fn drain(&self, patience: Duration) {
        let all = async {
            loop {
                let mut running =
                    std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
                if running.is_empty() {
                    break;
                }
                while running.join_next().await.is_some() {}
            }
        };
        let ended = timeout(patience, all).await;
        self.closed.store(true, Ordering::Release);
        if ended.is_err() {
            tracing::warn!("requests were cut off while the gateway stopped");
        }
    }
}
