//! What a pass could ever do: every operation of its connections, allowed, asked about or denied.
//!
//! It needs no request. A caveat that depends on a request (on arguments, budgets or time) is listed as a condition.
//! Nothing here permits anything or checks a signature.
//!
//! - Invariant: The table of what a pass could do is right for each operation by itself
//!   (`what_touches_no_such_thing_is_denied_and_not_allowed_where`,
//!   `what_is_said_of_one_operation_is_no_condition_of_another`).

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;

use crate::catalog::{Operation, Service, Showing};
use crate::caveats::explain;
use crate::decision::context::Context;
use crate::decision::facts::{operation_facts, operation_unnamed};
use crate::decision::judge::{Answered, Question};
use crate::decision::lookup::Observed;
use crate::decision::types::{Ground, Reason};
use crate::decision::{budget, response};
use crate::engine::caveat::{Caveat, Fact, Kind, Predicate, Query};
use crate::engine::evaluate::{Steps, World};
use crate::engine::open::Held;
use crate::engine::ordered::{NONE, Ordered};
use crate::mint::possible;
use crate::pass::content::{Connected, Content};
use crate::pass::policy::{Policy, Rule};
use crate::request::canonical::{LateDigest, Request};
use crate::request::gather::Stage;
use crate::words::effect::Effects;
use crate::words::value::{Text, Value};
use crate::words::vocabulary::bit;

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
    /// The conditions that depend on the request, in words.
    pub conditions: Vec<String>,
}

const STEPS: u32 = 50_000;

/// The table of every operation, in the order of the pass's connections and the catalog.
pub fn table(content: &Content, services: &[Arc<Service>]) -> Vec<Row> {
    rows(content, services).into_iter().map(|(_, row)| row).collect()
}

/// The table, each row with its operation.
pub(crate) fn rows<'a>(content: &Content, services: &'a [Arc<Service>]) -> Vec<(&'a Operation, Row)> {
    let policy = Policy::compile().unwrap_or_default();
    let mut rows = Vec::new();
    for connected in &content.connections {
        let Some(service) = services.iter().find(|service| service.name == connected.service) else {
            continue;
        };
        for operation in &service.operations {
            rows.push((operation.as_ref(), row(content, &policy, connected, operation)));
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
    // With the arguments that cause the most effects it is denied; without them the answer may differ.
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
    let unnamed = operation_unnamed(operation);
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
                Outlook::Depends if possible::is_open(caveat, &unnamed, world, &mut steps) => {
                    possible = Possible::Deny;
                }
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

/// Whether an approval would lift the policy's ask.
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

/// What is known about a caveat if facts are complete only for the words in `known`.
pub(crate) fn outlook(caveat: &Caveat, world: World<'_>, steps: &mut Steps, known: u64) -> Outlook {
    let unnamed = bit("unnamed") & !known != 0;
    let depends = |query: &Query| {
        query.patterns.iter().any(|p| p.predicate.request_bit() & !known != 0)
            || (unnamed && !query.doubts.is_empty())
    };
    let asks = |query: &Query| query.patterns.iter().any(|pattern| &*pattern.name == "approved");
    if caveat.kind == Kind::Reject && caveat.queries.iter().any(depends) {
        return Outlook::Depends;
    }
    let mut best = Outlook::Fails;
    for query in &caveat.queries {
        let one = Caveat { kind: caveat.kind, queries: vec![query.clone()] };
        if asks(query) {
            best = if matches!(best, Outlook::Fails) { Outlook::Asks } else { best };
        } else if depends(query) {
            best = Outlook::Depends;
        } else {
            match crate::engine::open::held(&one, world, steps) {
                Ok(Held::Yes) => return Outlook::Holds,
                // Anything unknown denies the request.
                Ok(Held::Open | Held::No) | Err(_) => {}
            }
        }
    }
    best
}

/// What is known about a caveat on answers, if the request meets it.
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

/// The words that depend only on the operation and the connection.
pub(crate) fn operation_bits() -> u64 {
    let words =
        ["connection", "account", "service", "operation", "effect", "effects", "method", "host", "stage"];
    words.into_iter().filter_map(Predicate::of).fold(0, |bits, predicate| bits | predicate.request_bit())
}

/// The answer to one request, and the reasons.
#[derive(Debug, Clone, Serialize)]
pub struct Would {
    pub decision: Possible,
    pub reasons: Vec<Reason>,
}

/// Asks one pass about one request. It checks no signature, and counts nothing as used or approved.
pub fn would(content: &Content, request: &Request, now: OffsetDateTime) -> Would {
    let policy = Policy::compile().unwrap_or_default();
    let limits: Vec<_> = content.limits.iter().filter(|limit| limit.target.means(request)).collect();
    let claims = budget::claims(&limits, request, &Observed::default(), now).known;
    let context = Context::default();
    let digest = &LateDigest::of(request);
    let question =
        Question { content, policy: &policy, request, digest, context: &context, claims: &claims, now };
    let (answer, reasons) = question.answer();
    let decision = match answer {
        Answered::Allow => Possible::Allow,
        Answered::No(Ground::Ask) => Possible::Ask,
        Answered::No(_) => Possible::Deny,
    };
    Would { decision, reasons }
}
