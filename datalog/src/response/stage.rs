//! The response stage as Datalog: the facts of an item, and the caveats that are asked of it.
//!
//! Only caveats that speak of items or of the stage can answer otherwise than they did for the request. What an item
//! does not say (its time, its labels) is no missing fact: an alternative that reads it does not hold.

use time::OffsetDateTime;

use crate::caveat::{Caveat, Query};
use crate::evaluate::{self, EvaluateError, Steps, World};
use crate::facts::{Gather, Stage, word};
use crate::judge::Question;
use crate::ordered::Ordered;
use crate::value::Value;
use crate::vocabulary::bit;

use super::Review;

pub(super) const TIME: u64 = bit("item_time") | bit("item_age");
pub(super) const LABELS: u64 = bit("item_label");
pub(super) const COUNT: u64 = bit("item_count");
const OF_ITEMS: u64 = TIME | LABELS | COUNT | bit("item_shows");
/// What judging the items of one answer may cost, all together.
pub(super) const STEPS: u32 = 4_000_000;

/// What may be shown of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    Content,
    /// Ids alone: whatever else the answer has of it is taken out.
    Ids,
}

/// One item of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// None where it does not say.
    pub time: Option<OffsetDateTime>,
    /// None where it does not say; empty where it has none.
    pub labels: Option<Vec<String>>,
    /// How many items the answer has.
    pub count: usize,
    pub shows: Shows,
}

impl Item {
    /// The item where nothing but its ids is shown: it says nothing else.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { time: None, labels: None, shows: Shows::Ids, ..*self }
    }

    /// The words of which it says nothing.
    pub(crate) fn unsaid(&self) -> u64 {
        let time = if self.time.is_none() { TIME } else { 0 };
        let labels = if self.labels.is_none() { LABELS } else { 0 };
        time | labels
    }
}

/// A caveat that an item does not meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    pub(super) at: (usize, usize),
    pub(super) error: Option<EvaluateError>,
}

/// Whether anything of what is read can be answered otherwise for an answer than for its request.
pub(crate) fn mentions_answers(reads: u64) -> bool {
    reads & (OF_ITEMS | bit("stage")) != 0
}

/// The words that only an item of an answer has facts of.
pub(crate) fn of_items() -> u64 {
    OF_ITEMS
}

/// The facts of one item.
pub(crate) fn item_facts(reads: u64, item: &Item, now: i64) -> Ordered {
    let mut gather = Gather::new(reads);
    if let Some(time) = item.time {
        let seconds = time.unix_timestamp();
        gather.say_one(word!("item_time"), || Value::Date(u64::try_from(seconds).unwrap_or(0)));
        gather.say_one(word!("item_age"), || Value::Int(now.saturating_sub(seconds)));
    }
    gather.say_one(word!("item_count"), || Value::Int(i64::try_from(item.count).unwrap_or(i64::MAX)));
    gather
        .say(word!("item_label"), || item.labels.iter().flatten().map(|label| [Value::str(label.as_str())]));
    gather.say_one(word!("item_shows"), || {
        Value::word(match item.shows {
            Shows::Content => "content",
            Shows::Ids => "ids",
        })
    });
    Ordered::of(gather.into_facts())
}

/// The facts of the response stage, and the caveats that no alternative settles without looking at an item.
pub(super) fn dependent(question: &Question<'_>) -> (Ordered, Vec<(usize, usize)>) {
    let facts = question.facts(Stage::Response);
    let authority = question.content.authority();
    let mut caveats = Vec::new();
    for (number, block) in question.content.blocks.iter().enumerate() {
        let world = World::of(&facts, authority, question.content.own(number));
        for (place, caveat) in block.caveats.iter().enumerate() {
            if !mentions_answers(caveat.reads()) {
                continue;
            }
            let mut steps = Steps::new(crate::judge::STEPS);
            let settles = |query: &Query| {
                query.reads & OF_ITEMS == 0
                    && evaluate::one_holds(caveat.kind, query, world, &mut steps) == Ok(true)
            };
            if !caveat.queries.iter().any(settles) {
                caveats.push((number, place));
            }
        }
    }
    (facts, caveats)
}

impl Review {
    pub(super) fn caveat(&self, (block, place): (usize, usize)) -> Option<&Caveat> {
        self.pass.content().blocks.get(block)?.caveats.get(place)
    }

    /// The first caveat that the item does not meet.
    pub(super) fn judge(&self, item: &Item, steps: &mut Steps) -> Result<(), Failed> {
        self.judge_by(&self.caveats, item, steps)
    }

    /// The first of the caveats on how many items there are that the item does not meet.
    pub(super) fn judge_count(&self, item: &Item, steps: &mut Steps) -> Result<(), Failed> {
        let counts = |at: &(usize, usize)| self.caveat(*at).is_some_and(|one| one.reads() & COUNT != 0);
        let caps: Vec<(usize, usize)> = self.caveats.iter().copied().filter(counts).collect();
        self.judge_by(&caps, item, steps)
    }

    fn judge_by(&self, caveats: &[(usize, usize)], item: &Item, steps: &mut Steps) -> Result<(), Failed> {
        let content = self.pass.content();
        let facts = item_facts(u64::MAX, item, self.now);
        let authority = content.authority();
        for at in caveats {
            let failed = |error| Failed { at: *at, error };
            let world = World::of(&self.facts, authority, content.own(at.0)).and(&facts);
            let Some(caveat) = self.caveat(*at) else { return Err(failed(None)) };
            let unknown = item.unsaid() | self.hidden_from(at.0);
            let mut holds = false;
            for query in caveat.queries.iter().filter(|query| query.reads & unknown == 0) {
                holds = evaluate::one_holds(caveat.kind, query, world, steps)
                    .map_err(|error| failed(Some(error)))?;
                if holds {
                    break;
                }
            }
            if !holds {
                return Err(failed(None));
            }
        }
        Ok(())
    }
}
