//! Facts spell each thing in one way, so a check with another spelling never matches.

use std::collections::BTreeSet;

use crate::caveats::check::finding::Lint;
use crate::caveats::reach::TargetConnection;
use crate::engine::caveat::{Caveat, Op, Slot};
use crate::words::value::{Text, Value};

/// Names a kind, an id or a name that no fact has in this spelling.
pub(crate) fn spelling(caveat: &Caveat, reach: &[TargetConnection<'_>]) -> Result<(), Lint> {
    let text = |slot: Option<&Slot>| match slot {
        Some(Slot::Value(Value::Str(text))) => Some(text.clone()),
        _ => None,
    };
    for query in &caveat.queries {
        for pattern in &query.patterns {
            let (Some(what), value) = (text(pattern.slots.first()), pattern.slots.get(1)) else { continue };
            if OF_KINDS.contains(&&*pattern.name) {
                is_kind(&what, reach)?;
            }
            let respelled = |got: &str| {
                reach.iter().find_map(|one| match &*pattern.name {
                    "resource" | "seen" | "created" => one.service.respelled(one.account, &what, got),
                    "arg" => one.service.argument_respelled(one.account, &what, got),
                    _ => None,
                })
            };
            // A text compared with a variable is in the same query.
            let compared = query.expressions.iter().flatten().flat_map(texts);
            let direct = text(value).into_iter();
            for got in direct.chain(compared.filter(|_| matches!(value, Some(Slot::Variable(_))))) {
                if let Some(expected) = respelled(&got) {
                    return Err(Lint::Case(got.to_string(), expected));
                }
                if OF_THINGS.contains(&&*pattern.name) && matches!(value, Some(Slot::Value(_))) {
                    is_named_so(&what, &got, reach)?;
                }
            }
        }
    }
    Ok(())
}

/// Words whose first term is a kind of things. In the first three the second term is an id.
const OF_KINDS: [&str; 6] = ["resource", "seen", "created", "unseen_count", "uncreated_count", "unnamed"];
const OF_THINGS: [&str; 3] = ["resource", "seen", "created"];

/// If no service here has a kind, no fact has it, so a check on it does nothing.
fn is_kind(kind: &str, reach: &[TargetConnection<'_>]) -> Result<(), Lint> {
    let known: BTreeSet<&str> = reach.iter().flat_map(|one| one.service.kinds()).collect();
    if reach.is_empty() || known.contains(kind) {
        return Ok(());
    }
    let known = known.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".into() } else { known };
    Err(Lint::Kind { got: kind.chars().take(40).collect(), known })
}

/// The same holds for an id of another shape.
fn is_named_so(kind: &str, id: &str, reach: &[TargetConnection<'_>]) -> Result<(), Lint> {
    let mut having = reach.iter().filter(|one| one.service.kinds().any(|known| known == kind)).peekable();
    if having.peek().is_none() || having.clone().any(|one| one.service.could_be(kind, id)) {
        return Ok(());
    }
    let shapes: BTreeSet<String> = having.filter_map(|one| one.service.shape(kind)).collect();
    let shapes = shapes.into_iter().collect::<Vec<_>>().join(" or ");
    Err(Lint::Shape { kind: kind.to_owned(), got: id.chars().take(80).collect(), shapes })
}

pub(super) fn texts(op: &Op) -> Vec<Text> {
    match op {
        Op::Value(Value::Str(text)) => vec![text.clone()],
        Op::Value(Value::Set(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Str(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        Op::Closure(_, body) => body.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
