//! The circuit breaker: stops a pass that is refused too often for destructive requests, until a person looks.
//!
//! It counts refusals where every gateway writes them. A pass counts together with every pass attenuated from it, so a
//! holder cannot escape by making a child. It decides no request.
//!
//! - Invariant: An agent that forgets its instructions deletes no mail: a person or the breaker stops it
//!   (`an_agent_that_forgot_its_instructions_is_stopped_where_nobody_looks_and_deletes_nothing`,
//!   `an_agent_that_forgot_its_instructions_is_stopped_by_a_person_and_deletes_nothing`).
//! - Invariant: The breaker stops a pass that is refused too often, and a restart does not end that
//!   (`a_pass_that_is_refused_too_often_is_stopped_until_a_person_resumes_it`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use datalog::RevocationId;
use time::OffsetDateTime;
use verifier::ports::Record;

use crate::config::types::BreakerConfig;

/// Refusals that count: the pass or a person said no, and the request's form was right.
const COUNTED: [&str; 4] = ["approval-denied", "denied", "unevaluable", "budget-exhausted"];
/// The most passes that are counted at one time.
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
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Self { config, refused: Mutex::default() }
    }

    /// Counts a refusal. Returns the pass if it was refused too often.
    pub(crate) fn refused(&self, record: &Record, now: OffsetDateTime) -> Option<Tripped> {
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
