//! Google Discovery documents, with which Google's clients build themselves around the gateway.
//!
//! They are written from the catalog's facts, with the gateway as the root. So uploads and batches, which clients send
//! to the root, stay inside. They hold only public facts, so they need no pass. Schemas are left open, because the
//! catalog checks bodies.

use datalog::catalog::{Operation, QueryParameter, Service, Span, Template, Type};
use serde_json::{Map, Value, json};

/// Schemas of bodies and answers. Answers with a next page must say so.
const BODY: &str = "Body";
const ANSWER: &str = "Answer";
const PAGE: &str = "Page";

/// Reads NAME and VERSION from `discovery/v1/apis/NAME/VERSION/rest`, as in Google's own directory.
pub(crate) fn asked_for(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/discovery/v1/apis/")?.strip_suffix("/rest")?.split_once('/')
}

/// Returns the service's name and version in the directory, from its overlay: `gmail`, `v1`.
pub(crate) fn identity(service: &Service) -> Option<(&str, &str)> {
    service.discovery.as_ref().map(|known| (known.name.as_str(), known.version.as_str()))
}

/// Returns the document of a service whose root is `base`.
pub(crate) fn document(service: &Service, base: &str) -> Option<Value> {
    let (name, version) = identity(service)?;
    let mut resources = Map::new();
    for operation in &service.operations {
        let id = operation.id.as_str();
        let names: Vec<&str> = id.split('.').skip(1).collect();
        let Some((method, within)) = names.split_last() else { continue };
        place(&mut resources, within, method, self::method(service, operation));
    }
    let common: Map<String, Value> = service.common_query().iter().map(|p| query(service, p)).collect();
    Some(json!({
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": format!("{name}:{version}"),
        "name": name,
        "version": version,
        "revision": service.revision,
        "title": service.title,
        "protocol": "rest",
        "rootUrl": format!("{base}/"),
        "baseUrl": format!("{base}/"),
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "parameters": common,
        "schemas": {
            BODY: {"id": BODY, "type": "object"},
            ANSWER: {"id": ANSWER, "type": "object"},
            PAGE: {"id": PAGE, "type": "object", "properties": {"nextPageToken": {"type": "string"}}},
        },
        "resources": resources,
    }))
}

/// Puts a method into the place that its id names: `users.messages.list` is in `users`, in `messages`.
fn place(resources: &mut Map<String, Value>, within: &[&str], name: &str, method: Value) {
    let Some((first, rest)) = within.split_first() else { return };
    let resource = resources.entry((*first).to_owned()).or_insert_with(|| json!({}));
    let Some(resource) = resource.as_object_mut() else { return };
    let key = if rest.is_empty() { "methods" } else { "resources" };
    let Some(inner) = resource.entry(key).or_insert_with(|| json!({})).as_object_mut() else { return };
    match rest {
        [] => {
            inner.insert(name.to_owned(), method);
        }
        _ => place(inner, rest, name, method),
    }
}

fn method(service: &Service, operation: &Operation) -> Value {
    let mut parameters = Map::new();
    let mut order = Vec::new();
    for parameter in &operation.template.parameters {
        let mut shown = typed(service, &parameter.ty);
        shown.insert("location".into(), json!("path"));
        shown.insert("required".into(), json!(true));
        parameters.insert(parameter.name.to_string(), Value::Object(shown));
        order.push(json!(*parameter.name));
    }
    parameters.extend(operation.query.iter().map(|parameter| query(service, parameter)));
    let pages = operation.query.iter().any(|parameter| &*parameter.name == "pageToken");
    let mut method = json!({
        "id": operation.id.as_str(),
        "path": path(&operation.template),
        "httpMethod": operation.method.as_str(),
        "parameters": parameters,
        "parameterOrder": order,
        "response": {"$ref": if pages { PAGE } else { ANSWER }},
    });
    let Some(fields) = method.as_object_mut() else { return method };
    if let Some(body) = &operation.body {
        if body.json.is_some() {
            fields.insert("request".into(), json!({"$ref": BODY}));
        }
        if let Some(upload) = &operation.upload {
            let accept: Vec<&str> = body.media.iter().map(AsRef::as_ref).collect();
            let simple = json!({"multipart": true, "path": format!("/{}", path(upload))});
            fields.insert("supportsMediaUpload".into(), json!(true));
            fields.insert("mediaUpload".into(), json!({"accept": accept, "protocols": {"simple": simple}}));
        }
    }
    method
}

/// Returns a path relative to the root, in the templates of RFC 6570 that the directory uses.
fn path(template: &Template) -> String {
    let mut path = template.shown();
    for parameter in template.parameters.iter().filter(|parameter| parameter.span == Span::Many) {
        path = path.replace(&format!("{{{}}}", parameter.name), &format!("{{+{}}}", parameter.name));
    }
    path.trim_start_matches('/').to_owned()
}

fn query(service: &Service, parameter: &QueryParameter) -> (String, Value) {
    let mut shown = typed(service, &parameter.ty);
    shown.insert("location".into(), json!("query"));
    if parameter.repeated {
        shown.insert("repeated".into(), json!(true));
    }
    if parameter.required {
        shown.insert("required".into(), json!(true));
    }
    (parameter.name.to_string(), Value::Object(shown))
}

fn typed(service: &Service, ty: &Type) -> Map<String, Value> {
    let word = match service.types.resolve(ty) {
        Type::Int => "integer",
        Type::Number => "number",
        Type::Bool => "boolean",
        _ => "string",
    };
    let mut shown = Map::new();
    shown.insert("type".into(), json!(word));
    shown
}
