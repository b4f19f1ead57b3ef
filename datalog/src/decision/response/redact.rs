//! Fields that a pass hides, wherever an answer has them.
//!
//! `redact(connection, field)` is a fact. Any block may state it, because it only takes away. A field is dotted names.
//! Every place of an answer that ends with these names is emptied, also inside lists. So is every other place of the
//! same type and field, by the catalog's types of answers: `payload.body` is the body of every part. Fields that repeat
//! a redacted one go with it. In an answer without a description, there may be other names between these names.
//!
//! - Invariant: A redaction covers its field wherever the type appears, and every field that repeats it
//!   (`a_redacted_field_is_emptied_wherever_a_thing_of_its_type_stands`,
//!   `what_says_the_same_as_a_redacted_field_goes_with_it`,
//!   `every_field_that_repeats_another_is_known_or_has_a_reason`,
//!   `the_types_of_answers_are_those_that_the_providers_describe`).
//! - Invariant: A redaction of a field that no answer has is refused
//!   (`a_field_that_no_answer_has_is_refused_with_what_comes_nearest`).

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{AnswerRule, Dated, Path, Shape, Shapes, answer_path};
use crate::decision::response::strip::mark;
use crate::pass::asks::{COUNT, LABELS, TIME};
use crate::pass::content::Content;
use crate::pass::redaction::Redaction;
use crate::request::canonical::Request;
use crate::words::json::Json;

/// An answer names at most this many places; the others are emptied silently.
const NAMED: usize = 32;

/// The redactions in the answers of one operation.
#[derive(Debug, Default)]
pub(crate) struct Redacted {
    paths: Vec<Path>,
    /// Field to the types in which it is redacted.
    typed: BTreeMap<Box<str>, BTreeSet<Shape>>,
}

/// A place in an answer.
#[derive(Debug, Default)]
struct FieldPlace {
    names: Vec<String>,
    /// The types of the thing that has the last name as a field; none if they are not described.
    within: Vec<Vec<Shape>>,
}

impl Redacted {
    /// Keeps those of these redactions that are on the request's connection.
    pub(super) fn on<'a>(redactions: impl IntoIterator<Item = &'a Redaction>, request: &Request) -> Self {
        let own = redactions.into_iter().filter(|one| one.connection == request.connection);
        let fields: Vec<Path> = own.map(|one| answer_path(&one.field)).collect();
        Self::of(&fields, &request.operation.all.same(&fields), request.operation.all.shapes())
    }

    fn of(fields: &[Path], same: &[Path], shapes: &Shapes) -> Self {
        let mut redacted = Self { paths: [fields, same].concat(), typed: BTreeMap::new() };
        for path in &redacted.paths {
            let names: Vec<&str> = path.iter().map(|name| &**name).collect();
            // A single name is found without this.
            if let (Some(last), 2..) = (names.last(), names.len()) {
                redacted.typed.entry((*last).into()).or_default().extend(shapes.holding(&names));
            }
        }
        redacted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter()
    }

    /// Whether the value at the place is redacted.
    fn covers(&self, place: &FieldPlace) -> bool {
        let Some(last) = place.names.last() else { return false };
        let within = place.within.last().map(Vec::as_slice).unwrap_or_default();
        let typed = self.typed.get(last.as_str());
        typed.is_some_and(|types| within.iter().any(|shape| types.contains(shape)))
            || self.paths.iter().any(|path| place.ends_with(path) || within.is_empty() && place.follows(path))
    }
}

impl FieldPlace {
    fn enter(&mut self, shapes: Vec<Shape>, name: &str) {
        self.within.push(shapes);
        self.names.push(name.to_owned());
    }

    fn leave(&mut self) {
        self.within.pop();
        self.names.pop();
    }

    fn ends_with(&self, path: &Path) -> bool {
        self.names.len() >= path.len()
            && path.iter().rev().zip(self.names.iter().rev()).all(|(name, known)| **name == **known)
    }

    /// Whether the path's names appear in this order, with the last one at the end.
    fn follows(&self, path: &Path) -> bool {
        let Some((last, before)) = path.split_last() else { return false };
        let Some((own, above)) = self.names.split_last() else { return false };
        let mut above = above.iter();
        **last == **own && before.iter().all(|name| above.any(|known| **known == **name))
    }
}

/// The types of a request's answer, and the place that the answer has in the larger thing that it is part of.
fn root(request: &Request) -> (&Shapes, Vec<Shape>) {
    let shapes = request.operation.all.shapes();
    (shapes, shapes.answer(request.operation.own_id()).to_vec())
}

/// The words whose fields are emptied before each block, and by the whole pass at the end.
pub(crate) fn hidden(content: &Content, request: &Request) -> Vec<u64> {
    let Some(rule) = request.operation.answer.as_deref() else { return vec![0; content.blocks.len() + 1] };
    if content.redactions.is_empty() {
        return vec![0; content.blocks.len() + 1];
    }
    let by = |number: usize| {
        let before = content.redactions.iter().filter(|one| one.block < number);
        words(&Redacted::on(before, request), rule, request)
    };
    (0..=content.blocks.len()).map(by).collect()
}

/// The words on items whose fields are emptied.
fn words(redacted: &Redacted, rule: &AnswerRule, request: &Request) -> u64 {
    if redacted.is_empty() {
        return 0;
    }
    let (shapes, answer) = root(request);
    let is_emptied = |inside: &[Box<str>]| {
        let mut place = FieldPlace::default();
        if stands_inside(redacted, rule, shapes, &mut place) {
            return true;
        }
        let mut now = answer.clone();
        rule.items.iter().chain(inside).any(|name| {
            let next = shapes.below(&now, name);
            place.enter(std::mem::replace(&mut now, next), name);
            redacted.covers(&place)
        })
    };
    let time = rule.time.iter().flat_map(Dated::fields).any(|path| is_emptied(path));
    let labels = rule.labels.as_ref().is_some_and(|path| is_emptied(path));
    let all = [(time, TIME), (labels, LABELS), (is_emptied(&[]), COUNT)];
    all.into_iter().filter(|(emptied, _)| *emptied).fold(0, |bits, (_, words)| bits | words)
}

/// Goes to the place that the answer has in the larger thing that it is part of. Returns whether something on the way
/// is redacted.
fn stands_inside(redacted: &Redacted, rule: &AnswerRule, shapes: &Shapes, place: &mut FieldPlace) -> bool {
    let Some(first) = rule.stands_at.first() else { return false };
    let mut now = shapes.with(first).to_vec();
    rule.stands_at.iter().any(|name| {
        let next = shapes.below(&now, name);
        place.enter(std::mem::replace(&mut now, next), name);
        redacted.covers(place)
    })
}

/// Empties the fields. Returns the number of places.
pub(super) fn apply(redacted: &Redacted, request: &Request, answer: &mut Json) -> usize {
    let (shapes, types) = root(request);
    let mut place = FieldPlace::default();
    if let Some(rule) = request.operation.answer.as_deref()
        && stands_inside(redacted, rule, shapes, &mut place)
    {
        empty(answer);
        mark(answer, "redacted", Json::Array(vec![Json::String(place.names.join("."))]));
        return 1;
    }
    let mut total = 0;
    each_object(answer, &mut |object| {
        let mut emptied = Vec::new();
        descend(object, &types, &mut Descent { redacted, shapes, place: &mut place, emptied: &mut emptied });
        total += emptied.len();
        if !emptied.is_empty() {
            emptied.sort();
            emptied.dedup();
            emptied.truncate(NAMED);
            mark(object, "redacted", Json::Array(emptied.into_iter().map(Json::String).collect()));
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

struct Descent<'a> {
    redacted: &'a Redacted,
    shapes: &'a Shapes,
    place: &'a mut FieldPlace,
    emptied: &'a mut Vec<String>,
}

fn descend(json: &mut Json, types: &[Shape], at: &mut Descent<'_>) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| descend(item, types, at)),
        Json::Object(fields) => {
            for (name, inner) in fields {
                at.place.enter(types.to_vec(), name);
                if at.redacted.covers(at.place) {
                    empty(inner);
                    at.emptied.push(at.place.names.join("."));
                } else if matches!(inner, Json::Object(_) | Json::Array(_)) {
                    let below = at.shapes.below(types, name);
                    descend(inner, &below, at);
                }
                at.place.leave();
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::String(_) => {}
    }
}

/// An empty value of the type that an SDK expects there.
fn empty(json: &mut Json) {
    *json = match json {
        Json::String(_) => Json::String(String::new()),
        Json::Array(_) => Json::Array(Vec::new()),
        Json::Object(_) => Json::Object(Vec::new()),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => Json::Null,
    };
}
