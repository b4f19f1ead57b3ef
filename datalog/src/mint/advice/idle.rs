//! Whether a caveat could hold back any request for an operation.

use crate::catalog::{Operation, Showing};
use crate::decision::facts::operation_facts;
use crate::decision::response;
use crate::engine::caveat::{Caveat, Kind, Pattern, Query, Slot};
use crate::engine::evaluate::{Steps, World};
use crate::mint::can::{self, Outlook, Row};
use crate::mint::possible;
use crate::pass::content::Content;
use crate::request::gather::Stage;
use crate::words::effect::Effect;
use crate::words::value::Value;
use crate::words::vocabulary::{self, Count, Word};
use crate::words::word::FactsOf;

const STEPS: u32 = 50_000;

/// Whether every request for the operation meets the caveat.
pub(super) fn is_idle(
    content: &Content,
    block: usize,
    caveat: &Caveat,
    operation: &Operation,
    row: &Row,
) -> bool {
    let own = |query: &Query| query.patterns.iter().all(|pattern| holds_always(pattern, operation));
    let never = |query: &Query| query.patterns.iter().any(|pattern| is_absent(pattern, operation));
    match caveat.kind {
        Kind::Reject if caveat.queries.iter().all(never) => return true,
        Kind::One | Kind::All
            if caveat.queries.iter().any(|query| query.expressions.is_empty() && own(query)) =>
        {
            return true;
        }
        Kind::One | Kind::All | Kind::Reject => {}
    }
    let Some(connected) = content.connections.iter().find(|one| one.name.as_str() == row.connection) else {
        return false;
    };
    let (mut steps, known) = (Steps::new(STEPS), can::operation_bits());
    let facts = operation_facts(connected, operation, operation.effects, Stage::Request);
    let world = World::of(&facts, content.authority(), content.own(block));
    let Some(left) = possible::left(caveat, operation, world, &mut steps, known) else { return true };
    if !matches!(can::outlook(&left, world, &mut steps, known), Outlook::Holds) {
        return false;
    }
    // Every request meets it; its answers may not.
    !response::mentions_answers(caveat.reads())
        || is_of_no_answer(caveat, operation, row, connected, content, block)
}

fn is_of_no_answer(
    caveat: &Caveat,
    operation: &Operation,
    row: &Row,
    connected: &crate::pass::content::Connected,
    content: &Content,
    block: usize,
) -> bool {
    if operation.answer.as_ref().is_some_and(|rule| rule.shows == Showing::Nothing) {
        return true;
    }
    let (mut steps, known) = (Steps::new(STEPS), can::operation_bits());
    let facts = operation_facts(connected, operation, row.effects, Stage::Response);
    let world = World::of(&facts, content.authority(), content.own(block));
    matches!(can::outlook(caveat, world, &mut steps, known), Outlook::Holds)
}

/// Whether a request for the operation could reach anybody.
pub(super) fn reaches(operation: &Operation) -> bool {
    !operation.decode.is_empty()
        || !operation.looks.is_empty()
        || [Effect::Send, Effect::Share].into_iter().any(|effect| operation.effects.contains(effect))
}

/// Whether no request for the operation has a fact that the pattern could match.
fn is_absent(pattern: &Pattern, operation: &Operation) -> bool {
    let Some(word) = vocabulary::find(&pattern.name) else { return false };
    word.count == Count::Several && has_no_facts(word, pattern, operation)
}

/// Whether every request for the operation has a fact that the pattern matches: a count of 0.
fn holds_always(pattern: &Pattern, operation: &Operation) -> bool {
    let Some(word) = vocabulary::find(&pattern.name) else { return false };
    matches!(pattern.slots.last(), Some(Slot::Value(Value::Int(0)))) && has_no_facts(word, pattern, operation)
}

fn has_no_facts(word: &Word, pattern: &Pattern, operation: &Operation) -> bool {
    match word.facts_of {
        FactsOf::AnyOperation => false,
        FactsOf::WhatReaches => !reaches(operation),
        FactsOf::WhatHasMessage => operation.decode.is_empty() && operation.looks.is_empty(),
        FactsOf::WhatTouches => match pattern.slots.first() {
            Some(Slot::Value(Value::Str(kind))) => !operation.may_touch(kind),
            Some(Slot::Value(_) | Slot::Variable(_)) | None => false,
        },
    }
}
