//! Operations that a check on things stops although it does not name them: no request for them says which things of
//! the kind it touches.
//!
//! `reject if resource("label", "Label_7")` denies every read of a message, because only the answer shows the
//! message's labels. Hallpass denies what it cannot tell; the author of the check probably meant something else.

use crate::catalog::Operation;
use crate::catalog::selector::Selector;
use crate::decision::doubt;
use crate::decision::facts::{operation_facts, operation_unnamed};
use crate::engine::caveat::Caveat;
use crate::engine::evaluate::{Steps, World};
use crate::mint::can::{self, Outlook, Possible, Row};
use crate::mint::possible;
use crate::pass::content::{Answer, Content};
use crate::request::gather::Stage;
use crate::words::message::Message;

const STEPS: u32 = 50_000;
/// The most operations that are named as examples.
const NAMED: usize = 2;

/// What the caveat stops among the granted operations, and what to write instead. None if it stops only what it
/// names.
pub(crate) fn closed(
    content: &Content,
    number: usize,
    caveat: &Caveat,
    rows: &[(&Operation, Row)],
) -> Option<Message> {
    if caveat.queries.iter().all(|query| query.doubts.is_empty()) {
        return None;
    }
    let stopped: Vec<&Operation> = rows
        .iter()
        .filter(|(operation, row)| {
            row.possible == Possible::Deny
                && is_granted(content, operation, row)
                && stops(content, number, caveat, operation, row)
        })
        .map(|(operation, _)| *operation)
        .collect();
    let kind = doubt::kind(caveat)?;
    let hint = match stopped.iter().find_map(|operation| doubt::instead(caveat, operation)) {
        Some(hint) => hint,
        // If it stops what it names, that is its purpose.
        None if rows.iter().any(|(one, row)| row.possible != Possible::Deny && one.may_touch(kind)) => {
            return None;
        }
        None => format!("`--resource {kind}=ID` allows what names that one"),
    };
    let first: Vec<String> = stopped.iter().take(NAMED).map(|one| format!("`{}`", one.id)).collect();
    let more = match stopped.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!first.is_empty()).then(|| {
        let which = first.join(", ");
        let says =
            format!("`{caveat}` stops {which}{more}: no request for them says which `{kind}` it touches");
        Message::new(says).hint(hint)
    })
}

/// Whether the grants cover the operation, regardless of denials and checks.
fn is_granted(content: &Content, operation: &Operation, row: &Row) -> bool {
    let own = || content.grants.iter().filter(|(_, on, _)| on.as_str() == row.connection);
    let denied = own().any(|(answer, _, selector)| *answer == Answer::Deny && selector.matches(operation));
    let covers = |effect| {
        own().any(|(answer, _, selector)| match selector {
            _ if *answer == Answer::Deny => false,
            Selector::Effect(known) => *known == effect,
            Selector::Operation(_) | Selector::Glob { .. } => selector.matches(operation),
        })
    };
    !denied && operation.effects.iter().all(covers)
}

/// Whether every request for the operation leaves the caveat open.
fn stops(content: &Content, number: usize, caveat: &Caveat, operation: &Operation, row: &Row) -> bool {
    let Some(connected) = content.connections.iter().find(|one| one.name.as_str() == row.connection) else {
        return false;
    };
    let (mut steps, known) = (Steps::new(STEPS), can::operation_bits());
    let facts = operation_facts(connected, operation, operation.effects, Stage::Request);
    let world = World::of(&facts, content.authority(), content.own(number));
    let Some(left) = possible::left(caveat, operation, world, &mut steps, known) else { return false };
    matches!(can::outlook(&left, world, &mut steps, known), Outlook::Depends)
        && possible::is_open(caveat, &operation_unnamed(operation), world, &mut steps)
}
