//! `judgements.toml` and `absent.toml` hold judgements about effects; here they are checked against the catalog.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{CATALOG, is_like};
use datalog::catalog::{Method, Operation};
use datalog::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judgements {
    class: Vec<Class>,
    not: Vec<Not>,
    gone: Vec<Gone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gone {
    because: String,
    found: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    claim: String,
    effect: Effect,
    found: Vec<String>,
    #[serde(default)]
    but: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Not {
    operation: String,
    effect: Effect,
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Absences {
    absent: Vec<Absence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    operations: Vec<String>,
    effect: Effect,
    means: String,
}

fn judgements() -> Judgements {
    toml::from_str(include_str!("judgements.toml")).unwrap()
}

/// Whether the operation fits a pattern: `SERVICE METHOD /path`, or `SERVICE id`.
fn finds(pattern: &str, operation: &Operation) -> bool {
    let (service, rest) = pattern.split_once(' ').unwrap();
    let Some(id) = operation.id.as_str().strip_prefix(&format!("{service}.")) else { return false };
    let Some((verb, path)) = rest.split_once(' ') else { return is_like(rest, id) };
    let method = operation.method;
    (method.as_str() == verb || (verb == "WRITE" && method != Method::Get))
        && is_like(path, operation.address().split_once(' ').unwrap().1)
}

#[test]
fn every_operation_of_a_class_has_the_effect_of_the_class_or_a_reason() {
    for Class { claim, effect, found, but } in judgements().class {
        let mut used = BTreeSet::new();
        for pattern in &found {
            let all: Vec<_> = CATALOG.operations().filter(|one| finds(pattern, one)).collect();
            assert!(!all.is_empty(), "`{pattern}` finds nothing: {claim}");
            for operation in all {
                let reason = but.keys().find(|known| is_like(known, operation.id.as_str()));
                match (operation.effects.contains(effect), reason) {
                    (true, _) => {}
                    (false, Some(reason)) => _ = used.insert(reason.clone()),
                    (false, None) => panic!("`{}` is {}: {claim}", operation.id, operation.effects),
                }
            }
        }
        let known: BTreeSet<String> = but.keys().cloned().collect();
        assert_eq!(used, known, "{claim}");
        assert!(but.values().all(|reason| !reason.is_empty()), "{claim}");
    }
}

#[test]
fn what_was_judged_the_other_way_is_so() {
    for Not { operation, effect, because } in judgements().not {
        let known = CATALOG.operations().find(|one| one.id.as_str() == operation).unwrap();
        assert!(!known.effects.contains(effect) && !because.is_empty(), "{operation} is {effect}");
    }
}

#[test]
fn what_it_means_that_an_argument_is_not_there_is_judged_for_each_effect_that_depends_on_one() {
    let absences: Absences = toml::from_str(include_str!("absent.toml")).unwrap();
    let mut judged = BTreeSet::new();
    for Absence { operations, effect, means } in absences.absent {
        assert!(!means.is_empty());
        for operation in operations {
            assert!(judged.insert((operation.clone(), effect)), "{operation} {effect} is judged twice");
        }
    }
    let all = CATALOG.operations().flat_map(|operation| {
        let effects = operation.conditions.iter().flat_map(|condition| condition.effects.iter());
        effects.map(|effect| (operation.id.to_string(), effect))
    });
    assert_eq!(judged, all.collect());
}

#[test]
fn whatever_an_operation_removes_is_brought_back_by_another_or_is_gone_for_a_reason() {
    let gone = judgements().gone;
    let patterns = || gone.iter().flat_map(|gone| &gone.found);
    let (mut left, mut used, mut brought_back) = (Vec::new(), BTreeSet::new(), 0);
    for operation in CATALOG.operations().filter(|one| one.effects.contains(Effect::Delete)) {
        let known: Vec<&String> = patterns().filter(|pattern| finds(pattern, operation)).collect();
        match &operation.undo {
            Some(undo) => {
                let by = CATALOG.operations().find(|one| one.id == undo.by).unwrap();
                assert_ne!(by.method, Method::Get, "{} is undone by {}", operation.id, by.id);
                brought_back += 1;
            }
            None if known.is_empty() => left.push(operation.id.to_string()),
            None => used.extend(known),
        }
    }
    assert!(left.is_empty(), "they have no undo and no reason: {left:#?}");
    let dead: Vec<&String> = patterns().filter(|pattern| !used.contains(pattern)).collect();
    assert!(dead.is_empty(), "reasons that apply to nothing: {dead:#?}");
    assert!(gone.iter().all(|gone| !gone.because.is_empty()) && brought_back > 40, "{brought_back}");
    let bare = CATALOG.operations().find(|one| one.undo.is_some() && !one.effects.contains(Effect::Delete));
    assert!(bare.is_none(), "{bare:?} removes nothing");
}
