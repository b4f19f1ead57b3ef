//! The providers' own descriptions of their answers: Google's Discovery documents, GitHub's OpenAPI description, and
//! the declarations of Slack's and Notion's clients.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use datalog::catalog::{Operation, Service};
use serde_json::{Value, json};

/// The installed parts.
fn parts() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/parts");
    assert!(folder.is_dir(), "{}\nhint: `tests/run parts` installs them", folder.display());
    folder
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}\nhint: `tests/run parts` installs it", path.display()))
}

/// A provider's description of its answers: JSON schemas, by operation id.
pub(crate) struct Described {
    pub root: Value,
    answers: BTreeMap<String, Value>,
}

impl Described {
    pub(crate) fn of(service: &str) -> Self {
        match service {
            "gmail" => Self::discovery("gmail.v1.json"),
            "google-calendar" => Self::discovery("calendar.v3.json"),
            "google-drive" => Self::discovery("drive.v3.json"),
            "github" => {
                let file = parts().join("node_modules/@octokit/openapi/generated/api.github.com.json");
                Self::openapi(serde_json::from_str(&read(&file)).unwrap())
            }
            "notion" => Self::openapi(notion()),
            "slack" => Self::declared(),
            other => panic!("{other} has no description here"),
        }
    }

    fn discovery(file: &str) -> Self {
        let lib = parts().join("venv/lib");
        let folder = "site-packages/googleapiclient/discovery_cache/documents";
        let mut found =
            fs::read_dir(lib).unwrap().map(|python| python.unwrap().path().join(folder).join(file));
        let root: Value = serde_json::from_str(&read(&found.find(|file| file.exists()).unwrap())).unwrap();
        let mut answers = BTreeMap::new();
        methods(&root["resources"], "", &mut answers);
        Self { root, answers }
    }

    fn openapi(root: Value) -> Self {
        let mut answers = BTreeMap::new();
        for operation in
            root["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
        {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let succeeded =
                ["200", "201", "202", "203"].into_iter().find_map(|code| operation["responses"].get(code));
            let schema = succeeded.and_then(|answer| {
                let answer = follow(&root, answer);
                let all = answer.get("content")?.as_object()?;
                let json = all.get("application/json").or_else(|| all.values().next())?;
                json.get("schema").cloned()
            });
            answers.insert(id.to_owned(), schema.unwrap_or(Value::Null));
        }
        Self { root, answers }
    }

    /// `ConversationsHistoryResponse.d.ts` and similar files, each with its own interfaces.
    fn declared() -> Self {
        let folder = parts().join("node_modules/@slack/web-api/dist/types/response");
        let (mut schemas, mut answers) = (serde_json::Map::new(), BTreeMap::new());
        for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let Some(method) = name.strip_suffix("Response.d.ts") else { continue };
            for (interface, fields) in interfaces(&read(&file)) {
                schemas.insert(format!("{method}.{interface}"), typed(method, &fields));
            }
            let answer = json!({"$ref": format!("{method}.{method}Response")});
            answers.insert(method.to_ascii_lowercase(), answer);
        }
        Self { root: json!({"schemas": schemas}), answers }
    }

    pub(crate) fn answer(&self, service: &Service, operation: &Operation) -> Option<&Value> {
        let op = operation.id.as_str().strip_prefix(&format!("{}.", service.name.as_str())).unwrap();
        let plain = op.replace('.', "").to_ascii_lowercase();
        self.answers.get(op).or_else(|| self.answers.get(&plain)).filter(|answer| !answer.is_null())
    }

    /// Whether the schema admits the path, lists passed through.
    pub(crate) fn has(&self, schema: &Value, path: &[&str]) -> bool {
        let schema = follow(&self.root, schema);
        let Some((first, rest)) = path.split_first() else { return true };
        let inner = schema["properties"].get(*first).or(schema.get("additionalProperties"));
        inner.is_some_and(|inner| inner.is_object() && self.has(inner, rest))
            || schema.get("items").is_some_and(|items| self.has(items, path))
            || self.ways(schema).any(|way| self.has(way, path))
    }

    pub(crate) fn ways<'a>(&self, schema: &'a Value) -> impl Iterator<Item = &'a Value> + use<'a> {
        ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
    }

    /// Whether the answer is, or has directly in it, a list of things with ids.
    pub(crate) fn lists_ids(&self, schema: &Value) -> bool {
        let schema = follow(&self.root, schema);
        let inner = schema["properties"].as_object().into_iter().flat_map(serde_json::Map::values);
        self.is_list_of_ids(schema)
            || inner.into_iter().any(|one| self.is_list_of_ids(follow(&self.root, one)))
            || self.ways(schema).any(|way| self.lists_ids(way))
    }

    fn is_list_of_ids(&self, schema: &Value) -> bool {
        let names = ["id", "number", "sha", "full_name", "ts"];
        schema.get("items").is_some_and(|item| names.into_iter().any(|name| self.has(item, &[name])))
    }
}

/// The declarations of Notion's own client, as an OpenAPI description.
pub(crate) fn notion() -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/parts/notion.mjs");
    let mut node = Command::new(parts().join("node"));
    let output = node.arg(script).arg(parts()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The schema that a reference stands for.
pub(crate) fn follow<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        schema = match reference.strip_prefix("#/") {
            Some(path) => path.split('/').fold(root, |at, name| &at[name]),
            None => &root["schemas"][reference],
        };
    }
    schema
}

fn methods(resources: &Value, before: &str, answers: &mut BTreeMap<String, Value>) {
    for (name, resource) in resources.as_object().into_iter().flatten() {
        for (method, described) in resource["methods"].as_object().into_iter().flatten() {
            answers.insert(format!("{before}{name}.{method}"), described["response"].clone());
        }
        methods(&resource["resources"], &format!("{before}{name}."), answers);
    }
}

/// The interfaces of a file of declarations, each with its fields as they are written.
fn interfaces(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut all: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["export", "interface" | "type", name, ..] if line.ends_with('{') => {
                all.push(((*name).to_owned(), BTreeMap::new()));
            }
            [name, kind] if line.starts_with("    ") && name.ends_with("?:") => {
                let kind = kind.trim_end_matches(';').to_owned();
                all.last_mut().unwrap().1.insert(name.trim_end_matches("?:").to_owned(), kind);
            }
            _ => {}
        }
    }
    all
}

fn typed(method: &str, fields: &BTreeMap<String, String>) -> Value {
    let one = |kind: &str| match kind {
        "string" | "number" | "boolean" => json!({"type": kind}),
        other => json!({"$ref": format!("{method}.{other}")}),
    };
    let field = |kind: &String| match kind.strip_suffix("[]") {
        Some(item) => json!({"items": one(item)}),
        None => one(kind),
    };
    let properties: serde_json::Map<_, _> =
        fields.iter().map(|(name, kind)| (name.clone(), field(kind))).collect();
    json!({"properties": properties})
}
