//! How much an answer may take from budgets that count bytes, while it streams.
//!
//! A little is reserved before the request leaves. More is taken in steps as the answer comes, and each step is durable
//! before its bytes go on. If a budget runs out, the answer is cut. Unused bytes are given back at the end; after a
//! crash they stay spent.
//!
//! - Invariant: An answer is cut where a budget of bytes ends (`a_stream_is_cut_where_a_budget_of_bytes_ends`).

use std::pin::Pin;
use std::task::{Context, Poll};

use datalog::{Counts, Reservation};

use crate::authority::in_time::InTime;
use crate::ports::IntentError;

/// The least and the most that is taken at once.
const STEP: std::ops::RangeInclusive<u64> = (64 * 1024)..=(4 * 1024 * 1024);

/// A budget has too little left, or the authority could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short;

type Taking = Pin<Box<dyn Future<Output = Result<(), IntentError>> + Send>>;

/// A step of taking more from the budgets.
struct Asking {
    bytes: u64,
    /// Whether this asks for a larger step, or only for what is needed now.
    amount: Amount,
    taking: Taking,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    Step,
    Least,
}

pub(crate) struct Allowance {
    in_time: InTime,
    /// The reservations, each with the total taken from it.
    taken: Vec<Reservation>,
    spent: u64,
    asking: Option<Asking>,
}

impl Allowance {
    /// Returns the allowance of a request that sends the bytes in `spent`; none if no budget counts bytes.
    pub(crate) fn of(
        in_time: &InTime,
        reservations: &[Reservation],
        spent: impl FnOnce() -> u64,
    ) -> Option<Self> {
        let taken: Vec<Reservation> =
            reservations.iter().filter(|one| one.counts == Counts::Stream).cloned().collect();
        let in_time = in_time.clone();
        (!taken.is_empty()).then(|| Self { in_time, taken, spent: spent(), asking: None })
    }

    /// Lets this many bytes go on, or reports that they may not.
    pub(crate) async fn take(&mut self, bytes: u64) -> Result<(), Short> {
        std::future::poll_fn(|cx| self.poll_take(cx, bytes)).await
    }

    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, bytes: u64) -> Poll<Result<(), Short>> {
        loop {
            let room = self.room();
            if room >= bytes {
                self.spent = self.spent.saturating_add(bytes);
                return Poll::Ready(Ok(()));
            }
            let least = bytes - room;
            let mut asking = match self.asking.take() {
                Some(asking) => asking,
                None => self.ask(least.max(self.spent.clamp(*STEP.start(), *STEP.end())), Amount::Step),
            };
            match (asking.taking.as_mut().poll(cx), asking.amount) {
                (Poll::Pending, _) => {
                    self.asking = Some(asking);
                    return Poll::Pending;
                }
                (Poll::Ready(Ok(())), _) => {
                    for one in &mut self.taken {
                        one.cost = one.cost.saturating_add(asking.bytes);
                    }
                }
                (Poll::Ready(Err(IntentError::Exhausted(_))), Amount::Step) => {
                    self.asking = Some(self.ask(least, Amount::Least));
                }
                (Poll::Ready(Err(error)), _) => {
                    tracing::debug!(%error, "an answer may not go on");
                    return Poll::Ready(Err(Short));
                }
            }
        }
    }

    fn room(&self) -> u64 {
        self.taken.iter().map(|one| one.cost.saturating_sub(self.spent)).min().unwrap_or(u64::MAX)
    }

    fn ask(&self, bytes: u64, amount: Amount) -> Asking {
        let more = self.taken.iter().map(|one| Reservation { cost: bytes, ..one.clone() }).collect();
        let in_time = self.in_time.clone();
        let taking = Box::pin(async move { in_time.answer(in_time.authority().take(more)).await });
        Asking { bytes, amount, taking }
    }

    /// Drops the allowance without settling it, because everything was given back in another way.
    pub(crate) fn forget(mut self) {
        self.taken.clear();
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        let unspent = |one: Reservation| {
            let cost = one.cost.saturating_sub(self.spent);
            (cost > 0).then_some(Reservation { cost, ..one })
        };
        let unspent: Vec<Reservation> =
            std::mem::take(&mut self.taken).into_iter().filter_map(unspent).collect();
        if !unspent.is_empty() {
            self.in_time.authority().settle(unspent);
        }
    }
}
