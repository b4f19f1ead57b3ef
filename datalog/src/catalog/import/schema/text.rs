//! The text of type expressions: which types they mention, and how they are joined and named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::catalog::description::TypeLine;
use crate::catalog::types::quote;

/// The names that an expression mentions.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(['|', '(', ')', '[', ']', '{', '}']).filter_map(|word| word.strip_prefix('#'))
}

pub(crate) fn alias_line(name: &str, text: &str) -> TypeLine {
    TypeLine { name: name.to_owned(), is: Some(text.to_owned()), fields: BTreeMap::new(), rest: None }
}

pub(crate) fn has_shape(schema: &Value) -> bool {
    const SHAPES: [&str; 9] =
        ["$ref", "type", "properties", "items", "enum", "const", "oneOf", "anyOf", "allOf"];
    SHAPES.iter().any(|key| schema.get(key).is_some())
}

pub(crate) fn is_nullable(schema: &Map<String, Value>) -> bool {
    schema.get("nullable").and_then(Value::as_bool) == Some(true)
}

/// The type of one value of an `enum`. A string keeps its exact value; any other value keeps only its type.
pub(crate) fn enum_value(value: &Value, schema: &Map<String, Value>) -> String {
    match value {
        Value::String(_) if schema.get("type").and_then(Value::as_str) == Some("integer") => "int".into(),
        Value::String(text) => quote(text),
        Value::Bool(_) => "bool".into(),
        Value::Null => "null".into(),
        Value::Number(number) if number.is_i64() || number.is_u64() => "int".into(),
        Value::Number(_) => "number".into(),
        Value::Array(_) | Value::Object(_) => "any".into(),
    }
}

pub(crate) fn union(options: Vec<String>) -> String {
    let mut seen = BTreeSet::new();
    let kept: Vec<String> = options.into_iter().filter(|option| seen.insert(option.clone())).collect();
    match kept.iter().find(|option| *option == "any") {
        Some(any) => any.clone(),
        None => kept.join("|"),
    }
}

pub(crate) fn grouped(text: &str) -> String {
    let is_union = text.split('\'').step_by(2).any(|outside| outside.contains('|'));
    if is_union { format!("({text})") } else { text.to_owned() }
}

pub(crate) fn clean(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-/".contains(c) { c } else { '_' }).collect()
}
