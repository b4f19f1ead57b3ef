//! The ids that an answer shows, as resources of the kinds that requests touch.
//!
//! Their number has a limit. Ids past it count as not shown, and later requests for them are refused. A withheld item
//! shows no ids.
//!
//! - Invariant: An id belongs to one kind of thing (`an_id_of_one_kind_of_comment_is_none_of_another`,
//!   `a_message_of_slack_is_named_by_its_channel_and_its_time`).
//! - Invariant: Only an answer that succeeded shows ids, and only to its own lineage and connection. A withheld id was
//!   not shown (`only_answers_that_succeeded_show_ids`, `what_was_shown_belongs_to_one_lineage_and_one_connection`,
//!   `what_was_withheld_is_not_seen`).

use std::collections::BTreeSet;

use crate::catalog::spelling::own_name;
use crate::catalog::{AnswerRule, ShownId, ShownPart};
use crate::decision::response::review::Revealed;
use crate::decision::response::strip::MARK;
use crate::request::argument::Scalar;
use crate::request::canonical::{Request, Resource};
use crate::words::json::Json;

/// The most ids that are taken from one answer.
const MAX_IDS: usize = 1_000;
/// Bytes of one id.
const MAX_ID: usize = 512;

/// The ids in the answer to this request.
pub(super) fn ids(rule: &AnswerRule, request: &Request, answer: &Json) -> Revealed {
    let (mut seen, mut created) = (BTreeSet::new(), BTreeSet::new());
    for shown in &rule.shown {
        each(answer, shown.shared(), &mut |value| {
            let Some(id) = whole(shown, request, value).filter(|id| id.len() <= MAX_ID) else { return };
            let id = match &shown.own {
                Some(word) => own_name(word, &request.account, &id),
                None => id,
            };
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

/// The id whose parts are in these fields.
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
