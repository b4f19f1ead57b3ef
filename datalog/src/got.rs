//! What a request had where a caveat asked for something else, in words.
//!
//! Of several facts of a word, those are named that the caveat fails by: the one recipient that is not allowed, and not
//! the three that are. It explains a refusal that is already made; nothing is decided here.

use std::fmt::Write as _;

use crate::caveat::{Caveat, Fact, Kind, Pattern, Slot};
use crate::evaluate::{Steps, World, holds};
use crate::hours::of_day;
use crate::ordered::{NONE, Ordered};
use crate::value::Value;

/// So many facts of a word are named.
const NAMED: usize = 6;
/// So long may one be.
const LENGTH: usize = 160;
/// How much work it may be to find those that a caveat fails by.
const STEPS: u32 = 1 << 14;

/// What the request had of what the caveat read.
pub(crate) struct Got {
    /// For the agent, in its own values. The words in `looked_up` are not told: the agent may not be allowed to read where
    /// they come from.
    pub told: String,
    /// For a record: how many and of what kind, and no value of the request.
    pub kept: String,
}

pub(crate) fn got(caveat: &Caveat, facts: &[Fact], looked_up: u64) -> Got {
    let hidden = |pattern: &Pattern| pattern.predicate.request_bit() & looked_up != 0;
    if let Some(pattern) = caveat.patterns().find(|pattern| hidden(pattern)) {
        let told = format!("what does not agree with the `{}` that was looked up", pattern.name);
        return Got { kept: told.clone(), told };
    }
    let mut names: Vec<&str> = Vec::new();
    for pattern in caveat.patterns() {
        if !names.contains(&&*pattern.name) {
            names.push(&pattern.name);
        }
    }
    let at_fault: Vec<(&str, Vec<&Fact>)> =
        names.into_iter().map(|name| (name, culprits(caveat, name, facts))).collect();
    Got { told: words(&at_fault, group), kept: words(&at_fault, kinds) }
}

/// The words for what is at fault, of what is worth telling most.
fn words(at_fault: &[(&str, Vec<&Fact>)], group: fn(&str, &[&Fact]) -> Option<String>) -> String {
    let said: Vec<(&str, String)> =
        at_fault.iter().filter_map(|(name, facts)| Some((*name, group(name, facts)?))).collect();
    let chosen = |wanted: fn(&str) -> bool| {
        let some: Vec<&str> = said.iter().filter(|(name, _)| wanted(name)).map(|(_, text)| &**text).collect();
        (!some.is_empty()).then(|| some.join(", "))
    };
    chosen(|name| !FRAME.contains(&name) && !COUNTS.contains(&name))
        .or_else(|| chosen(|name| !FRAME.contains(&name)))
        .or_else(|| chosen(|_| true))
        .unwrap_or_else(|| "nothing of what it asks for".into())
}

/// What the caveat is about rather than what it asks; the refusal names that already.
const FRAME: &[&str] = &["operation", "connection", "service", "stage", "effects", "item_shows"];
/// What is told by the things that are counted, where they are told.
const COUNTS: &[&str] = &["recipient_count", "arg_count"];

/// The facts of a word that the caveat fails by; all of them where no single one makes it fail.
fn culprits<'a>(caveat: &Caveat, name: &str, facts: &'a [Fact]) -> Vec<&'a Fact> {
    let named: Vec<&Fact> = (0..3)
        .rev()
        .map(|places| facts.iter().filter(|fact| fits(caveat, name, fact, places)).collect::<Vec<_>>())
        .find(|some| !some.is_empty())
        .unwrap_or_default();
    if named.len() < 2 || caveat.kind == Kind::One {
        return named;
    }
    let mut steps = Steps::new(STEPS);
    let others = Ordered::of(facts.iter().filter(|fact| &*fact.name != name).cloned().collect());
    let mut fails = |fact: &Fact| {
        let one = Ordered::of(vec![fact.clone()]);
        holds(caveat, World::of(&others, &one, &NONE), &mut steps) == Ok(false)
    };
    let failing: Vec<&Fact> = named.iter().copied().filter(|fact| fails(fact)).collect();
    if failing.is_empty() { named } else { failing }
}

/// Whether the fact is one that the caveat reads under this name, by its first few terms.
fn fits(caveat: &Caveat, name: &str, fact: &Fact, places: usize) -> bool {
    caveat.patterns().filter(|pattern| *pattern.name == *name && *fact.name == *name).any(|pattern| {
        pattern.slots.iter().zip(fact.terms.iter()).take(places).all(|(slot, term)| match slot {
            Slot::Value(value) => value == term,
            Slot::Variable(_) => true,
        })
    })
}

fn group(name: &str, facts: &[&Fact]) -> Option<String> {
    let mut texts: Vec<String> = Vec::new();
    for fact in facts.iter().take(NAMED) {
        let text = shorten(&said(fact).unwrap_or_else(|| fact.to_string()));
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    let mut joined = texts.join(", ");
    if joined.is_empty() {
        return None;
    }
    if facts.len() > NAMED {
        let _ = write!(joined, " and {} more", facts.len() - NAMED);
    }
    let plural = if texts.len() == 1 { "" } else { "s" };
    Some(match name {
        "recipient" => format!("recipient{plural} {joined}"),
        "arg_name" => format!("argument{plural} {joined}"),
        "effect" => format!("effect{plural} {joined}"),
        "item_label" => format!("label{plural} {joined}"),
        _ => joined,
    })
}

/// Facts without their values. Words that are not known here are named, and no more.
fn kinds(name: &str, facts: &[&Fact]) -> Option<String> {
    let count = i64::try_from(facts.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return None;
    }
    let first = |fact: &Fact| fact.terms.first().and_then(Value::as_str).map(|text| format!("`{text}`"));
    let names = || {
        let mut names: Vec<String> = facts.iter().filter_map(|fact| first(fact)).collect();
        names.dedup();
        names.truncate(NAMED);
        shorten(&names.join(", "))
    };
    Some(match name {
        "arg" | "arg_int" | "arg_bool" | "arg_type" | "arg_name" => format!("the argument {}", names()),
        "recipient" => counted(count, "recipient"),
        "recipient_domain" => counted(count, "recipient domain"),
        "resource" | "seen" | "created" => format!("{} of {}", counted(count, "resource"), names()),
        "operation" | "effect" | "connection" | "service" | "method" | "host" | "arg_count"
        | "recipient_count" | "attachment_count" | "item_count" | "unseen_count" | "uncreated_count"
        | "used" | "cost" | "time" | "clock" => return group(name, facts),
        _ => format!("`{name}`"),
    })
}

/// One fact in words; none where only its Datalog says it well.
fn said(fact: &Fact) -> Option<String> {
    let term = |place: usize| fact.terms.get(place);
    let text = |place: usize| {
        let quoted = term(place).filter(|value| value.as_str().is_some())?.to_string();
        Some(format!("`{}`", quoted.strip_prefix('"')?.strip_suffix('"')?))
    };
    let count = |place: usize| term(place)?.as_int();
    Some(match &*fact.name {
        "arg" | "arg_int" | "arg_bool" => format!("{} = {}", text(0)?, term(1)?),
        "arg_type" => format!("{} as {}", text(0)?, term(1)?.as_str()?),
        "arg_name" | "recipient" | "effect" | "operation" | "item_label" => text(0)?,
        "connection" | "service" | "account" | "method" | "host" | "path" => {
            format!("{} {}", fact.name, text(0)?)
        }
        "recipient_domain" => format!("somebody at {}", text(0)?),
        "subject" => format!("the subject {}", term(0)?),
        "resource" => format!("{} {}", text(0)?, text(1)?),
        "arg_count" => counted(count(0)?, "argument"),
        "recipient_count" => counted(count(0)?, "recipient"),
        "attachment_count" => counted(count(0)?, "attachment"),
        "item_count" => counted(count(0)?, "item"),
        "unseen_count" => format!("{} {} that no answer has shown", count(1)?, text(0)?),
        "uncreated_count" => format!("{} {} that it did not create", count(1)?, text(0)?),
        "used" => format!("{} used of {}", count(1)?, text(0)?),
        "cost" => format!("{} more of {}", count(1)?, text(0)?),
        "thread_participants" => match term(0)? {
            Value::Set(items) if items.is_empty() => "no thread that it belongs to".into(),
            _ => return None,
        },
        "time" => format!("{}", term(0)?),
        "clock" => format!("{} {} {}", term(1)?.as_str()?, of_day(count(2)?), term(0)?.as_str()?),
        "item_time" => format!("one from {}", term(0)?),
        "item_age" => format!("one that is {} old", age(count(0)?)),
        _ => return None,
    })
}

fn counted(count: i64, thing: &str) -> String {
    match count {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

fn age(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    counted(count, unit)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LENGTH {
        text.to_owned()
    } else {
        text.chars().take(LENGTH - 3).collect::<String>() + "…"
    }
}
