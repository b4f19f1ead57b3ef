//! What typed arguments mean for an operation: which effects they cause, and whether they contradict each other. It
//! reads no bytes. `naming` knows which things they name.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::operation::{Absent, Condition, Operation};
use crate::catalog::spelling::uuid;
use crate::classify::naming::{ids, is_around};
use crate::request::argument::{Argument, Location, Scalar};
use crate::words::effect::{Effect, Effects};

/// An argument that differs between the path or query and the top of the body.
pub(crate) fn contradiction<'a>(operation: &Operation, arguments: &'a [Argument]) -> Option<&'a str> {
    let mut outside = arguments.iter().filter(|argument| argument.location != Location::Body);
    let contradicts = |outer: &&Argument| {
        arguments.iter().any(|inner| {
            inner.location != outer.location
                && inner.name == outer.name
                && as_text(&inner.value) != as_text(&outer.value)
        })
    };
    let outer = outside.find(|outer| !operation.renames.contains(&outer.name) && contradicts(outer));
    outer.map(|outer| &*outer.name).or_else(|| renamed(operation, arguments))
}

/// An argument of the path that differs from the body's field under another name.
fn renamed<'a>(operation: &Operation, arguments: &'a [Argument]) -> Option<&'a str> {
    operation.same.iter().find_map(|same| {
        let inner = ids(&same.body, arguments, |text| Some(text.to_owned()));
        let differs = |outer: &&Argument| {
            let text = as_text(&outer.value);
            let agrees = |inner: &String| {
                let rest = text.strip_prefix(inner.as_str());
                rest.is_some_and(|rest| rest.is_empty() || (same.begins && rest.starts_with('_')))
            };
            outer.location == Location::Path && outer.name == same.argument && !inner.iter().all(agrees)
        };
        arguments.iter().find(differs).map(|outer| &*outer.name)
    })
}

/// The first argument that must be an id and is something else (the thing's changeable name, for example), and what
/// was expected.
pub(crate) fn misnamed<'a>(
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

/// Like `misnamed`, for arguments that must be UUIDs.
pub(crate) fn no_uuid<'a>(uuids: &BTreeSet<String>, arguments: &'a [Argument]) -> Option<(String, &'a str)> {
    arguments.iter().filter(|argument| uuids.contains(argument.name.as_ref())).find_map(|argument| {
        let Scalar::String(text) = &argument.value else { return None };
        let expected = || format!("the id of `{}`, 32 hexadecimal digits", argument.name);
        uuid(text).is_none().then(|| (expected(), text.as_str()))
    })
}

/// The operation's effects, without those that these arguments do not cause. Of several conditions on one effect,
/// any one causes it.
pub(crate) fn effects(operation: &Operation, arguments: &[Argument]) -> Effects {
    let met = |condition: &Condition| match condition.absent {
        Absent::Met => !arguments.iter().any(|argument| argument.is_within(&condition.argument)),
        Absent::Unmet => arguments.iter().any(|argument| brings_about(condition, argument)),
    };
    let kept = |effect: &Effect| {
        let mut about =
            operation.conditions.iter().filter(|condition| condition.effects.contains(*effect)).peekable();
        about.peek().is_none() || about.any(met)
    };
    operation.effects.iter().filter(kept).collect()
}

fn brings_about(condition: &Condition, argument: &Argument) -> bool {
    let Condition { values, prefixes, suffixes, parts, others_than, around, .. } = condition;
    if [values, prefixes, suffixes, parts, others_than, around].into_iter().all(Vec::is_empty) {
        return argument.is_within(&condition.argument);
    }
    let text = as_text(&argument.value);
    // Providers ignore case. One effect too many is the safe side.
    let same = |known: &str, part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(known));
    let end = |known: &str| text.len().checked_sub(known.len()).and_then(|at| text.get(at..));
    argument.name == condition.argument
        && (values.iter().any(|value| same(value, Some(&text)))
            || prefixes.iter().any(|prefix| same(prefix, text.get(..prefix.len())))
            || suffixes.iter().any(|suffix| same(suffix, end(suffix)))
            || parts.iter().any(|part| text.contains(part.as_ref()))
            || around.iter().any(|path| is_around(path, &text))
            || (!others_than.is_empty() && others_than.iter().all(|value| **value != text)))
}

pub(crate) fn as_text(value: &Scalar) -> String {
    match value {
        Scalar::String(text) | Scalar::Other(text) => text.clone(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Bool(flag) => flag.to_string(),
    }
}
