//! What an answer may take of budgets that count bytes, while it is on its way.
//!
//! A little is reserved before the request leaves; more is taken in steps as the answer comes, each step durable
//! before its bytes go on. Where a budget has no more, the answer is cut. What was taken and not needed is given
//! back at the end; after a crash it stays spent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use datalog::{Counts, Reservation};
use tokio::time::timeout;

use crate::ports::{Authority, IntentError, StoreFault};

/// The least and the most that is taken at once.
const STEP: std::ops::RangeInclusive<u64> = (64 * 1024)..=(4 * 1024 * 1024);

/// There is no more, or nobody could be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short;

type Taking = Pin<Box<dyn Future<Output = Result<(), IntentError>> + Send>>;

/// More of the budgets, being taken.
struct Asking {
    bytes: u64,
    /// Whether it is all that is needed now, or some beyond it.
    amount: Amount,
    taking: Taking,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    Step,
    Least,
}

pub(crate) struct Allowance {
    authority: Arc<dyn Authority>,
    patience: Duration,
    /// Each with all that was taken of it.
    taken: Vec<Reservation>,
    spent: u64,
    asking: Option<Asking>,
}

impl Allowance {
    /// The allowance of a request that sends as many bytes as `spent` tells; none where no budget counts them.
    pub(crate) fn of(
        authority: &Arc<dyn Authority>,
        patience: Duration,
        reservations: &[Reservation],
        spent: impl FnOnce() -> u64,
    ) -> Option<Self> {
        let taken: Vec<Reservation> =
            reservations.iter().filter(|one| one.counts == Counts::Stream).cloned().collect();
        let (authority, asking) = (authority.clone(), None);
        (!taken.is_empty()).then(|| Self { authority, patience, taken, spent: spent(), asking })
    }

    /// Lets so many bytes go on, or tells that they may not.
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
        let (authority, patience) = (self.authority.clone(), self.patience);
        let taking = Box::pin(async move {
            match timeout(patience, authority.take(more)).await {
                Ok(taken) => taken,
                Err(_) => Err(StoreFault("timed out".into()).into()),
            }
        });
        Asking { bytes, amount, taking }
    }

    /// Everything was given back otherwise: nothing is left to settle.
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
            self.authority.settle(unspent);
        }
    }
}
