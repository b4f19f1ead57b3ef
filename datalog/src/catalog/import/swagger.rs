//! Rewrites Swagger 2 in the words of OpenAPI 3: servers, bodies, forms, answers and ways to sign in.
//!
//! Types are the same in both and stay in place: references to `#/definitions/…` are followed as they are. This module
//! judges nothing, and drops what OpenAPI 3 has no word for.

use serde_json::{Map, Value, json};

const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// The description as an OpenAPI 3 one.
pub(crate) fn converted(document: &Value) -> Value {
    let mut out = document.as_object().cloned().unwrap_or_default();
    out.remove("swagger");
    out.insert("openapi".into(), "3.0.0".into());
    out.insert("servers".into(), json!([{ "url": server(document) }]));
    let schemes = document.get("securityDefinitions").and_then(Value::as_object);
    let schemes: Map<String, Value> =
        schemes.into_iter().flatten().map(|(name, one)| (name.clone(), scheme(one))).collect();
    out.insert("components".into(), json!({ "securitySchemes": schemes }));
    if let Some(paths) = document.get("paths").and_then(Value::as_object) {
        let items = paths.iter().map(|(path, item)| (path.clone(), path_item(document, item)));
        out.insert("paths".into(), Value::Object(items.collect()));
    }
    Value::Object(out)
}

fn server(document: &Value) -> String {
    let base = string(document, "basePath").unwrap_or_default();
    let schemes = document.get("schemes").and_then(Value::as_array);
    let only_plain = schemes.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one == "http"));
    match string(document, "host").filter(|host| !host.is_empty()) {
        Some(host) if only_plain => format!("http://{host}{base}"),
        Some(host) => format!("https://{host}{base}"),
        None => base.to_owned(),
    }
}

fn scheme(one: &Value) -> Value {
    match string(one, "type") {
        Some("basic") => json!({ "type": "http", "scheme": "basic" }),
        Some("oauth2") => {
            let flow = match string(one, "flow").unwrap_or_default() {
                "accessCode" => "authorizationCode",
                "application" => "clientCredentials",
                other => other,
            };
            json!({ "type": "oauth2", "flows": { flow: one } })
        }
        _ => one.clone(),
    }
}

fn path_item(document: &Value, item: &Value) -> Value {
    let Some(entries) = target(document, item).as_object() else { return Value::Null };
    let shared = parameters(document, entries.get("parameters"));
    let mut out = Map::new();
    for (key, value) in entries {
        match value.as_object() {
            Some(operation) if METHODS.contains(&key.as_str()) => {
                out.insert(key.clone(), self::operation(document, operation, &shared));
            }
            _ if key != "parameters" => _ = out.insert(key.clone(), value.clone()),
            _ => {}
        }
    }
    Value::Object(out)
}

fn operation(document: &Value, operation: &Map<String, Value>, shared: &[&Value]) -> Value {
    let own = parameters(document, operation.get("parameters"));
    let is_own = |one: &&&Value| {
        own.iter().any(|other| (other.get("in"), other.get("name")) == (one.get("in"), one.get("name")))
    };
    let inherited: Vec<&Value> = shared.iter().filter(|one| !is_own(one)).copied().collect();
    let all = || own.iter().chain(&inherited).copied();
    let consumes = operation.get("consumes").or_else(|| document.get("consumes")).and_then(Value::as_array);
    let consumes: Vec<&str> = consumes.into_iter().flatten().filter_map(Value::as_str).collect();
    let mut out = operation.clone();
    out.remove("consumes");
    let plain = all().filter(|one| !matches!(string(one, "in"), Some("body" | "formData")));
    out.insert("parameters".into(), plain.map(parameter).collect());
    if let Some(body) = body(&all().collect::<Vec<_>>(), &consumes) {
        out.insert("requestBody".into(), body);
    }
    if let Some(responses) = operation.get("responses").and_then(Value::as_object) {
        let answers = responses.iter().map(|(code, one)| {
            let schema = target(document, one).get("schema");
            let content = schema.map(|schema| json!({ "application/json": { "schema": schema } }));
            (code.clone(), json!({ "content": content }))
        });
        out.insert("responses".into(), Value::Object(answers.collect()));
    }
    Value::Object(out)
}

/// Rewrites a parameter. In Swagger 2 it holds its type directly, and describes lists in other words.
fn parameter(one: &Value) -> Value {
    let mut out = json!({ "schema": schema(one) });
    for key in ["name", "in", "required"] {
        if let (Some(value), Some(out)) = (one.get(key), out.as_object_mut()) {
            out.insert(key.into(), value.clone());
        }
    }
    let style = match string(one, "collectionFormat").unwrap_or("csv") {
        "multi" => None,
        "ssv" => Some("spaceDelimited"),
        "tsv" => Some("tabDelimited"),
        "pipes" => Some("pipeDelimited"),
        _ => Some("form"),
    };
    let is_list = string(one, "in") == Some("query") && string(one, "type") == Some("array");
    if let (Some(style), Some(out), true) = (style, out.as_object_mut(), is_list) {
        out.insert("style".into(), style.into());
        out.insert("explode".into(), false.into());
    }
    out
}

fn schema(one: &Value) -> Value {
    let kept = |key: &&String| {
        !["name", "in", "required", "description", "collectionFormat"].contains(&key.as_str())
    };
    let entries = one.as_object().into_iter().flatten();
    let mut out: Map<String, Value> =
        entries.filter(|(key, _)| kept(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    if out.get("type").and_then(Value::as_str) == Some("file") {
        out.insert("type".into(), "string".into());
        out.insert("format".into(), "binary".into());
    }
    Value::Object(out)
}

fn body(all: &[&Value], consumes: &[&str]) -> Option<Value> {
    if let Some(body) = all.iter().find(|one| string(one, "in") == Some("body")) {
        let kinds = if consumes.is_empty() { &["application/json"] } else { consumes };
        let schema = body.get("schema").cloned().unwrap_or_default();
        let content: Map<String, Value> =
            kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema }))).collect();
        return Some(json!({ "required": body.get("required"), "content": content }));
    }
    let fields: Vec<&&Value> = all.iter().filter(|one| string(one, "in") == Some("formData")).collect();
    if fields.is_empty() {
        return None;
    }
    let has_file = fields.iter().any(|one| string(one, "type") == Some("file"));
    let properties: Map<String, Value> =
        fields.iter().filter_map(|one| Some((string(one, "name")?.to_owned(), schema(one)))).collect();
    let is_required = |one: &&&&Value| one.get("required") == Some(&Value::Bool(true));
    let required: Vec<&str> =
        fields.iter().filter(is_required).filter_map(|one| string(one, "name")).collect();
    let schema = json!({ "schema": { "type": "object", "properties": properties, "required": required } });
    let takes = |kind: &str| consumes.iter().any(|known| known.starts_with(kind));
    let mut content = Map::new();
    if has_file || takes(MULTIPART) {
        content.insert(MULTIPART.into(), schema.clone());
    }
    if !has_file && (takes(FORM) || !takes(MULTIPART)) {
        content.insert(FORM.into(), schema);
    }
    Some(json!({ "required": !required.is_empty(), "content": content }))
}

fn parameters<'a>(document: &'a Value, list: Option<&'a Value>) -> Vec<&'a Value> {
    let all = list.and_then(Value::as_array).into_iter().flatten();
    all.map(|one| target(document, one)).collect()
}

/// The target of a reference, or the value itself.
fn target<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    for _ in 0..16 {
        let pointer = string(value, "$ref").and_then(|reference| reference.strip_prefix('#'));
        match pointer.and_then(|pointer| document.pointer(pointer)) {
            Some(pointed) => value = pointed,
            None => break,
        }
    }
    value
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
