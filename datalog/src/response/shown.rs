//! The ids that an answer shows, as resources of the kinds that requests touch.
//!
//! Bounded: ids past the bound count as not shown, and are refused later. An item that was withheld shows none.

use std::collections::BTreeSet;

use crate::catalog::{AnswerRule, ShownId, ShownPart};
use crate::json::Json;
use crate::request::{Request, Resource, Scalar};

use super::Revealed;
use super::items::MARK;

/// Ids that are taken from one answer.
const MAX_IDS: usize = 1_000;
/// Bytes of one id.
const MAX_ID: usize = 512;

/// What the answer to this request shows.
pub(super) fn ids(rule: &AnswerRule, request: &Request, answer: &Json) -> Revealed {
    let (mut seen, mut created) = (BTreeSet::new(), BTreeSet::new());
    for shown in &rule.shown {
        each(answer, shown.shared(), &mut |value| {
            let Some(id) = whole(shown, request, value).filter(|id| id.len() <= MAX_ID) else { return };
            if seen.len() < MAX_IDS {
                let resource = Resource { kind: shown.kind.clone(), id };
                if shown.created {
                    created.insert(resource.clone());
                }
                seen.insert(resource);
            }
        });
    }
    Revealed { seen: seen.into_iter().collect(), created: created.into_iter().collect() }
}

fn each(json: &Json, path: &[Box<str>], visit: &mut dyn FnMut(&Json)) {
    match (json, path.split_first()) {
        (Json::Array(items), _) => items.iter().for_each(|item| each(item, path, visit)),
        (json, _) if json.field(MARK).is_some_and(|mark| mark.field("withheld").is_some()) => {}
        (json, None) => visit(json),
        (Json::Object(_), Some((name, rest))) => {
            if let Some(inner) = json.field(name) {
                each(inner, rest, visit);
            }
        }
        _ => {}
    }
}

/// The id that the fields here are parts of.
fn whole(shown: &ShownId, request: &Request, value: &Json) -> Option<String> {
    let depth = shown.shared().len();
    let piece = |part: &ShownPart| match part {
        ShownPart::Text(text) => Some(text.to_string()),
        ShownPart::Field(path) => {
            match path.get(depth..)?.iter().try_fold(value, |json, name| json.field(name))? {
                Json::String(text) if !text.is_empty() && shown.folded => Some(text.to_ascii_lowercase()),
                Json::String(text) if !text.is_empty() => Some(text.clone()),
                Json::Int(number) => Some(number.to_string()),
                _ => None,
            }
        }
        ShownPart::Argument(name) => {
            let argument = request.arguments.iter().find(|argument| argument.name == *name)?;
            match &argument.value {
                Scalar::String(text) => Some(text.clone()),
                Scalar::Int(number) => Some(number.to_string()),
                Scalar::Bool(_) | Scalar::Other(_) => None,
            }
        }
    };
    shown.id.iter().map(piece).collect()
}
