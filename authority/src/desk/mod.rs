//! The desk: where questions for people lie until they are answered.
//!
//! It holds the approvers' keys, what is stopped by itself, and the feed that tells whoever waits that something
//! changed. What is asked and answered is the store's to keep; who may answer is decided at the surfaces, which
//! no holder of a pass reaches.

mod approvers;
mod suspensions;

use tokio::sync::watch;
use verifier::ports::Changes;

pub(crate) use approvers::{Approvers, ApproversError, generate};
pub(crate) use suspensions::Suspensions;

/// Everything of the desk that is answered from memory.
pub(crate) struct Desk {
    pub approvers: Approvers,
    pub suspensions: Suspensions,
    changes: watch::Sender<Changes>,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Approvals,
    Passes,
    Connections,
    Stop,
}

impl Desk {
    pub fn new(approvers: Approvers, suspensions: Suspensions) -> Self {
        Self { approvers, suspensions, changes: watch::Sender::new(Changes::default()) }
    }

    pub fn changes(&self) -> watch::Receiver<Changes> {
        self.changes.subscribe()
    }

    pub fn tell(&self, what: Changed) {
        self.changes.send_modify(|changes| {
            let count = match what {
                Changed::Approvals => &mut changes.approvals,
                Changed::Passes => &mut changes.passes,
                Changed::Connections => &mut changes.connections,
                Changed::Stop => &mut changes.stop,
            };
            *count += 1;
        });
    }
}
