//! The circuit breaker: a pass that is refused too often for what destroys is suspended until a person looks.
//!
//! Refusals are counted here, where every gateway writes them, by the pass with everything attenuated from it: a
//! holder that makes itself a child is counted with its parent. It decides no request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use datalog::RevocationId;
use time::OffsetDateTime;
use verifier::ports::Record;

use crate::config::BreakerConfig;

/// Refusals that count: the answer was no, and nothing was wrong with the request's form.
const COUNTED: [&str; 3] = ["denied", "unevaluable", "budget-exhausted"];
/// Passes that are counted at one time.
const MOST: usize = 10_000;

pub(crate) struct Breaker {
    config: BreakerConfig,
    refused: Mutex<HashMap<RevocationId, VecDeque<OffsetDateTime>>>,
}

/// A pass that was refused too often.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tripped {
    pub pass: RevocationId,
    pub because: String,
}

impl Breaker {
    pub fn new(config: BreakerConfig) -> Self {
        Self { config, refused: Mutex::default() }
    }

    /// Counts a refusal.
    pub fn refused(&self, record: &Record, now: OffsetDateTime) -> Option<Tripped> {
        let effects = record.outline.as_ref()?.effects.intersection(self.config.effects);
        if !COUNTED.contains(&record.decision) || effects.is_empty() {
            return None;
        }
        let pass = record.lineage.first()?.clone();
        let since = now - self.config.within;
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= MOST {
            refused.retain(|_, times| times.back().is_some_and(|last| *last > since));
        }
        let times = refused.entry(pass.clone()).or_default();
        times.push_back(now);
        while times.front().is_some_and(|first| *first <= since) {
            times.pop_front();
        }
        if times.len() < self.config.denials {
            return None;
        }
        let because = format!(
            "{} requests that {} were refused within {} seconds",
            times.len(),
            effects.iter().map(|effect| format!("`{effect}`")).collect::<Vec<_>>().join(" or "),
            self.config.within.whole_seconds()
        );
        refused.remove(&pass);
        Some(Tripped { pass, because })
    }
}
