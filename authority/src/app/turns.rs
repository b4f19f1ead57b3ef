//! Turns: verbs that look at something and then change it run one after the other. So what a verb saw is still true
//! when it makes its change.
//!
//! Memory and store do not change at once. If two opposite verbs ran at the same time, each halfway, one could win in
//! memory and the other in the store: a person would read "stopped" while requests go on. A stricter verb changes
//! memory before it waits for its turn, and again during its turn. Requests take no turns.

use tokio::sync::{Mutex, MutexGuard};

#[derive(Default)]
pub(super) struct Turns {
    stops: Mutex<()>,
    connections: Mutex<()>,
    keys: Mutex<()>,
    log: Mutex<()>,
}

impl Turns {
    /// Waits for a turn to stop or to resume.
    pub(super) async fn stops(&self) -> MutexGuard<'_, ()> {
        self.stops.lock().await
    }

    /// Waits for a turn to give a name to a connection, to take the name back, or to change services that connections
    /// use.
    pub(super) async fn connections(&self) -> MutexGuard<'_, ()> {
        self.connections.lock().await
    }

    /// Waits for a turn to make a root key or to retire one.
    pub(super) async fn keys(&self) -> MutexGuard<'_, ()> {
        self.keys.lock().await
    }

    /// Waits for a turn to move the log's beginning away.
    pub(super) async fn log(&self) -> MutexGuard<'_, ()> {
        self.log.lock().await
    }
}
