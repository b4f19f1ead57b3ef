//! What typed arguments mean for an operation: the things they name, the effects they bring about, and
//! whether they contradict each other. It reads no bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{Effect, Effects};
use crate::request::{Argument, Location, Resource, Scalar};

use super::operation::{Condition, IdPart, Operation, ResourceRule};

/// The name of an argument that stands in the path or query and again at the top of the body, and does not say
/// the same in both.
pub(super) fn contradiction<'a>(operation: &Operation, arguments: &'a [Argument]) -> Option<&'a str> {
    let mut outside = arguments.iter().filter(|argument| argument.location != Location::Body);
    let contradicts = |outer: &&Argument| {
        arguments.iter().any(|inner| {
            inner.location != outer.location
                && inner.name == outer.name
                && as_text(&inner.value) != as_text(&outer.value)
        })
    };
    let outer = outside.find(|outer| !operation.renames.contains(&outer.name) && contradicts(outer))?;
    Some(&outer.name)
}

/// What was expected in place of the first argument that has to be an id and is something else (the thing's
/// changeable name, say), and that argument.
pub(super) fn misnamed<'a>(
    ids: &BTreeMap<String, String>,
    arguments: &'a [Argument],
) -> Option<(String, &'a str)> {
    arguments.iter().find_map(|argument| {
        let letters = ids.get(argument.name.as_ref())?;
        let Scalar::String(text) = &argument.value else { return None };
        let is_id = text.starts_with(|first| letters.contains(first))
            && (3..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let expected = || {
            format!(
                "the id of `{}`, such as `{}0123ABCD`",
                argument.name,
                letters.get(..1).unwrap_or_default()
            )
        };
        (!is_id).then(|| (expected(), text.as_str()))
    })
}

/// Names that the service compares ignoring case, in the one spelling that facts have. What is sent stays as it was
/// written.
pub(super) fn fold(names: &BTreeSet<String>, arguments: &mut [Argument]) {
    for argument in arguments.iter_mut().filter(|argument| names.contains(argument.name.as_ref())) {
        if let Scalar::String(text) = &mut argument.value {
            text.make_ascii_lowercase();
        }
    }
}

/// The things that the arguments name: one for each value of an argument that has several.
pub(super) fn resources(rules: &[ResourceRule], arguments: &[Argument]) -> Vec<Resource> {
    let mut resources = Vec::new();
    for rule in rules {
        let last = rule.id.iter().rposition(|part| matches!(part, IdPart::Argument(_)));
        let mut ids = vec![String::new()];
        for (place, part) in rule.id.iter().enumerate() {
            match part {
                IdPart::Text(text) => ids.iter_mut().for_each(|id| id.push_str(text)),
                IdPart::Argument(name) => {
                    let named = arguments.iter().filter(|argument| argument.name == *name);
                    let texts: Vec<String> = named.filter_map(id_text).collect();
                    let texts = texts.iter().filter_map(|text| match last == Some(place) {
                        true => stripped(rule, text),
                        false => Some(text.as_str()),
                    });
                    let texts: Vec<&str> = texts.collect();
                    let joined =
                        ids.iter().flat_map(|id| texts.iter().map(move |text| format!("{id}{text}")));
                    ids = joined.collect();
                }
            }
        }
        resources.extend(ids.into_iter().map(|id| Resource { kind: rule.kind.clone(), id }));
    }
    resources.sort();
    resources.dedup();
    resources
}

/// The value by which a rule names something; none where it names nothing by this one.
fn stripped<'a>(rule: &ResourceRule, text: &'a str) -> Option<&'a str> {
    let is_meant = rule.around.is_empty() || rule.around.iter().any(|path| is_around(path, text));
    let shorter = rule.strip.iter().find_map(|prefix| text.strip_prefix(prefix.as_ref()));
    is_meant.then(|| shorter.unwrap_or(text))
}

/// Whether one of two paths is the other or lies below it, whatever their case, empty and dot segments.
fn is_around(path: &str, text: &str) -> bool {
    let mut segments: Vec<&str> = Vec::new();
    for segment in text.split(['/', '\\']) {
        match segment.trim() {
            "" | "." => {}
            ".." => _ = segments.pop(),
            segment => segments.push(segment),
        }
    }
    path.split('/').zip(segments).all(|(known, segment)| known.eq_ignore_ascii_case(segment))
}

/// The operation's effects without those that these arguments do not bring about. Of several conditions on
/// one effect, any brings it about.
pub(super) fn effects(operation: &Operation, arguments: &[Argument]) -> Effects {
    let met = |condition: &Condition| arguments.iter().any(|argument| brings_about(condition, argument));
    let kept = |effect: &Effect| {
        let mut about =
            operation.conditions.iter().filter(|condition| condition.effects.contains(*effect)).peekable();
        about.peek().is_none() || about.any(met)
    };
    operation.effects.iter().filter(kept).collect()
}

fn brings_about(condition: &Condition, argument: &Argument) -> bool {
    let Condition { values, prefixes, suffixes, others_than, around, .. } = condition;
    if [values, prefixes, suffixes, others_than, around].into_iter().all(Vec::is_empty) {
        return argument.is_within(&condition.argument);
    }
    let text = as_text(&argument.value);
    // Providers fold case; an effect too many is the safe side.
    let same = |known: &str, part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(known));
    let end = |known: &str| text.len().checked_sub(known.len()).and_then(|at| text.get(at..));
    argument.name == condition.argument
        && (values.iter().any(|value| same(value, Some(&text)))
            || prefixes.iter().any(|prefix| same(prefix, text.get(..prefix.len())))
            || suffixes.iter().any(|suffix| same(suffix, end(suffix)))
            || around.iter().any(|path| is_around(path, &text))
            || (!others_than.is_empty() && others_than.iter().all(|value| **value != text)))
}

fn as_text(value: &Scalar) -> String {
    match value {
        Scalar::String(text) | Scalar::Other(text) => text.clone(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Bool(flag) => flag.to_string(),
    }
}

fn id_text(argument: &Argument) -> Option<String> {
    match &argument.value {
        Scalar::String(text) => Some(text.clone()),
        Scalar::Int(number) => Some(number.to_string()),
        Scalar::Bool(_) | Scalar::Other(_) => None,
    }
}
