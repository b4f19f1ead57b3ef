//! Decisions and passes in plain words, derived from what is evaluated and from nothing else.
//!
//! A caveat of a shape that the flags make has a sentence of its own; any other is shown as its Datalog, which
//! is always right.

use crate::approval::Quorum;
use crate::budget::{self, Measure};
use crate::caveat::{Binary, Caveat, Kind, Op, Query, Slot, Unary};
use crate::conditions;
use crate::content::{Answer, Bound, Content, Limit, time_bound};
use crate::hours::{DAYS, between};
use crate::plain;
use crate::policy::{POLICIES, Rule};
use crate::provenance;
use crate::request::Request;
use crate::resources;
use crate::selector::Selector;
use crate::value::{Value, date_text};

/// The request in one line: the operation, its connection, its effects.
pub fn request(request: &Request) -> String {
    let operation = &request.operation;
    format!("`{}` on `{}` (effects: {})", operation.id, request.connection, request.effects)
}

pub(crate) fn rule_text(rule: Rule) -> &'static str {
    POLICIES.iter().find(|(known, _)| *known == rule).map_or("deny if true", |(_, text)| text)
}

pub(crate) fn rule_expected(rule: Rule, pass: &Content, request: &Request) -> String {
    let of = |answer: Answer| {
        let mut texts = Vec::new();
        for (own, connection, selector) in &pass.grants {
            if *own == answer && *connection == request.connection {
                texts.push(format!("`{selector}`"));
            }
        }
        texts.join(", ")
    };
    match rule {
        Rule::Denied => {
            format!("none of what the pass denies on `{}`: {}", request.connection, of(Answer::Deny))
        }
        Rule::Asked => format!("a person's approval: the pass asks before {}", of(Answer::Ask)),
        Rule::Uncovered if !pass.connections.iter().any(|one| one.name == request.connection) => {
            "a connection that the pass names".into()
        }
        Rule::Uncovered | Rule::Allowed | Rule::Approved => {
            format!("what the pass covers on `{}`: {}", request.connection, covered(&of))
        }
    }
}

fn covered(of: &dyn Fn(Answer) -> String) -> String {
    let (allowed, asked) = (of(Answer::Allow), of(Answer::Ask));
    match (allowed.is_empty(), asked.is_empty()) {
        (true, true) => "nothing".into(),
        (false, true) => allowed,
        (true, false) => format!("{asked} after asking"),
        (false, false) => format!("{allowed}; {asked} after asking"),
    }
}

/// What a caveat asks for, in words.
pub fn caveat(caveat: &Caveat) -> String {
    match time_bound(caveat) {
        Some(Bound::Until(at)) => return format!("a time until {}", date_text(at)),
        Some(Bound::From(at)) => return format!("a time from {}", date_text(at)),
        None => {}
    }
    if is_same_account(caveat) {
        return "the account that the connection had when the pass was minted".into();
    }
    if let Some(sentence) = plain::argument(caveat)
        .or_else(|| plain::recipients(caveat))
        .or_else(|| provenance::plain(caveat))
        .or_else(|| conditions::plain(caveat))
        .or_else(|| resources::sentence(caveat))
    {
        return sentence;
    }
    if let Some(sentence) = plain::in_thread(caveat) {
        return sentence;
    }
    if caveat.kind == Kind::One {
        let parts: Option<Vec<Part>> = caveat.queries.iter().map(part).collect();
        if let Some(sentence) = parts.and_then(sentence) {
            return sentence;
        }
    }
    format!("`{caveat}`")
}

fn is_same_account(caveat: &Caveat) -> bool {
    caveat.to_string() == "check if connection($c), service($s), account($a), connected($c, $s, $a)"
}

/// One alternative of a caveat, where it has a shape that the flags make.
enum Part {
    Elsewhere(String),
    Otherwise(String),
    Within(String, i64),
    Room(String, i64),
    Approved,
    Among(String),
    During(String),
    Given(String),
    Named(String),
}

fn part(query: &Query) -> Option<Part> {
    let names: Vec<&str> = query.patterns.iter().map(|pattern| &*pattern.name).collect();
    let conditions: Vec<&[Op]> = query.expressions.iter().map(Vec::as_slice).collect();
    let on = match (names.as_slice(), query.patterns.first()) {
        (["connection", ..], Some(first)) => match first.slots.as_slice() {
            [Slot::Value(Value::Str(name))] => Some(format!(" on `{name}`")),
            _ => None,
        },
        _ => None,
    };
    let rest = if on.is_some() { names.get(1..)? } else { &names };
    let on = on.unwrap_or_default();
    match (rest, conditions.as_slice()) {
        (["request_digest", "approved"], []) => Some(Part::Approved),
        (["arg_type"] | ["arg_name"], []) => match query.patterns.last()?.slots.first()? {
            Slot::Value(Value::Str(name)) => Some(Part::Given(name.to_string())),
            _ => None,
        },
        (["connection"], [[Op::Variable(0), Op::Value(name), Op::Binary(Binary::NotEqual)]]) => {
            Some(Part::Elsewhere(name.as_str()?.to_owned()))
        }
        (["operation"], [[Op::Variable(0), Op::Value(id), Op::Binary(Binary::NotEqual)]]) => {
            Some(Part::Otherwise(format!("`{}`", id.as_str()?)))
        }
        (
            ["effects"],
            [[Op::Variable(0), Op::Value(effect), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)]],
        ) => Some(Part::Otherwise(format!("what has the effect `{}`", effect.as_str()?))),
        (["effects"], [[Op::Value(set), Op::Variable(0), Op::Binary(Binary::Contains)]]) => {
            Some(Part::Among(format!("what has no effect but {}{on}", quoted(set)?)))
        }
        (["operation"], [[Op::Value(set), Op::Variable(0), Op::Binary(Binary::Contains)]]) => {
            Some(Part::Among(format!("{}{on}", quoted(set)?)))
        }
        (["operation"], [start, end]) => Some(Part::Among(format!(
            "`{}*{}`{on}",
            affix(start, Binary::Prefix)?,
            affix(end, Binary::Suffix)?
        ))),
        (["resource"], [[Op::Value(ids), Op::Variable(_), Op::Binary(Binary::Contains)]]) => {
            let Slot::Value(kind) = query.patterns.first()?.slots.first()? else { return None };
            Some(Part::Named(format!("a {} among {}", kind.as_str()?, resources::listed(ids)?)))
        }
        (["clock"], [[Op::Value(days), Op::Variable(_), Op::Binary(Binary::Contains)], from, to]) => {
            Some(Part::During(hours_of(query, days, from, to)?))
        }
        (["used"], [[Op::Variable(0), Op::Value(Value::Int(max)), Op::Binary(Binary::LessThan)]]) => {
            let first = query.patterns.first()?.slots.first()?;
            let Slot::Value(name) = first else { return None };
            Some(Part::Within(name.as_str()?.to_owned(), *max))
        }
        (
            ["used", "cost"] | ["used", "cost", "recipient_count"],
            [
                [
                    Op::Variable(0),
                    Op::Variable(1),
                    Op::Binary(Binary::Add),
                    Op::Value(Value::Int(max)),
                    Op::Binary(Binary::LessOrEqual),
                ],
            ],
        ) => match query.patterns.first()?.slots.first()? {
            Slot::Value(name) => Some(Part::Room(name.as_str()?.to_owned(), *max)),
            Slot::Variable(_) => None,
        },
        (["operation"], [[rest @ .., Op::Unary(Unary::Negate)]]) => glob(rest).map(Part::Otherwise),
        _ => None,
    }
}

fn hours_of(query: &Query, days: &Value, from: &[Op], to: &[Op]) -> Option<String> {
    let bound = |condition: &[Op], op| match condition {
        [Op::Variable(_), Op::Value(Value::Int(minutes)), Op::Binary(found)] if *found == op => {
            Some(*minutes)
        }
        _ => None,
    };
    let Slot::Value(zone) = query.patterns.first()?.slots.first()? else { return None };
    let days = days.as_strings()?;
    let days: Vec<&str> = DAYS.into_iter().filter(|day| days.contains(day)).collect();
    let times = between(bound(from, Binary::GreaterOrEqual)?, bound(to, Binary::LessThan)?);
    Some(format!("{} {times} {}", days.join(","), zone.as_str()?))
}

fn affix(condition: &[Op], op: Binary) -> Option<&str> {
    match condition {
        [Op::Variable(0), Op::Value(text), Op::Binary(found)] if *found == op => text.as_str(),
        _ => None,
    }
}

fn glob(ops: &[Op]) -> Option<String> {
    let [start @ .., Op::Closure(None, end), Op::Binary(Binary::LazyAnd), Op::Unary(Unary::Parens)] = ops
    else {
        return None;
    };
    Some(format!("`{}*{}`", affix(start, Binary::Prefix)?, affix(end, Binary::Suffix)?))
}

fn quoted(set: &Value) -> Option<String> {
    Some(set.as_strings()?.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", "))
}

fn sentence(parts: Vec<Part>) -> Option<String> {
    let (mut place, mut subject, mut among, mut end) = (String::new(), None, Vec::new(), None);
    if parts.iter().all(|part| matches!(part, Part::During(_))) {
        let hours = parts
            .iter()
            .filter_map(|part| if let Part::During(text) = part { Some(text.as_str()) } else { None });
        return Some(format!("a time within {}", hours.collect::<Vec<_>>().join(", or ")));
    }
    for part in parts {
        match part {
            Part::Elsewhere(name) => place = format!(" on `{name}`"),
            Part::Otherwise(what) => subject = Some(what),
            Part::Among(what) => among.push(what),
            Part::Within(name, max) => end = Some(format!("used fewer than {max} times (budget `{name}`)")),
            Part::Room(name, max) => {
                end = Some(format!("no more than {max} together with this request (budget `{name}`)"));
            }
            Part::During(_) => return None,
            Part::Given(name) => end = Some(format!("`{name}` has to be given")),
            Part::Named(which) => end = Some(format!("{which} has to be named")),
            Part::Approved => end = Some("approved by a person first".to_owned()),
        }
    }
    match (subject, end, among.as_slice()) {
        (Some(subject), Some(end), []) => Some(format!("{subject}{place}: {end}")),
        (None, Some(end), []) if place.is_empty() => Some(end),
        (None, Some(end), []) => Some(format!("anything{place}: {end}")),
        (Some(subject), None, []) => Some(format!("anything but {subject}{place}")),
        (None, None, [_, ..]) => Some(format!("only {}", among.join(", or "))),
        _ => None,
    }
}

/// A pass in plain words, a sentence a line.
pub fn pass(content: &Content) -> Vec<String> {
    let mut lines = Vec::new();
    for answer in Answer::ALL {
        let mut connections: Vec<_> =
            content.grants.iter().filter(|(own, _, _)| *own == answer).map(|(_, name, _)| name).collect();
        connections.sort();
        connections.dedup();
        for connection in connections {
            let selectors = content.grants.iter().filter(|(own, on, _)| *own == answer && on == connection);
            let what: Vec<String> = selectors.map(|(_, _, selector)| describe(selector)).collect();
            let verb = match answer {
                Answer::Allow => "allows",
                Answer::Ask => "asks a person before",
                Answer::Deny => "denies",
            };
            lines.push(format!("{verb} on `{connection}`: {}", what.join(", ")));
        }
    }
    lines.extend(Quorum::of(content).words());
    for limit in &content.limits {
        lines.push(budget(limit));
    }
    lines.extend(conditions::redactions(content));
    lines
}

fn describe(selector: &Selector) -> String {
    match selector {
        Selector::Effect(effect) => effect.to_string(),
        other => format!("`{other}`"),
    }
}

/// A budget in words.
pub fn budget(limit: &Limit) -> String {
    let over = limit.window.map_or(String::new(), |window| format!(" {}", window.words()));
    let on = match &limit.target.connection {
        Some(name) if limit.measure != Measure::Requests => format!(" on `{name}`"),
        _ => String::new(),
    };
    match limit.measure {
        Measure::Requests => format!("at most {} times{over}: {}", limit.max, limit.target),
        Measure::Recipients => format!("at most {} different recipients{over}{on}", limit.max),
        Measure::Bytes => format!("at most {}{over} sent and answered{on}", budget::size(limit.max)),
    }
}
