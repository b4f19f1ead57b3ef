//! Every argument of every operation with a text or a number either names things by a rule of the overlay, or stands in
//! `names.txt` with the reason why it names none. So a new revision cannot silently add an argument that reaches a
//! thing past a caveat on it.

use std::collections::BTreeSet;

use crate::common::{CATALOG, is_like};
use datalog::catalog::{IdPart, Named, Operation, Service, Type};

/// One line: operations, arguments, and why those arguments name nothing.
struct Reason<'a> {
    operations: &'a str,
    arguments: Vec<&'a str>,
    /// The kinds that operations with these arguments may touch, named or not: `may touch \`KIND\`` in the reason.
    touches: Vec<&'a str>,
}

fn reasons() -> Vec<Reason<'static>> {
    let lines = include_str!("names.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &'static str| {
        let (subject, why) = line.split_once(": ").unwrap_or_else(|| panic!("`{line}` gives no reason"));
        assert!(!why.trim().is_empty(), "`{line}` gives no reason");
        let (operations, arguments) =
            subject.split_once(' ').unwrap_or_else(|| panic!("`{line}` names no argument"));
        // Over a thousand operations, one name means many things.
        assert!(
            !operations.ends_with(".*") || !operations.starts_with("github."),
            "`{line}` is for all of GitHub"
        );
        let touches = why.split("may touch `").skip(1).filter_map(|rest| rest.split('`').next()).collect();
        Reason { operations, arguments: arguments.split(' ').collect(), touches }
    };
    lines.map(read).collect()
}

/// Adds the dotted names of everything in a body that is a text or a number.
fn leaves(service: &Service, ty: &Type, name: &str, around: &mut Vec<usize>, found: &mut BTreeSet<String>) {
    let below = |field: &str| if name.is_empty() { field.to_owned() } else { format!("{name}.{field}") };
    match ty {
        Type::String | Type::Int | Type::Number | Type::Any => _ = found.insert(name.to_owned()),
        Type::Null | Type::Bool | Type::Literal(_) => {}
        Type::List(item) => leaves(service, item, name, around, found),
        Type::OneOf(options) => options.iter().for_each(|one| leaves(service, one, name, around, found)),
        Type::Map(value) => {
            found.insert(below("*"));
            leaves(service, value, &below("*.value"), around, found);
        }
        Type::Named(at) if around.contains(at) => {}
        Type::Named(at) => {
            around.push(*at);
            match service.types.entry(*at) {
                Some(Named::Alias(other)) => leaves(service, other, name, around, found),
                Some(Named::Object { fields, rest }) => {
                    for field in fields {
                        leaves(service, &field.ty, &below(&field.name), around, found);
                    }
                    if let Some(rest) = rest {
                        found.insert(below("*"));
                        leaves(service, rest, &below("*.value"), around, found);
                    }
                }
                None => {}
            }
            around.pop();
        }
    }
}

/// The names of all arguments that hold a text or a number, wherever they stand.
pub(crate) fn arguments(service: &Service, operation: &Operation) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let path = operation.template.parameters.iter().map(|one| (&one.name, &one.ty));
    let others = operation.query.iter().chain(operation.form()).map(|one| (&one.name, &one.ty));
    for (name, ty) in path.chain(others) {
        leaves(service, ty, name, &mut Vec::new(), &mut found);
    }
    if let Some(json) = operation.body.as_ref().and_then(|body| body.json.as_ref()) {
        leaves(service, json, "", &mut Vec::new(), &mut found);
    }
    found.remove("");
    found
}

/// The arguments that some rule reads.
fn ruled(operation: &Operation) -> BTreeSet<&str> {
    let rules = operation.resources.iter().chain(&operation.unnamed).flat_map(|rule| &rule.id);
    let looks = operation.looks.iter().flat_map(|look| &look.get);
    let parts = rules.chain(looks).filter_map(|part| match part {
        IdPart::Argument(name) => Some(&**name),
        IdPart::Text(_) => None,
    });
    let revisions = operation.revisions.iter().flat_map(|one| [Some(&one.argument), one.repository.as_ref()]);
    parts.chain(revisions.flatten().map(|name| &**name)).collect()
}

#[test]
fn every_argument_is_named_by_a_rule_or_has_a_reason() {
    let reasons = reasons();
    let (mut missing, mut open, mut used, mut both) = (Vec::new(), Vec::new(), BTreeSet::new(), 0);
    for service in CATALOG.services() {
        for operation in &service.operations {
            let ruled = ruled(operation);
            for argument in arguments(service, operation) {
                if ruled.contains(argument.as_str()) {
                    both += 1;
                    continue;
                }
                let mut because = None;
                for (line, reason) in reasons.iter().enumerate() {
                    let mut patterns = reason.arguments.iter().enumerate();
                    if is_like(reason.operations, operation.id.as_str())
                        && let Some((place, _)) = patterns.find(|(_, pattern)| is_like(pattern, &argument))
                    {
                        because = Some((line, place));
                        break;
                    }
                }
                match because {
                    Some(at @ (line, _)) => {
                        let untouched =
                            reasons[line].touches.iter().filter(|kind| !operation.may_touch(kind));
                        open.extend(untouched.map(|kind| format!("{} {argument}: {kind}", operation.id)));
                        used.insert(at);
                    }
                    None => missing.push(format!("{} {argument}", operation.id)),
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} have neither a rule nor a reason:\n{}",
        missing.len(),
        missing.join("\n")
    );
    assert!(
        open.is_empty(),
        "these name a thing, but a caveat on its kind overlooks them:\n{}",
        open.join("\n")
    );
    assert!(both > 2_000, "{both} arguments name things");
    let all = reasons.iter().enumerate().flat_map(|(line, reason)| {
        reason.arguments.iter().enumerate().map(move |(place, argument)| ((line, place), argument))
    });
    let dead: Vec<String> = all
        .filter(|(at, _)| !used.contains(at))
        .map(|((line, _), argument)| format!("{} {argument}", reasons[line].operations))
        .collect();
    assert!(dead.is_empty(), "reasons that apply to nothing: {dead:#?}");
}
