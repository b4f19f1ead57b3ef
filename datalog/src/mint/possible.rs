//! Which alternatives of a caveat some request for an operation could match, judged by what the operation is and can
//! touch. It serves the table of a pass, and decides nothing.

use std::collections::BTreeSet;

use crate::catalog::Operation;
use crate::engine::caveat::{Caveat, Kind, Op, Pattern, Query, Slot};
use crate::engine::evaluate::{self, Steps, World};
use crate::engine::ordered::Ordered;
use crate::words::value::Value;

/// Words that differ between requests for one operation, or between the stages of one.
const UNSETTLED: [&str; 3] = ["effect", "effects", "stage"];

/// The caveat with only the alternatives that are left; none if it holds for every request.
pub(crate) fn left(
    caveat: &Caveat,
    operation: &Operation,
    world: World<'_>,
    steps: &mut Steps,
    known: u64,
) -> Option<Caveat> {
    let mut never = |query: &Query| is_never(query, operation, world, steps, known);
    match caveat.kind {
        Kind::Reject if caveat.queries.iter().any(&mut never) => None,
        Kind::Reject | Kind::All => Some(caveat.clone()),
        Kind::One => {
            let queries = caveat.queries.iter().filter(|query| !never(query)).cloned().collect();
            Some(Caveat { kind: caveat.kind, queries })
        }
    }
}

/// Whether every request for the operation leaves the caveat open, because no request names the thing.
pub(crate) fn is_open(caveat: &Caveat, unnamed: &Ordered, world: World<'_>, steps: &mut Steps) -> bool {
    let world = world.and(unnamed);
    caveat.queries.iter().all(|query| crate::engine::open::is_doubted(query, world, steps) == Ok(true))
}

/// Whether no request for the operation matches the query: the operation does not touch this kind of thing, or the
/// condition on the operation is false.
fn is_never(query: &Query, operation: &Operation, world: World<'_>, steps: &mut Steps, known: u64) -> bool {
    let is_strange = |pattern: &Pattern| {
        let touched = |kind: &str| match query.doubts.is_empty() {
            true => operation.names(kind),
            false => operation.may_touch(kind),
        };
        &*pattern.name == "resource"
            && matches!(pattern.slots.first(), Some(Slot::Value(Value::Str(kind))) if !touched(kind))
    };
    if query.patterns.iter().any(is_strange) {
        return true;
    }
    let settled = |pattern: &&Pattern| {
        pattern.predicate.request_bit() & !known == 0 && !UNSETTLED.contains(&&*pattern.name)
    };
    let patterns: Vec<Pattern> = query.patterns.iter().filter(settled).cloned().collect();
    let bound: BTreeSet<usize> = patterns
        .iter()
        .flat_map(|pattern| &pattern.slots)
        .filter_map(|slot| if let Slot::Variable(number) = slot { Some(*number) } else { None })
        .collect();
    let is_bound = |op: &Op| match op {
        Op::Value(_) | Op::Unary(_) | Op::Binary(_) => true,
        Op::Variable(number) => bound.contains(number),
        Op::Closure(..) => false,
    };
    let expressions = query.expressions.iter().filter(|ops| ops.iter().all(is_bound)).cloned().collect();
    evaluate::matches(&query.part(patterns, expressions), world, steps) == Ok(false)
}
