//! What a pass could ever do: every operation of its connections, allowed, asked or denied.
//!
//! Worked out without a request: a caveat that depends on one (arguments, budgets, time) is listed as a
//! condition. Nothing here permits anything, and no signature is checked.

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;

use crate::budget;
use crate::catalog::{Operation, Service, Showing};
use crate::caveat::{Caveat, Fact, Kind, Predicate, Query};
use crate::content::{Connected, Content};
use crate::decide::{Context, Ground, Reason};
use crate::effect::Effects;
use crate::evaluate::{self, Steps, World};
use crate::explain;
use crate::facts::{Stage, operation_facts};
use crate::judge::{Answered, Question};
use crate::lookup::Observed;
use crate::ordered::{NONE, Ordered};
use crate::policy::{Policy, Rule};
use crate::possible;
use crate::request::{LateDigest, Request};
use crate::response;
use crate::value::{Text, Value};

/// The best answer that an operation could get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Possible {
    Allow,
    Ask,
    Deny,
}

/// One operation of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub connection: String,
    pub operation: String,
    pub effects: Effects,
    pub possible: Possible,
    /// What else has to hold, in words, where it depends on the request.
    pub conditions: Vec<String>,
}

const STEPS: u32 = 50_000;

/// The table of every operation, in the order of the pass's connections and the catalog.
pub fn table(content: &Content, services: &[Arc<Service>]) -> Vec<Row> {
    let policy = Policy::compile().unwrap_or_default();
    let mut rows = Vec::new();
    for connected in &content.connections {
        let Some(service) = services.iter().find(|service| service.name == connected.service) else {
            continue;
        };
        for operation in &service.operations {
            rows.push(row(content, &policy, connected, operation));
        }
    }
    rows
}

fn row(content: &Content, policy: &Policy, connected: &Connected, operation: &Operation) -> Row {
    let full = row_with(content, policy, connected, operation, operation.effects);
    let brought: Effects = operation.conditions.iter().flat_map(|one| one.effects.iter()).collect();
    let least: Effects = operation.effects.iter().filter(|effect| !brought.contains(*effect)).collect();
    if full.possible != Possible::Deny || least.is_empty() || least == operation.effects {
        return full;
    }
    // Denied with the arguments that bring about the most: without them it may be another answer.
    let mut row = row_with(content, policy, connected, operation, least);
    if row.possible != Possible::Deny {
        row.conditions.push(format!("no arguments that make it {brought}"));
    }
    row
}

fn row_with(
    content: &Content,
    policy: &Policy,
    connected: &Connected,
    operation: &Operation,
    effects: Effects,
) -> Row {
    let facts = operation_facts(connected, operation, effects, Stage::Request);
    let authority = content.authority();
    let mut steps = Steps::new(STEPS);
    let rule = policy.apply(World::of(&facts, authority, &NONE), &mut steps);
    let mut possible = match rule {
        Ok(Rule::Allowed) if !effects.is_empty() => Possible::Allow,
        Ok(Rule::Asked) if !effects.is_empty() => asked(policy, &facts, authority, &mut steps),
        _ => Possible::Deny,
    };
    let mut conditions = Vec::new();
    let known = operation_bits();
    for (number, block) in content.blocks.iter().enumerate() {
        for caveat in &block.caveats {
            let own = content.own(number);
            let world = World::of(&facts, authority, own);
            let Some(left) = possible::left(caveat, operation, world, &mut steps, known) else { continue };
            let outlook = match outlook(&left, world, &mut steps, known) {
                Outlook::Holds if response::mentions_answers(caveat.reads()) => {
                    let facts = operation_facts(connected, operation, effects, Stage::Response);
                    of_answers(caveat, operation, World::of(&facts, authority, own), &mut steps, known)
                }
                outlook => outlook,
            };
            match outlook {
                Outlook::Holds => {}
                Outlook::Depends => conditions.push(explain::caveat(caveat)),
                Outlook::Asks => possible = possible.max(Possible::Ask),
                Outlook::Fails => possible = Possible::Deny,
            }
        }
    }
    if possible == Possible::Deny {
        conditions.clear();
    }
    Row {
        connection: connected.name.to_string(),
        operation: operation.id.to_string(),
        effects: operation.effects,
        possible,
        conditions,
    }
}

/// Whether an approval would carry what the policy asks about.
pub(crate) fn asked(policy: &Policy, facts: &[Fact], authority: &Ordered, steps: &mut Steps) -> Possible {
    let mut with = facts.to_vec();
    for name in ["request_digest", "approved"] {
        if let Some(predicate) = Predicate::of(name) {
            let terms = [Value::word("")].into();
            with.push(Fact { predicate, name: Text::Word(name), terms });
        }
    }
    match policy.apply(World::of(&Ordered::of(with), authority, &NONE), steps) {
        Ok(Rule::Approved) => Possible::Ask,
        _ => Possible::Deny,
    }
}

pub(crate) enum Outlook {
    Holds,
    Depends,
    Asks,
    Fails,
}

/// What can be said of a caveat where only the words in `known` have all their facts.
pub(crate) fn outlook(caveat: &Caveat, world: World<'_>, steps: &mut Steps, known: u64) -> Outlook {
    let depends = |query: &Query| query.patterns.iter().any(|p| p.predicate.request_bit() & !known != 0);
    let asks = |query: &Query| query.patterns.iter().any(|pattern| &*pattern.name == "approved");
    if caveat.kind != Kind::One && caveat.queries.iter().any(depends) {
        return Outlook::Depends;
    }
    let mut best = Outlook::Fails;
    for query in &caveat.queries {
        let one = Caveat { kind: caveat.kind, queries: vec![query.clone()] };
        if asks(query) {
            best = if matches!(best, Outlook::Fails) { Outlook::Asks } else { best };
        } else if depends(query) {
            best = Outlook::Depends;
        } else if evaluate::holds(&one, world, steps) == Ok(true) {
            return Outlook::Holds;
        }
    }
    best
}

/// What can be said of a caveat on answers that a request meets.
pub(crate) fn of_answers(
    caveat: &Caveat,
    operation: &Operation,
    world: World<'_>,
    steps: &mut Steps,
    known: u64,
) -> Outlook {
    match (outlook(caveat, world, steps, known), operation.answer.as_ref().map(|rule| rule.shows)) {
        (Outlook::Holds, _) | (_, Some(Showing::Nothing)) => Outlook::Holds,
        (_, Some(Showing::Items)) => Outlook::Depends,
        (_, Some(Showing::Untold) | None) => Outlook::Fails,
    }
}

/// The words that the operation and the connection alone decide.
pub(crate) fn operation_bits() -> u64 {
    let words =
        ["connection", "account", "service", "operation", "effect", "effects", "method", "host", "stage"];
    words.into_iter().filter_map(Predicate::of).fold(0, |bits, predicate| bits | predicate.request_bit())
}

/// What one request would be answered, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Would {
    pub decision: Possible,
    pub reasons: Vec<Reason>,
}

/// Puts one request to a pass whose signature nobody checked, as if nothing had been used or approved yet.
pub fn would(content: &Content, request: &Request, now: OffsetDateTime) -> Would {
    let policy = Policy::compile().unwrap_or_default();
    let limits: Vec<_> = content.limits.iter().filter(|limit| limit.target.means(request)).collect();
    let claims = budget::claims(&limits, request, &Observed::default(), now).known;
    let context = Context::default();
    let digest = &LateDigest::of(request);
    let question =
        Question { content, policy: &policy, request, digest, context: &context, claims: &claims, now };
    let (answer, reasons) = question.answer(content.asks());
    let decision = match answer {
        Answered::Allow => Possible::Allow,
        Answered::No(Ground::Ask) => Possible::Ask,
        Answered::No(_) => Possible::Deny,
    };
    Would { decision, reasons }
}
