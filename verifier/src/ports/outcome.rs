//! How a request that was sent ended.

use http::StatusCode;
use time::Duration;

use crate::ports::sent_before::Fate;

/// How a forwarded request ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    Answered {
        status: u16,
        bytes: u64,
        took: Duration,
    },
    /// The service was not reached, or went away, or its answer was not passed on.
    Failed {
        code: &'static str,
        carried_out: CarriedOut,
        took: Duration,
    },
    /// The agent went away, or the gateway stopped, before the answer was complete.
    Aborted {
        bytes: u64,
        carried_out: CarriedOut,
        took: Duration,
    },
}

impl Outcome {
    /// Returns what the agent does not know because it got no answer. Returns none if the agent has the answer, or if
    /// nothing happened.
    pub fn leaves_open(&self) -> Option<Fate> {
        match self {
            Self::Failed { carried_out: CarriedOut::Perhaps, .. }
            | Self::Aborted { carried_out: CarriedOut::Perhaps, .. } => Some(Fate::Unknown),
            Self::Failed { carried_out: CarriedOut::Yes, .. }
            | Self::Aborted { carried_out: CarriedOut::Yes, .. } => Some(Fate::CarriedOut),
            Self::Answered { .. } | Self::Failed { .. } | Self::Aborted { .. } => None,
        }
    }
}

/// Whether a service did what was asked, as far as the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarriedOut {
    /// Not a byte of it left.
    NotSent,
    /// It left, and the service said that it did nothing.
    No,
    Perhaps,
    Yes,
}

impl CarriedOut {
    /// Returns what the status of the service's answer says. A 4xx, a 501 and a 505 say that the service did nothing.
    pub fn by(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Yes,
            400..=499 | 501 | 505 => Self::No,
            _ => Self::Perhaps,
        }
    }
}
