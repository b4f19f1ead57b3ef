//! What the verifier says of a request, as facts; only those that the pass or the policy reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::budget::Claim;
use crate::catalog::Operation;
use crate::caveat::{Fact, Predicate};
use crate::content::Connected;
use crate::decide::{Approval, Context};
use crate::decode::Address;
use crate::effect::Effects;
use crate::hours::Zone;
use crate::names::{Account, ConnectionName};
use crate::ordered::Ordered;
use crate::provenance;
use crate::request::{LateDigest, Request, Scalar};
use crate::told::{self, Told};
use crate::value::{Terms, Text, Value};

/// A word of the request vocabulary, looked up when it is compiled.
#[derive(Clone, Copy)]
pub(crate) struct RequestWord {
    predicate: Predicate,
    name: &'static str,
}

impl RequestWord {
    pub(crate) const fn of(name: &'static str) -> Self {
        Self { predicate: Predicate::of_request(name), name }
    }
}

/// The word of that name; one that is none does not compile.
macro_rules! word {
    ($name:literal) => {
        const { crate::facts::RequestWord::of($name) }
    };
}
pub(crate) use word;

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
    pub(crate) fn say<T: Into<Terms>, I: IntoIterator<Item = T>>(
        &mut self,
        word: RequestWord,
        terms: impl FnOnce() -> I,
    ) {
        let RequestWord { predicate, name } = word;
        if self.reads & predicate.request_bit() != 0 {
            let fact = |terms: T| Fact { predicate, name: Text::Word(name), terms: terms.into() };
            self.facts.extend(terms().into_iter().map(fact));
        }
    }

    pub(crate) fn say_one(&mut self, word: RequestWord, value: impl FnOnce() -> Value) {
        self.say(word, || [[value()]]);
    }
}

/// What the facts are about.
pub(crate) struct Subject<'a> {
    pub(crate) stage: Stage,
    pub(crate) request: &'a Request,
    pub(crate) digest: &'a LateDigest<'a>,
    pub(crate) context: &'a Context,
    pub(crate) claims: &'a [Claim<'a>],
    /// The time zones that the pass reads a clock of.
    pub(crate) zones: &'a [Zone],
    /// What the request means beyond its fields, where the pass reads it.
    pub(crate) told: &'a Told,
    /// The kinds of things that the pass asks the provenance of.
    pub(crate) kinds: &'a [Arc<str>],
    /// Whether a person approved this very request.
    pub(crate) approval: Approval,
    pub(crate) now: OffsetDateTime,
}

/// The facts of one request.
pub(crate) fn request_facts(reads: u64, subject: &Subject<'_>) -> Vec<Fact> {
    let Subject { stage, request, digest, context, claims, zones, kinds, told, approval, now } = *subject;
    let mut gather = Gather { reads, facts: Vec::with_capacity(16) };
    // Before 1970 nothing is valid: time 0 fails every lower bound that a pass can have.
    gather.say_one(word!("time"), || Value::Date(u64::try_from(now.unix_timestamp()).unwrap_or(0)));
    gather.say(word!("clock"), || {
        zones.iter().filter_map(move |zone| {
            let (day, minute) = zone.local(now)?;
            Some(vec![Value::str(zone.name.clone()), Value::word(day), Value::Int(minute)])
        })
    });
    of_operation(&mut gather, &request.connection, &request.account, &request.operation, request.effects);
    of_stage(&mut gather, stage);
    gather.say_one(word!("path"), || Value::str(request.path.as_str()));
    gather.say(word!("resource"), || {
        request.resources.iter().map(|one| [Value::str(one.kind.clone()), Value::str(one.id.as_str())])
    });
    provenance::facts(&mut gather, request, &context.known, kinds);
    arguments(&mut gather, request);
    if reads & told::ALL != 0 {
        meaning(&mut gather, told);
    }
    gather.say(word!("used"), || claims.iter().map(|claim| budget(claim, claim.spent(context).used)));
    gather.say(word!("cost"), || claims.iter().map(|claim| budget(claim, claim.cost(context))));
    gather.say_one(word!("request_digest"), || Value::str(digest.known().hex()));
    gather
        .say(word!("approved"), || (approval == Approval::Given).then(|| [Value::str(digest.known().hex())]));
    gather.facts
}

fn budget(claim: &Claim<'_>, count: u64) -> [Value; 2] {
    [Value::str(claim.limit.name.as_str()), Value::Int(i64::try_from(count).unwrap_or(i64::MAX))]
}

/// The facts that an operation on a connection has before there is a request.
pub(crate) fn operation_facts(
    connected: &Connected,
    operation: &Operation,
    effects: Effects,
    stage: Stage,
) -> Ordered {
    let mut gather = Gather { reads: u64::MAX, facts: Vec::with_capacity(12) };
    of_operation(&mut gather, &connected.name, &connected.account, operation, effects);
    of_stage(&mut gather, stage);
    Ordered::of(gather.facts)
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

/// What is said of the stage alone.
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

/// Of a part that is not known there are no facts; no caveat that reads it is evaluated.
fn meaning(gather: &mut Gather, told: &Told) {
    if let Ok(reached) = &told.reached {
        let all = &reached.recipients;
        gather.say(word!("recipient"), || all.iter().map(|address| [Value::str(address.as_str())]));
        gather.say(word!("recipient_domain"), || {
            let domains: BTreeSet<&str> = all.iter().map(Address::domain).collect();
            domains.into_iter().map(|domain| [Value::str(domain)])
        });
        gather.say_one(word!("recipient_count"), || count(all.len()));
    }
    if let Ok(attachments) = &told.attachments {
        gather.say_one(word!("attachment_count"), || count(*attachments));
    }
    if let Ok(subject) = &told.subject {
        gather.say_one(word!("subject"), || Value::str(subject.as_str()));
    }
    if let Ok(external) = &told.external {
        gather.say_one(word!("channel_external"), || Value::Bool(*external));
    }
    if let Ok(all) = &told.participants {
        gather.say(word!("thread_participant"), || all.iter().map(|address| [Value::str(address.as_str())]));
        gather.say_one(word!("thread_participants"), || {
            Value::set(all.iter().map(|address| Value::str(address.as_str())))
        });
    }
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn arguments(gather: &mut Gather, request: &Request) {
    let arguments = &request.arguments;
    let names = || arguments.iter().map(|argument| argument.name.clone()).collect::<BTreeSet<_>>();
    gather.say(word!("arg_name"), || names().into_iter().map(|name| [Value::str(name)]));
    gather.say_one(word!("arg_count"), || Value::Int(i64::try_from(names().len()).unwrap_or(i64::MAX)));
    gather.say(word!("arg_type"), || {
        let types: BTreeSet<_> = arguments.iter().map(|one| (one.name.clone(), one.value.kind())).collect();
        types.into_iter().map(|(name, kind)| [Value::str(name), Value::word(kind.as_str())])
    });
    let typed = |pick: fn(&Scalar) -> Option<Value>| {
        move || {
            arguments
                .iter()
                .filter_map(move |argument| Some([Value::str(argument.name.clone()), pick(&argument.value)?]))
        }
    };
    gather.say(
        word!("arg"),
        typed(|scalar| match scalar {
            Scalar::String(text) => Some(Value::str(text.as_str())),
            Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
        }),
    );
    gather.say(
        word!("arg_int"),
        typed(|scalar| match scalar {
            Scalar::Int(value) => Some(Value::Int(*value)),
            Scalar::String(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
        }),
    );
    gather.say(
        word!("arg_bool"),
        typed(|scalar| match scalar {
            Scalar::Bool(value) => Some(Value::Bool(*value)),
            Scalar::String(_) | Scalar::Int(_) | Scalar::Other(_) => None,
        }),
    );
}
