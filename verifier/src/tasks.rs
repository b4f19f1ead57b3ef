//! Work that outlives its request, and its owner.
//!
//! An agent that goes away does not take the audit record with it: what its request still has to do is finished
//! here, and a gateway that stops waits for it.

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
    /// Set once nothing that is spawned would run any more.
    closed: AtomicBool,
}

impl Tasks {
    /// Runs `work` to its end. While the runtime is torn down it cannot, and says so.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let (Ok(runtime), false) = (Handle::try_current(), self.closed.load(Ordering::Acquire)) else {
            tracing::error!("a request was cut off while the gateway stopped; its record is not finished");
            return;
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn_on(work, &runtime);
    }

    /// Waits for what is left, at most `patience`, and takes nothing more after that.
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
