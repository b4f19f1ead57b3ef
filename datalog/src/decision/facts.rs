//! The facts that the verifier states about a request, limited to those that the pass or the policy reads.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::catalog::Operation;
use crate::caveats::flags;
use crate::caveats::source::{Budgets, Source};
use crate::decision::budget::Claim;
use crate::decision::context::Context;
use crate::engine::caveat::Fact;
use crate::engine::ordered::Ordered;
use crate::pass::content::Connected;
use crate::request::answerable::Answerable;
use crate::request::approval::Approval;
use crate::request::canonical::{LateDigest, Request};
use crate::request::gather::{Gather, Stage, word};
use crate::words::effect::Effects;
use crate::words::hours::Zone;
use crate::words::names::{Account, ConnectionName};
use crate::words::value::Value;

/// The subject of the facts.
pub(crate) struct FactsSubject<'a> {
    pub(crate) stage: Stage,
    pub(crate) request: &'a Request,
    pub(crate) digest: &'a LateDigest<'a>,
    pub(crate) context: &'a Context,
    pub(crate) claims: &'a [Claim<'a>],
    /// The time zones whose clock the pass reads.
    pub(crate) zones: &'a [Zone],
    /// What the request means beyond its fields, if the pass reads it.
    pub(crate) told: &'a Answerable,
    /// The kinds of things whose provenance the pass reads.
    pub(crate) kinds: &'a [Arc<str>],
    /// Whether a person approved this very request.
    pub(crate) approval: Approval,
    pub(crate) now: OffsetDateTime,
}

/// The facts of one request.
pub(crate) fn request_facts(reads: u64, subject: &FactsSubject<'_>) -> Vec<Fact> {
    let FactsSubject { stage, request, digest, context, claims, zones, kinds, told, approval, now } =
        *subject;
    let mut gather = Gather::with_room(reads, 16);
    // Nothing is valid before 1970: time 0 fails every lower bound that a pass can have.
    gather.say_one(word!("time"), || Value::Date(u64::try_from(now.unix_timestamp()).unwrap_or(0)));
    of_operation(&mut gather, &request.connection, &request.account, &request.operation, request.effects);
    of_stage(&mut gather, stage);
    gather.say_one(word!("path"), || Value::str(request.path.as_str()));
    let standing = BudgetStates { claims, context };
    let known = &context.known;
    let source = Source { request, told, known, kinds, zones, budgets: &standing, now };
    for flag in flags::ALL {
        (flag.facts)(&mut gather, &source);
    }
    gather.say_one(word!("request_digest"), || Value::str(digest.known().hex()));
    gather
        .say(word!("approved"), || (approval == Approval::Given).then(|| [Value::str(digest.known().hex())]));
    gather.into_facts()
}

/// The budgets that count the request, in their state before it.
struct BudgetStates<'a> {
    claims: &'a [Claim<'a>],
    context: &'a Context,
}

impl Budgets for BudgetStates<'_> {
    fn used(&self) -> Vec<(&str, u64)> {
        let used = |claim: &'_ Claim<'_>| claim.spent(self.context).used;
        self.claims.iter().map(|claim| (claim.limit.name.as_str(), used(claim))).collect()
    }

    fn cost(&self) -> Vec<(&str, u64)> {
        self.claims.iter().map(|claim| (claim.limit.name.as_str(), claim.cost(self.context))).collect()
    }
}

/// The facts of an operation on a connection, without a request.
pub(crate) fn operation_facts(
    connected: &Connected,
    operation: &Operation,
    effects: Effects,
    stage: Stage,
) -> Ordered {
    let mut gather = Gather::with_room(u64::MAX, 12);
    of_operation(&mut gather, &connected.name, &connected.account, operation, effects);
    of_stage(&mut gather, stage);
    Ordered::of(gather.into_facts())
}

/// The kinds of things that every request for the operation touches, and no request names.
pub(crate) fn operation_unnamed(operation: &Operation) -> Ordered {
    let names =
        |kind: &Arc<str>| operation.names(kind) || operation.unnamed.iter().any(|rule| rule.kind == *kind);
    let mut gather = Gather::new(u64::MAX);
    gather.say(word!("unnamed"), || {
        let silent = operation.touched.iter().filter(|kind| !names(kind));
        silent.map(|kind| [Value::str(kind.clone()), Value::word("")])
    });
    Ordered::of(gather.into_facts())
}

fn of_operation(
    gather: &mut Gather,
    connection: &ConnectionName,
    account: &Account,
    operation: &Operation,
    effects: Effects,
) {
    gather.say_one(word!("connection"), || Value::str(connection));
    gather.say_one(word!("account"), || Value::str(account));
    gather.say_one(word!("service"), || Value::str(operation.id.service()));
    gather.say_one(word!("operation"), || Value::str(&operation.id));
    gather.say(word!("effect"), || effects.iter().map(|effect| [Value::word(effect.as_str())]));
    gather
        .say_one(word!("effects"), || Value::set(effects.iter().map(|effect| Value::word(effect.as_str()))));
    gather.say_one(word!("method"), || Value::str(operation.method.as_str()));
    gather.say_one(word!("host"), || Value::str(operation.host.clone()));
}

/// The facts of the stage alone.
pub(crate) fn stage_facts(stage: Stage) -> Vec<Fact> {
    let mut gather = Gather::new(u64::MAX);
    of_stage(&mut gather, stage);
    gather.into_facts()
}

fn of_stage(gather: &mut Gather, stage: Stage) {
    gather.say_one(word!("stage"), || {
        Value::word(match stage {
            Stage::Request => "request",
            Stage::Response => "response",
        })
    });
}
