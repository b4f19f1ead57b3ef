//! The places of a redacted field in a service's answers, for the person who redacts it, before anything is redacted.

use std::collections::BTreeSet;

use crate::catalog::{Path, Service, answer_path};

/// What is known about the places of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// The service's answers are not described, so nobody knows.
    Untold,
    /// No answer has it; the most similar fields.
    Nowhere(Vec<String>),
    /// As dotted names; a whole answer is named by its operation.
    At(Vec<String>),
}

/// The places of the field in the service's answers, and of fields that repeat it.
pub fn places(service: &Service, field: &str) -> Places {
    let Some(all) = service.operations.first().map(|operation| &operation.all) else { return Places::Untold };
    let shapes = all.shapes();
    if shapes.is_empty() {
        return Places::Untold;
    }
    let wanted = answer_path(field);
    let mut found = BTreeSet::new();
    stands(service, &wanted, &mut found);
    if found.is_empty() {
        return Places::Nowhere(nearest(shapes.field_names(), field));
    }
    for other in all.same(&[wanted]) {
        stands(service, &other, &mut found);
    }
    Places::At(found.into_iter().collect())
}

fn stands(service: &Service, path: &Path, found: &mut BTreeSet<String>) {
    let Some((operation, last)) = service.operations.first().zip(path.last()) else { return };
    let shapes = operation.all.shapes();
    let names: Vec<&str> = path.iter().map(|name| &**name).collect();
    let holders = shapes.holding(&names);
    for shape in &holders {
        found.extend(shapes.names_of(*shape).into_iter().map(|name| format!("{name}.{last}")));
        if shapes.is_answer(*shape) {
            found.insert(last.to_string());
        }
    }
    for operation in &service.operations {
        let Some(rule) = operation.answer.as_deref() else { continue };
        let inside =
            rule.stands_at.last() == Some(last)
                && rule.stands_at.iter().rev().nth(1).is_some_and(|name| {
                    holders.iter().any(|shape| shapes.names_of(*shape).contains(&**name))
                });
        if inside {
            found.insert(format!("all of `{}`", operation.id));
        }
    }
}

/// The names that share most pairs of letters with the text.
fn nearest(names: BTreeSet<String>, wanted: &str) -> Vec<String> {
    let pairs = |text: &str| -> Vec<(u8, u8)> {
        let bytes = text.to_ascii_lowercase().into_bytes();
        bytes.iter().copied().zip(bytes.iter().copied().skip(1)).collect()
    };
    let asked = pairs(wanted);
    let score = |name: &str| {
        let own = pairs(name);
        let shared = own.iter().filter(|pair| asked.contains(pair)).count();
        200 * shared / (own.len() + asked.len()).max(1)
    };
    let mut scored: Vec<(usize, String)> =
        names.into_iter().map(|name| (score(&name), name)).filter(|(score, _)| *score >= 50).collect();
    scored.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}
