//! Whether a caveat holds, fails, or is open because the request touches unnamed things.

use crate::engine::caveat::{Caveat, Predicate, Query, Slot};
use crate::engine::doubt::OF_THINGS;
use crate::engine::evaluate::{self, EvaluateError, Steps, World};
use crate::engine::ordered::Ordered;

/// What is known about one caveat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Yes,
    No,
    /// It depends on things that the request may touch without naming them.
    Open,
}

/// Whether the caveat holds, whatever the unnamed things of the request are.
pub(crate) fn held(caveat: &Caveat, world: World<'_>, steps: &mut Steps) -> Result<Held, EvaluateError> {
    let mut held = Held::No;
    for query in &caveat.queries {
        if !evaluate::one_holds(caveat.kind, query, world, steps)? {
            continue;
        }
        if !is_doubted(query, world, steps)? {
            return Ok(Held::Yes);
        }
        held = Held::Open;
    }
    Ok(held)
}

/// Whether unnamed things could change the query's answer.
pub(crate) fn is_doubted(query: &Query, world: World<'_>, steps: &mut Steps) -> Result<bool, EvaluateError> {
    for doubt in &query.doubts {
        if evaluate::matches(doubt, world, steps)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The unnamed things that leave the caveat open: kind and name.
pub(crate) fn about<'a>(caveat: &Caveat, facts: &'a Ordered) -> Vec<(&'a str, &'a str)> {
    let of_kind = |kind: &str| {
        let mut patterns = caveat.patterns().filter(|pattern| OF_THINGS.contains(&&*pattern.name));
        patterns.any(|pattern| match pattern.slots.first() {
            Some(Slot::Value(value)) => value.as_str() == Some(kind),
            _ => true,
        })
    };
    let Some(predicate) = Predicate::of("unnamed") else { return Vec::new() };
    let all = facts.with(predicate).iter().filter_map(|fact| Some((fact.str(0)?, fact.str(1)?)));
    all.filter(|(kind, _)| of_kind(kind)).collect()
}
