//! The places of a redacted field in a service's answers, for the person who redacts it, before anything is redacted.

use std::collections::BTreeSet;

use crate::catalog::{Path, Service, answer_path};
use crate::words::nearest::nearest;

/// What is known about the places of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// The service's answers are not described, so nobody knows.
    Untold,
    /// No answer has the field. These are the most similar fields.
    Nowhere(Vec<String>),
    /// The places, as dotted names. A whole answer is named by its operation.
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
        let names = shapes.field_names();
        let near = nearest(field, names.iter().map(String::as_str), 0.5);
        return Places::Nowhere(near.into_iter().map(String::from).collect());
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
