//! The response stage as Datalog: the facts of an item, and the caveats that are asked about it.
//!
//! Only caveats that mention items or the stage can have another answer here than they had for the request. If an item
//! does not state its time or its labels, an alternative that reads them does not hold. The gap is not a missing fact.
//!
//! - Invariant: A holder cannot use a check to learn what an earlier block redacts
//!   (`a_check_of_a_holder_is_no_way_to_ask_about_what_is_redacted`).

use crate::caveats::flags;
use crate::decision::judge::Question;
use crate::decision::response::review::{CaveatAt, Review};
use crate::engine::caveat::{Caveat, Kind, Query};
use crate::engine::evaluate::{self, EvaluateError, Steps, World};
use crate::engine::ordered::Ordered;
use crate::pass::asks::{COUNT, LABELS, OF_ITEMS, TIME, mentions_answers};
use crate::request::gather::{Gather, Stage};
use crate::request::item::Item;

/// The cost limit for judging all items of one answer together.
pub(super) const STEPS: u32 = 4_000_000;

impl Item {
    /// The words about which the item states nothing.
    pub(crate) fn unsaid(&self) -> u64 {
        let time = if self.time.is_none() { TIME } else { 0 };
        let labels = if self.labels.is_none() { LABELS } else { 0 };
        time | labels
    }
}

/// A caveat that an item does not meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemFailure {
    pub(super) at: CaveatAt,
    pub(super) error: Option<EvaluateError>,
}

/// The facts of one item.
pub(crate) fn item_facts(reads: u64, item: &Item, now: i64) -> Ordered {
    let mut gather = Gather::new(reads);
    for flag in flags::ALL {
        (flag.of_items)(&mut gather, item, now);
    }
    Ordered::of(gather.into_facts())
}

/// The facts of the response stage, and the caveats that depend on an item.
pub(super) fn dependent(question: &Question<'_>) -> (Ordered, Vec<CaveatAt>) {
    let facts = question.facts(Stage::Response);
    let authority = question.content.authority();
    let mut caveats = Vec::new();
    for (number, block) in question.content.blocks.iter().enumerate() {
        let world = World::of(&facts, authority, question.content.own(number));
        for (place, caveat) in block.caveats.iter().enumerate() {
            if !mentions_answers(caveat.reads()) {
                continue;
            }
            let mut steps = Steps::new(crate::decision::judge::STEPS);
            let settles = |query: &Query| {
                query.reads & OF_ITEMS == 0
                    && evaluate::one_holds(caveat.kind, query, world, &mut steps) == Ok(true)
                    && crate::engine::open::is_doubted(query, world, &mut steps) == Ok(false)
            };
            if !caveat.queries.iter().any(settles) {
                caveats.push(CaveatAt { block: number, place });
            }
        }
    }
    (facts, caveats)
}

/// Whether the alternative holds, whatever the unnamed things of the request are.
fn surely(kind: Kind, query: &Query, world: World<'_>, steps: &mut Steps) -> Result<bool, EvaluateError> {
    Ok(evaluate::one_holds(kind, query, world, steps)?
        && !crate::engine::open::is_doubted(query, world, steps)?)
}

impl Review {
    pub(super) fn caveat(&self, at: CaveatAt) -> Option<&Caveat> {
        self.pass.content().blocks.get(at.block)?.caveats.get(at.place)
    }

    /// The first caveat that the item does not meet.
    pub(super) fn judge(&self, item: &Item, steps: &mut Steps) -> Result<(), ItemFailure> {
        self.judge_by(&self.caveats, item, steps)
    }

    /// The first caveat on the number of items that the item does not meet.
    pub(super) fn judge_count(&self, item: &Item, steps: &mut Steps) -> Result<(), ItemFailure> {
        let counts = |at: &CaveatAt| self.caveat(*at).is_some_and(|one| one.reads() & COUNT != 0);
        let caps: Vec<CaveatAt> = self.caveats.iter().copied().filter(counts).collect();
        self.judge_by(&caps, item, steps)
    }

    /// The first caveat on times that the item does not meet.
    pub(super) fn judge_time(&self, item: &Item, steps: &mut Steps) -> Result<(), ItemFailure> {
        let timed: Vec<CaveatAt> = self.caveats.iter().copied().filter(|at| self.reads_time(*at)).collect();
        self.judge_by(&timed, item, steps)
    }

    pub(super) fn reads_time(&self, at: CaveatAt) -> bool {
        self.caveat(at).is_some_and(|one| one.reads() & TIME != 0)
    }

    fn judge_by(&self, caveats: &[CaveatAt], item: &Item, steps: &mut Steps) -> Result<(), ItemFailure> {
        let content = self.pass.content();
        let facts = item_facts(u64::MAX, item, self.now);
        let authority = content.authority();
        for at in caveats {
            let failed = |error| ItemFailure { at: *at, error };
            let world = World::of(&self.facts, authority, content.own(at.block)).and(&facts);
            let Some(caveat) = self.caveat(*at) else { return Err(failed(None)) };
            let unknown = item.unsaid() | self.hidden_from(at.block);
            let mut holds = false;
            for query in caveat.queries.iter().filter(|query| query.reads & unknown == 0) {
                holds = surely(caveat.kind, query, world, steps).map_err(|error| failed(Some(error)))?;
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
