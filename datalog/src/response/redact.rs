//! Fields that a pass does not show, wherever an answer has them.
//!
//! `redact(connection, field)` is a fact that any block may state, because it only takes away. A field is dotted names
//! that a place in the answer ends with, lists passed through; what stands there is emptied, and the answer says so.

use crate::catalog::{AnswerRule, Path, answer_path};
use crate::content::{Block, Content, ReadError};
use crate::json::Json;
use crate::names::ConnectionName;
use crate::request::Request;

use super::items::mark;
use super::stage::{COUNT, LABELS, TIME};

/// So many places are named in an answer; the rest are emptied without a word each.
const NAMED: usize = 32;

/// A field that answers on a connection do not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    pub connection: ConnectionName,
    /// As it was written.
    pub field: String,
    /// The number of the block that states it.
    pub block: usize,
}

/// What the blocks of a pass redact.
pub(crate) fn redactions(blocks: &[Block]) -> Result<Vec<Redaction>, ReadError> {
    let stated = blocks.iter().enumerate().flat_map(|(number, block)| {
        block.facts.iter().filter(|fact| &*fact.name == "redact").map(move |fact| (number, fact))
    });
    stated
        .map(|(block, fact)| {
            let text = |place| fact.str(place).unwrap_or_default();
            let connection =
                text(0).parse().map_err(|error: crate::NameError| ReadError::Name(error.to_string()))?;
            let field = text(1).to_owned();
            // A field without a name would be every place, or none.
            if field.split('.').any(str::is_empty) {
                return Err(ReadError::Name(format!("`{field}` is no field that could be redacted")));
            }
            Ok(Redaction { connection, field, block })
        })
        .collect()
}

/// What is redacted of answers to this request. What repeats other fields goes with any of them.
pub(super) fn on<'a>(redactions: impl IntoIterator<Item = &'a Redaction>, request: &Request) -> Vec<Path> {
    let own = redactions.into_iter().filter(|one| one.connection == request.connection);
    let mut paths: Vec<Path> = own.map(|one| answer_path(&one.field)).collect();
    if !paths.is_empty() {
        paths.extend(request.operation.repeats.iter().map(|field| answer_path(field)));
    }
    paths
}

/// The words whose fields are emptied by what stands before each block, and by the whole pass at the end.
pub(crate) fn hidden(content: &Content, request: &Request) -> Vec<u64> {
    let Some(rule) = request.operation.answer.as_deref() else { return vec![0; content.blocks.len() + 1] };
    let by = |number: usize| {
        let before = content.redactions.iter().filter(|one| one.block < number);
        words(&on(before, request), rule)
    };
    (0..=content.blocks.len()).map(by).collect()
}

/// The words on items whose fields these paths empty.
fn words(paths: &[Path], rule: &AnswerRule) -> u64 {
    let is_emptied = |inside: &[Box<str>]| {
        let names = rule.stands_at.iter().chain(&rule.items).chain(inside);
        let mut stack: Vec<String> = Vec::new();
        names.into_iter().any(|name| {
            stack.push(name.to_string());
            is_redacted(paths, &stack)
        })
    };
    let time = rule.time.as_ref().is_some_and(|(path, _)| is_emptied(path));
    let labels = rule.labels.as_ref().is_some_and(|path| is_emptied(path));
    let all = [(time, TIME), (labels, LABELS), (is_emptied(&[]), COUNT)];
    all.into_iter().filter(|(emptied, _)| *emptied).fold(0, |bits, (_, words)| bits | words)
}

/// Empties the fields; in how many places.
pub(super) fn apply(paths: &[Path], request: &Request, answer: &mut Json) -> usize {
    let stands_at = request.operation.answer.as_ref().map(|rule| rule.stands_at.clone()).unwrap_or_default();
    let mut stack: Vec<String> = Vec::new();
    for name in &stands_at {
        stack.push(name.to_string());
        if is_redacted(paths, &stack) {
            empty(answer);
            mark(answer, "redacted", Json::Array(vec![Json::String(stack.join("."))]));
            return 1;
        }
    }
    let mut total = 0;
    each_object(answer, &mut |object| {
        let mut places = Vec::new();
        descend(object, paths, &mut stack, &mut places);
        total += places.len();
        if !places.is_empty() {
            places.sort();
            places.dedup();
            places.truncate(NAMED);
            mark(object, "redacted", Json::Array(places.into_iter().map(Json::String).collect()));
        }
    });
    total
}

/// The outermost objects: the answer, or those of a list.
fn each_object(json: &mut Json, visit: &mut dyn FnMut(&mut Json)) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| each_object(item, visit)),
        other => visit(other),
    }
}

fn descend(json: &mut Json, paths: &[Path], stack: &mut Vec<String>, places: &mut Vec<String>) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| descend(item, paths, stack, places)),
        Json::Object(fields) => {
            for (name, inner) in fields {
                stack.push(name.clone());
                if is_redacted(paths, stack) {
                    empty(inner);
                    places.push(stack.join("."));
                } else {
                    descend(inner, paths, stack, places);
                }
                stack.pop();
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::String(_) => {}
    }
}

fn is_redacted(paths: &[Path], stack: &[String]) -> bool {
    let ends = |path: &Path| {
        stack.len() >= path.len()
            && path.iter().rev().zip(stack.iter().rev()).all(|(name, known)| **name == **known)
    };
    paths.iter().any(ends)
}

/// Nothing, of the type that an SDK expects there.
fn empty(json: &mut Json) {
    *json = match json {
        Json::String(_) => Json::String(String::new()),
        Json::Array(_) => Json::Array(Vec::new()),
        Json::Object(_) => Json::Object(Vec::new()),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => Json::Null,
    };
}
