//! `--allow`, `--ask`, `--deny` and `--only`: grants as facts, narrower grants as checks, and how the checks are told.

use std::collections::BTreeSet;

use biscuit_auth::builder::{Check, Fact, Predicate, Term};
use biscuit_auth::macros::{check, fact};
use time::OffsetDateTime;

use crate::catalog::selector::{Selector, Target};
use crate::caveats::elsewhere::{self, affix, but_for, either};
use crate::caveats::said::{About, Says, ToldAs, listed};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Query, Slot};
use crate::words::effect::Effect;
use crate::words::names::ConnectionName;
use crate::words::value::Value;

/// A moment in Datalog.
pub(crate) fn date(moment: OffsetDateTime) -> Term {
    Term::Date(u64::try_from(moment.unix_timestamp()).unwrap_or(0))
}

/// A set of texts in Datalog.
pub(crate) fn set<'a>(items: impl IntoIterator<Item = &'a str>) -> Term {
    Term::Set(items.into_iter().map(|item| Term::Str(item.to_owned())).collect())
}

/// Holds on the account that a connection had when the pass was minted.
pub(crate) fn same_account() -> Check {
    check!(r#"check if connection($c), service($s), account($a), connected($c, $s, $a)"#)
}

pub(crate) fn is_same_account(caveat: &Caveat) -> bool {
    caveat.is_of(&same_account())
}

pub(crate) fn connected(connection: &ConnectionName, service: &str, account: &str) -> Fact {
    fact!(r#"connected({c}, {s}, {a})"#, c = connection.as_str(), s = service, a = account)
}

/// The grants of one answer on one connection. The effects stand as one set, empty where there are none, so
/// that the policy always finds one.
pub(crate) fn grants(answer: &str, connection: &ConnectionName, selectors: &[&Selector]) -> Vec<Fact> {
    let connection = connection.as_str();
    let effects: BTreeSet<Effect> = selectors
        .iter()
        .filter_map(|one| if let Selector::Effect(e) = one { Some(*e) } else { None })
        .collect();
    let effects = set(effects.iter().map(|effect| effect.as_str()));
    let mut facts = vec![fact!(r#"grant_effects({a}, {c}, {e})"#, a = answer, c = connection, e = effects)];
    for selector in selectors {
        match selector {
            Selector::Effect(_) => {}
            Selector::Operation(id) => facts.push(fact!(
                r#"grant_operation({a}, {c}, {o})"#,
                a = answer,
                c = connection,
                o = id.as_str()
            )),
            Selector::Glob { prefix, suffix } => facts.push(fact!(
                r#"grant_glob({a}, {c}, {start}, {end})"#,
                a = answer,
                c = connection,
                start = prefix.as_str(),
                end = suffix.as_str()
            )),
        }
    }
    facts
}

/// Holds where the request is the one that a person approved, or the target does not mean it.
pub(crate) fn ask(target: &Target) -> Check {
    either(but_for(target), check!(r#"check if request_digest($d), approved($d)"#))
}

/// Holds for no operation that the target means.
pub(crate) fn deny(target: &Target) -> Check {
    but_for(target)
}

/// Holds where some target means the operation; effects of one connection are taken together, and must
/// cover all that the operation has.
pub(crate) fn only(targets: &[Target]) -> Option<Check> {
    let mut connections: Vec<&Option<ConnectionName>> =
        targets.iter().map(|target| &target.connection).collect();
    connections.sort();
    connections.dedup();
    let mut caveat: Option<Check> = None;
    for connection in connections {
        let selectors = targets.iter().filter(|one| one.connection == *connection).map(|one| &one.selector);
        for alternative in alternatives(connection.as_ref(), selectors) {
            caveat = Some(match caveat {
                Some(so_far) => either(so_far, alternative),
                None => alternative,
            });
        }
    }
    caveat
}

fn alternatives<'a>(
    connection: Option<&ConnectionName>,
    selectors: impl Iterator<Item = &'a Selector>,
) -> Vec<Check> {
    let (mut effects, mut ids, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for selector in selectors {
        match selector {
            Selector::Effect(effect) => effects.push(effect.as_str()),
            Selector::Operation(id) => ids.push(id.as_str()),
            Selector::Glob { prefix, suffix } => checks.push(check!(
                r#"check if operation($o), $o.starts_with({start}), $o.ends_with({end})"#,
                start = prefix.as_str(),
                end = suffix.as_str()
            )),
        }
    }
    if !effects.is_empty() {
        let effects = set(effects);
        checks.push(check!(r#"check if effects($e), {effects}.contains($e)"#, effects = effects));
    }
    if !ids.is_empty() {
        let ids = set(ids);
        checks.push(check!(r#"check if operation($o), {ids}.contains($o)"#, ids = ids));
    }
    if let Some(name) = connection {
        let on = Predicate::new("connection".into(), vec![Term::Str(name.to_string())]);
        for query in checks.iter_mut().flat_map(|check| &mut check.queries) {
            query.body.insert(0, on.clone());
        }
    }
    checks
}

/// How a check that one of these made is told.
pub(crate) fn says(caveat: &Caveat) -> Option<Says> {
    if caveat.kind != Kind::One {
        return None;
    }
    let read = elsewhere::read(caveat);
    match read.rest {
        [] => {
            let line = format!("{}{}", read.subject()?, read.connection_text());
            Some(Says { sentence: read.excluded()?, told: ToldAs::Line(About::Never, line) })
        }
        [approved] if is_approved(approved) => {
            let subject = read.subject().unwrap_or_else(|| "anything".into());
            let line = format!("{subject}{}", read.connection_text());
            let sentence = read.sentence("approved by a person first");
            Some(Says { sentence, told: ToldAs::Line(About::Asks, line) })
        }
        among if read.subject().is_none() && read.connection().is_none() => {
            let among = among.iter().map(operations).collect::<Option<Vec<String>>>()?.join(", or ");
            Some(Says { sentence: format!("only {among}"), told: ToldAs::Line(About::Only, among) })
        }
        _ => None,
    }
}

fn is_approved(query: &Query) -> bool {
    let names: Vec<&str> = query.patterns.iter().map(|pattern| &*pattern.name).collect();
    names == ["request_digest", "approved"] && query.expressions.is_empty()
}

/// One alternative of `--only`.
fn operations(query: &Query) -> Option<String> {
    let (on, patterns) = match query.patterns.split_first()? {
        (first, rest) if &*first.name == "connection" => match first.slots.as_slice() {
            [Slot::Value(Value::Str(name))] => (format!(" on `{name}`"), rest),
            _ => return None,
        },
        _ => (String::new(), query.patterns.as_slice()),
    };
    let [pattern] = patterns else { return None };
    let conditions: Vec<&[Op]> = query.expressions.iter().map(Vec::as_slice).collect();
    match (&*pattern.name, conditions.as_slice()) {
        ("effects", [[Op::Value(set), Op::Variable(0), Op::Binary(Binary::Contains)]]) => {
            Some(format!("what has no effect but {}{on}", listed(set.as_strings()?)))
        }
        ("operation", [[Op::Value(set), Op::Variable(0), Op::Binary(Binary::Contains)]]) => {
            Some(format!("{}{on}", listed(set.as_strings()?)))
        }
        ("operation", [start, end]) => {
            Some(format!("`{}*{}`{on}", affix(start, Binary::Prefix)?, affix(end, Binary::Suffix)?))
        }
        _ => None,
    }
}
