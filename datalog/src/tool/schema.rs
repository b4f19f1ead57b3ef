//! The JSON Schema (2020-12) of a tool's arguments: the catalog's types, and the pass's own bounds on them.
//!
//! A schema is a hint for a model. `classify` checks each value, and the pass decides, so a bound that cannot be said
//! exactly is left out: a schema may be wider than the pass, and is never narrower.

use serde_json::{Map, Value as Schema, json};

use crate::catalog::operation::Operation;
use crate::catalog::service::Service;
use crate::catalog::types::{Named, Type};
use crate::caveats::arg::bounds::{self, ArgBound, ValueBound};
use crate::pass::content::Content;
use crate::tool::arguments::{Need, Place, ToolArgument, arguments, letter_place};
use crate::tool::letter;
use crate::words::names::ConnectionName;
use crate::words::value::Value;

/// Objects below this depth are shown without their fields.
const DEPTH: usize = 3;
/// More alternatives than this are not listed.
const MOST_OPTIONS: usize = 60;

/// The schema of the arguments of an operation on a connection, under a pass.
pub(crate) fn schema(
    content: &Content,
    connection: &ConnectionName,
    service: &Service,
    operation: &Operation,
) -> Schema {
    let bounds: Vec<ArgBound> = content
        .blocks
        .iter()
        .flat_map(|block| &block.caveats)
        .filter_map(|caveat| bounds::bound(caveat, &operation.id, connection))
        .collect();
    let letter = letter_place(operation);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    if let Some(place) = letter {
        properties.extend(letter::properties());
        if place.need == Need::Always {
            required.extend(letter::REQUIRED.map(str::to_owned));
        }
        if is_named(&bounds, place.path) {
            properties.retain(|name, _| name != "threadId" || is_named(&bounds, &place.beside("threadId")));
        }
    }
    for one in arguments(service, operation) {
        let is_of_letter = letter.is_some_and(|place| place.holds(&one));
        // Facts name the fields of a whole body, so the name of the body itself says nothing.
        let is_named = one.place == Place::Body || is_named(&bounds, one.name);
        if is_of_letter || properties.contains_key(&one.key) || !is_named {
            continue;
        }
        let is_given = bounds.contains(&ArgBound::Given(one.name.to_owned()));
        if one.required || is_given {
            required.push(one.key.clone());
        }
        let schema = of_argument(service, &one, &bounds);
        properties.insert(one.key, schema);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Whether the pass lets an argument of this name be there, or anything below it.
fn is_named(bounds: &[ArgBound], name: &str) -> bool {
    let is_below =
        |known: &String| known == name || known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    bounds.iter().all(|bound| match bound {
        ArgBound::Names(names) => names.iter().any(is_below) || names.contains("*"),
        ArgBound::Given(_) | ArgBound::Value(..) => true,
    })
}

fn of_argument(service: &Service, one: &ToolArgument<'_>, bounds: &[ArgBound]) -> Schema {
    let mut schema = of_type(service, one.ty, 0);
    for bound in bounds {
        if let ArgBound::Value(name, bound) = bound
            && name == one.name
        {
            within(service, name, bound, &mut schema);
        }
    }
    match one.repeated && schema.get("type") != Some(&json!("array")) {
        true => json!({"type": "array", "items": schema}),
        false => schema,
    }
}

/// Adds a bound, if the schema is of exactly one type and each value has one spelling.
fn within(service: &Service, name: &str, bound: &ValueBound, schema: &mut Schema) {
    let kind = schema.get("type").and_then(Schema::as_str).unwrap_or_default().to_owned();
    if kind == "array" {
        if let Some(items) = schema.get_mut("items") {
            within(service, name, bound, items);
        }
        return;
    }
    let Some(fields) = schema.as_object_mut() else { return };
    let is_exact = !service.respells(name);
    match (bound, kind.as_str()) {
        (ValueBound::AtMost(most), "integer") => _ = fields.insert("maximum".into(), json!(most)),
        (ValueBound::AtLeast(least), "integer") => _ = fields.insert("minimum".into(), json!(least)),
        (ValueBound::OneOf(values), "string" | "integer" | "boolean") if is_exact => {
            let values: Option<Vec<Schema>> = values.iter().map(|value| of_value(value, &kind)).collect();
            if let Some(values) = values {
                fields.insert("enum".into(), json!(values));
            }
        }
        (ValueBound::StartsWith(start), "string") if is_exact => {
            let pattern: String = start.chars().flat_map(escaped).collect();
            fields.insert("pattern".into(), json!(format!("^{pattern}")));
        }
        _ => {}
    }
}

/// A character as every reader of regular expressions means it.
fn escaped(c: char) -> impl Iterator<Item = char> {
    let slash = r"^$\.*+?()[]{}|".contains(c).then_some('\\');
    slash.into_iter().chain([c])
}

/// The value in JSON, if the type takes it.
fn of_value(value: &Value, kind: &str) -> Option<Schema> {
    match (value, kind) {
        (Value::Int(number), "integer") => Some(json!(number)),
        (Value::Bool(flag), "boolean") => Some(json!(flag)),
        (value, "string") => value.as_str().map(|text| json!(text)),
        _ => None,
    }
}

fn of_type(service: &Service, ty: &Type, depth: usize) -> Schema {
    match service.types.resolve(ty) {
        Type::Any => json!({}),
        Type::Null => json!({"type": "null"}),
        Type::String => json!({"type": "string"}),
        Type::Int => json!({"type": "integer"}),
        Type::Number => json!({"type": "number"}),
        Type::Bool => json!({"type": "boolean"}),
        Type::Literal(text) => json!({"type": "string", "enum": [text]}),
        Type::List(item) => json!({"type": "array", "items": of_type(service, item, depth + 1)}),
        Type::Map(_) if depth >= DEPTH => json!({"type": "object"}),
        Type::Map(value) => {
            json!({"type": "object", "additionalProperties": of_type(service, value, depth + 1)})
        }
        Type::Named(at) => of_object(service, *at, depth),
        Type::OneOf(options) => of_options(service, options, depth),
    }
}

fn of_object(service: &Service, at: usize, depth: usize) -> Schema {
    let Some(Named::Object { fields, rest }) = service.types.entry(at).filter(|_| depth < DEPTH) else {
        return json!({"type": "object"});
    };
    let properties: Map<String, Schema> =
        fields.iter().map(|one| (one.name.to_string(), of_type(service, &one.ty, depth + 1))).collect();
    let required: Vec<&str> = fields.iter().filter(|one| one.required).map(|one| &*one.name).collect();
    let others = rest.as_ref().map_or(json!(false), |ty| of_type(service, ty, depth + 1));
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": others});
    if let (false, Some(fields)) = (required.is_empty(), schema.as_object_mut()) {
        fields.insert("required".into(), json!(required));
    }
    schema
}

fn of_options(service: &Service, options: &[Type], depth: usize) -> Schema {
    let literal = |option: &Type| match service.types.resolve(option) {
        Type::Literal(text) => Some(json!(text)),
        _ => None,
    };
    match options.iter().map(literal).collect::<Option<Vec<Schema>>>() {
        Some(texts) if texts.len() > MOST_OPTIONS => json!({"type": "string"}),
        Some(texts) => json!({"type": "string", "enum": texts}),
        None if options.len() > MOST_OPTIONS => json!({}),
        None => json!({"anyOf": options.iter().map(|one| of_type(service, one, depth)).collect::<Vec<_>>()}),
    }
}
