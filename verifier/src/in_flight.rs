//! Requests on their way out, counted, so that a stop knows when the last of them has ended.
//!
//! A request is under way from just before the last look at its pass until its answer begins. A stop first changes what
//! is trusted and then recalls: every request under way looks at its pass again, and ends or goes on. After `recall`
//! returns, no stopped request is sent. This file decides nothing itself.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// Every request that is under way.
pub struct InFlight {
    state: Mutex<Counts>,
    recalls: watch::Sender<u64>,
    fewer: Notify,
}

#[derive(Default)]
struct Counts {
    /// The number of recalls.
    round: u64,
    /// How many requests are under way, by the last recall that they have checked.
    under_way: BTreeMap<u64, usize>,
    /// The number of requests ever dropped because they were no longer allowed.
    called_back: usize,
}

/// One request under way, until this is dropped.
pub struct UnderWay {
    in_flight: Arc<InFlight>,
    round: u64,
    recalls: watch::Receiver<u64>,
}

/// The request is no longer allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recalled;

impl Default for InFlight {
    fn default() -> Self {
        Self { state: Mutex::default(), recalls: watch::Sender::new(0), fewer: Notify::new() }
    }
}

impl InFlight {
    /// Call this before the last look at what is trusted.
    pub fn begin(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        let round = state.round;
        *state.under_way.entry(round).or_default() += 1;
        UnderWay { in_flight: self.clone(), round, recalls: self.recalls.subscribe() }
    }

    /// Returns when every request under way has looked again. Call it after a change of what is trusted.
    pub async fn recall(&self) {
        let round = {
            let mut state = self.state();
            state.round += 1;
            self.recalls.send_replace(state.round);
            state.round
        };
        loop {
            let mut fewer = pin!(self.fewer.notified());
            fewer.as_mut().enable();
            if self.state().under_way.range(..round).next().is_none() {
                return;
            }
            fewer.await;
        }
    }

    /// Returns how many requests that were under way at the last recall have not looked again yet.
    pub fn unanswered(&self) -> usize {
        let state = self.state();
        state.under_way.range(..state.round).map(|(_, count)| count).sum()
    }

    /// Returns how many requests were ever dropped on their way. Take the number before and after a recall: the
    /// difference is the number that this recall dropped.
    pub fn called_back(&self) -> usize {
        self.state().called_back
    }

    fn state(&self) -> MutexGuard<'_, Counts> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, round: u64) {
        let mut state = self.state();
        if let Some(count) = state.under_way.get_mut(&round) {
            *count -= 1;
            if *count == 0 {
                state.under_way.remove(&round);
                self.fewer.notify_waiters();
            }
        }
    }
}

impl UnderWay {
    /// Does `work`, and drops it if `stands` is false after a recall.
    pub async fn unless_recalled<T>(
        &mut self,
        stands: impl Fn() -> bool,
        work: impl Future<Output = T>,
    ) -> Result<T, Recalled> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                recalled = self.recalls.changed() => {
                    // The recall that a look answers is fixed before the look. A recall that comes during the look
                    // needs another look.
                    let round = *self.recalls.borrow_and_update();
                    if recalled.is_err() || !stands() {
                        self.in_flight.state().called_back += 1;
                        return Err(Recalled);
                    }
                    self.has_looked(round);
                }
                done = &mut work => return Ok(done),
            }
        }
    }

    fn has_looked(&mut self, round: u64) {
        *self.in_flight.state().under_way.entry(round).or_default() += 1;
        self.in_flight.leave(std::mem::replace(&mut self.round, round));
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.in_flight.leave(self.round);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::task::Poll;

    use super::*;

    /// Whether `future` is ready now.
    async fn is_ready(future: impl Future<Output = ()>) -> bool {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test]
    async fn a_recall_waits_for_what_was_under_way_and_for_nothing_else() {
        let in_flight = Arc::new(InFlight::default());
        assert!(is_ready(in_flight.recall()).await, "nothing is under way");
        let under_way = in_flight.begin();
        assert!(!is_ready(in_flight.recall()).await);
        let mut recall = pin!(in_flight.recall());
        assert!(!is_ready(recall.as_mut()).await);
        let later = in_flight.begin();
        assert_eq!(in_flight.unanswered(), 1);
        drop(under_way);
        assert!(is_ready(recall).await, "what began afterwards has seen what changed");
        assert_eq!(in_flight.unanswered(), 0);
        drop(later);
    }

    #[tokio::test]
    async fn a_recall_that_comes_during_a_look_is_looked_at_too() {
        let in_flight = Arc::new(InFlight::default());
        let mut under_way = in_flight.begin();
        let trusted = std::cell::Cell::new(true);
        let mut second = Box::pin(in_flight.recall());
        // Somebody stops the request during the first look. That is too late for this look, and in time for the next.
        let looks = std::cell::Cell::new(0);
        let mut stands = || {
            let stood = trusted.get();
            looks.set(looks.get() + 1);
            if looks.get() == 1 {
                trusted.set(false);
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                assert!(second.as_mut().poll(&mut cx).is_pending(), "the request has not looked since");
            }
            stood
        };
        let stands = std::cell::RefCell::new(&mut stands);
        let work = under_way.unless_recalled(|| (stands.borrow_mut())(), pending::<()>());
        let both = async { tokio::join!(work, in_flight.recall()) };
        let (went, ()) =
            tokio::time::timeout(std::time::Duration::from_secs(10), both).await.expect("it looks again");
        assert_eq!(went, Err(Recalled));
        assert_eq!(looks.get(), 2);
    }

    #[tokio::test]
    async fn what_does_not_stand_any_more_is_dropped_and_the_rest_goes_on() {
        let in_flight = Arc::new(InFlight::default());
        let (mut one, mut other) = (in_flight.begin(), in_flight.begin());
        let answered = Notify::new();
        let stays = one.unless_recalled(|| true, answered.notified());
        let goes = async move { other.unless_recalled(|| false, pending::<()>()).await };
        let recall = async {
            tokio::task::yield_now().await;
            in_flight.recall().await;
            answered.notify_one();
        };
        let (stayed, went, ()) = tokio::join!(stays, goes, recall);
        assert_eq!((stayed, went), (Ok(()), Err(Recalled)));
        assert_eq!(in_flight.called_back(), 1);
    }
}
