//! How the checks of `--arg` are told.

use crate::caveats::elsewhere;
use crate::caveats::said::{ArgumentLimit, ArgumentSays, Says, ToldAs};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Pattern, Slot, Unary};
use crate::words::value::Value;

/// The sentence, and the part of a line.
pub(crate) fn says(caveat: &Caveat) -> Option<Says> {
    if let Some(argument) = argument(caveat) {
        let sentence = format!("{}: {}", argument.operation, argument.leaves);
        return Some(Says { sentence, told: ToldAs::Argument(argument) });
    }
    let read = elsewhere::read(caveat);
    let ([query], Kind::One) = (read.rest, caveat.kind) else { return None };
    let ([pattern], []) = (query.patterns.as_slice(), query.expressions.as_slice()) else { return None };
    if !matches!(&*pattern.name, "arg_type" | "arg_name") {
        return None;
    }
    let name = text(pattern, 0)?.to_owned();
    let told = read.subject().map_or(ToldAs::Custom, |operation| {
        ToldAs::Argument(ArgumentLimit {
            operation: format!("{operation}{}", read.connection_text()),
            leaves: format!("`{name}` given"),
            name: Some(name.clone()),
            says: ArgumentSays::Given,
        })
    });
    Some(Says { sentence: read.sentence(&format!("`{name}` has to be given")), told })
}

/// What a `reject if` on one operation's arguments leaves, in words.
pub(crate) fn argument(caveat: &Caveat) -> Option<ArgumentLimit> {
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
    let (name, leaves, says) = match &*subject.name {
        "arg_name" => {
            let [[Op::Value(names), Op::Variable(_), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)]] =
                conditions.as_slice()
            else {
                return None;
            };
            (None, format!("no arguments but {}", list(names)), ArgumentSays::Names)
        }
        "arg_type" => {
            let [[Op::Variable(_), Op::Value(kind), Op::Binary(Binary::NotEqual)]] = conditions.as_slice()
            else {
                return None;
            };
            let name = text(subject, 0)?;
            (Some(name), format!("`{name}` only as {}", kind.as_str()?), ArgumentSays::Type)
        }
        "arg" | "arg_int" | "arg_bool" => {
            let name = text(subject, 0)?;
            (Some(name), format!("`{name}` {}", kept(&conditions)?), ArgumentSays::Value)
        }
        _ => return None,
    };
    Some(ArgumentLimit { operation: format!("`{id}`{on}"), name: name.map(str::to_owned), leaves, says })
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

pub(super) fn text(pattern: &Pattern, place: usize) -> Option<&str> {
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
