//! Imports of descriptions that nobody tuned the importer to: every Discovery document in Google's Python client, and
//! difficult OpenAPI in the style of others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::walk::{again, made_up};
use crate::catalog::import::draft::{Imported, Options};
use crate::catalog::import::import;
use crate::catalog::matcher::Form;
use crate::catalog::{Because, Method, Operation, Service};
use crate::words::effect::{Effect, Effects};

pub(crate) fn parts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/parts")
}

/// The documents of google-api-python-client, as `tests/run parts` installs it.
fn discovery_documents() -> Vec<PathBuf> {
    let lib = parts().join("venv/lib");
    let python = fs::read_dir(&lib).unwrap_or_else(|error| {
        panic!("{}: {error}\nhint: `tests/run parts` installs the third-party parts", lib.display())
    });
    let folder = "site-packages/googleapiclient/discovery_cache/documents";
    let folder = python.map(|one| one.unwrap().path().join(folder)).find(|one| one.is_dir()).unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "json") && !file.ends_with("index.json"));
    files.sort();
    files
}

fn methods_of(resource: &Value) -> usize {
    let own = resource["methods"].as_object().map_or(0, serde_json::Map::len);
    let inner = resource["resources"].as_object().into_iter().flat_map(serde_json::Map::values);
    own + inner.map(methods_of).sum::<usize>()
}

/// The fault in the effects of an operation that nobody reviewed, if there is one.
pub(crate) fn doubtful(operation: &Operation) -> Option<&'static str> {
    let read = Effects::NONE.with(Effect::Read);
    let because = |effect: Effect| operation.derived.iter().find(|basis| basis.effect == effect);
    if operation.effects.is_empty() {
        return Some("it has no effect");
    }
    if operation.effects.iter().any(|effect| because(effect).is_none()) {
        return Some("an effect rests on nothing");
    }
    if operation.effects.contains(Effect::Read) {
        let is_get = matches!(because(Effect::Read).map(|basis| &basis.because), Some(Because::Method(m)) if **m == *"GET");
        if !is_get || operation.method != Method::Get {
            return Some("it is said to read without evidence");
        }
    }
    if operation.effects == read && operation.method != Method::Get {
        return Some("it only reads and is no GET");
    }
    if operation.method == Method::Post && !operation.effects.contains(Effect::Send) {
        return Some("a POST that reaches nobody");
    }
    None
}

#[derive(Default)]
struct Tally {
    documents: usize,
    methods: usize,
    operations: usize,
    excluded: usize,
    /// Operations for which a made-up request was understood, rebuilt and understood again.
    walked: usize,
    ambiguous: Vec<String>,
    wrong: Vec<String>,
}

impl Tally {
    fn take(&mut self, file: &Path, walk: bool) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(file).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let imported = match import(&bytes, Options::default()) {
            Ok(imported) => imported,
            Err(error) => return self.wrong.push(format!("{name}: {error}")),
        };
        let service = match Service::load(&imported.facts_text, None) {
            Ok(service) => service,
            Err(error) => return self.wrong.push(format!("{name}: {error}")),
        };
        let methods = methods_of(&document);
        self.documents += 1;
        self.methods += methods;
        self.operations += service.operations.len();
        self.excluded += imported.report.excluded.len();
        if service.operations.len() + imported.report.excluded.len() != methods {
            self.wrong
                .push(format!("{name}: {methods} methods became {} operations", service.operations.len()));
        }
        for operation in &service.operations {
            if let Some(why) = doubtful(operation) {
                self.wrong.push(format!("{}: {why}", operation.id));
            }
            if walk {
                self.walk(&service, operation, &imported);
            }
        }
    }

    /// Checks that a request for the operation is understood as that operation, or is refused because the
    /// description has two operations at one address.
    fn walk(&mut self, service: &Service, operation: &Operation, imported: &Imported) {
        let op = operation.id.as_str().split_once('.').unwrap().1;
        let shares = imported.report.notes.iter().any(|note| note.contains(&format!("`{op}`")));
        match made_up(service, operation, Form::Plain) {
            Ok(request) if request.operation.id == operation.id => {
                assert_eq!(again(service, &request).digest(), request.digest(), "{}", operation.id);
                self.walked += 1;
            }
            Ok(request) => self.wrong.push(format!("{} came out as {}", operation.id, request.operation.id)),
            Err(_) if shares => self.ambiguous.push(operation.id.to_string()),
            Err(error) => self.wrong.push(error),
        }
    }
}

#[test]
fn every_method_of_every_discovery_document_is_classified_or_left_out_with_a_reason() {
    let mut tally = Tally::default();
    for (place, file) in discovery_documents().iter().enumerate() {
        // One in eight is walked through, operation by operation; a whole walk takes minutes.
        tally.take(file, place % 8 == 0);
    }
    let Tally { documents, methods, operations, excluded, walked, ambiguous, wrong } = tally;
    println!(
        "{documents} documents, {methods} methods: {operations} operations, {excluded} left out; {walked} walked, {} ambiguous",
        ambiguous.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(documents >= 600 && operations >= 28_000, "{documents} documents, {operations} operations");
}

#[test]
fn documents_of_everyday_services_import_whole() {
    let everyday =
        ["tasks.v1", "people.v1", "docs.v1", "sheets.v4", "youtube.v3", "chat.v1", "keep.v1", "storage.v1"];
    let mut tally = Tally::default();
    for file in discovery_documents() {
        if everyday.contains(&file.file_stem().unwrap().to_str().unwrap()) {
            tally.take(&file, true);
        }
    }
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    assert_eq!(tally.documents, everyday.len());
    assert_eq!(tally.walked, tally.operations);
    assert_eq!(tally.operations, tally.methods);
}

/// An API in the style of a payment provider: forms, `allOf`, a description that refers to itself in circles.
fn payments() -> Value {
    json!({
        "openapi": "3.0.0", "info": {"title": "Pay & Co", "version": "2026-10-01"},
        "servers": [{"url": "https://api.pay.example/"}],
        "paths": {
            "/v1/charges": {
                "get": {"operationId": "GetCharges", "parameters": [
                    {"name": "created", "in": "query", "style": "deepObject", "explode": true, "schema":
                        {"anyOf": [{"type": "object", "properties": {"gt": {"type": "integer"}}}, {"type": "integer"}]}},
                    {"name": "expand", "in": "query", "style": "deepObject", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "limit", "in": "query", "required": false, "schema": {"type": "integer"}}],
                    "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"properties": {}}}}, "required": false},
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/charge"}}}}}},
                "post": {"operationId": "PostCharges", "requestBody": {"required": true, "content": {
                    "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/new_charge"},
                        "encoding": {"metadata": {"style": "deepObject", "explode": true}}}}},
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/charge"}}}}}},
            },
            "/v1/charges/{charge}/refund": {
                "parameters": [{"name": "charge", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 5000}}],
                "post": {"operationId": "PostChargesChargeRefund", "responses": {"default": {"$ref": "#/components/responses/none"}}},
            },
            "/v1/ephemeral_keys": {"post": {"operationId": "PostEphemeralKeys", "responses": {"200": {"content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/key"}}}}}}},
        },
        "components": {"responses": {"none": {"description": "nothing"}}, "schemas": {
            "charge": {"type": "object", "properties": {
                "id": {"type": "string"}, "refund": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/refund"}]}}},
            "refund": {"type": "object", "properties": {"charge": {"$ref": "#/components/schemas/charge"}}},
            "key": {"type": "object", "properties": {"secret": {"type": "string"}}},
            "new_charge": {"allOf": [{"$ref": "#/components/schemas/amount"}, {"properties": {
                "capture": {"type": "boolean"}, "expand": {"type": "array", "items": {"type": "string"}},
                "metadata": {"type": "object", "additionalProperties": {"type": "string"}}}}]},
            "amount": {"type": "object", "required": ["amount"], "properties": {
                "amount": {"type": "integer"}, "currency": {"enum": ["eur", "usd"]}}},
        }},
    })
}

/// An API in the style of a ticket tracker: servers with paths and variables, parameters of a path, several media
/// types, types that are lists, GETs that act.
fn tickets() -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "Tickets", "version": "3"},
        "servers": [{"url": "/relative"}, {"url": "https://{site}.tickets.example:8443/rest/api/{version}", "variables": {
            "site": {"default": "acme"}, "version": {"default": "3", "enum": ["2", "3"]}}}],
        "paths": {
            "/issue/{key}": {
                "summary": "one ticket",
                "parameters": [{"$ref": "#/components/parameters/key"}],
                "get": {"operationId": "getIssue", "parameters": [{"name": "fields", "in": "query", "schema": {"type": ["array", "null"], "items": {"type": "string"}}}],
                    "responses": {"200": {"content": {"application/json": {"schema": true}}}}},
                "put": {"operationId": "editIssue", "requestBody": {"content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Edit"}},
                    "application/merge-patch+json": {"schema": {"type": "object"}},
                    "text/csv": {}, "application/xml": {}}}, "responses": {"204": {}}},
                "delete": {"operationId": "deleteIssue", "responses": {"204": {}}},
            },
            "/issue/{key}/attachments": {"post": {"operationId": "addAttachment", "parameters": [{"$ref": "#/components/parameters/key"}],
                "requestBody": {"content": {"multipart/form-data": {"schema": {"type": "array"}}}}, "responses": {}}},
            "/issue/{key}/close": {"get": {"parameters": [{"$ref": "#/components/parameters/key"}], "responses": {}}},
            "/issue/picker": {"get": {"operationId": "getIssue", "responses": {}}},
            "/permissions/project": {"post": {"operationId": "getPermittedProjects", "responses": {"200": {}}}},
            "/user/password": {"put": {"operationId": "changePassword", "servers": [{"url": "https://id.tickets.example"}],
                "requestBody": {"content": {"application/json": {"schema": {"oneOf": [
                    {"type": "object", "properties": {"old": {"type": "string"}, "new": {"type": "string"}}}, {"type": "string"}]}}}}, "responses": {}}},
        },
        "components": {
            "parameters": {"key": {"name": "key", "in": "path", "required": true, "schema": {"type": "string"}}},
            "schemas": {"Edit": {"type": "object", "properties": {
                "fields": {"type": "object", "additionalProperties": {}}, "parent": {"$ref": "#/components/schemas/Edit"},
                "update": {"type": "object", "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/Edit"}}}}}},
        },
    })
}

/// An API in the style of a home server: no host, no operation ids, names that cannot be ids, circles.
fn house() -> Value {
    json!({
        "openapi": "3.0.3", "info": {"title": "家 House", "version": ""},
        "paths": {
            "/lights/{id}/toggle": {"get": {"parameters": [{"in": "path", "name": "id", "schema": {"$ref": "#/components/schemas/Id"}}], "responses": {}}},
            "/lights/{id}:on": {"post": {"parameters": [{"in": "path", "name": "id", "schema": {"type": "integer"}}], "responses": {}}},
            "/scenes/{scene-name}": {"put": {"parameters": [{"in": "path", "name": "scene-name", "content": {"text/plain": {"schema": {"type": "string"}}}}],
                "requestBody": {"content": {"*/*": {}}}, "responses": {}}},
            "/restart": {"get": {"responses": {}}, "x-internal": true},
            "/scripts/{a}/{b}": {"post": {"operationId": "run \"it\" {now}", "responses": {}}},
            "/scripts/{c}/{d}": {"post": {"operationId": "again", "responses": {}}, "options": {"responses": {}}},
        },
        "components": {"schemas": {
            "Id": {"$ref": "#/components/schemas/Other"}, "Other": {"$ref": "#/components/schemas/Id"},
        }},
    })
}

#[test]
fn openapi_in_the_style_of_others_becomes_services_taken_at_their_worst() {
    let mut shown = String::new();
    for (name, document) in [("pay", payments()), ("tickets", tickets()), ("house", house())] {
        let imported =
            import(document.to_string().as_bytes(), Options::named(name.parse().unwrap())).unwrap();
        let service = Service::load(&imported.facts_text, None).unwrap();
        for operation in &service.operations {
            assert_eq!(doubtful(operation), None, "{}", operation.id);
            let basis = |effect: Effect| {
                let because: BTreeMap<&str, String> = operation
                    .derived
                    .iter()
                    .map(|one| (one.effect.as_str(), one.because.to_string()))
                    .collect();
                format!("{effect} ({})", because[effect.as_str()])
            };
            let effects: Vec<String> = operation.effects.iter().map(basis).collect();
            shown.push_str(&format!(
                "{}\n  {}\n  {}\n",
                operation.id,
                operation.address(),
                effects.join(", ")
            ));
        }
        for line in imported.report.excluded.iter().chain(&imported.report.notes) {
            shown.push_str(&format!("! {line}\n"));
        }
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_form_of_an_imported_service_is_read_field_by_field() {
    let imported = import(payments().to_string().as_bytes(), Options::named("pay".parse().unwrap())).unwrap();
    let service = Service::load(&imported.facts_text, None).unwrap();
    let charge = service.operations.iter().find(|one| one.id.as_str() == "pay.PostCharges").unwrap();
    let request = made_up(&service, charge, Form::Plain).unwrap();
    let names: Vec<&str> = request.arguments.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["amount", "capture", "currency", "expand", "metadata.*", "metadata.*.value"]);
    let (kind, bytes) = request.wire_body().unwrap();
    assert_eq!(kind, "application/x-www-form-urlencoded");
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "amount=7&capture=true&currency=eur&expand=xexpandx&metadata%5Bk%5D=xxx"
    );
    assert!(charge.effects.contains(Effect::Send));
}
