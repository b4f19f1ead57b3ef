//! Refusals of requests that came without a pass that counts: anybody on this machine can make them, so they are
//! bounded. The first of a kind in a second is written whole; those like it are counted into one record.
//!
//! Requests with a pass are none of this: whoever holds one is known, and each of theirs has a record of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

use crate::audit::{CountedEntry, Entry};
use crate::store::Line;

const SPAN: Duration = Duration::seconds(1);

/// What was refused lately, by code.
#[derive(Default)]
pub(super) struct Flood(Mutex<BTreeMap<&'static str, Span>>);

/// One second of refusals of one code.
#[derive(Clone, Copy)]
struct Span {
    began: OffsetDateTime,
    /// The record of the first one, once it is durable.
    first: Option<u64>,
    more: u64,
}

/// What is to be done with a refusal.
pub(super) enum Sighting {
    /// It is written whole, after what was counted before it.
    First(Option<Line>),
    /// It was counted; this record is like it.
    Counted(Option<u64>),
}

impl Flood {
    pub fn see(&self, code: &'static str, now: OffsetDateTime) -> Sighting {
        let mut spans = self.spans();
        if let Some(span) = spans.get_mut(code).filter(|span| span.lasts(now)) {
            span.more += 1;
            return Sighting::Counted(span.first);
        }
        let before = spans.insert(code, Span { began: now, first: None, more: 0 });
        Sighting::First(before.and_then(|span| span.line(code, now)))
    }

    /// The first of its kind is durable.
    pub fn written(&self, code: &'static str, seq: u64) {
        if let Some(span) = self.spans().get_mut(code) {
            span.first = Some(seq);
        }
    }

    /// The first of its kind could not be written: the next one tries again.
    pub fn not_written(&self, code: &'static str) {
        self.spans().remove(code);
    }

    /// What was counted in seconds that are over.
    pub fn over(&self, now: OffsetDateTime) -> Vec<Line> {
        self.take(|span| !span.lasts(now), now)
    }

    /// What was counted at all.
    pub fn all(&self, now: OffsetDateTime) -> Vec<Line> {
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
    /// A clock that was set back ends it too.
    fn lasts(&self, now: OffsetDateTime) -> bool {
        (Duration::ZERO..SPAN).contains(&(now - self.began))
    }

    fn line(&self, code: &str, now: OffsetDateTime) -> Option<Line> {
        let counted = CountedEntry { decision: code.into(), like: self.first, more: self.more };
        (self.more > 0).then(|| Line::new(now, &Entry::Counted(counted)))
    }
}
