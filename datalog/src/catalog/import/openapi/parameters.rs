//! Parameters of a path, a query and the headers.
//!
//! A path parameter is one segment, written as it is. A path that is read strictly has no place for other styles
//! (`;id=7`, `.7`), so their operations are left out. A header is no argument. Only headers that give the version or
//! the attempt of a request may be sent. Cookies are never sent.

use std::collections::HashSet;

use serde_json::Value;

use super::super::schema::Schemas;
use crate::catalog::import::openapi::json::string;

/// Headers that carry no authority, and no meaning that a caveat would need.
const HARMLESS_HEADERS: [&str; 5] =
    ["idempotency-key", "x-idempotency-key", "x-request-id", "x-correlation-id", "api-version"];

/// The parameters of the operation, and those of its path that the operation does not replace.
pub(crate) fn parameters<'a>(schemas: &Schemas<'a>, item: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
    let own = operation.get("parameters").and_then(Value::as_array);
    let shared = item.get("parameters").and_then(Value::as_array);
    let mut seen = HashSet::new();
    own.into_iter()
        .chain(shared)
        .flatten()
        .map(|parameter| schemas.target(parameter))
        .filter(|parameter| seen.insert((string(parameter, "in"), string(parameter, "name"))))
        .collect()
}

pub(crate) fn is_required(parameter: &Value) -> bool {
    parameter.get("required").and_then(Value::as_bool) == Some(true)
}

/// Whether a header that an operation takes may be sent.
pub(crate) fn is_harmless_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_token = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    is_token && (HARMLESS_HEADERS.contains(&name.as_str()) || name.ends_with("-version"))
}

pub(crate) fn parameter_schema(parameter: &Value) -> Option<&Value> {
    let in_content = || parameter.get("content")?.as_object()?.values().next()?.get("schema");
    parameter.get("schema").or_else(in_content)
}

/// The type of a query parameter, and its marks. A list repeats, or is one value with commas. If a value may be a
/// list or a string, it stays a string.
pub(crate) fn query_parameter<'a>(
    schemas: &mut Schemas<'a>,
    parameter: &'a Value,
    name: &str,
) -> Option<(String, String)> {
    let schema = parameter_schema(parameter)?;
    if string(parameter, "style") == Some("deepObject") || name.ends_with("[]") {
        return bracketed(schemas, schema, name, is_required(parameter));
    }
    let (ty, repeats) = query_type(schemas, schema, name);
    let explode = parameter.get("explode").and_then(Value::as_bool);
    let style = string(parameter, "style").unwrap_or("form");
    let required = if is_required(parameter) { "!" } else { "" };
    if repeats
        && ["spaceDelimited", "pipeDelimited", "tabDelimited"].contains(&style)
        && explode != Some(true)
    {
        return Some((format!("{name}{required}"), "string".into()));
    }
    Some(match (repeats, explode == Some(false)) {
        (true, true) if !ty.contains('|') => (format!("{name}{required}"), format!("[]{ty}")),
        (true, true) => (format!("{name}{required}"), format!("[]({ty})")),
        (true, false) => (format!("{name}*{required}"), ty),
        (false, _) => (format!("{name}{required}"), ty),
    })
}

/// A field written with its keys in brackets.
pub(crate) fn bracketed<'a>(
    schemas: &mut Schemas<'a>,
    schema: &'a Value,
    name: &str,
    is_required: bool,
) -> Option<(String, String)> {
    let required = if is_required { "!" } else { "" };
    let plain = name.strip_suffix("[]").unwrap_or(name);
    let is_name = !plain.is_empty() && !plain.contains(['[', ']']);
    let ty = schemas.expression(schema, plain);
    // `name[]` is a list, whatever the description says.
    let ty = if name.ends_with("[]") && !ty.starts_with("[]") { schemas.list_of(&ty) } else { ty };
    is_name.then(|| (format!("{plain}[]{required}"), ty))
}

/// An object in a query without brackets: each field becomes a parameter.
pub(crate) fn exploded<'a>(schemas: &Schemas<'a>, parameter: &'a Value) -> Vec<(String, &'a Value)> {
    let is_form = string(parameter, "style").is_none_or(|style| style == "form");
    let explodes = parameter.get("explode").and_then(Value::as_bool) != Some(false);
    match parameter.get("schema").filter(|_| is_form && explodes) {
        Some(schema) => schemas.fields_of(Some(schema)).0.into_iter().collect(),
        None => Vec::new(),
    }
}

/// The type of a query value, and whether the parameter is a list of such values.
pub(crate) fn query_type<'a>(schemas: &mut Schemas<'a>, schema: &'a Value, name: &str) -> (String, bool) {
    let target = schemas.target(schema);
    if target.get("type").is_some_and(|kind| has_kind(kind, "array")) {
        let item =
            target.get("items").map_or_else(|| "string".to_owned(), |items| schemas.expression(items, name));
        return (scalar(item), true);
    }
    let options = target.get("oneOf").or_else(|| target.get("anyOf")).and_then(Value::as_array);
    let has_list = options.is_some_and(|options| {
        options
            .iter()
            .any(|option| schemas.target(option).get("type").is_some_and(|kind| has_kind(kind, "array")))
    });
    match has_list {
        true => ("string".into(), false),
        // A URL writes an object as text, in one of several ways.
        false if is_object(target) => ("string".into(), false),
        false => (scalar(schemas.expression(schema, name)), false),
    }
}

fn is_object(target: &Value) -> bool {
    target.get("properties").is_some() || target.get("type").is_some_and(|kind| has_kind(kind, "object"))
}

fn has_kind(kind: &Value, wanted: &str) -> bool {
    kind == wanted || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == wanted))
}

/// In a URL everything is text, unless it is a known scalar.
fn scalar(text: String) -> String {
    if text == "any" || text.contains("[]") || text.contains("{}") { "string".into() } else { text }
}

/// The template of a path with the types of its parameters, or the reason why it cannot be read.
pub(crate) fn template<'a>(
    schemas: &mut Schemas<'a>,
    path: &str,
    all: &[&'a Value],
) -> Result<String, String> {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((raw, after)) = after.split_once('}') else {
            return Err("its path has an open brace".into());
        };
        if before.is_empty() && !text.is_empty() {
            return Err("nothing stands between two parameters of its path".into());
        }
        push_literal(&mut text, before)?;
        let described =
            all.iter().find(|p| string(p, "in") == Some("path") && string(p, "name") == Some(raw)).copied();
        let (name, many) = bare(raw);
        let is_name = !name.is_empty() && !name.contains([':', '+', '*', '{', '/', '\'', '"', '\\', '|']);
        if !is_name || name.chars().any(char::is_control) {
            return Err(format!("the path parameter `{}` has a name that is not read", raw.escape_debug()));
        }
        let many = many || described.and_then(|p| p.get("x-multi-segment")) == Some(&Value::Bool(true));
        if let Some(style) = described.and_then(|p| string(p, "style")).filter(|style| *style != "simple") {
            return Err(format!(
                "the path parameter `{name}` is written in the style `{}`, which is not read",
                style.escape_debug()
            ));
        }
        let ty = described.and_then(parameter_schema).map(|schema| {
            let (ty, repeats) = query_type(schemas, schema, name);
            if repeats { "string".to_owned() } else { schemas.as_word(&ty, name) }
        });
        text.push('{');
        text.push_str(name);
        if let Some(ty) = ty.filter(|ty| ty != "string" && ty != "any") {
            text.push(':');
            text.push_str(&ty);
        }
        text.push_str(if many { "+}" } else { "}" });
        rest = after;
    }
    push_literal(&mut text, rest)?;
    if !text.starts_with('/') || text.contains("//") {
        return Err("its path has an empty segment".into());
    }
    Ok(text)
}

/// The name of a path parameter, and whether it takes the rest of the path: `{proxy+}`, `{path*}`, `{path:path}`,
/// `{path:.*}`.
fn bare(raw: &str) -> (&str, bool) {
    let endings = ["+", "*", ":path", ":.*", ":.+"];
    match endings.iter().find_map(|ending| raw.strip_suffix(ending)) {
        Some(name) => (name, true),
        None => (raw, false),
    }
}

fn push_literal(text: &mut String, literal: &str) -> Result<(), String> {
    let stands = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&b);
    if !literal.bytes().all(stands) {
        return Err("its path holds a query, a fragment or characters that do not stand in a path".into());
    }
    if literal.split('/').any(|segment| segment == "." || segment == "..") {
        return Err("its path holds a dot segment".into());
    }
    text.push_str(literal);
    Ok(())
}
