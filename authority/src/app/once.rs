//! Sends each request that does more than read only once. The same request of the same lineage is not sent again while
//! the first is on its way, and for some time after if its agent got no answer. An SDK that repeats the request by
//! itself gets the record of the first.
//!
//! The check is in the transaction that writes the intent, so no race gets past it. It is on disk, so a restart forgets
//! nothing. A request waits a while for an identical one on its way, so several at once go one after the other. Some
//! services read a key and carry out each key only once. Such a request may go again unchanged under its key, but not
//! under another key.
//!
//! - Invariant: A request that does more than read is not sent again while nobody knows what became of the first
//!   (`of_a_hundred_that_are_the_same_one_goes_and_the_others_find_its_record`,
//!   `an_unknown_outcome_outlives_a_restart_and_so_does_what_never_had_one`).

use time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use verifier::ports::{Fate, Outcome, Record, RecordId, Same, StoreFault};

use crate::app::App;
use crate::audit::{Entry, OutcomeEntry};
use crate::store::{Intended, Line, OnceKey, Use};

/// How long a request waits for an identical one on its way. A gateway waits longer for its intent.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);
/// The first pause. It covers the time between the commit of an intent and its entry in memory.
const A_MOMENT: std::time::Duration = std::time::Duration::from_millis(5);
/// The longest pause. Each try is a transaction, so the pauses grow if this process does not know the other request.
const A_SECOND: std::time::Duration = std::time::Duration::from_secs(1);

/// The parts of an intent.
pub(super) struct Intent {
    pub line: Line,
    pub record: Record,
    pub approval: Option<Use>,
}

impl Intent {
    fn key(&self) -> Option<OnceKey> {
        let once = self.record.once?;
        let lineage = self.record.lineage.first()?.clone();
        let same = Same { digest: self.record.digest?, question: self.record.question? };
        Some(OnceKey { lineage, same, repeat: once.repeat, now: self.record.at, until: once.until })
    }
}

impl App {
    /// Writes an intent, unless an identical one is on its way or open.
    pub(super) async fn intended(&self, intent: &Intent) -> Result<Intended, StoreFault> {
        let key = intent.key();
        let patience = Instant::now() + PATIENCE;
        let mut pause = A_MOMENT;
        loop {
            let Intent { line, record, approval } = intent;
            let written =
                self.store.intended(line.clone(), record.reservations.clone(), approval.clone(), key.clone());
            let intended = written.await?;
            match (&key, &intended) {
                (Some(_), Intended::SentBefore(first)) if first.fate == Fate::OnItsWay => {
                    if timeout_at(patience, self.end_of(first.record, pause)).await.is_err() {
                        return Ok(intended);
                    }
                    pause = (pause * 2).min(A_SECOND);
                }
                (Some(_), Intended::Written(seq)) => {
                    let window = record.once.map_or(Duration::ZERO, |once| once.window);
                    self.once.begin(*seq, window);
                    return Ok(intended);
                }
                _ => return Ok(intended),
            }
        }
    }

    /// Waits until the request of this record has ended. If it is not known here, waits for `pause`: it is about to
    /// begin, or nobody waited for its intent any longer.
    async fn end_of(&self, record: RecordId, pause: std::time::Duration) {
        match self.once.end_of(record.0) {
            Some(mut settled) => while settled.changed().await.is_ok() {},
            None => sleep(pause).await,
        }
    }

    /// Writes the outcome of an intent, when its turn comes.
    pub(super) fn ended(&self, id: RecordId, outcome: &Outcome) {
        let now = self.clock.now();
        let line = Line::new(now, &Entry::Outcome(OutcomeEntry::new(id, outcome)));
        let Some(window) = self.once.window(id.0) else {
            return self.store.append_later(line);
        };
        let open = outcome.leaves_open().map(|fate| (fate, now.saturating_add(window)));
        let once = self.once.clone();
        let tell = Box::new(move || once.settled(id.0));
        self.store.settled_once_later(line, id.0, open, tell);
    }
}
