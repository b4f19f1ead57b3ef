//! Where jobs wait for the store's thread, and when the thread takes them.
//!
//! The thread sleeps while there is no job that anybody waits for. Such a job wakes the thread, but only if it sleeps.
//! If many callers wait at once, the thread lets a few more come, because a commit costs the same for all of them. This
//! file does not know what a job does.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Beyond this many waiting jobs, new ones are turned away.
const QUEUE: usize = 8_192;
/// The most jobs that share one transaction.
const GROUP: usize = 512;
/// A job that nobody waits for lets others come for this long.
const GATHER: Duration = Duration::from_millis(10);
/// If a group has so many callers, more are probably about to come,
const CROWD: usize = 3;
/// and the thread waits for them for this long.
const PAUSE: Duration = Duration::from_micros(500);

/// Whether somebody waits for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    Yes,
    No,
}

/// What the thread waits for while it sleeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// The thread is awake, or waits for no job.
    None,
    UntilAny,
    UntilAwaited,
}

struct InboxState<J> {
    jobs: VecDeque<(J, Awaited)>,
    /// How many callers wait.
    awaited: usize,
    /// How many there were in the last group.
    crowd: usize,
    rest: Rest,
    closed: bool,
}

pub(super) struct Inbox<J> {
    state: Mutex<InboxState<J>>,
    changed: Condvar,
}

impl<J> Default for Inbox<J> {
    fn default() -> Self {
        let (jobs, rest) = (VecDeque::new(), Rest::None);
        let state = Mutex::new(InboxState { jobs, awaited: 0, crowd: 0, rest, closed: false });
        Self { state, changed: Condvar::new() }
    }
}

impl<J> Inbox<J> {
    /// Whether no further job may be put in.
    pub(super) fn is_full(&self) -> bool {
        self.state().jobs.len() >= QUEUE
    }

    /// Puts a job in. Once the inbox is closed, nobody takes the job.
    pub(super) fn put(&self, job: J, awaited: Awaited) {
        let mut state = self.state();
        state.jobs.push_back((job, awaited));
        state.awaited += usize::from(awaited == Awaited::Yes);
        let wakes = match state.rest {
            Rest::None => false,
            Rest::UntilAny => true,
            Rest::UntilAwaited => awaited == Awaited::Yes,
        };
        if wakes {
            state.rest = Rest::None;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Closes the inbox: the thread takes the remaining jobs, and ends.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    /// Returns the next jobs that share a transaction, in order. None once the inbox is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<J>> {
        let mut state = self.until_there_is_work()?;
        if state.crowd >= CROWD && !state.closed {
            let pause = self.changed.wait_timeout_while(state, PAUSE, |state| !state.closed);
            state = pause.unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = state.jobs.len().min(GROUP);
        let group: Vec<_> = state.jobs.drain(..count).collect();
        state.crowd = group.iter().filter(|(_, awaited)| *awaited == Awaited::Yes).count();
        state.awaited -= state.crowd;
        Some(group.into_iter().map(|(job, _)| job).collect())
    }

    fn until_there_is_work(&self) -> Option<MutexGuard<'_, InboxState<J>>> {
        let mut state = self.state();
        let mut first_seen = None;
        while state.awaited == 0 && !state.closed {
            if state.jobs.is_empty() {
                state.rest = Rest::UntilAny;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                state.rest = Rest::UntilAwaited;
                let left = GATHER.saturating_sub(first_seen.get_or_insert_with(Instant::now).elapsed());
                if left.is_zero() {
                    break;
                }
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        state.rest = Rest::None;
        (!state.jobs.is_empty()).then_some(state)
    }

    fn state(&self) -> MutexGuard<'_, InboxState<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_come_out_in_the_order_in_which_they_were_put_in_and_none_is_left_behind() {
        let inbox = Inbox::default();
        for job in 0..GROUP + 2 {
            inbox.put(job, if job % 3 == 0 { Awaited::Yes } else { Awaited::No });
        }
        inbox.close();
        assert_eq!(inbox.take().unwrap(), (0..GROUP).collect::<Vec<_>>());
        assert_eq!(inbox.take().unwrap(), [GROUP, GROUP + 1]);
        assert!(inbox.take().is_none());
    }

    #[test]
    fn what_nobody_waits_for_is_taken_too_and_what_somebody_waits_for_at_once() {
        let inbox = std::sync::Arc::new(Inbox::default());
        inbox.put(1, Awaited::No);
        assert_eq!(inbox.take().unwrap(), [1]);
        let taking = std::thread::spawn({
            let inbox = inbox.clone();
            move || inbox.take()
        });
        inbox.put(2, Awaited::Yes);
        assert_eq!(taking.join().unwrap().unwrap(), [2]);
    }
}
