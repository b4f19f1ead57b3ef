//! Mistakes in a check that a person wrote, found before it is in a pass: it can never fail or never pass, it
//! compares different types, or one good fact among several satisfies it.
//!
//! Passes from elsewhere are not linted: their checks only narrow, however odd they are.

use crate::caveats::check::condition::condition;
use crate::caveats::check::finding::Lint;
use crate::caveats::check::spelling::texts;
use crate::engine::caveat::{Caveat, Kind, Pattern, Query, Slot};
use crate::words::effect::Effect;
use crate::words::value::Value;
use crate::words::vocabulary::{self, Count};

/// Returns the first mistake.
pub(crate) fn lint(caveat: &Caveat) -> Result<(), Lint> {
    for query in &caveat.queries {
        constants(query)?;
        lower_case(query)?;
        for expression in &query.expressions {
            condition(expression, query)?;
        }
        several(caveat.kind, query)?;
        if is_certain(query) {
            return Err(match caveat.kind {
                Kind::One | Kind::All => Lint::NeverFails("every request has what it asks for"),
                Kind::Reject => Lint::NeverPasses("every request has what it rejects".into()),
            });
        }
    }
    stages(caveat)
}

/// The gateway evaluates a pass on the request, which has no items yet, and again on its answer.
fn stages(caveat: &Caveat) -> Result<(), Lint> {
    let of_item = |pattern: &Pattern| {
        &*pattern.name == "item_label"
            || vocabulary::find(&pattern.name).is_some_and(|word| word.count == Count::Item)
    };
    let stage = |pattern: &Pattern, name: &str| {
        let named = matches!(pattern.slots.first(), Some(Slot::Value(value)) if value.as_str() == Some(name));
        &*pattern.name == "stage" && named
    };
    let before = |query: &Query| !query.patterns.iter().any(|one| of_item(one) || stage(one, "response"));
    let after = |query: &Query| !query.patterns.iter().any(|one| stage(one, "request"));
    if caveat.kind != Kind::Reject && !caveat.queries.iter().any(before) {
        return Err(Lint::NeverPasses(
            "a request has no items yet: begin with `stage(\"request\") or …`".into(),
        ));
    }
    if caveat.kind != Kind::Reject && !caveat.queries.iter().any(after) {
        return Err(Lint::NeverPasses("no answer is at the stage `request`".into()));
    }
    Ok(())
}

/// There are eight effects. No request has any other.
fn constants(query: &Query) -> Result<(), Lint> {
    for pattern in query.patterns.iter().filter(|pattern| &*pattern.name == "effect") {
        if let Some(Slot::Value(Value::Str(name))) = pattern.slots.first()
            && name.parse::<Effect>().is_err()
        {
            return Err(Lint::NeverPasses(format!("`{name}` is not an effect")));
        }
    }
    Ok(())
}

/// Facts have addresses and domains in lower case, so another spelling never matches.
fn lower_case(query: &Query) -> Result<(), Lint> {
    let of_people = |pattern: &&Pattern| {
        ["recipient", "recipient_domain", "thread_participant", "thread_participants"]
            .contains(&&*pattern.name)
    };
    let slots: Vec<&Slot> = query.patterns.iter().filter(of_people).flat_map(|one| &one.slots).collect();
    let is_compared = slots.iter().any(|slot| matches!(slot, Slot::Variable(_)));
    let compared = query.expressions.iter().flatten().filter(|_| is_compared).flat_map(texts);
    let direct = slots.iter().filter_map(|slot| match slot {
        Slot::Value(Value::Str(text)) => Some(text.clone()),
        Slot::Value(_) | Slot::Variable(_) => None,
    });
    // Other texts in the query may have capitals: only those that look like an address or a domain count.
    let mut wrong = direct.chain(compared).filter(|text| text.contains(['@', '.']));
    match wrong.find(|text| text.bytes().any(|b| b.is_ascii_uppercase())) {
        Some(text) => Err(Lint::Address(text.to_string(), text.to_ascii_lowercase())),
        None => Ok(()),
    }
}

/// Finds a predicate that a request has several facts of, with a term that may differ between them.
fn several(kind: Kind, query: &Query) -> Result<(), Lint> {
    let open = |pattern: &&Pattern| {
        let many = vocabulary::find(&pattern.name).is_some_and(|word| word.count == Count::Several);
        // An approval is for one request, the one being judged.
        let single = &*pattern.name == "approved";
        many && !single && pattern.slots.iter().any(|slot| matches!(slot, Slot::Variable(_)))
    };
    match (kind, query.patterns.iter().find(open)) {
        (Kind::One, Some(pattern)) => Err(Lint::Existential(pattern.name.to_string())),
        (Kind::Reject, Some(pattern)) => Err(Lint::Vacuous(pattern.name.to_string())),
        _ => Ok(()),
    }?;
    if kind == Kind::All { joined(query) } else { Ok(()) }
}

/// `check all` tests only combinations that match all predicates, so it skips a fact without a partner.
fn joined(query: &Query) -> Result<(), Lint> {
    for (place, pattern) in query.patterns.iter().enumerate() {
        let many = vocabulary::REQUEST
            .iter()
            .any(|word| word.name == &*pattern.name && word.count == Count::Several);
        if !many || &*pattern.name == "approved" {
            continue;
        }
        let others = || query.patterns.iter().enumerate().filter(|(other, _)| *other != place);
        let shared = pattern.slots.iter().find(|slot| {
            matches!(slot, Slot::Variable(_)) && others().any(|(_, other)| other.slots.contains(slot))
        });
        if let Some(Slot::Variable(variable)) = shared {
            let variable = query.variables.get(*variable).map(ToString::to_string).unwrap_or_default();
            return Err(Lint::Joined(pattern.name.to_string(), variable));
        }
    }
    Ok(())
}

/// Whether it matches every request: every request has its words, no term is fixed, and there is no condition.
fn is_certain(query: &Query) -> bool {
    let mut seen = Vec::new();
    query.expressions.is_empty()
        && query.patterns.iter().all(|pattern| {
            vocabulary::find(&pattern.name).is_some_and(|word| word.count == Count::One)
                && pattern.slots.iter().all(|slot| match slot {
                    Slot::Variable(place) if !seen.contains(place) => {
                        seen.push(*place);
                        true
                    }
                    _ => false,
                })
        })
}
