//! The response stage: what a pass asks of an answer, and what becomes of an answer that it is asked of.
//!
//! A pass's caveats are judged twice: over the request, and again over each item of its answer, with the same facts
//! and those of the item. Pure: it reads and writes no bytes, and nothing here permits a request.

mod items;
mod redact;
mod shown;
mod stage;

use std::sync::Arc;

use crate::catalog::{Path, Showing};
use crate::decide::{Ground, LiftableBy, Reason};
use crate::json::Json;
use crate::judge::Question;
use crate::ordered::Ordered;
use crate::request::{Request, Resource};
use crate::verify::VerifiedPass;

pub use items::items;
pub use redact::Redaction;
pub(crate) use redact::{hidden, redactions};
pub use stage::{Item, Shows};
pub(crate) use stage::{item_facts, mentions_answers, of_items};

/// What a pass asks of the answer to one request that it allowed.
#[derive(Debug)]
pub struct Review {
    pass: Arc<VerifiedPass>,
    /// The request's own facts, as the response stage has them.
    facts: Ordered,
    /// The caveats whose answer depends on items: block and place in it.
    caveats: Vec<(usize, usize)>,
    redactions: Vec<Path>,
    /// The words whose fields are emptied by what stands before each block, and by the whole pass at the end.
    hidden: Vec<u64>,
    remembers: bool,
    /// Seconds since 1970, as the request was judged.
    now: i64,
}

/// An answer as it may be passed on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    pub answer: Json,
    /// How many items were withheld, wholly or in part.
    pub withheld: usize,
    /// Whether it is another answer than the one that came.
    pub changed: bool,
    pub revealed: Revealed,
}

/// The ids in an answer; what was withheld shows none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revealed {
    pub seen: Vec<Resource>,
    /// Of those seen, what the request created.
    pub created: Vec<Resource>,
}

/// An answer that may not be passed on at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    pub ground: Ground,
    pub reason: Box<Reason>,
}

impl Review {
    /// What the pass asks, or why no answer to this request could be judged; none where it asks nothing.
    pub(crate) fn of(pass: &Arc<VerifiedPass>, question: &Question<'_>) -> Result<Option<Self>, Unfit> {
        let (content, request) = (question.content, question.request);
        let (facts, mut caveats) =
            if content.asks_answers { stage::dependent(question) } else { Default::default() };
        let redactions = redact::on(&content.redactions, request);
        let rule = request.operation.answer.as_deref();
        let remembers = content.asks_provenance && rule.is_some_and(|rule| !rule.shown.is_empty());
        let mut review = Self {
            pass: pass.clone(),
            facts,
            caveats: Vec::new(),
            hidden: redact::hidden(content, request),
            redactions,
            remembers,
            now: question.now.unix_timestamp(),
        };
        let shows = rule.map_or(Showing::Untold, |rule| rule.shows);
        if shows == Showing::Nothing {
            caveats.clear();
        }
        review.caveats = caveats;
        if shows == Showing::Untold && !review.caveats.is_empty() {
            let got = format!("`{}`, of whose answers nobody can tell", request.operation.id);
            return Err(review.unreadable(&got));
        }
        if review.judges() && request.headers.iter().any(|(name, _)| **name == *"range") {
            return Err(review.unreadable("a request for a part of one (`Range`)"));
        }
        Ok((review.judges() || remembers).then_some(review))
    }

    /// Whether the answer has to be read before anything of it is passed on.
    pub fn judges(&self) -> bool {
        !self.caveats.is_empty() || !self.redactions.is_empty()
    }

    /// Reads an answer of a request that succeeded, and takes out of it what the pass does not show.
    pub fn apply(&self, request: &Request, answer: Json) -> Result<Reviewed, Unfit> {
        let mut reviewed = Reviewed { answer, withheld: 0, changed: false, revealed: Revealed::default() };
        let rule = request.operation.answer.as_deref();
        if let Some(rule) = rule.filter(|_| !self.caveats.is_empty()) {
            items::judge(self, rule, request, &mut reviewed)?;
        }
        if !self.redactions.is_empty() {
            let places = redact::apply(&self.redactions, request, &mut reviewed.answer);
            reviewed.changed |= places > 0;
        }
        if let Some(rule) = rule.filter(|_| self.remembers) {
            reviewed.revealed = shown::ids(rule, request, &reviewed.answer);
        }
        Ok(reviewed)
    }

    /// What a block may not ask of items: a check by a holder is no way to ask about what was redacted before it.
    fn hidden_from(&self, block: usize) -> u64 {
        self.hidden.get(block).copied().unwrap_or(u64::MAX)
    }

    /// What no reason tells of items.
    fn hidden(&self) -> u64 {
        self.hidden.last().copied().unwrap_or(u64::MAX)
    }

    /// Why an answer that cannot be read is not passed on.
    pub fn unreadable(&self, got: &str) -> Unfit {
        let caveat = self.caveats.first().and_then(|at| self.caveat(*at));
        Unfit {
            ground: Ground::Unevaluable,
            reason: Box::new(Reason {
                block: self.caveats.first().map(|(block, _)| *block),
                caveat: caveat.map(ToString::to_string).unwrap_or_default(),
                expected: "a whole answer in JSON whose items the pass can be held against".into(),
                got: got.to_owned(),
                kept: None,
                liftable_by: LiftableBy::Parent,
            }),
        }
    }
}
