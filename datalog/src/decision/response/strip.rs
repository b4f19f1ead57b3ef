//! Takes things out of an answer, and says so in their place.
//!
//! `items` decides what to take out. This module only does it.
//!
//! - Invariant: A withheld item keeps its place, and the place gives the reason
//!   (`an_old_message_of_a_thread_is_withheld_in_its_place_with_the_reason`).

use crate::catalog::{AnswerRule, Path, ShownPart};
use crate::decision::types::Reason;
use crate::words::json::Json;

/// The member of an object that tells what was taken out of it.
pub(super) const MARK: &str = "hallpass";

/// Keeps only these paths of an object. Returns whether anything was taken out.
pub(super) fn strip(json: &mut Json, keep: &[Path]) -> bool {
    let paths: Vec<&[Box<str>]> = keep.iter().map(|path| &**path).collect();
    let stripped = keep_only(json, &paths);
    if stripped {
        mark(json, "shows", Json::String("ids alone: the pass shows no more of it".into()));
    }
    stripped
}

pub(super) fn keep_only(json: &mut Json, paths: &[&[Box<str>]]) -> bool {
    match json {
        Json::Array(items) => items.iter_mut().fold(false, |less, item| keep_only(item, paths) | less),
        Json::Object(fields) => {
            let before = fields.len();
            fields.retain(|(name, _)| {
                paths.iter().any(|path| path.first().is_some_and(|first| **first == **name))
            });
            let mut less = fields.len() < before;
            for (name, inner) in fields {
                let below: Vec<&[Box<str>]> = paths
                    .iter()
                    .filter(|path| path.first().is_some_and(|first| **first == **name))
                    .filter_map(|path| path.get(1..))
                    .collect();
                if !below.iter().any(|rest| rest.is_empty()) {
                    less |= keep_only(inner, &below);
                }
            }
            less
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::String(_) => false,
    }
}

/// Keeps only an item's own ids, and gives the reason.
pub(super) fn withhold(item: &mut Json, rule: &AnswerRule, reason: &Reason) {
    let inside = |part: &ShownPart| match part {
        ShownPart::Field(path) => path.strip_prefix(&*rule.items).map(Path::from),
        ShownPart::Text(_) | ShownPart::Argument(_) => None,
    };
    let ids = rule.shown.iter().flat_map(|one| &one.id).filter_map(inside);
    // A withheld item shows no more than an item that is shown by its ids.
    let ids: Vec<Path> = ids.filter(|id| rule.bare.is_empty() || rule.bare.contains(id)).collect();
    if matches!(item, Json::Object(_)) {
        let ids: Vec<&[Box<str>]> = ids.iter().map(|path| &**path).collect();
        keep_only(item, &ids);
    } else {
        *item = Json::Object(Vec::new());
    }
    mark(item, "withheld", why(reason));
}

/// Removes a thing inside an item, and gives the reason.
pub(super) fn withhold_nested(thing: &mut Json, reason: &Reason) {
    *thing = Json::Object(Vec::new());
    mark(thing, "withheld", why(reason));
}

fn why(reason: &Reason) -> Json {
    Json::String(format!("the pass does not show it: expected {}, got {}", reason.expected, reason.got))
}

/// Takes out fields beside the items, and beside the things that hold them, if they may tell about the items.
/// Returns whether there were any.
pub(super) fn strip_beside(answer: &mut Json, rule: &AnswerRule) -> Result<bool, ()> {
    let beside: Vec<&[Box<str>]> = rule.beside.iter().map(|path| &**path).collect();
    beside_of(answer, &rule.items, &beside)
}

fn beside_of(json: &mut Json, items: &[Box<str>], beside: &[&[Box<str>]]) -> Result<bool, ()> {
    let Some((first, rest)) = items.split_first() else { return Ok(false) };
    let Json::Object(fields) = json else { return Err(()) };
    let before = fields.len();
    let named = |name: &str| beside.iter().any(|path| path.first().is_some_and(|own| **own == *name));
    fields.retain(|(name, _)| **name == **first || named(name));
    let mut less = fields.len() < before;
    for (name, inner) in fields {
        let below: Vec<&[Box<str>]> = beside
            .iter()
            .filter(|path| path.first().is_some_and(|own| **own == **name))
            .filter_map(|path| path.get(1..))
            .collect();
        if **name == **first && !rest.is_empty() {
            // If this holds no object, it has no fields to keep.
            if !matches!(inner, Json::Object(_)) {
                return if matches!(inner, Json::Null) { Ok(less) } else { Err(()) };
            }
            less |= beside_of(inner, rest, &below)?;
        }
    }
    Ok(less)
}

/// Adds to the answer's own note.
pub(super) fn mark(json: &mut Json, name: &str, said: Json) {
    let Json::Object(fields) = json else { return };
    if let Some((_, Json::Object(marks))) = fields.iter_mut().find(|(known, _)| known == MARK) {
        marks.push((name.to_owned(), said));
        return;
    }
    fields.retain(|(known, _)| known != MARK);
    fields.push((MARK.to_owned(), Json::Object(vec![(name.to_owned(), said)])));
}
