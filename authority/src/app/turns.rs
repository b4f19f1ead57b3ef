//! Turns: verbs that look at something and then change it run one after the other, so that what they saw is still
//! true.
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
    /// To stop, to resume.
    pub(super) async fn stops(&self) -> MutexGuard<'_, ()> {
        self.stops.lock().await
    }

    /// To give a name to a connection or take it back, or to change services that connections use.
    pub(super) async fn connections(&self) -> MutexGuard<'_, ()> {
        self.connections.lock().await
    }

    /// To make a root key or retire one.
    pub(super) async fn keys(&self) -> MutexGuard<'_, ()> {
        self.keys.lock().await
    }

    /// To move the log's beginning away.
    pub(super) async fn log(&self) -> MutexGuard<'_, ()> {
        self.log.lock().await
    }
}
