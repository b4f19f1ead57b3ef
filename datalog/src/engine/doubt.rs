//! Doubts: when a caveat has no answer, because the request touches a thing that it does not name.
//!
//! `reject if resource("repo", "acme/secret")` holds if there is no such fact. If the request may touch a repository
//! that it does not name (`unnamed`), the missing fact proves nothing. So each such query has doubts: the same query
//! with `unnamed` in place of `resource`, and without conditions on the unknown id. Only `check if` has none, because
//! more facts cannot undo what one fact satisfies.

use crate::engine::caveat::{Binary, Kind, Op, Pattern, Predicate, Query, Slot, Unary};
use crate::words::value::{Text, Value};

/// The words whose facts may be incomplete, because nobody can state all of them.
pub(crate) const OF_THINGS: [&str; 3] = ["resource", "seen", "created"];

/// The doubts of a query: one for each place that names things.
pub(crate) fn doubts_of(kind: Kind, query: &Query) -> Vec<Query> {
    let places = query.patterns.iter().enumerate();
    let places = places.filter(|(_, pattern)| OF_THINGS.contains(&&*pattern.name)).map(|(place, _)| place);
    match kind {
        Kind::One => Vec::new(),
        Kind::Reject => places.filter_map(|place| rejected(query, place)).collect(),
        Kind::All => places.flat_map(|place| unmet(query, place)).collect(),
    }
}

/// The other patterns, without those that name things too, and with `unnamed` in this place.
pub(crate) fn patterns(query: &Query, place: usize) -> Option<(Vec<Pattern>, Option<usize>)> {
    let own = query.patterns.get(place)?;
    let others = query.patterns.iter().filter(|pattern| !OF_THINGS.contains(&&*pattern.name));
    let id = match own.slots.get(1) {
        Some(Slot::Variable(id)) => Some(*id),
        _ => None,
    };
    let mut patterns: Vec<Pattern> = others.cloned().collect();
    patterns.push(Pattern {
        predicate: Predicate::of("unnamed")?,
        name: Text::Word("unnamed"),
        slots: vec![own.slots.first()?.clone(), Slot::Variable(id.unwrap_or(query.variables.len()))],
    });
    Some((patterns, id))
}

/// The query with one more variable, which no text can name.
fn with_one_more(query: &Query) -> Query {
    let mut query = query.clone();
    query.variables.push("".into());
    query
}

/// If this matches, a rejected thing could match.
fn rejected(query: &Query, place: usize) -> Option<Query> {
    let (patterns, id) = patterns(query, place)?;
    let told = |ops: &&Vec<Op>| is_told(ops, &patterns, id) || is_other(ops, id);
    let expressions = query.expressions.iter().filter(told).cloned().collect();
    Some(with_one_more(query).part(patterns, expressions))
}

/// If one of these matches, some match could fail a condition.
fn unmet(query: &Query, place: usize) -> Vec<Query> {
    let Some((patterns, id)) = patterns(query, place) else { return Vec::new() };
    let whole = with_one_more(query);
    let negated = |ops: &Vec<Op>| match is_told(ops, &patterns, id) || is_one_of(ops, id) {
        true => whole.part(patterns.clone(), vec![[ops.as_slice(), &[Op::Unary(Unary::Negate)]].concat()]),
        false => whole.part(patterns.clone(), Vec::new()),
    };
    query.expressions.iter().map(negated).collect()
}

/// Whether a condition can be judged without the id.
fn is_told(ops: &[Op], patterns: &[Pattern], id: Option<usize>) -> bool {
    let bound = |variable: &usize| {
        let mut slots = patterns.iter().flat_map(|pattern| &pattern.slots);
        Some(*variable) != id && slots.any(|slot| *slot == Slot::Variable(*variable))
    };
    ops.iter().all(|op| match op {
        Op::Value(_) | Op::Unary(_) | Op::Binary(_) => true,
        Op::Variable(variable) => bound(variable),
        Op::Closure(..) => false,
    })
}

/// `$id != "x"`, `!{"x"}.contains($id)`: an unnamed thing with a listed name counts as the listed one.
fn is_other(ops: &[Op], id: Option<usize>) -> bool {
    let plain: Vec<&Op> = ops.iter().filter(|op| !matches!(op, Op::Unary(Unary::Parens))).collect();
    match plain.as_slice() {
        [
            Op::Value(Value::Set(_)),
            Op::Variable(variable),
            Op::Binary(Binary::Contains),
            Op::Unary(Unary::Negate),
        ]
        | [Op::Variable(variable), Op::Value(_), Op::Binary(Binary::NotEqual | Binary::LooseNotEqual)] => {
            Some(*variable) == id
        }
        _ => false,
    }
}

/// `$id == "x"`, `{"x"}.contains($id)`.
fn is_one_of(ops: &[Op], id: Option<usize>) -> bool {
    let plain: Vec<&Op> = ops.iter().filter(|op| !matches!(op, Op::Unary(Unary::Parens))).collect();
    match plain.as_slice() {
        [Op::Value(Value::Set(_)), Op::Variable(variable), Op::Binary(Binary::Contains)]
        | [Op::Variable(variable), Op::Value(_), Op::Binary(Binary::Equal | Binary::LooseEqual)] => {
            Some(*variable) == id
        }
        _ => false,
    }
}
