//! The facts and caveats that flags stand for, built from values: no Datalog text is joined from strings.
//!
//! Every caveat made here holds or fails on facts that every request has, so none is vacuous, and none is
//! satisfied by one good fact among several.

use std::collections::BTreeSet;

use biscuit_auth::builder::{Binary, Check, Expression, Fact, Op, Predicate, Term, Unary};
use biscuit_auth::macros::{check, fact};
use time::OffsetDateTime;

use crate::budget::{Asked, Measure, is_anything};
use crate::decode::Address;
use crate::effect::Effect;
use crate::hours::Hours;
use crate::names::ConnectionName;
use crate::selector::{Selector, Target};

pub(crate) fn date(moment: OffsetDateTime) -> Term {
    Term::Date(u64::try_from(moment.unix_timestamp()).unwrap_or(0))
}

fn set<'a>(items: impl IntoIterator<Item = &'a str>) -> Term {
    Term::Set(items.into_iter().map(|item| Term::Str(item.to_owned())).collect())
}

pub(crate) fn until(moment: OffsetDateTime) -> Check {
    check!(r#"check if time($t), $t <= {end}"#, end = date(moment))
}

pub(crate) fn from(moment: OffsetDateTime) -> Check {
    check!(r#"check if time($t), $t >= {start}"#, start = date(moment))
}

/// Holds within some of the hours; none where there are none.
pub(crate) fn during(hours: &[Hours]) -> Option<Check> {
    let windows = hours.iter().map(|one| {
        check!(
            r#"check if clock({zone}, $day, $minute), {days}.contains($day), $minute >= {from}, $minute < {to}"#,
            zone = one.zone.as_str(),
            days = set(one.days.iter().copied()),
            from = one.from,
            to = one.to
        )
    });
    windows.reduce(or)
}

/// Holds where nobody is reached but these: addresses, and everybody at these domains.
pub(crate) fn recipients(addresses: &[Address], domains: &[String]) -> Option<Check> {
    if addresses.is_empty() && domains.is_empty() {
        return None;
    }
    let known = set(addresses.iter().map(Address::as_str));
    let mut caveat = check!(r#"reject if recipient($r), !{known}.contains($r)"#, known = known);
    for domain in domains {
        let elsewhere = vec![
            Op::Value(Term::Variable("r".into())),
            Op::Value(Term::Str(format!("@{domain}"))),
            Op::Binary(Binary::Suffix),
            Op::Unary(Unary::Negate),
        ];
        for query in &mut caveat.queries {
            query.expressions.push(Expression { ops: elsewhere.clone() });
        }
    }
    Some(caveat)
}

/// What `in_thread` says, as it is printed.
pub(crate) const IN_THREAD: &str =
    "check all recipient($r), thread_participants($p), $p.contains($r) or recipient_count(0)";

/// Holds where everybody who is reached takes part in the thread that the message goes into. The count stands
/// beside it because nobody is no member of anything.
pub(crate) fn in_thread() -> Check {
    check!(r#"check all recipient($r), thread_participants($p), $p.contains($r) or recipient_count(0)"#)
}

pub(crate) fn same_account() -> Check {
    check!(r#"check if connection($c), service($s), account($a), connected($c, $s, $a)"#)
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

/// The facts of a budget, and the caveat that reads its count.
pub(crate) fn budget(name: &str, asked: &Asked) -> (Vec<Fact>, Check) {
    let mut facts = vec![budget_fact(name, &asked.target, asked.max)];
    if let Some(window) = asked.window {
        let seconds = i64::try_from(window.seconds()).unwrap_or(i64::MAX);
        facts.push(fact!(r#"budget_window({name}, {seconds})"#, name = name, seconds = seconds));
    }
    let max = asked.max;
    let within = match asked.measure {
        Measure::Requests => check!(r#"check if used({name}, $n), $n < {max}"#, name = name, max = max),
        counted => {
            facts.push(fact!(r#"budget_counts({name}, {what})"#, name = name, what = counted.as_str()));
            let mut room = check!(
                r#"check if used({name}, $n), cost({name}, $c), $n + $c <= {max}"#,
                name = name,
                max = max
            );
            if counted == Measure::Recipients {
                // It reads whom the request reaches: what cannot be told is not counted as nobody.
                let known = Predicate::new("recipient_count".into(), vec![Term::Variable("r".into())]);
                room.queries.iter_mut().for_each(|query| query.body.push(known.clone()));
            }
            room
        }
    };
    let caveat = match elsewhere_if_any(&asked.target) {
        Some(elsewhere) => or(elsewhere, within),
        None => within,
    };
    (facts, caveat)
}

fn budget_fact(name: &str, target: &Target, max: i64) -> Fact {
    let connection = target.connection.as_ref().map_or("*", ConnectionName::as_str);
    match &target.selector {
        Selector::Effect(effect) => fact!(
            r#"budget_effect({name}, {c}, {e}, {max})"#,
            name = name,
            c = connection,
            e = effect.as_str(),
            max = max
        ),
        Selector::Operation(id) => fact!(
            r#"budget_operation({name}, {c}, {o}, {max})"#,
            name = name,
            c = connection,
            o = id.as_str(),
            max = max
        ),
        Selector::Glob { prefix, suffix } => fact!(
            r#"budget_glob({name}, {c}, {start}, {end}, {max})"#,
            name = name,
            c = connection,
            start = prefix.as_str(),
            end = suffix.as_str(),
            max = max
        ),
    }
}

/// Holds for every operation that the target does not mean; none where it means all.
fn elsewhere_if_any(target: &Target) -> Option<Check> {
    match &target.connection {
        Some(name) if is_anything(&target.selector) => {
            Some(check!(r#"check if connection($c), $c !== {name}"#, name = name.as_str()))
        }
        None if is_anything(&target.selector) => None,
        _ => Some(elsewhere(target)),
    }
}

/// Holds for every operation that the target does not mean.
pub(crate) fn elsewhere(target: &Target) -> Check {
    let other = match &target.selector {
        Selector::Effect(effect) => {
            check!(r#"check if effects($e), !$e.contains({effect})"#, effect = effect.as_str())
        }
        Selector::Operation(id) => check!(r#"check if operation($o), $o !== {id}"#, id = id.as_str()),
        Selector::Glob { prefix, suffix } => check!(
            r#"check if operation($o), !($o.starts_with({start}) && $o.ends_with({end}))"#,
            start = prefix.as_str(),
            end = suffix.as_str()
        ),
    };
    match &target.connection {
        Some(name) => or(check!(r#"check if connection($c), $c !== {name}"#, name = name.as_str()), other),
        None => other,
    }
}

/// Holds where the request is the one that a person approved, or the target does not mean it.
pub(crate) fn ask(target: &Target) -> Check {
    or(elsewhere(target), check!(r#"check if request_digest($d), approved($d)"#))
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
                Some(so_far) => or(so_far, alternative),
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

pub(crate) fn or(mut left: Check, right: Check) -> Check {
    left.queries.extend(right.queries);
    left
}
