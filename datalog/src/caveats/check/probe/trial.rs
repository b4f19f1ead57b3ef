//! One trial of a check, and its facts.

use std::collections::BTreeSet;

use crate::engine::ordered::Ordered;
use crate::request::gather::{Gather, word};
use crate::words::effect::Effect;
use crate::words::hours::DAYS;
use crate::words::value::Value;

/// The facts of a request that differ from trial to trial.
#[derive(Debug, Clone, Default)]
pub(super) struct Trial {
    pub(super) recipients: Vec<String>,
    pub(super) participants: Vec<String>,
    pub(super) effects: Vec<Effect>,
    pub(super) resources: Vec<[String; 2]>,
    pub(super) arguments: Vec<[String; 2]>,
}

/// The place of a trial. The effects of the operation count if the trial sets none of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrialPlace<'a> {
    pub(super) operation: &'a str,
    pub(super) connection: &'a str,
    pub(super) effects: &'static [Effect],
    pub(super) time: u64,
    pub(super) beside: Beside,
}

/// What else is in the request of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    /// Each text as an argument and as a thing, under each other's name.
    Everything,
}

/// The facts of one trial.
pub(super) fn facts(reads: u64, texts: &[String], place: TrialPlace<'_>, trial: &Trial) -> Ordered {
    let mut gather = Gather::new(reads);
    around(&mut gather, texts, place);
    things(&mut gather, texts, place, trial);
    let effects = if trial.effects.is_empty() { place.effects } else { &trial.effects };
    gather.say(word!("effect"), || effects.iter().map(|effect| [Value::word(effect.as_str())]));
    gather.say_one(word!("effects"), || Value::set(effects.iter().map(|one| Value::word(one.as_str()))));
    gather.say(word!("recipient"), || trial.recipients.iter().map(|one| [text(one)]));
    gather.say(word!("recipient_domain"), || {
        let domains = trial.recipients.iter().filter_map(|one| one.split_once('@')).map(|(_, domain)| domain);
        domains.collect::<BTreeSet<&str>>().into_iter().map(|domain| [Value::str(domain)])
    });
    gather.say_one(word!("recipient_count"), || count(trial.recipients.len()));
    gather.say(word!("thread_participant"), || trial.participants.iter().map(|one| [text(one)]));
    gather.say_one(word!("thread_participants"), || Value::set(trial.participants.iter().map(text)));
    Ordered::of(gather.into_facts())
}

fn text(text: impl AsRef<str>) -> Value {
    Value::str(text.as_ref())
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The facts that are the same in every trial at a place.
fn around(gather: &mut Gather, texts: &[String], place: TrialPlace<'_>) {
    gather.say_one(word!("time"), || Value::Date(place.time));
    gather.say(word!("clock"), || {
        let days = |zone| DAYS.map(move |day| vec![text(zone), Value::word(day), Value::Int(720)]);
        texts.iter().flat_map(days)
    });
    gather.say_one(word!("connection"), || Value::str(place.connection));
    gather.say_one(word!("account"), || Value::str("me@account.invalid"));
    gather.say_one(word!("service"), || Value::str(place.operation.split('.').next().unwrap_or_default()));
    gather.say_one(word!("operation"), || Value::str(place.operation));
    gather.say_one(word!("method"), || Value::word("POST"));
    gather.say_one(word!("host"), || Value::word("host.invalid"));
    gather.say_one(word!("path"), || Value::word("/"));
    gather.say_one(word!("stage"), || Value::word("request"));
    gather.say_one(word!("attachment_count"), || count(0));
    gather.say_one(word!("subject"), || Value::word(""));
    gather.say_one(word!("channel_external"), || Value::Bool(false));
    let none = || texts.iter().map(|name| [text(name), count(0)]);
    gather.say(word!("used"), none);
    gather.say(word!("cost"), none);
    gather.say(word!("unseen_count"), none);
    gather.say(word!("uncreated_count"), none);
}

/// Arguments and things: the trial's own, and what stands beside them.
fn things(gather: &mut Gather, texts: &[String], place: TrialPlace<'_>, trial: &Trial) {
    let has_own = !trial.resources.is_empty() || !trial.arguments.is_empty();
    let is_alone = has_own || place.beside == Beside::Nothing;
    let pairs = || texts.iter().flat_map(|one| texts.iter().map(move |other| [one.clone(), other.clone()]));
    let beside: Vec<[String; 2]> = if is_alone { Vec::new() } else { pairs().collect() };
    let arguments = || trial.arguments.iter().chain(&beside);
    gather
        .say(word!("resource"), || trial.resources.iter().chain(&beside).map(|one| one.each_ref().map(text)));
    gather.say(word!("arg"), || arguments().map(|one| one.each_ref().map(text)));
    gather.say(word!("arg_name"), || arguments().map(|[name, _]| [text(name)]));
    gather.say(word!("arg_type"), || arguments().map(|[name, _]| [text(name), Value::word("string")]));
    gather.say_one(word!("arg_count"), || count(arguments().count().min(1)));
}
