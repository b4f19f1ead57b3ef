//! Repeated log lines: the first of a kind is written, and the others of that second are counted into one line.
//!
//! A client that can make a request can cause a log line as often as it asks. Counting keeps such lines from filling
//! the disk and from hiding others. The count is never lost: it is written when the second ends, and when the process
//! ends. Lines below `info` are not counted, because somebody asked to see all of them.
//!
//! - Invariant: The first line of a kind is written, and the count of the others is never lost
//!   (`the_first_line_of_a_second_is_written_and_the_rest_is_counted`,
//!   `the_end_writes_what_is_counted_and_counts_no_more`).
//! - Invariant: Requests cannot make the memory of the count grow without limit
//!   (`no_input_makes_the_kinds_grow_without_end`).

pub(crate) mod kind;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cli::repeats::kind::TARGET;
use kind::{LineKind, SharedPart};
use tracing::{Event, Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// How long lines are counted before the count is written.
const WINDOW: Duration = Duration::from_secs(1);

/// So many kinds are told apart by connection and code. After that each place in the code is one kind.
const MOST: usize = 256;

/// Counts lines until its `Counting` ends. After that it lets each line through.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats(Arc<SharedLines>);

#[derive(Debug, Default)]
struct SharedLines {
    tally: Mutex<LineTally>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct LineTally {
    kinds: HashMap<LineKind, CountedLine>,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Nothing is counted, because nobody would write the counts.
    #[default]
    Idle,
    Counting,
    Ending,
}

/// One kind, and how many of its lines were held back since the first.
#[derive(Debug)]
struct CountedLine {
    said: SharedPart,
    more: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogLine {
    Written,
    Counted,
}

impl LineTally {
    fn seen(&mut self, event: &Event<'_>) -> LogLine {
        if self.state != State::Counting {
            return LogLine::Written;
        }
        let said = SharedPart::of(event);
        let kind = LineKind::of(event, &said);
        let kind =
            if self.kinds.len() < MOST || self.kinds.contains_key(&kind) { kind } else { kind.coarse() };
        match self.kinds.entry(kind) {
            Entry::Occupied(counted) => {
                let more = &mut counted.into_mut().more;
                *more = more.saturating_add(1);
                LogLine::Counted
            }
            Entry::Vacant(first) => {
                first.insert(CountedLine { said, more: 0 });
                LogLine::Written
            }
        }
    }
}

impl Repeats {
    /// Begins to count, with a thread that writes each count when its second is over.
    pub(super) fn count(&self) -> Counting {
        self.tally().state = State::Counting;
        let repeats = self.clone();
        let writer = std::thread::Builder::new().name("log".into()).spawn(move || repeats.keep_writing());
        if writer.is_err() {
            self.tally().state = State::Idle;
        }
        Counting { repeats: self.clone(), writer: writer.ok() }
    }

    fn keep_writing(&self) {
        loop {
            let tally = self.tally();
            let waits = |tally: &mut LineTally| tally.kinds.is_empty() && tally.state == State::Counting;
            let tally = self.0.changed.wait_while(tally, waits).unwrap_or_else(PoisonError::into_inner);
            let counts = |tally: &mut LineTally| tally.state == State::Counting;
            let waited = self.0.changed.wait_timeout_while(tally, WINDOW, counts);
            let (tally, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let state = tally.state;
            drop(tally);
            self.write_counts();
            if state != State::Counting {
                return;
            }
        }
    }

    /// Writes the counts and forgets them: the next line of each kind is a first one again.
    fn write_counts(&self) {
        // Nothing is logged while the lock is held, because each log line takes the lock.
        let kinds = std::mem::take(&mut self.tally().kinds);
        for CountedLine { said, more } in kinds.into_values().filter(|counted| counted.more > 0) {
            said.write(more);
        }
    }

    fn tally(&self) -> MutexGuard<'_, LineTally> {
        self.0.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Filter<S> for Repeats {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let about = event.metadata();
        if *about.level() > Level::INFO || about.target() == TARGET {
            return true;
        }
        let mut tally = self.tally();
        let was_empty = tally.kinds.is_empty();
        let line = tally.seen(event);
        drop(tally);
        if was_empty {
            self.0.changed.notify_all();
        }
        line == LogLine::Written
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::TRACE)
    }
}

/// While this is held, lines are counted. At its end it writes the remaining counts.
#[must_use]
pub(super) struct Counting {
    repeats: Repeats,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.repeats.tally().state = State::Ending;
        self.repeats.0.changed.notify_all();
        if let Some(writer) = self.writer.take() {
            // If the writer panicked, it has reported that. The remaining counts are written here.
            let _ = writer.join();
        }
        self.repeats.write_counts();
    }
}
