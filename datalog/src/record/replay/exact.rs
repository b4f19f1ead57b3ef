//! The answer of a pass to a request with stored facts: the policy and every caveat over the facts of that moment.
//!
//! Some facts are unknown: those that the deciding pass did not ask for (provenance, look-ups), and those that were not
//! stored. A caveat that depends on one leaves the answer open. Budgets and the end of the pass are ignored.

use crate::catalog::Operation;
use crate::caveats::explain;
use crate::caveats::provenance::strangers;
use crate::decision::response;
use crate::engine::caveat::{Caveat, Fact, Kind, Pattern, Query};
use crate::engine::evaluate::{self, Steps, World};
use crate::engine::ordered::{NONE, Ordered};
use crate::mint::can::{self, Outlook};
use crate::pass::policy::Rule;
use crate::record::replay::{Replay, Replayed, Verdict, denied, is_aside, untold};
use crate::record::stored_facts::{Lack, ProvenanceFacts, StoredFacts, UnnamedFacts};
use crate::request::gather::{Gather, word};
use crate::words::value::Value;
use crate::words::vocabulary::bit;

const STEPS: u32 = 200_000;
/// Facts of the deciding pass, not of the request.
const OF_THE_PASS: u64 =
    bit("used") | bit("cost") | bit("approved") | bit("clock") | bit("unseen_count") | bit("uncreated_count");
const PROVENANCE: u64 = bit("seen") | bit("created") | bit("unseen_count") | bit("uncreated_count");
const ARGUMENTS: u64 = bit("arg_name")
    | bit("arg_count")
    | bit("arg")
    | bit("arg_int")
    | bit("arg_bool")
    | bit("arg_type")
    | bit("request_digest");

/// Whether the request is judged as approved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AsApproved {
    None,
    Given,
}

/// What stands against a request, and what is unknown.
#[derive(Default)]
struct Against {
    against: Option<String>,
    open: Vec<String>,
}

/// What is known about one caveat.
enum CaveatHolds {
    Yes,
    No(String),
    Open,
}

impl Replay<'_> {
    pub(super) fn exactly(&self, operation: &Operation, kept: &StoredFacts) -> Replayed {
        let first = self.standing(kept, AsApproved::None);
        let Some(because) = first.against else {
            return if first.open.is_empty() { self.answered(operation, kept) } else { untold(first.open) };
        };
        if !self.content.asks() {
            return denied(because);
        }
        let second = self.standing(kept, AsApproved::Given);
        match second.against {
            Some(because) => denied(because),
            None if second.open.is_empty() => Replayed { verdict: Verdict::Ask, because: vec![because] },
            None => untold(second.open),
        }
    }

    fn standing(&self, kept: &StoredFacts, approval: AsApproved) -> Against {
        let facts = Ordered::of(self.facts(kept, approval));
        let authority = self.content.authority();
        let mut steps = Steps::new(STEPS);
        let rule = self.policy.apply(World::of(&facts, authority, &NONE), &mut steps);
        let mut standing = Against { against: self.against(kept, rule.ok()), open: Vec::new() };
        if standing.against.is_some() {
            return standing;
        }
        let untold = Unknown::of(kept, self.authority_reads());
        for (number, block) in self.content.blocks.iter().enumerate() {
            let world = World::of(&facts, authority, self.content.own(number));
            for caveat in block.caveats.iter().filter(|caveat| !is_aside(caveat)) {
                match untold.held(number, caveat, world, &mut steps) {
                    CaveatHolds::Yes => {}
                    CaveatHolds::No(because) => return Against { against: Some(because), open: Vec::new() },
                    CaveatHolds::Open => standing.open.push(explain::caveat(caveat)),
                }
            }
        }
        standing
    }

    fn against(&self, kept: &StoredFacts, rule: Option<Rule>) -> Option<String> {
        let operation = kept.first("operation").and_then(Value::as_str).unwrap_or_default();
        if kept.first("effect").is_none() {
            return Some(format!("`{operation}` has no effects that are known"));
        }
        match rule {
            Some(Rule::Allowed | Rule::Approved) => None,
            Some(Rule::Denied) => Some(format!("the pass denies `{operation}`")),
            Some(Rule::Asked) => Some(format!("the pass asks a person before `{operation}`")),
            Some(Rule::Uncovered) => Some(format!("nothing in the pass covers `{operation}`")),
            None => Some(format!("the grants cannot be evaluated for `{operation}`")),
        }
    }

    /// The facts of that moment, as this pass would have had them.
    fn facts(&self, kept: &StoredFacts, approval: AsApproved) -> Vec<Fact> {
        let of_the_request = |fact: &&Fact| fact.predicate.request_bit() & OF_THE_PASS == 0;
        let mut gather = Gather::new(u64::MAX);
        if let (AsApproved::Given, Some(digest)) = (approval, kept.first("request_digest")) {
            gather.say_one(word!("approved"), || digest.clone());
        }
        if let Some(Value::Date(seconds)) = kept.first("time") {
            let now = crate::pass::verify::moment(*seconds);
            gather.say(word!("clock"), || {
                self.content.zones.iter().filter_map(move |zone| {
                    let (day, minute) = zone.local(now)?;
                    Some(vec![Value::str(zone.name.clone()), Value::word(day), Value::Int(minute)])
                })
            });
        }
        if kept.provenance == ProvenanceFacts::Known {
            for (word, counted) in [("seen", word!("unseen_count")), ("created", word!("uncreated_count"))] {
                gather.say(counted, || strangers(&kept.facts, word, &self.content.kinds));
            }
        }
        let mut facts = gather.into_facts();
        facts.extend(kept.facts.iter().filter(of_the_request).cloned());
        facts
    }

    /// The result for an allowed request: whether its answer could be judged, and by what.
    fn answered(&self, operation: &Operation, kept: &StoredFacts) -> Replayed {
        let mut facts = self.facts(kept, AsApproved::None);
        for fact in facts.iter_mut().filter(|fact| &*fact.name == "stage") {
            fact.terms = [Value::word("response")].into();
        }
        let (facts, authority) = (Ordered::of(facts), self.content.authority());
        let (mut steps, mut because) = (Steps::new(STEPS), Vec::new());
        for (number, block) in self.content.blocks.iter().enumerate() {
            let world = World::of(&facts, authority, self.content.own(number));
            for caveat in block.caveats.iter().filter(|one| response::mentions_answers(one.reads())) {
                match can::of_answers(caveat, operation, world, &mut steps, !response::of_items()) {
                    Outlook::Holds | Outlook::Asks => {}
                    Outlook::Depends => because.push(format!("of its answer: {}", explain::caveat(caveat))),
                    Outlook::Fails => return denied(explain::caveat(caveat)),
                }
            }
        }
        Replayed { verdict: Verdict::Allow, because }
    }

    fn authority_reads(&self) -> u64 {
        let caveats = self.content.blocks.first().map_or(&[][..], |block| &block.caveats);
        caveats.iter().fold(0, |bits, caveat| bits | caveat.reads())
    }
}

/// What is unknown about a request.
struct Unknown<'a> {
    kept: &'a StoredFacts,
    /// Words that the request does not tell. A pass that reads them denies the request.
    unreadable: u64,
    /// Words that every reader would have looked up.
    unfound: u64,
    /// Words that have no facts here.
    absent: u64,
    /// Words that were looked up. A holder's block alone may not read them.
    looked_up: u64,
}

impl<'a> Unknown<'a> {
    fn of(kept: &'a StoredFacts, authority_reads: u64) -> Self {
        let lack = |which: &dyn Fn(Lack) -> bool| {
            kept.untold.iter().filter(|one| which(one.lack)).fold(0, |bits, one| bits | one.words)
        };
        let provenance = if kept.provenance == ProvenanceFacts::Known { 0 } else { PROVENANCE };
        // If a draft was looked up, its content is among the arguments; for another pass it may not have been.
        let arguments = if kept.draft { ARGUMENTS } else { 0 };
        let unnamed = if kept.unnamed == UnnamedFacts::Known { 0 } else { bit("unnamed") };
        Self {
            kept,
            unreadable: lack(&|lack| lack == Lack::Unreadable),
            unfound: lack(&|lack| lack != Lack::Unreadable),
            absent: bit("used") | bit("cost") | provenance | arguments | unnamed,
            looked_up: kept.looked_up & !authority_reads,
        }
    }

    fn held(&self, block: usize, caveat: &Caveat, world: World<'_>, steps: &mut Steps) -> CaveatHolds {
        let reads = caveat.reads();
        if let Some(one) = self.kept.untold.iter().find(|one| one.words & reads & self.unreadable != 0) {
            return CaveatHolds::No(format!("{}: {}", explain::caveat(caveat), one.because));
        }
        if reads & self.unfound != 0 || (block > 0 && reads & self.looked_up != 0) {
            return CaveatHolds::Open;
        }
        let unnamed = self.absent & bit("unnamed") != 0;
        let depends = |query: &Query| {
            query.patterns.iter().any(|pattern| self.is_absent(pattern))
                || (unnamed && !query.doubts.is_empty())
        };
        let open = caveat.queries.iter().any(depends);
        if caveat.kind != Kind::One && open {
            return CaveatHolds::Open;
        }
        for query in caveat.queries.iter().filter(|query| !depends(query)) {
            let held = evaluate::one_holds(caveat.kind, query, world, steps)
                .and_then(|holds| Ok(holds && !crate::engine::open::is_doubted(query, world, steps)?));
            match held {
                Ok(true) => return CaveatHolds::Yes,
                Ok(false) => {}
                Err(error) => return CaveatHolds::No(format!("{}: {error}", explain::caveat(caveat))),
            }
        }
        if open { CaveatHolds::Open } else { CaveatHolds::No(explain::caveat(caveat)) }
    }

    fn is_absent(&self, pattern: &Pattern) -> bool {
        pattern.predicate.request_bit() & self.absent != 0 || self.kept.lacks(pattern)
    }
}
