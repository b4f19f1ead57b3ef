//! OpenAPI 3.0 and 3.1 in JSON to facts.
//!
//! Path-level and referenced parameters, bodies and servers are followed. Header and cookie parameters are
//! not kept: headers go through the service's allow-list, cookies never. Callbacks and webhooks are calls
//! that the provider makes, and are not operations.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use crate::catalog::facts::{OperationLine, Source};
use crate::names::ServiceName;

use super::discovery::host_of;
use super::schema::Schemas;
use super::{Draft, ImportError, Imported, operation_id, service_name};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Names of answer fields that hold something to sign in with.
const CREDENTIALS: [&str; 19] = [
    "access_token",
    "api_key",
    "apikey",
    "auth_token",
    "client_secret",
    "encoded_jit_config",
    "id_token",
    "password",
    "pem",
    "private_key",
    "refresh_token",
    "secret",
    "secret_key",
    "session_token",
    "temp_clone_token",
    "temp_download_token",
    "token",
    "webhook_secret",
    "secret_access_key",
];

pub(super) fn import(document: &Value, name: Option<ServiceName>) -> Result<Imported, ImportError> {
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or("imported");
    let service = match name {
        Some(name) => name,
        None => service_name(title)?,
    };
    let paths = document.get("paths").and_then(Value::as_object).ok_or(ImportError::Missing("paths"))?;
    let resolve = move |reference: &str| {
        let pointer = reference.strip_prefix('#')?;
        let name = pointer.rsplit('/').next()?.replace("~1", "/").replace("~0", "~");
        document.pointer(pointer).map(|target| (name, target))
    };
    let mut schemas = Schemas::new(Box::new(resolve));
    let server = server_of(document);
    if server.is_none() {
        schemas.note("the description names no host: the service needs a `base_url`");
    }
    let (host, prefix) = server.unwrap_or_default();
    let mut ids = BTreeSet::new();
    let (mut operations, mut excluded) = (Vec::new(), Vec::new());
    for (path, item) in paths {
        let item = schemas.target(item);
        for (verb, operation) in item.as_object().into_iter().flatten() {
            if ["head", "options", "trace"].contains(&verb.as_str()) {
                excluded.push(format!(
                    "{} {}: the method is not forwarded",
                    verb.to_uppercase(),
                    path.escape_debug()
                ));
            }
            if !METHODS.contains(&verb.as_str()) {
                continue;
            }
            let wanted = operation.get("operationId").and_then(Value::as_str);
            let wanted = wanted.map_or_else(|| format!("{verb}{path}"), str::to_owned);
            let op = operation_id(&wanted, &mut ids);
            let (own_host, own_prefix) =
                server_of(operation).or_else(|| server_of(item)).unwrap_or((host.clone(), prefix.clone()));
            let mut line = describe(&mut schemas, op, item, operation);
            let template = template(&mut schemas, path, item, operation);
            line.at = format!("{} {own_prefix}{template}", verb.to_uppercase());
            line.host = (own_host != host && !own_host.is_empty()).then_some(own_host);
            operations.push(line);
        }
    }
    let draft = Draft {
        service,
        title: title.to_owned(),
        source: Source::OpenApi,
        revision: document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default().to_owned(),
        hosts: if host.is_empty() { Vec::new() } else { vec![host] },
        query: BTreeMap::new(),
        operations,
        excluded,
        schemas,
    };
    Ok(draft.finish())
}

/// Everything of an operation but its address.
fn describe<'a>(
    schemas: &mut Schemas<'a>,
    op: String,
    item: &'a Value,
    operation: &'a Value,
) -> OperationLine {
    let mut line = OperationLine { op, ..OperationLine::default() };
    for parameter in parameters(schemas, item, operation) {
        let (Some(name), Some(place)) = (string(parameter, "name"), string(parameter, "in")) else {
            continue;
        };
        match place {
            "query" => {
                let required = parameter.get("required").and_then(Value::as_bool) == Some(true);
                let Some(schema) = parameter_schema(parameter) else { continue };
                let (ty, repeats) = query_type(schemas, schema, name);
                let marks = format!("{}{}", if repeats { "*" } else { "" }, if required { "!" } else { "" });
                line.query.insert(format!("{name}{marks}"), ty);
            }
            "header" | "cookie" => {
                schemas.note(format!("the {place} parameter `{}` is left out", name.escape_debug()));
            }
            _ => {}
        }
    }
    if let Some(body) = operation.get("requestBody").map(|body| schemas.target(body)) {
        read_body(schemas, body, &mut line);
    }
    let responses = operation.get("responses").and_then(Value::as_object);
    let mut answers = BTreeSet::new();
    for (code, response) in responses.into_iter().flatten() {
        line.redirects |= matches!(code.as_str(), "301" | "302" | "303" | "307" | "308");
        let content = schemas.target(response).get("content").and_then(Value::as_object);
        for (_, media) in content.into_iter().flatten().filter(|_| code.starts_with('2')) {
            if let Some(schema) = media.get("schema") {
                answers.extend(credential_names(schemas, schema));
            }
        }
    }
    line.answers = answers.into_iter().collect();
    line
}

fn read_body<'a>(schemas: &mut Schemas<'a>, body: &'a Value, line: &mut OperationLine) {
    line.body_required = body.get("required").and_then(Value::as_bool) == Some(true);
    for (kind, media) in body.get("content").and_then(Value::as_object).into_iter().flatten() {
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence == "application/json" || essence.ends_with("+json") {
            if line.body.is_none() {
                let place = line.op.clone();
                let ty = media
                    .get("schema")
                    .map_or_else(|| "any".to_owned(), |schema| schemas.expression(schema, &place));
                line.body = Some(ty);
            }
        } else if essence == "application/x-www-form-urlencoded" {
            line.form = form_fields(schemas, media.get("schema"), &line.op);
        } else if essence.starts_with("multipart/") {
            schemas.note(format!("`{}` takes {essence}, which is not read: left out", line.op));
        } else {
            line.media.push(essence);
        }
    }
    line.media.sort();
    line.media.dedup();
}

/// The fields of a form. What is no scalar nor a list of them has no one way to be written in a form.
fn form_fields<'a>(
    schemas: &mut Schemas<'a>,
    schema: Option<&'a Value>,
    op: &str,
) -> BTreeMap<String, String> {
    let mut form = BTreeMap::new();
    let (properties, required) = schemas.fields_of(schema);
    for (name, schema) in properties {
        let target = schemas.target(schema);
        let is_object = target.get("properties").is_some()
            || target.get("type").and_then(Value::as_str) == Some("object");
        if is_object || name.ends_with(['!', '*']) {
            schemas.note(format!("the form field `{}` of `{op}` is left out", name.escape_debug()));
            continue;
        }
        let (ty, repeats) = query_type(schemas, schema, &name);
        let marks = format!(
            "{}{}",
            if repeats { "*" } else { "" },
            if required.contains(name.as_str()) { "!" } else { "" }
        );
        form.insert(format!("{name}{marks}"), ty);
    }
    form
}

/// Parameters of the operation and, where it does not replace them, of its path.
fn parameters<'a>(schemas: &Schemas<'a>, item: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
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

fn parameter_schema(parameter: &Value) -> Option<&Value> {
    let in_content = || parameter.get("content")?.as_object()?.values().next()?.get("schema");
    parameter.get("schema").or_else(in_content)
}

/// The type of a query parameter, and whether it may stand more than once. A list repeats; a value that may
/// be written as a list or a string is kept as the string.
fn query_type<'a>(schemas: &mut Schemas<'a>, schema: &'a Value, name: &str) -> (String, bool) {
    let target = schemas.target(schema);
    if target.get("type").and_then(Value::as_str) == Some("array") {
        let item =
            target.get("items").map_or_else(|| "string".to_owned(), |items| schemas.expression(items, name));
        return (scalar(item), true);
    }
    let options = target.get("oneOf").or_else(|| target.get("anyOf")).and_then(Value::as_array);
    let has_list = options.is_some_and(|options| {
        options
            .iter()
            .any(|option| schemas.target(option).get("type").and_then(Value::as_str) == Some("array"))
    });
    match has_list {
        true => ("string".into(), false),
        false => (scalar(schemas.expression(schema, name)), false),
    }
}

/// In a URL everything that is not a known scalar is text.
fn scalar(text: String) -> String {
    if text == "any" || text.contains("[]") || text.contains("{}") { "string".into() } else { text }
}

fn template<'a>(schemas: &mut Schemas<'a>, path: &str, item: &'a Value, operation: &'a Value) -> String {
    let all = parameters(schemas, item, operation);
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        let parameter =
            all.iter().find(|p| string(p, "in") == Some("path") && string(p, "name") == Some(name));
        let ty = parameter.and_then(|p| parameter_schema(p)).map(|schema| schemas.word(schema, name));
        let many = parameter.and_then(|p| p.get("x-multi-segment")).and_then(Value::as_bool) == Some(true);
        text.push_str(before);
        text.push('{');
        text.push_str(name);
        if let Some(ty) = ty.filter(|ty| ty != "string" && ty != "any") {
            text.push(':');
            text.push_str(&ty);
        }
        text.push_str(if many { "+}" } else { "}" });
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The host and path prefix of the first server that is an absolute URL.
fn server_of(value: &Value) -> Option<(String, String)> {
    let servers = value.get("servers").and_then(Value::as_array)?;
    servers.iter().find_map(|server| {
        let mut url = string(server, "url")?.to_owned();
        for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
            url = url.replace(&format!("{{{name}}}"), string(variable, "default").unwrap_or_default());
        }
        let host = host_of(&url)?;
        let (_, after) = url.split_once("://")?;
        let prefix = after.split_once('/').map(|(_, path)| path.trim_end_matches('/')).unwrap_or_default();
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Some((host, prefix))
    })
}

/// Field names anywhere in an answer by which it may hold a credential.
pub(super) fn credential_names<'a>(schemas: &Schemas<'a>, schema: &'a Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut pending = vec![schema];
    while let Some(value) = pending.pop() {
        let value = schemas.target(value);
        if seen.len() > 5_000 || !seen.insert(std::ptr::from_ref(value)) {
            continue;
        }
        for (name, field) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let is_text = schemas.target(field).get("type").is_none_or(|kind| {
                kind == "string"
                    || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "string"))
            });
            if is_text && CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()) {
                found.insert(name.clone());
            }
            pending.push(field);
        }
        for key in ["items", "additionalProperties"] {
            pending.extend(value.get(key).filter(|inner| inner.is_object()));
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            pending.extend(value.get(key).and_then(Value::as_array).into_iter().flatten());
        }
    }
    found.into_iter().collect()
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
