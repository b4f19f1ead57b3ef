//! The response stage as Datalog: the facts of an item, and the caveats that are asked of it.
//!
//! Only caveats that speak of items or of the stage can answer otherwise than they did for the request. What an item
//! does not say (its time, its labels) is no missing fact: an alternative that reads it does not hold.

use time::OffsetDateTime;

use crate::caveat::{Caveat, Fact, Query};
use crate::evaluate::{self, EvaluateError, Steps, World};
use crate::facts::{Gather, Stage};
use crate::judge::Question;
use crate::value::Value;
use crate::vocabulary::bit;

use super::Review;

const TIME: u64 = bit("item_time") | bit("item_age");
const LABELS: u64 = bit("item_label");
const OF_ITEMS: u64 = TIME | LABELS | bit("item_count") | bit("item_shows");
/// What judging the items of one answer may cost, all together.
pub(super) const STEPS: u32 = 4_000_000;

/// What may be shown of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Content,
    /// Ids alone: whatever else the answer has of it is taken out.
    Ids,
}

/// One item of an answer.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// None where it does not say.
    pub(super) time: Option<OffsetDateTime>,
    /// None where it does not say; empty where it has none.
    pub(super) labels: Option<Vec<String>>,
    /// How many items the answer has.
    pub(super) count: usize,
    pub(super) shows: Shows,
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

fn reads(query: &Query) -> u64 {
    query.patterns.iter().fold(0, |bits, pattern| bits | pattern.predicate.request_bit())
}

/// The words of which an item says nothing.
fn unknown_words(item: &Item) -> u64 {
    let time = if item.time.is_none() { TIME } else { 0 };
    let labels = if item.labels.is_none() { LABELS } else { 0 };
    time | labels
}

/// The facts of one item.
pub(super) fn item_facts(reads: u64, item: &Item, now: i64) -> Vec<Fact> {
    let mut gather = Gather::new(reads);
    if let Some(time) = item.time {
        let seconds = time.unix_timestamp();
        gather.say_one("item_time", || Value::Date(u64::try_from(seconds).unwrap_or(0)));
        gather.say_one("item_age", || Value::Int(now.saturating_sub(seconds)));
    }
    gather.say_one("item_count", || Value::Int(i64::try_from(item.count).unwrap_or(i64::MAX)));
    gather.say("item_label", || item.labels.iter().flatten().map(|label| vec![Value::str(label.as_str())]));
    gather.say_one("item_shows", || {
        Value::str(match item.shows {
            Shows::Content => "content",
            Shows::Ids => "ids",
        })
    });
    gather.into_facts()
}

/// The facts of the response stage, and the caveats that no alternative settles without looking at an item.
pub(super) fn dependent(question: &Question<'_>) -> (Vec<Fact>, Vec<(usize, usize)>) {
    let facts = question.facts(Stage::Response);
    let authority = question.content.blocks.first().map_or(&[][..], |block| &block.facts);
    let mut caveats = Vec::new();
    for (number, block) in question.content.blocks.iter().enumerate() {
        let own = if number == 0 { &[][..] } else { &block.facts };
        let world = World { facts: [&facts, authority, own] };
        for (place, caveat) in block.caveats.iter().enumerate() {
            if !mentions_answers(caveat.reads()) {
                continue;
            }
            let mut steps = Steps::new(crate::judge::STEPS);
            let settles = |query: &Query| {
                reads(query) & OF_ITEMS == 0
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
        let content = self.pass.content();
        let mut facts = self.facts.clone();
        facts.extend(item_facts(u64::MAX, item, self.now));
        let unknown = unknown_words(item);
        let authority = content.blocks.first().map_or(&[][..], |block| &block.facts);
        for at in &self.caveats {
            let failed = |error| Failed { at: *at, error };
            let own = content.blocks.get(at.0).filter(|_| at.0 > 0).map_or(&[][..], |block| &block.facts);
            let world = World { facts: [&facts, authority, own] };
            let Some(caveat) = self.caveat(*at) else { return Err(failed(None)) };
            let mut holds = false;
            for query in caveat.queries.iter().filter(|query| reads(query) & unknown == 0) {
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
