//! The checks of `--arg` as bounds on one operation's arguments, for a schema.

use std::collections::BTreeSet;

use super::sentence::text;
use crate::caveats::elsewhere;
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Pattern, Slot, Unary};
use crate::words::names::{ConnectionName, OperationId};
use crate::words::value::Value;

/// What a check leaves of an operation's arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ArgBound {
    /// No other names than these.
    Names(BTreeSet<String>),
    /// The argument must be there.
    Given(String),
    Value(String, ValueBound),
}

/// What a check leaves of one argument's values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ValueBound {
    AtMost(i64),
    AtLeast(i64),
    OneOf(Vec<Value>),
    StartsWith(String),
}

/// The bound of a check on this operation of this connection; none if the check says anything else.
pub(crate) fn bound(caveat: &Caveat, id: &OperationId, on: &ConnectionName) -> Option<ArgBound> {
    match caveat.kind {
        Kind::Reject => rejected(caveat, id, on),
        Kind::One => given(caveat, id, on),
        Kind::All => None,
    }
}

fn given(caveat: &Caveat, id: &OperationId, on: &ConnectionName) -> Option<ArgBound> {
    let read = elsewhere::read(caveat);
    let is_here = read.connection().is_none_or(|name| name == on.as_str());
    let ([query], true) = (read.rest, is_here && read.subject()? == format!("`{id}`")) else { return None };
    let ([pattern], []) = (query.patterns.as_slice(), query.expressions.as_slice()) else { return None };
    let is_name = matches!(&*pattern.name, "arg_type" | "arg_name");
    is_name.then(|| text(pattern, 0).map(|name| ArgBound::Given(name.to_owned())))?
}

fn rejected(caveat: &Caveat, id: &OperationId, on: &ConnectionName) -> Option<ArgBound> {
    let [query] = caveat.queries.as_slice() else { return None };
    let (place, subject) = query.patterns.split_at_checked(query.patterns.len().checked_sub(1)?)?;
    let is_here = |pattern: &Pattern| match &*pattern.name {
        "operation" => text(pattern, 0) == Some(id.as_str()),
        "connection" => text(pattern, 0) == Some(on.as_str()),
        _ => false,
    };
    if !place.iter().any(|pattern| &*pattern.name == "operation") || !place.iter().all(is_here) {
        return None;
    }
    let ([subject], [condition]) = (subject, query.expressions.as_slice()) else { return None };
    match (&*subject.name, condition.as_slice()) {
        (
            "arg_name",
            [Op::Value(names), Op::Variable(_), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)],
        ) => Some(ArgBound::Names(names.as_strings()?.into_iter().map(str::to_owned).collect())),
        ("arg" | "arg_int" | "arg_bool", condition) => {
            let (Some(Slot::Variable(value)), name) = (subject.slots.get(1), text(subject, 0)?) else {
                return None;
            };
            Some(ArgBound::Value(name.to_owned(), left(condition, *value)?))
        }
        _ => None,
    }
}

/// What is left of a value where this condition rejects.
fn left(condition: &[Op], value: usize) -> Option<ValueBound> {
    Some(match condition {
        [Op::Variable(of), Op::Value(bound), Op::Binary(op)] if *of == value => match (op, bound) {
            (Binary::GreaterThan, Value::Int(most)) => ValueBound::AtMost(*most),
            (Binary::GreaterOrEqual, Value::Int(more)) => ValueBound::AtMost(more.checked_sub(1)?),
            (Binary::LessThan, Value::Int(least)) => ValueBound::AtLeast(*least),
            (Binary::LessOrEqual, Value::Int(less)) => ValueBound::AtLeast(less.checked_add(1)?),
            (Binary::NotEqual, only) => ValueBound::OneOf(vec![only.clone()]),
            _ => return None,
        },
        [
            Op::Value(Value::Set(known)),
            Op::Variable(of),
            Op::Binary(Binary::Contains),
            Op::Unary(Unary::Negate),
        ] if *of == value => ValueBound::OneOf(known.iter().cloned().collect()),
        [Op::Variable(of), Op::Value(start), Op::Binary(Binary::Prefix), Op::Unary(Unary::Negate)]
            if *of == value =>
        {
            ValueBound::StartsWith(start.as_str()?.to_owned())
        }
        _ => return None,
    })
}
