//! `--newer-than`, `--max-items` and `--redact`: what may come back, read into caveats and facts, and told in words.
//!
//! Without a connection before it a condition is about the connections that have messages; another is named:
//! `github:7d`. Biscuit has no arithmetic on dates, so an age is a number of seconds that the verifier says.

use biscuit_auth::builder::{Check, Fact};
use biscuit_auth::macros::{check, fact};
use time::OffsetDateTime;

use crate::catalog::{AnswerRule, Service, Showing};
use crate::caveat::{Binary, Caveat, Kind, Op, Query, Slot};
use crate::compose;
use crate::content::Content;
use crate::hours;
use crate::names::ConnectionName;
use crate::scope::{self, Scope};
use crate::terms::{self, Reach, TermError};
use crate::value::{Value, date_text};

/// From when on an item may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// Seconds before each request.
    Within(i64),
    Since(OffsetDateTime),
}

/// `24h`, `today@Europe/Berlin`, or a date: the caveats of `--newer-than`.
pub(crate) fn newer_than(
    texts: &[String],
    reach: &[Reach<'_>],
    now: OffsetDateTime,
) -> Result<Vec<Check>, TermError> {
    let mut checks = Vec::new();
    for text in texts {
        // A date has colons of its own.
        let (scope, age) = match age(text, now) {
            Ok(age) => (Scope { connection: None, rest: text }, age),
            Err(error) => match Scope::of(text, reach) {
                Ok(scope) => (scope, self::age(scope.rest, now)?),
                Err(_) if terms::date(text).is_err() && !text.contains(':') => return Err(error),
                Err(other) => return Err(other),
            },
        };
        let tells = |service: &Service| answers(service).any(|rule| rule.time.is_some());
        for name in meant(scope, reach, "--newer-than", &tells)? {
            let young = match age {
                Age::Within(seconds) => {
                    check!(r#"check if item_age($a), $a <= {seconds}"#, seconds = seconds)
                }
                Age::Since(moment) => {
                    check!(r#"check if item_time($t), $t >= {moment}"#, moment = compose::date(moment))
                }
            };
            let ids = check!(r#"check if stage("request") or item_shows("ids")"#);
            checks.push(scope::on(Some(name), compose::or(ids, young)));
        }
    }
    Ok(checks)
}

/// `10`: the caveats of `--max-items`.
pub(crate) fn max_items(texts: &[String], reach: &[Reach<'_>]) -> Result<Vec<Check>, TermError> {
    let mut checks = Vec::new();
    for text in texts {
        let scope = Scope::of(text, reach)?;
        let wrong = || TermError::Items(scope.rest.chars().take(40).collect());
        let max: i64 = scope.rest.parse().map_err(|_| wrong())?;
        if !(1..=100_000).contains(&max) {
            return Err(wrong());
        }
        let has = |service: &Service| answers(service).any(|rule| rule.shows == Showing::Items);
        for name in meant(scope, reach, "--max-items", &has)? {
            let few = check!(r#"check if stage("request") or item_count($n), $n <= {max}"#, max = max);
            checks.push(scope::on(Some(name), few));
        }
    }
    Ok(checks)
}

/// `payload.body`, on every connection or the one before the colon: the facts of `--redact`.
pub(crate) fn redact(texts: &[String], reach: &[Reach<'_>]) -> Result<Vec<Fact>, TermError> {
    let mut facts = Vec::new();
    for text in texts {
        let Scope { connection, rest: field } = Scope::of(text, reach)?;
        let plain = |name: &str| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@'))
        };
        if field.len() > 200 || !field.split('.').all(plain) {
            return Err(TermError::Field(field.chars().take(80).collect()));
        }
        let on = reach.iter().filter(|one| connection.is_none_or(|name| name == one.connection));
        facts.extend(on.map(|one| fact!(r#"redact({c}, {f})"#, c = one.connection.as_str(), f = field)));
    }
    Ok(facts)
}

fn age(text: &str, now: OffsetDateTime) -> Result<Age, TermError> {
    if let Some(zone) = text.strip_prefix("today@") {
        return Ok(Age::Since(hours::midnight(zone, now)?));
    }
    if let Ok(duration) = terms::duration(text) {
        return Ok(Age::Within(duration.whole_seconds()));
    }
    terms::date(text).map(Age::Since).map_err(|_| TermError::Age(text.chars().take(60).collect()))
}

fn answers(service: &Service) -> impl Iterator<Item = &AnswerRule> {
    service.operations.iter().filter_map(|operation| operation.answer.as_deref())
}

fn has_messages(service: &Service) -> bool {
    answers(service).any(|rule| rule.time.is_some() && rule.shown.iter().any(|one| &*one.kind == "message"))
}

/// The connections that a condition is about.
fn meant<'a>(
    scope: Scope<'a>,
    reach: &[Reach<'a>],
    flag: &'static str,
    can: &dyn Fn(&Service) -> bool,
) -> Result<Vec<&'a ConnectionName>, TermError> {
    let fits = |one: &&Reach<'a>| match scope.connection {
        Some(name) => name == one.connection && can(one.service),
        None => has_messages(one.service),
    };
    let names: Vec<&ConnectionName> = reach.iter().filter(fits).map(|one| one.connection).collect();
    if names.is_empty() {
        let other = reach.iter().filter(|one| can(one.service)).map(|one| format!("`{}`", one.connection));
        let other = other.collect::<Vec<_>>().join(", ");
        return Err(TermError::Condition {
            flag,
            got: scope.connection.map_or("no connection of the pass has messages".into(), |name| {
                format!("nobody can tell of the answers on `{name}`")
            }),
            known: if other.is_empty() { "none here".into() } else { other },
        });
    }
    Ok(names)
}

/// The sentence of a caveat that `--newer-than` or `--max-items` makes.
pub(crate) fn plain(caveat: &Caveat) -> Option<String> {
    if caveat.kind != Kind::One {
        return None;
    }
    let (on, queries) = scope::read(caveat);
    let (last, before) = queries.split_last()?;
    let constants: Option<Vec<(&str, &str)>> = before.iter().map(constant).collect();
    let ([pattern], [condition]) = (last.patterns.as_slice(), last.expressions.as_slice()) else {
        return None;
    };
    let [Op::Variable(0), Op::Value(bound), Op::Binary(op)] = condition.as_slice() else { return None };
    let slots = pattern.slots.as_slice();
    match (constants?.as_slice(), &*pattern.name, slots, bound, op) {
        (
            [("stage", "request"), ("item_shows", "ids")],
            "item_age",
            [Slot::Variable(0)],
            Value::Int(seconds),
            Binary::LessOrEqual,
        ) => Some(format!("answers{on}: nothing older than {}, but ids", span(*seconds))),
        (
            [("stage", "request"), ("item_shows", "ids")],
            "item_time",
            [Slot::Variable(0)],
            Value::Date(moment),
            Binary::GreaterOrEqual,
        ) => Some(format!("answers{on}: nothing from before {}, but ids", date_text(*moment))),
        ([("stage", "request")], "item_count", [Slot::Variable(0)], Value::Int(max), Binary::LessOrEqual) => {
            Some(format!("answers{on}: at most {max} items"))
        }
        _ => None,
    }
}

/// A query of one word with a text in it, and nothing else.
fn constant(query: &Query) -> Option<(&str, &str)> {
    let ([pattern], []) = (query.patterns.as_slice(), query.expressions.as_slice()) else { return None };
    match pattern.slots.as_slice() {
        [Slot::Value(Value::Str(text))] => Some((&*pattern.name, &**text)),
        _ => None,
    }
}

/// In the largest unit that it is a number of; days from two on.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 && s > 86_400 => (s / 86_400, "days"),
        s if s % 3_600 == 0 => (s / 3_600, "hours"),
        s if s % 60 == 0 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    format!("{count} {}", if count == 1 { unit.trim_end_matches('s') } else { unit })
}

/// A line for each connection whose answers are redacted.
pub(crate) fn redactions(content: &Content) -> Vec<String> {
    let mut connections: Vec<_> = content.redactions.iter().map(|one| &one.connection).collect();
    connections.sort();
    connections.dedup();
    let line = |name: &ConnectionName| {
        let own = content.redactions.iter().filter(|one| one.connection == *name);
        let fields: Vec<String> = own.map(|one| format!("`{}`", one.field)).collect();
        format!("redacts in answers on `{name}`: {}", fields.join(", "))
    };
    connections.into_iter().map(line).collect()
}
