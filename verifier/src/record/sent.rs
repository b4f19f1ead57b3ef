//! An answer on its way to the agent, and the end of its record.

use std::task::{Context, Poll};
use std::time::Instant;

use http::StatusCode;
use time::Duration;

use crate::authority::allowance::{Allowance, Short};
use crate::authority::in_time::InTime;
use crate::ports::{CarriedOut, Outcome, RecordId};

/// An answer on its way to the agent. It ends once: complete, or cut off.
pub(crate) struct Sent {
    pub(super) in_time: InTime,
    pub(super) allowance: Option<Allowance>,
    pub(super) id: Option<RecordId>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) started: Instant,
}

impl Sent {
    /// Takes this many bytes from the budgets that count them, before they are sent.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<Result<(), Short>> {
        match &mut self.allowance {
            Some(allowance) => allowance.poll_take(cx, bytes as u64),
            None => Poll::Ready(Ok(())),
        }
    }

    pub(crate) fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Ends the record: the whole answer was handed on.
    pub(crate) fn whole(&mut self) {
        let outcome = Outcome::Answered { status: self.status, bytes: self.bytes, took: took(self.started) };
        self.end(outcome);
    }

    /// Ends the record: the gateway cut the answer off, or the service went away.
    pub(crate) fn failed(&mut self, code: &'static str) {
        let outcome = Outcome::Failed { code, carried_out: self.carried_out(), took: took(self.started) };
        self.end(outcome);
    }

    fn carried_out(&self) -> CarriedOut {
        StatusCode::from_u16(self.status).map_or(CarriedOut::Perhaps, CarriedOut::by)
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(id) = self.id.take() {
            self.in_time.authority().outcome(id, outcome);
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let (bytes, carried_out) = (self.bytes, self.carried_out());
        let outcome = Outcome::Aborted { bytes, carried_out, took: took(self.started) };
        self.end(outcome);
    }
}

pub(super) fn took(started: Instant) -> Duration {
    started.elapsed().try_into().unwrap_or(Duration::MAX)
}
