//! Refusals of requests without a valid pass. Anybody on this machine can cause them, so they have a limit: the first
//! of a kind in a second is written in full, and the others are counted in one record.
//!
//! Requests with a pass are not counted this way. Their holder is known, and each has its own record.
//!
//! - Invariant: Requests without a valid pass cannot grow the log as fast as they come
//!   (`refusals_without_a_pass_are_counted_into_one_record_a_second`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

use crate::audit::{CountedEntry, Entry};
use crate::store::Line;

const SPAN: Duration = Duration::seconds(1);

/// Recent refusals, by code.
#[derive(Default)]
pub(super) struct Flood(Mutex<BTreeMap<&'static str, Span>>);

/// One second of refusals of one code.
#[derive(Clone, Copy)]
struct Span {
    began: OffsetDateTime,
    /// The first record, once it is durable.
    first: Option<u64>,
    more: u64,
}

/// What to do with a refusal.
pub(super) enum Sighting {
    /// Write this refusal in full, after the counts of earlier ones.
    First(Option<Line>),
    /// The refusal was counted. This is the record of the first one like it.
    Counted(Option<u64>),
}

impl Flood {
    pub(super) fn see(&self, code: &'static str, now: OffsetDateTime) -> Sighting {
        let mut spans = self.spans();
        if let Some(span) = spans.get_mut(code).filter(|span| span.lasts(now)) {
            span.more += 1;
            return Sighting::Counted(span.first);
        }
        let before = spans.insert(code, Span { began: now, first: None, more: 0 });
        Sighting::First(before.and_then(|span| span.line(code, now)))
    }

    /// Notes that the first refusal of its kind is durable.
    pub(super) fn written(&self, code: &'static str, seq: u64) {
        if let Some(span) = self.spans().get_mut(code) {
            span.first = Some(seq);
        }
    }

    /// Notes that the first refusal of its kind could not be written. So the next one is written in full.
    pub(super) fn not_written(&self, code: &'static str) {
        self.spans().remove(code);
    }

    /// Takes the counts of seconds that are over.
    pub(super) fn over(&self, now: OffsetDateTime) -> Vec<Line> {
        self.take(|span| !span.lasts(now), now)
    }

    /// Takes all counts.
    pub(super) fn all(&self, now: OffsetDateTime) -> Vec<Line> {
        self.take(|_| true, now)
    }

    fn take(&self, which: impl Fn(&Span) -> bool, now: OffsetDateTime) -> Vec<Line> {
        let mut spans = self.spans();
        let lines =
            spans.iter().filter(|(_, span)| which(span)).filter_map(|(code, span)| span.line(code, now));
        let lines = lines.collect();
        spans.retain(|_, span| !which(span));
        lines
    }

    fn spans(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Span {
    /// Whether this second still lasts. It also ends if the clock was set back.
    fn lasts(&self, now: OffsetDateTime) -> bool {
        (Duration::ZERO..SPAN).contains(&(now - self.began))
    }

    fn line(&self, code: &str, now: OffsetDateTime) -> Option<Line> {
        let counted = CountedEntry { decision: code.into(), like: self.first, more: self.more };
        (self.more > 0).then(|| Line::new(now, &Entry::Counted(counted)))
    }
}
