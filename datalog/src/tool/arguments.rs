//! The arguments of a tool: every place where its operation takes a value, each under one key.

use std::collections::BTreeSet;

use crate::catalog::finds::Finds;
use crate::catalog::operation::{Decode, Operation, QueryParameter};
use crate::catalog::overlay::Carriers;
use crate::catalog::overlay::rules::Format;
use crate::catalog::service::Service;
use crate::catalog::types::{Field, Named, Type};

/// Where a value stands in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Form,
    /// A field of a JSON body.
    Field,
    /// The whole JSON body.
    Body,
}

/// One argument of a tool.
#[derive(Debug, Clone)]
pub(crate) struct ToolArgument<'a> {
    /// Its key in a call: the provider's own name, where every client takes that as a key.
    pub(crate) key: String,
    /// The provider's own name.
    pub(crate) name: &'a str,
    pub(crate) place: Place,
    pub(crate) ty: &'a Type,
    pub(crate) required: bool,
    pub(crate) repeated: bool,
}

/// Whether a call needs a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Always,
    /// The operation may name a draft in its place.
    OrDraft,
}

/// The field that holds a message, which a tool takes in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LetterPlace<'a> {
    /// The dotted path of the message: `raw`, or `message.raw`.
    pub(crate) path: &'a str,
    /// The object around it: `message`, or nothing.
    pub(crate) around: Option<&'a str>,
    pub(crate) need: Need,
}

/// Common parameters that a tool offers, because they keep an answer short.
const COMMON: [&str; 1] = ["fields"];

/// Everything that the operation takes, in the order of its description.
pub(crate) fn arguments<'a>(service: &'a Service, operation: &'a Operation) -> Vec<ToolArgument<'a>> {
    let mut all = Vec::new();
    let last = operation.shorter.as_ref().and_then(|_| operation.template.parameters.last());
    for parameter in &operation.template.parameters {
        if service.pinned.contains_key(&*parameter.name) {
            continue;
        }
        let required = last.is_none_or(|last| last.name != parameter.name);
        add(&mut all, &parameter.name, Place::Path, &parameter.ty, required, Repeats::No);
    }
    let common = service.common_query().iter().filter(|one| COMMON.contains(&&*one.name));
    for one in operation.query.iter().chain(common) {
        add_pair(&mut all, one, Place::Query);
    }
    body(service, operation, &mut all);
    all
}

/// The place of the one message that the operation takes, if it takes one in JSON.
pub(crate) fn letter_place(operation: &Operation) -> Option<LetterPlace<'_>> {
    let is_message = |decode: &&Decode| decode.format == Format::Rfc822;
    let mut messages = operation.decode.iter().filter(is_message).flat_map(|decode| &decode.fields);
    let (Some(path), None) = (messages.next(), messages.next()) else { return None };
    let names_draft = operation.looks.iter().any(|look| look.finds == Finds::Draft);
    let need = if names_draft { Need::OrDraft } else { Need::Always };
    match path.rsplit_once('.') {
        None => Some(LetterPlace { path, around: None, need }),
        Some((around, _)) if !around.contains('.') => Some(LetterPlace { path, around: Some(around), need }),
        Some(_) => None,
    }
}

fn body<'a>(service: &'a Service, operation: &'a Operation, all: &mut Vec<ToolArgument<'a>>) {
    let Some(body) = &operation.body else { return };
    match (&body.json, service.carriers) {
        (Some(ty), Carriers::Described) => match fields(service, ty) {
            Some(fields) => fields
                .iter()
                .for_each(|one| add(all, &one.name, Place::Field, &one.ty, one.required, Repeats::No)),
            None => add(all, "body", Place::Body, ty, body.required, Repeats::No),
        },
        _ => body.form.iter().for_each(|one| add_pair(all, one, Place::Form)),
    }
}

/// The fields of a body that is a closed object.
fn fields<'a>(service: &'a Service, ty: &'a Type) -> Option<&'a [Field]> {
    match service.types.resolve(ty) {
        Type::Named(at) => match service.types.entry(*at)? {
            Named::Object { fields, rest: None } => Some(fields),
            Named::Object { .. } | Named::Alias(_) => None,
        },
        // A body that may be null is left out in its place.
        Type::OneOf(options) => match options.as_slice() {
            [one, Type::Null] | [Type::Null, one] => fields(service, one),
            _ => None,
        },
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Yes,
    No,
}

fn add_pair<'a>(all: &mut Vec<ToolArgument<'a>>, one: &'a QueryParameter, place: Place) {
    let repeats = if one.repeated { Repeats::Yes } else { Repeats::No };
    add(all, &one.name, place, &one.ty, one.required, repeats);
}

fn add<'a>(
    all: &mut Vec<ToolArgument<'a>>,
    name: &'a str,
    place: Place,
    ty: &'a Type,
    required: bool,
    repeats: Repeats,
) {
    let taken: BTreeSet<&str> = all.iter().map(|one| one.key.as_str()).collect();
    // Clients take at most 64 of these characters as a key.
    let fold = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '_' };
    let plain: String = name.chars().map(fold).take(60).collect();
    let mut key = plain.clone();
    for number in 2..100 {
        if !taken.contains(key.as_str()) {
            break;
        }
        key = format!("{plain}_{number}");
    }
    all.push(ToolArgument { key, name, place, ty, required, repeated: repeats == Repeats::Yes });
}
