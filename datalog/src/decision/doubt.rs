//! Why a caveat stays open, in words.
//!
//! - Invariant: If a request touches a thing without naming it, a caveat on that kind is left open, and so denies it
//!   (`a_deny_on_a_branch_holds_where_no_branch_is_named`,
//!   `a_pass_for_one_repository_reaches_no_other_by_any_argument`,
//!   `every_request_that_touches_what_it_does_not_name_is_open`).

use std::collections::BTreeSet;

use crate::catalog::Operation;
use crate::decision::types::{LiftableBy, Reason};
use crate::engine::caveat::{Caveat, Kind, Pattern, Slot};
use crate::engine::doubt::OF_THINGS;
use crate::engine::open::about;
use crate::engine::ordered::Ordered;
use crate::words::value::Value;

/// Kinds that the items of an answer state, and the word that reads each.
const OF_ITEMS: [(&str, &str); 1] = [("label", "item_label")];

/// Why a caveat is open, in words.
pub(crate) fn reason(block: usize, caveat: &Caveat, facts: &Ordered) -> Reason {
    let all = about(caveat, facts);
    let kinds: BTreeSet<&str> = all.iter().map(|(kind, _)| *kind).collect();
    let kinds = kinds.into_iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    let named: Vec<String> = all
        .iter()
        .filter(|(_, name)| !name.is_empty())
        .map(|(kind, name)| format!("a `{kind}` as {}", Value::str(*name)))
        .collect();
    let plain = format!("it may touch things that it does not name by id: {kinds}");
    let told = if named.is_empty() { plain.clone() } else { format!("{plain} ({})", named.join(", ")) };
    Reason {
        block: Some(block),
        caveat: caveat.to_string(),
        expected: "a request that names by id everything that the pass checks".into(),
        got: told,
        kept: Some(plain),
        liftable_by: LiftableBy::Parent,
    }
}

/// The kind of things in the caveat, if it names one.
pub(crate) fn kind(caveat: &Caveat) -> Option<&str> {
    thing(caveat).and_then(|pattern| named(pattern, 0))
}

/// The check to write instead, if the answer states the things; none if it does not.
pub(crate) fn instead(caveat: &Caveat, operation: &Operation) -> Option<String> {
    let pattern = thing(caveat)?;
    let (_, word) = OF_ITEMS.into_iter().find(|(known, _)| named(pattern, 0) == Some(known))?;
    operation.answer.as_ref()?.labels.as_ref()?;
    let asks = match caveat.kind {
        Kind::Reject => format!("reject if {word}({})", Value::str(named(pattern, 1).unwrap_or("ID"))),
        Kind::One | Kind::All => format!("check all {word}($one), …"),
    };
    Some(format!("`{asks}` checks each item of an answer"))
}

fn thing(caveat: &Caveat) -> Option<&Pattern> {
    caveat.patterns().find(|pattern| OF_THINGS.contains(&&*pattern.name))
}

fn named(pattern: &Pattern, place: usize) -> Option<&str> {
    match pattern.slots.get(place)? {
        Slot::Value(value) => value.as_str(),
        _ => None,
    }
}
