//! Small, odd and broken descriptions. Nobody tuned the importer to them.

use serde_json::json;

use super::*;
use crate::catalog::Service;
use crate::classify::raw::RawRequest;
use crate::words::message::Message;

fn imported(document: &Value) -> Imported {
    import(document.to_string().as_bytes(), Options::named("pets".parse().unwrap())).unwrap()
}

/// An OpenAPI description with these paths and schemas.
#[expect(clippy::needless_pass_by_value, reason = "a literal stands at every call")]
fn openapi(paths: Value, schemas: Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "Pets, Inc.", "version": "7"}, "servers": [{"url": "https://api.pets.example/v2/"}],
        "paths": paths, "components": {"schemas": schemas, "parameters": {
            "petId": {"name": "petId", "in": "path", "required": true, "schema": {"type": "integer"}},
            "limit": {"name": "limit", "in": "query", "schema": {"type": ["integer", "null"]}},
        }},
    })
}

#[expect(clippy::needless_pass_by_value, reason = "a literal stands at every call")]
fn body_of(schema: Value) -> Value {
    json!({"operationId": "add", "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}}, "responses": {}})
}

#[test]
fn an_openapi_description_becomes_facts() {
    let document = openapi(
        json!({
            "/pets/{petId}": {
                "parameters": [{"$ref": "#/components/parameters/petId"}],
                "get": {"operationId": "pets.get", "parameters": [{"$ref": "#/components/parameters/limit"}], "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Session"}}}},
                    "302": {"description": "elsewhere"},
                }},
                "put": {
                    "operationId": "pets put",
                    "parameters": [
                        {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b|c"]}}},
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    ],
                    "requestBody": {"content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}},
                        "image/png": {},
                        "multipart/form-data": {"schema": {"type": "object"}},
                    }},
                    "responses": {},
                },
                "head": {"responses": {}},
                "trace": {"responses": {}},
            },
            "/pets/{petId}/photos/{path}": {
                "get": {"parameters": [{"name": "path", "in": "path", "x-multi-segment": true, "schema": {"type": "string"}}], "responses": {}},
                "servers": [{"url": "https://{zone}.photos.example", "variables": {"zone": {"default": "eu"}}}],
            },
        }),
        json!({
            "Pet": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Pet"}, "weight": {"type": "number", "nullable": true},
                "kind": {"oneOf": [{"const": "cat"}, {"const": "dog"}, {"type": "null"}]}, "born": {"type": ["string", "null"]},
                "extra": {"type": "object"}, "scores": {"type": "object", "additionalProperties": {"type": "integer"}},
                "home": {"type": "object", "properties": {"street": {"type": "string"}}, "additionalProperties": true},
            }},
            "Session": {"type": "object", "properties": {"access_token": {"type": "string"}, "pet": {"$ref": "#/components/schemas/Pet"}}},
        }),
    );
    let imported = imported(&document);
    insta::assert_snapshot!(format!("{}\n{}", imported.facts_text, imported.report.notes.join("\n")));
    assert_eq!(imported.facts_text, tests::imported(&document).facts_text);
}

#[test]
fn alternatives_and_combinations_are_held_to_what_they_say() {
    let (base, object) = (
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        json!({"type": "object"}),
    );
    let schemas = json!({"Base": base, "Loop": {"$ref": "#/components/schemas/Loop"}, "Free": object});
    let accepts = |schema: Value, body: &str| {
        let facts =
            imported(&openapi(json!({"/add": {"post": body_of(schema)}}), schemas.clone())).facts_text;
        let service = Service::load(&facts, None).unwrap();
        let raw = RawRequest {
            content_type: Some("application/json"),
            body: body.as_bytes(),
            ..RawRequest::new("POST", "/v2/add")
        };
        service.classify(&"pets".parse().unwrap(), &"me".parse().unwrap(), &raw).is_ok()
    };
    let reference = json!({"$ref": "#/components/schemas/Base"});
    let all = json!({"allOf": [reference, {"type": "object", "properties": {"b": {"type": "integer"}}}]});
    assert!(accepts(all.clone(), r#"{"a":"x","b":1}"#));
    assert!(!accepts(all.clone(), r#"{"b":1}"#));
    assert!(!accepts(all, r#"{"a":"x","c":1}"#));
    let one = json!({"oneOf": [reference, {"type": "array", "items": {"type": "integer"}}]});
    assert!(accepts(one.clone(), "[1,2]") && accepts(one.clone(), r#"{"a":"x"}"#));
    assert!(!accepts(one.clone(), r#"["x"]"#) && !accepts(one, r#"{"b":"x"}"#));
    let narrowed = json!({"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]});
    assert!(accepts(narrowed.clone(), r#"{"b":[1]}"#));
    assert!(!accepts(narrowed, r#"{"c":1}"#));
    let closed = json!({"type": "object", "additionalProperties": false});
    assert!(accepts(closed.clone(), "{}") && !accepts(closed, r#"{"a":1}"#));
    let null = json!({"type": "string", "nullable": true, "enum": ["x", null]});
    assert!(accepts(null.clone(), "null") && accepts(null.clone(), "\"x\"") && !accepts(null, "\"y\""));
    // A reference to nowhere or to itself counts as any value, and a note says so.
    assert!(accepts(json!({"$ref": "#/nowhere"}), r#"{"x":1}"#));
    assert!(accepts(json!({"$ref": "#/components/schemas/Free"}), r#"{"x":[1]}"#));
    let _ = accepts(json!({"$ref": "#/components/schemas/Loop"}), "{}");
}

#[test]
fn types_that_go_round_in_circles_end() {
    let named = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let schemas = json!({
        "A": {"anyOf": [named("B"), {"type": "string"}]}, "B": {"anyOf": [named("A"), {"type": "integer"}]},
        "Value": {"anyOf": [{"type": "string"}, {"type": "array", "items": named("Value")}]},
        "Left": {"type": "object", "properties": {"next": {"anyOf": [named("Left"), named("Right")]}}},
        "Right": {"type": "object", "properties": {"next": {"anyOf": [named("Right"), named("Left")]}, "end": {"type": "null"}}},
    });
    let maze = format!("{}{{\"odd\":1}}{}", "{\"next\":".repeat(40), "}".repeat(40));
    for (name, body) in [("A", "[[1]]"), ("Value", r#"[["x"],[1]]"#), ("Left", maze.as_str())] {
        let facts =
            imported(&openapi(json!({"/add": {"post": body_of(named(name))}}), schemas.clone())).facts_text;
        let service = Service::load(&facts, None).unwrap();
        let raw = RawRequest { body: body.as_bytes(), ..RawRequest::new("POST", "/v2/add") };
        let answer = service.classify(&"pets".parse().unwrap(), &"me".parse().unwrap(), &raw);
        assert_eq!(answer.is_ok(), name != "Left", "{name}: {answer:?}");
        service.operations.iter().for_each(|operation| _ = service.argument(operation, "next.next"));
    }
    let facts = imported(&openapi(json!({"/add": {"post": body_of(json!({"type": "integer"}))}}), json!({})))
        .facts_text;
    let round = facts
        .replace(
            "{\"op\"",
            "{\"type\":\"X\",\"is\":\"[]#Y|int\"}\n{\"type\":\"Y\",\"is\":\"{}(#X|string)\"}\n{\"op\"",
        )
        .replace("\"body\":\"int\"", "\"body\":\"#X\"");
    assert!(round.contains("#X\""));
    let service = Service::load(&round, None).unwrap();
    assert_eq!(service.argument(&service.operations[0], "x").len(), 0);
}

#[test]
fn a_discovery_document_is_read_by_flat_path_with_its_uploads() {
    let document = json!({
        "kind": "discovery#restDescription", "discoveryVersion": "v1", "name": "drivey", "title": "Drivey", "revision": "1",
        "rootUrl": "https://drivey.googleapis.com/", "servicePath": "v1/", "parameters": {
            "key": {"type": "string", "location": "query"}, "access_token": {"type": "string", "location": "query"},
            "callback": {"type": "string", "location": "query"}, "fields": {"type": "string", "location": "query"},
        },
        "schemas": {"File": {"type": "object", "properties": {"name": {"type": "string"}, "labels": {"type": "object", "additionalProperties": {"type": "string"}}}}},
        "resources": {"files": {
            "methods": {
                "get": {"id": "drivey.files.get", "httpMethod": "GET", "path": "{+name}", "flatPath": "projects/{projectsId}/files/{filesId}",
                    "parameters": {"name": {"location": "path", "type": "string"}, "revision": {"location": "query", "type": "integer"}},
                    "supportsMediaDownload": true},
                "create": {"id": "drivey.files.create", "httpMethod": "POST", "path": "files", "request": {"$ref": "File"},
                    "mediaUpload": {"accept": ["*/*"], "protocols": {"simple": {"path": "/upload/v1/files"}, "resumable": {"path": "/resumable/upload/v1/files"}}}},
            },
            "resources": {"notes": {"methods": {
                "any": {"id": "drivey.files.notes.any", "httpMethod": "GET", "path": "{+name}/notes:search", "parameters": {"name": {"location": "path", "type": "string"}}},
                "odd": {"id": "drivey.odd", "httpMethod": "OPTIONS", "path": "x"},
            }}},
        }},
    });
    let imported = import(document.to_string().as_bytes(), Options::default()).unwrap();
    assert_eq!(imported.service.as_str(), "drivey");
    insta::assert_snapshot!(format!("{}\n{}", imported.facts_text, imported.report.notes.join("\n")));
    let service = Service::load(&imported.facts_text, None).unwrap();
    let id = |path: &str| {
        let raw = RawRequest::new("GET", path);
        service
            .classify(&"d".parse().unwrap(), &"me".parse().unwrap(), &raw)
            .map(|request| request.operation.id.to_string())
            .ok()
    };
    assert_eq!(id("/v1/projects/p/files/f").as_deref(), Some("drivey.files.get"));
    assert_eq!(id("/v1/projects/p/files/f/notes:search").as_deref(), Some("drivey.files.notes.any"));
    assert_eq!(id("/v1/projects/p/files"), None);
}

#[test]
fn without_a_review_effects_are_assumed_at_their_worst() {
    let answer = json!({"200": {"content": {"application/json": {"schema": {"properties": {"refresh_token": {"type": "string"}}}}}}});
    let document = openapi(
        json!({"/x": {
            "get": {"operationId": "look", "responses": {}}, "post": {"operationId": "make", "responses": {}}, "put": {"operationId": "set", "responses": {}},
            "patch": {"operationId": "change", "responses": {}}, "delete": {"operationId": "remove", "responses": {}},
        }, "/token": {"get": {"operationId": "token", "responses": answer}}}),
        json!({}),
    );
    let service = Service::load(&imported(&document).facts_text, None).unwrap();
    assert!(!service.reviewed);
    let effects: Vec<String> = service
        .operations
        .iter()
        .map(|operation| format!("{} {}", operation.id, operation.effects))
        .collect();
    assert_eq!(
        effects,
        [
            "pets.change write",
            "pets.look read",
            "pets.make write, send",
            "pets.remove delete",
            "pets.set write",
            "pets.token read, secret",
        ]
    );
}

#[test]
fn operations_that_cannot_be_told_apart_are_reported_and_refused() {
    let get = |id: &str| json!({"get": {"operationId": id, "responses": {}}});
    let imported =
        imported(&openapi(json!({"/a/{b}": get("one"), "/a/{c}": get("two"), "/d": get("one")}), json!({})));
    assert!(
        imported.report.notes.iter().any(|note| note.contains("one address")),
        "{:?}",
        imported.report.notes
    );
    assert!(imported.facts_text.contains("\"one-2\""));
    let service = Service::load(&imported.facts_text, None).unwrap();
    let raw = RawRequest::new("GET", "/v2/a/x");
    let error = service.classify(&"p".parse().unwrap(), &"me".parse().unwrap(), &raw).unwrap_err();
    assert_eq!(error.code(), "ambiguous-request");
}

#[test]
fn what_is_no_description_is_refused_with_what_was_expected() {
    for (text, word) in [
        ("openapi: 3.0.0\ninfo:\n", "no paths"),
        ("openapi: 3.0.0\n\tinfo:\n", "as YAML"),
        ("", "in JSON or YAML"),
        ("{\"swagger\":\"2.0\"}", "no paths"),
        ("{\"swagger\":\"1.2\"}", "Swagger `1.2`"),
        ("{\"openapi\":\"4.0\",\"paths\":{}}", "OpenAPI `4.0`"),
        ("{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"x\"}}", "no paths"),
        ("{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"1\"},\"paths\":{}}", "name the service yourself"),
        ("{\"a\":1}", "something else"),
        ("{\"discoveryVersion\":\"v1\"}", "no name"),
        ("{\"discoveryVersion\":\"v1\",\"name\":\"x\",\"rootUrl\":\"ftp://x\"}", "no host"),
    ] {
        let error = Message::from(import(text.as_bytes(), Options::default()).unwrap_err()).in_full();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn facts_of_another_format_or_with_unknown_keys_do_not_load() {
    let facts = imported(&openapi(json!({"/x": {"get": {"operationId": "x", "responses": {}}}}), json!({})))
        .facts_text;
    assert!(Service::load(&facts, None).is_ok());
    for (from, to) in [
        ("\"hallpass_facts\":1", "\"hallpass_facts\":2"),
        ("\"op\":\"x\"", "\"op\":\"x\",\"new\":1"),
        ("GET /v2/x", "LOOK /v2/x"),
        ("GET /v2/x", "GET v2/x"),
        ("GET /v2/x", "GET /v2//x"),
        ("GET /v2/x", "GET /v2/{x"),
        ("GET /v2/x", "GET /{x:#Nowhere}"),
        ("\"op\":\"x\"", "\"op\":\"x y\""),
        ("{\"op\"", "{\"type\":\"T\",\"is\":\"strin\"}\n{\"op\""),
    ] {
        assert!(
            facts.contains(from) && Service::load(&facts.replace(from, to), None).is_err(),
            "{to} was accepted"
        );
    }
}

#[test]
fn a_path_that_no_template_can_be_leaves_out_its_operation_alone() {
    let get = |id: &str| json!({"get": {"operationId": id, "responses": {}}});
    let paths = json!({"/pets": get("sound"), "/pets//all": get("a"), "//": get("b"), "/pets/{": get("c")});
    let method = |id: &str, path: &str| json!({"id": id, "path": path, "httpMethod": "GET"});
    let discovery = json!({
        "kind": "discovery#restDescription", "discoveryVersion": "v1", "name": "pets", "version": "v1",
        "rootUrl": "https://pets.example/", "servicePath": "",
        "auth": {"oauth2": {"scopes": {"https://pets.example/all": {"description": "all"}}}},
        "resources": {"pets": {"methods": {
            "sound": method("pets.sound", "pets"), "a": method("pets.a", "pets//all"), "b": method("pets.b", "//"),
            "c": method("pets.c", "pets/{open"),
        }}},
    });
    for document in [openapi(paths, json!({})), discovery] {
        let imported = imported(&document);
        let service = Service::load(&imported.facts_text, None).unwrap();
        let ids: Vec<&str> = service.operations.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["pets.sound"]);
        assert_eq!(imported.report.excluded.len(), 3, "{:?}", imported.report.excluded);
    }
}
