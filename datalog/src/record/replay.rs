//! How a pass would have answered a recorded request.
//!
//! If the facts of the decision are stored, they give the answer (`exact`). Otherwise the log has no argument value and
//! no address, so there are four answers: allow, ask, deny, and "the record does not tell". The end of the pass and its
//! budgets are ignored, because another pass was in force then. Nothing here permits anything, and no signature is
//! checked.
//!
//! - Invariant: A replay says no more than the record tells. With stored facts it says what the pass would have
//!   answered (`a_replay_never_says_more_than_the_request_would_have_been_answered`,
//!   `by_kept_facts_a_pass_answers_as_it_would_have_and_its_own_always`).

mod exact;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::catalog::{Operation, Service};
use crate::caveats::explain;
use crate::decision::facts::operation_facts;
use crate::decision::response;
use crate::engine::caveat::{Caveat, Fact, Predicate};
use crate::engine::evaluate::{Steps, World};
use crate::engine::ordered::{NONE, Ordered};
use crate::mint::can::{self, Outlook, Possible};
use crate::pass::content::{Connected, Content};
use crate::pass::policy::{Policy, Rule};
use crate::record::stored_facts::StoredFacts;
use crate::request::gather::{Gather, Stage, word};
use crate::request::summary::{Extent, RequestSummary};
use crate::words::effect::Effect;
use crate::words::value::Value;

/// A request as its record describes it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    pub connection: &'a str,
    pub operation: &'a str,
    /// None for a record that was made before outlines were kept.
    pub outline: Option<&'a RequestSummary>,
    /// The facts of its decision, where they are kept.
    pub kept: Option<&'a StoredFacts>,
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Allow,
    Ask,
    Deny,
    /// It depends on something that the record does not hold.
    Untold,
}

/// The answer, and in words what stands against the request or is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    pub verdict: Verdict,
    pub because: Vec<String>,
}

const STEPS: u32 = 50_000;

/// Asks one pass about recorded requests.
pub struct Replay<'a> {
    content: &'a Content,
    services: &'a [Arc<Service>],
    policy: Policy,
}

impl<'a> Replay<'a> {
    pub fn of(content: &'a Content, services: &'a [Arc<Service>]) -> Self {
        Self { content, services, policy: Policy::compile().unwrap_or_default() }
    }

    pub fn answer(&self, recorded: &Recorded<'_>) -> Replayed {
        let Some(connected) = self.connected(recorded) else {
            return denied(format!("the pass is for no such account on `{}`", recorded.connection));
        };
        let service = self.services.iter().find(|service| service.name == connected.service);
        let operation = service.and_then(|service| {
            service.operations.iter().find(|operation| operation.id.as_str() == recorded.operation)
        });
        match (operation, recorded.kept) {
            (Some(operation), Some(kept)) => self.exactly(operation, kept),
            (Some(operation), None) => self.judge(connected, operation, recorded),
            (None, _) => untold(vec![format!("the catalog does not have `{}` any more", recorded.operation)]),
        }
    }

    fn connected(&self, recorded: &Recorded<'_>) -> Option<&'a Connected> {
        let is_account =
            |one: &Connected| recorded.outline.is_none_or(|outline| outline.account == one.account.as_str());
        let all = self.content.connections.iter();
        all.into_iter().find(|one| one.name.as_str() == recorded.connection && is_account(one))
    }

    fn judge(&self, connected: &Connected, operation: &Operation, recorded: &Recorded<'_>) -> Replayed {
        let effects = recorded.outline.map_or(operation.effects, |outline| outline.effects);
        let own = self.told(operation, recorded);
        let facts = |stage| {
            let mut facts = operation_facts(connected, operation, effects, stage).to_vec();
            facts.extend(own.iter().cloned());
            Ordered::of(facts)
        };
        let (request, response) = (facts(Stage::Request), facts(Stage::Response));
        let known = can::operation_bits() | known(operation, recorded);
        let authority = self.content.authority();
        let mut steps = Steps::new(STEPS);
        let mut verdict = match self.policy.apply(World::of(&request, authority, &NONE), &mut steps) {
            Ok(Rule::Allowed) if !effects.is_empty() => Verdict::Allow,
            Ok(Rule::Asked) if can::asked(&self.policy, &request, authority, &mut steps) == Possible::Ask => {
                Verdict::Ask
            }
            Ok(Rule::Denied) => return denied(format!("the pass denies `{}`", operation.id)),
            Ok(_) => return denied(format!("nothing in the pass covers `{}` ({effects})", operation.id)),
            Err(error) => return denied(error.to_string()),
        };
        let mut open = Vec::new();
        for (number, block) in self.content.blocks.iter().enumerate() {
            for caveat in block.caveats.iter().filter(|caveat| !is_aside(caveat)) {
                let world = |facts| World::of(facts, authority, self.content.own(number));
                let outlook = match can::outlook(caveat, world(&request), &mut steps, known) {
                    Outlook::Holds if response::mentions_answers(caveat.reads()) => {
                        can::of_answers(caveat, operation, world(&response), &mut steps, known)
                    }
                    outlook => outlook,
                };
                match outlook {
                    Outlook::Holds => {}
                    Outlook::Depends => open.push(explain::caveat(caveat)),
                    Outlook::Asks => verdict = verdict.max(Verdict::Ask),
                    Outlook::Fails => return denied(explain::caveat(caveat)),
                }
            }
        }
        if open.is_empty() { Replayed { verdict, because: Vec::new() } } else { untold(open) }
    }

    /// What the record tells beside the operation.
    fn told(&self, operation: &Operation, recorded: &Recorded<'_>) -> Vec<Fact> {
        let mut gather = Gather::new(u64::MAX);
        gather.say(word!("clock"), || {
            self.content.zones.iter().filter_map(|zone| {
                let (day, minute) = zone.local(recorded.at)?;
                Some(vec![Value::str(zone.name.clone()), Value::word(day), Value::Int(minute)])
            })
        });
        if let Some(outline) = recorded.outline {
            let pair =
                |(left, right): &(String, String)| [Value::str(left.as_str()), Value::str(right.as_str())];
            gather.say(word!("resource"), || outline.resources.iter().map(pair));
            gather.say(word!("unnamed"), || {
                let others = outline.unnamed.iter().flatten();
                let kinds = others.clone().chain(&outline.resources).map(|(kind, _)| kind.as_str());
                let kinds: BTreeSet<&str> = kinds.collect();
                let silent = operation.touched.iter().filter(|kind| !kinds.contains(&***kind));
                let silent: Vec<_> = silent.map(|kind| [Value::str(kind.clone()), Value::word("")]).collect();
                others.map(pair).chain(silent).collect::<Vec<_>>()
            });
            gather.say(word!("arg_type"), || outline.arguments.iter().map(pair));
            gather.say(word!("arg_name"), || {
                outline.arguments.iter().map(|(name, _)| [Value::str(name.as_str())])
            });
        }
        if reaches_nobody(operation, recorded) {
            gather.say_one(word!("recipient_count"), || Value::Int(0));
        }
        gather.into_facts()
    }
}

/// The words whose facts the record holds completely.
fn known(operation: &Operation, recorded: &Recorded<'_>) -> u64 {
    let whole = recorded.outline.is_some_and(|outline| outline.extent == Extent::Whole);
    let outlined = if whole { &["resource", "arg_name", "arg_type"][..] } else { &[] };
    let says = recorded.outline.is_some_and(|outline| outline.unnamed.is_some());
    let unnamed = if whole && says { &["unnamed"][..] } else { &[] };
    let reached = if reaches_nobody(operation, recorded) { &REACHED[..] } else { &[] };
    bits(outlined) | bits(unnamed) | bits(reached) | bits(&["clock"])
}

const REACHED: [&str; 3] = ["recipient", "recipient_domain", "recipient_count"];

/// Whether the request certainly reaches nobody, because it only reads.
fn reaches_nobody(operation: &Operation, recorded: &Recorded<'_>) -> bool {
    let only_reads = |outline: &RequestSummary| outline.effects.iter().all(|effect| effect == Effect::Read);
    operation.decode.is_empty() && operation.looks.is_empty() && recorded.outline.is_some_and(only_reads)
}

/// Whether a caveat is only about time and budgets.
fn is_aside(caveat: &Caveat) -> bool {
    let aside = bits(&["time", "used", "cost"]);
    caveat.reads() & aside != 0 && caveat.reads() & !(aside | can::operation_bits()) == 0
}

fn bits(words: &[&'static str]) -> u64 {
    words.iter().filter_map(|word| Predicate::of(word)).fold(0, |bits, one| bits | one.request_bit())
}

fn denied(because: String) -> Replayed {
    Replayed { verdict: Verdict::Deny, because: vec![because] }
}

fn untold(because: Vec<String>) -> Replayed {
    Replayed { verdict: Verdict::Untold, because }
}
