//! The desk: where questions for people wait until somebody answers.
//!
//! It holds the approvers' keys, the stops, and the feed that tells waiting code about a change. The store keeps
//! questions and answers. The surfaces decide who may answer, and no holder of a pass reaches them.

mod approvers;
mod held_open;
mod stops;

use tokio::sync::watch;
use verifier::ports::Changes;

pub(crate) use approvers::{Approvers, ApproversError, generate};
pub(crate) use held_open::HeldOpen;
pub(crate) use stops::Stops;

/// Everything of the desk that is answered from memory.
pub(crate) struct Desk {
    pub approvers: Approvers,
    pub stops: Stops,
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
    pub(crate) fn new(approvers: Approvers, stops: Stops) -> Self {
        Self {
            approvers,
            stops,
            held_open: HeldOpen::default(),
            changes: watch::Sender::new(Changes::default()),
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<Changes> {
        self.changes.subscribe()
    }

    pub(crate) fn tell(&self, what: Changed) {
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
