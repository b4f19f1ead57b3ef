//! The things that a request names, by id or otherwise, in the one spelling of facts.
//!
//! A thing has one name in facts, however the agent wrote it. The request is still sent as it was written. If a request
//! names a thing by something else than its id (another number, a default, the thing it is part of), the thing is kept
//! apart as unnamed. Then a caveat on ids stays open and never overlooks it.
//!
//! - Invariant: Every argument that could name a thing has a rule or a reason. Only operations that may touch a kind
//!   answer with things of it (`every_argument_is_named_by_a_rule_or_has_a_reason`,
//!   `every_answer_that_holds_things_of_a_kind_is_one_that_may_touch_it`).

use crate::catalog::operation::{Folds, IdPart, Operation, ResourceRule};
use crate::catalog::service::Service;
use crate::catalog::spelling::own_name;
use crate::classify::revision;
use crate::classify::things::{Things, id_text};
use crate::request::argument::{Argument, Scalar};
use crate::request::canonical::{Resource, Unnamed};
use crate::words::names::Account;

/// Arguments in the spelling of facts.
pub(crate) fn spell(service: &Service, operation: &Operation, account: &Account, arguments: &mut [Argument]) {
    for argument in arguments {
        let own = service.own_word(&operation.id, &argument.name);
        let Scalar::String(text) = &mut argument.value else { continue };
        if let Some(word) = own {
            *text = own_name(word, account, text);
        }
        if let Some(spelled) = service.spelled(&argument.name, text) {
            *text = spelled;
        }
    }
}

/// Everything that the arguments name, once for each value of an argument with several.
pub(crate) fn things(operation: &Operation, arguments: &[Argument]) -> Things {
    let mut things = Things::default();
    for rule in &operation.resources {
        for id in by_rule(rule, arguments) {
            things.resources.push(Resource { kind: rule.kind.clone(), id });
        }
    }
    for rule in &operation.unnamed {
        for name in by_rule(rule, arguments) {
            things.unnamed.push(Unnamed { kind: rule.kind.clone(), name });
        }
    }
    revision::read(operation, arguments, &mut things);
    things.resources.sort();
    things.resources.dedup();
    things.unnamed.sort();
    things.unnamed.dedup();
    things
}

fn by_rule(rule: &ResourceRule, arguments: &[Argument]) -> Vec<String> {
    let is_given = |name: &std::sync::Arc<str>| arguments.iter().any(|argument| argument.is_within(name));
    let is_meant = rule.when.is_empty() || rule.when.iter().any(is_given);
    if !is_meant || rule.unless.iter().any(is_given) {
        return Vec::new();
    }
    let mut ids = ids(&rule.id, arguments, |text| last(rule, text));
    if rule.folds == Folds::ToLower {
        ids.iter_mut().for_each(|id| id.make_ascii_lowercase());
    }
    ids
}

/// The parts joined, once for each value. `last` reads the values of the last argument.
pub(crate) fn ids(
    parts: &[IdPart],
    arguments: &[Argument],
    last: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let end = parts.iter().rposition(|part| matches!(part, IdPart::Argument(_)));
    let mut ids = vec![String::new()];
    for (place, part) in parts.iter().enumerate() {
        match part {
            IdPart::Text(text) => ids.iter_mut().for_each(|id| id.push_str(text)),
            IdPart::Argument(name) => {
                let named = arguments.iter().filter(|argument| argument.name == *name);
                let texts = named.filter_map(id_text);
                let texts: Vec<String> = match end == Some(place) {
                    true => texts.filter_map(|text| last(&text)).collect(),
                    false => texts.collect(),
                };
                let joined = ids.iter().flat_map(|id| texts.iter().map(move |text| format!("{id}{text}")));
                ids = joined.collect();
            }
        }
    }
    ids
}

/// The value by which a rule names something; none if it names nothing here.
fn last(rule: &ResourceRule, text: &str) -> Option<String> {
    let is_listed = rule.values.is_empty() || rule.values.iter().any(|value| **value == *text);
    let begins = rule.letters.is_empty() || text.starts_with(|first| rule.letters.contains(first));
    let is_meant = rule.around.is_empty() || rule.around.iter().any(|path| is_around(path, text));
    let shorter = rule.strip.iter().find_map(|prefix| text.strip_prefix(prefix.as_ref()));
    let whole = shorter.unwrap_or(text);
    let part = match &rule.cut {
        Some(cut) => whole.split_once(cut.as_ref()).map(|(before, _)| before),
        None => Some(whole),
    };
    part.filter(|_| is_meant && is_listed && begins).map(str::to_owned)
}

/// Whether two paths are equal or one is below the other, ignoring case, empty segments and dot segments.
pub(crate) fn is_around(path: &str, text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_one_name_however_it_is_written() {
        let account = |text: &str| text.parse::<Account>().unwrap();
        for (own, text) in [
            ("alice@example.com", "primary"),
            ("alice@example.com", "PRIMARY"),
            ("alice@example.com", "Alice@Example.COM"),
            ("a.lice@gmail.com", "ali.ce@googlemail.com"),
            ("alice@gmail.com", "alice+work@gmail.com"),
        ] {
            assert_eq!(own_name("primary", &account(own), text), "primary", "{own} {text}");
        }
        for (own, text) in [
            ("alice@example.com", "al.ice@example.com"),
            ("alice@gmail.com", "alice@example.com"),
            ("alice@gmail.com", "bob@gmail.com"),
        ] {
            assert_eq!(own_name("primary", &account(own), text), text, "{own} {text}");
        }
    }
}
