//! The sentences of constraints on arguments, read back from the caveats that `--arg` makes.

use crate::caveat::{Binary, Caveat, Kind, Op, Pattern, Slot, Unary};
use crate::compose;
use crate::value::Value;

/// What a `reject if` on one operation's arguments leaves, in words.
pub(crate) fn argument(caveat: &Caveat) -> Option<String> {
    let ([query], Kind::Reject) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let (on, patterns) = match query.patterns.split_first()? {
        (first, rest) if &*first.name == "connection" => (format!(" on `{}`", text(first, 0)?), rest),
        _ => (String::new(), query.patterns.as_slice()),
    };
    let [operation, subject] = patterns else { return None };
    if &*operation.name != "operation" {
        return None;
    }
    let id = text(operation, 0)?;
    let conditions: Vec<&[Op]> = query.expressions.iter().map(Vec::as_slice).collect();
    let rest = match &*subject.name {
        "arg_name" => {
            let [[Op::Value(names), Op::Variable(_), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)]] =
                conditions.as_slice()
            else {
                return None;
            };
            format!("no arguments but {}", list(names))
        }
        "arg_type" => {
            let [[Op::Variable(_), Op::Value(kind), Op::Binary(Binary::NotEqual)]] = conditions.as_slice()
            else {
                return None;
            };
            format!("`{}` only as {}", text(subject, 0)?, kind.as_str()?)
        }
        "arg" | "arg_int" | "arg_bool" => format!("`{}` {}", text(subject, 0)?, kept(&conditions)?),
        _ => return None,
    };
    Some(format!("`{id}`{on}: {rest}"))
}

/// Whom a `reject if` on recipients leaves, in words.
pub(crate) fn recipients(caveat: &Caveat) -> Option<String> {
    let ([query], Kind::Reject) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let [pattern] = query.patterns.as_slice() else { return None };
    if &*pattern.name != "recipient" {
        return None;
    }
    let mut who = Vec::new();
    for condition in &query.expressions {
        match condition.as_slice() {
            [
                Op::Value(Value::Set(items)),
                Op::Variable(_),
                Op::Binary(Binary::Contains),
                Op::Unary(Unary::Negate),
            ] => {
                who.extend(items.iter().filter_map(|item| Some(format!("`{}`", item.as_str()?))));
            }
            [Op::Variable(_), Op::Value(domain), Op::Binary(Binary::Suffix), Op::Unary(Unary::Negate)] => {
                let domain = domain.as_str()?.strip_prefix('@')?;
                who.push(format!("anybody at `{domain}`"));
            }
            _ => return None,
        }
    }
    Some(format!("no recipients but {}", who.join(", ")))
}

/// That everybody reached takes part in the thread already, in words.
pub(crate) fn in_thread(caveat: &Caveat) -> Option<String> {
    let is_own = caveat.to_string() == compose::IN_THREAD;
    is_own.then(|| "nobody reached but who takes part in the thread already".into())
}

/// What is left where these conditions reject.
fn kept(conditions: &[&[Op]]) -> Option<String> {
    Some(match conditions {
        [[Op::Variable(_), Op::Value(value), Op::Binary(op)]] => match op {
            Binary::GreaterThan => format!("at most {value}"),
            Binary::GreaterOrEqual => format!("less than {value}"),
            Binary::LessThan => format!("at least {value}"),
            Binary::LessOrEqual => format!("more than {value}"),
            Binary::NotEqual => format!("exactly {value}"),
            _ => return None,
        },
        [[Op::Value(set), Op::Variable(_), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)]] => {
            format!("one of {}", list(set))
        }
        [[Op::Variable(_), Op::Value(value), Op::Binary(op), Op::Unary(Unary::Negate)]] => match op {
            Binary::Contains => format!("containing {value}"),
            Binary::Prefix => format!("starting with {value}"),
            _ => return None,
        },
        [
            [Op::Variable(_), Op::Value(value), Op::Binary(Binary::NotEqual)],
            [Op::Variable(_), Op::Value(_), Op::Binary(Binary::Prefix), Op::Unary(Unary::Negate)],
        ] => format!("{value} or below it"),
        _ => return None,
    })
}

fn text(pattern: &Pattern, place: usize) -> Option<&str> {
    match pattern.slots.get(place)? {
        Slot::Value(value) => value.as_str(),
        Slot::Variable(_) => None,
    }
}

fn list(set: &Value) -> String {
    match set {
        Value::Set(items) => items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
