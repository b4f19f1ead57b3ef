//! The desk: where questions for people wait until somebody answers.
//!
//! It holds the approvers' keys, the suspensions, and the feed that tells waiting code about a change. The store keeps
//! questions and answers. The surfaces decide who may answer, and no holder of a pass reaches them.

mod approvers;
mod held_open;
mod suspensions;

use tokio::sync::watch;
use verifier::ports::Changes;

pub(crate) use approvers::{Approvers, ApproversError, generate};
pub(crate) use held_open::HeldOpen;
pub(crate) use suspensions::Suspensions;

/// Everything of the desk that is answered from memory.
pub(crate) struct Desk {
    pub approvers: Approvers,
    pub suspensions: Suspensions,
    pub held_open: HeldOpen,
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
        Self {
            approvers,
            suspensions,
            held_open: HeldOpen::default(),
            changes: watch::Sender::new(Changes::default()),
        }
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
