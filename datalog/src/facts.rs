//! What the verifier says of a request, as facts; only those that the pass or the policy reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::budget::Claim;
use crate::catalog::Operation;
use crate::caveat::{Fact, Predicate};
use crate::content::Connected;
use crate::decide::Context;
use crate::decode::Address;
use crate::effect::{Effect, Effects};
use crate::hours::Zone;
use crate::names::{Account, ConnectionName};
use crate::provenance;
use crate::request::{Request, Scalar};
use crate::told::{self, Told};
use crate::value::Value;

/// Gathers facts of the predicates that `reads` names.
pub(crate) struct Gather {
    reads: u64,
    facts: Vec<Fact>,
}

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Request,
    /// Its answer, item by item.
    Response,
}

impl Gather {
    pub(crate) fn new(reads: u64) -> Self {
        Self { reads, facts: Vec::new() }
    }

    pub(crate) fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    /// Adds a fact of each list of terms, if anything reads the predicate.
    pub(crate) fn say<I: IntoIterator<Item = Vec<Value>>>(
        &mut self,
        name: &'static str,
        terms: impl FnOnce() -> I,
    ) {
        let Some(predicate) = Predicate::of(name) else { return };
        if self.reads & predicate.request_bit() == 0 {
            return;
        }
        let name: Arc<str> = Arc::from(name);
        self.facts.extend(terms().into_iter().map(|terms| Fact { predicate, name: name.clone(), terms }));
    }

    pub(crate) fn say_one(&mut self, name: &'static str, value: impl FnOnce() -> Value) {
        self.say(name, || [vec![value()]]);
    }
}

/// What the facts are about.
pub(crate) struct Subject<'a> {
    pub(crate) stage: Stage,
    pub(crate) request: &'a Request,
    /// The digest of the request, in hexadecimal.
    pub(crate) digest: &'a str,
    pub(crate) context: &'a Context,
    pub(crate) claims: &'a [Claim<'a>],
    /// The time zones that the pass reads a clock of.
    pub(crate) zones: &'a [Zone],
    /// What the request means beyond its fields, where the pass reads it.
    pub(crate) told: &'a Told,
    /// The kinds of things that the pass asks the provenance of.
    pub(crate) kinds: &'a [Arc<str>],
    /// The digest that a person approved, if any.
    pub(crate) approved: Option<&'a str>,
    pub(crate) now: OffsetDateTime,
}

/// The facts of one request.
pub(crate) fn request_facts(reads: u64, subject: &Subject<'_>) -> Vec<Fact> {
    let Subject { stage, request, digest, context, claims, zones, kinds, told, approved, now } = *subject;
    let mut gather = Gather { reads, facts: Vec::with_capacity(16) };
    // Before 1970 nothing is valid: time 0 fails every lower bound that a pass can have.
    gather.say_one("time", || Value::Date(u64::try_from(now.unix_timestamp()).unwrap_or(0)));
    gather.say("clock", || {
        zones.iter().filter_map(move |zone| {
            let (day, minute) = zone.local(now)?;
            Some(vec![Value::Str(zone.name.clone()), Value::str(day), Value::Int(minute)])
        })
    });
    of_operation(&mut gather, &request.connection, &request.account, &request.operation, request.effects);
    of_stage(&mut gather, stage);
    gather.say_one("path", || Value::str(request.path.as_str()));
    gather.say("resource", || {
        request.resources.iter().map(|one| vec![Value::Str(one.kind.clone()), Value::str(one.id.as_str())])
    });
    provenance::facts(&mut gather, request, &context.known, kinds);
    arguments(&mut gather, request);
    if reads & told::ALL != 0 {
        meaning(&mut gather, told);
    }
    gather.say("used", || claims.iter().map(|claim| budget(claim, claim.spent(context).used)));
    gather.say("cost", || claims.iter().map(|claim| budget(claim, claim.cost(context))));
    gather.say_one("request_digest", || Value::str(digest));
    gather.say("approved", || approved.map(|digest| vec![Value::str(digest)]));
    gather.facts
}

fn budget(claim: &Claim<'_>, count: u64) -> Vec<Value> {
    vec![Value::str(claim.limit.name.as_str()), Value::Int(i64::try_from(count).unwrap_or(i64::MAX))]
}

/// The facts that an operation on a connection has before there is a request.
pub(crate) fn operation_facts(
    connected: &Connected,
    operation: &Operation,
    effects: Effects,
    stage: Stage,
) -> Vec<Fact> {
    let mut gather = Gather { reads: u64::MAX, facts: Vec::with_capacity(12) };
    of_operation(&mut gather, &connected.name, &connected.account, operation, effects);
    of_stage(&mut gather, stage);
    gather.facts
}

fn of_operation(
    gather: &mut Gather,
    connection: &ConnectionName,
    account: &Account,
    operation: &Operation,
    effects: Effects,
) {
    gather.say_one("connection", || Value::str(connection.as_str()));
    gather.say_one("account", || Value::str(account.as_str()));
    gather.say_one("service", || Value::str(operation.id.service()));
    gather.say_one("operation", || Value::str(operation.id.as_str()));
    gather.say("effect", || effects.iter().map(|effect| vec![Value::str(effect.as_str())]));
    gather.say_one("effects", || Value::set_of_strings(effects.iter().map(Effect::as_str)));
    gather.say_one("method", || Value::str(operation.method.as_str()));
    gather.say_one("host", || Value::str(operation.host.clone()));
}

/// What is said of the stage alone.
pub(crate) fn stage_facts(stage: Stage) -> Vec<Fact> {
    let mut gather = Gather::new(u64::MAX);
    of_stage(&mut gather, stage);
    gather.into_facts()
}

fn of_stage(gather: &mut Gather, stage: Stage) {
    gather.say_one("stage", || {
        Value::str(match stage {
            Stage::Request => "request",
            Stage::Response => "response",
        })
    });
}

/// Of a part that is not known there are no facts; no caveat that reads it is evaluated.
fn meaning(gather: &mut Gather, told: &Told) {
    if let Ok(reached) = &told.reached {
        let all = &reached.recipients;
        gather.say("recipient", || all.iter().map(|address| vec![Value::str(address.as_str())]));
        gather.say("recipient_domain", || {
            let domains: BTreeSet<&str> = all.iter().map(Address::domain).collect();
            domains.into_iter().map(|domain| vec![Value::str(domain)])
        });
        gather.say_one("recipient_count", || count(all.len()));
    }
    if let Ok(attachments) = &told.attachments {
        gather.say_one("attachment_count", || count(*attachments));
    }
    if let Ok(subject) = &told.subject {
        gather.say_one("subject", || Value::str(subject.as_str()));
    }
    if let Ok(external) = &told.external {
        gather.say_one("channel_external", || Value::Bool(*external));
    }
    if let Ok(all) = &told.participants {
        gather.say("thread_participant", || all.iter().map(|address| vec![Value::str(address.as_str())]));
        gather.say_one("thread_participants", || Value::set_of_strings(all.iter().map(Address::as_str)));
    }
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn arguments(gather: &mut Gather, request: &Request) {
    let arguments = &request.arguments;
    let names = || arguments.iter().map(|argument| argument.name.clone()).collect::<BTreeSet<_>>();
    gather.say("arg_name", || names().into_iter().map(|name| vec![Value::Str(name)]));
    gather.say_one("arg_count", || Value::Int(i64::try_from(names().len()).unwrap_or(i64::MAX)));
    gather.say("arg_type", || {
        let types: BTreeSet<_> = arguments.iter().map(|one| (one.name.clone(), one.value.kind())).collect();
        types.into_iter().map(|(name, kind)| vec![Value::Str(name), Value::str(kind.as_str())])
    });
    let typed = |pick: fn(&Scalar) -> Option<Value>| {
        move || {
            arguments.iter().filter_map(move |argument| {
                Some(vec![Value::Str(argument.name.clone()), pick(&argument.value)?])
            })
        }
    };
    gather.say(
        "arg",
        typed(|scalar| match scalar {
            Scalar::String(text) => Some(Value::str(text.as_str())),
            Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
        }),
    );
    gather.say(
        "arg_int",
        typed(|scalar| match scalar {
            Scalar::Int(value) => Some(Value::Int(*value)),
            Scalar::String(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
        }),
    );
    gather.say(
        "arg_bool",
        typed(|scalar| match scalar {
            Scalar::Bool(value) => Some(Value::Bool(*value)),
            Scalar::String(_) | Scalar::Int(_) | Scalar::Other(_) => None,
        }),
    );
}
