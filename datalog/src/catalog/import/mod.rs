//! Importing a service: the bytes of a provider's description to a facts file.
//!
//! Reads Google Discovery documents, OpenAPI 3 and Swagger 2, in JSON or YAML. Keeps what a request can be matched and checked
//! against and drops all prose. It judges nothing: what it cannot express becomes `any` or is left out,
//! and the report says so. Pure: fetching and writing files is the caller's.

mod discovery;
mod openapi;
mod schema;
mod swagger;
mod yaml;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::names::{NameError, ServiceName};

use super::facts::{FORMAT, Facts, Header, OperationLine, SignIn, Source, TypeLine};
use schema::Schemas;

/// What an import made.
#[derive(Debug, Clone)]
pub struct Imported {
    pub service: ServiceName,
    /// The facts file.
    pub facts_text: String,
    pub report: ImportReport,
}

/// What a person should know of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    pub operations: usize,
    pub types: usize,
    /// What of operations was left out or weakened, in sentences, the same one once.
    pub notes: Vec<String>,
    /// Methods of the description that are no operations, each with the reason.
    pub excluded: Vec<String>,
}

/// What a person says beside the description.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The service's name, where it is not the one that the description gives itself.
    pub name: Option<ServiceName>,
    pub bearer: Bearer,
}

impl Options {
    /// Under this name, else as it is described.
    pub fn named(name: ServiceName) -> Self {
        Self { name: Some(name), bearer: Bearer::AsDescribed }
    }
}

/// Which operations take an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bearer {
    /// Those of which the description says so, or says nothing.
    #[default]
    AsDescribed,
    /// All of them, whatever it says.
    Always,
}

/// Why a description was not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error(
        "the description cannot be read {0}\nhint: it is a Google Discovery document, OpenAPI 3 or Swagger 2, in JSON or YAML"
    )]
    Unreadable(String),
    #[error(
        "expected a Google Discovery document, an OpenAPI 3 or a Swagger 2 description, got {0}\nhint: look for the provider's `openapi.json`, `openapi.yaml` or `swagger.json`"
    )]
    UnknownKind(String),
    #[error("the description has no {0}")]
    Missing(&'static str),
    #[error(
        "nothing of the description can be forwarded: {count} methods are left out, the first is {first}\nhint: if the \
         service takes OAuth access tokens though its description does not say so, import it with --bearer"
    )]
    NothingLeft { count: usize, first: String },
    #[error("the description gives no usable name: {0}\nhint: name the service yourself")]
    Name(#[from] NameError),
}

/// Reads a description.
pub fn import(bytes: &[u8], options: Options) -> Result<Imported, ImportError> {
    let document = &yaml::value_of(bytes)?;
    if document.get("discoveryVersion").is_some()
        || document.get("kind").and_then(Value::as_str) == Some("discovery#restDescription")
    {
        return discovery::import(document, options.name);
    }
    // YAML has a number where nobody quoted it.
    let version = |key| match document.get(key) {
        Some(Value::Number(number)) => Some(number.to_string()),
        other => other.and_then(Value::as_str).map(str::to_owned),
    };
    match (version("openapi"), version("swagger").as_deref()) {
        (Some(version), _) if version.starts_with("3.") => openapi::import(document, options),
        (Some(version), _) => Err(ImportError::UnknownKind(format!("OpenAPI `{}`", version.escape_debug()))),
        (None, Some("2.0")) => openapi::import(&swagger::converted(document), options),
        (None, Some(version)) => {
            Err(ImportError::UnknownKind(format!("Swagger `{}`", version.escape_debug())))
        }
        (None, None) => Err(ImportError::UnknownKind("something else".into())),
    }
}

/// What both kinds of description come down to.
struct Draft<'a> {
    service: ServiceName,
    title: String,
    source: Source,
    revision: String,
    hosts: Vec<String>,
    query: BTreeMap<String, String>,
    request_headers: Vec<String>,
    sign_in: Option<SignIn>,
    operations: Vec<OperationLine>,
    excluded: Vec<String>,
    schemas: Schemas<'a>,
}

impl Draft<'_> {
    fn finish(mut self) -> Imported {
        self.operations.sort_by(|a, b| a.op.cmp(&b.op));
        let (types, mut notes) = self.schemas.finish();
        notes.extend(conflicts(&self.operations));
        notes.extend(twins(&self.operations, &types));
        notes.sort();
        notes.dedup();
        let excluded = self.excluded;
        let report = ImportReport { operations: self.operations.len(), types: types.len(), notes, excluded };
        let header = Header {
            hallpass_facts: FORMAT,
            service: self.service.clone(),
            title: self.title,
            source: self.source,
            revision: self.revision,
            hosts: self.hosts,
            query: self.query,
            request_headers: self.request_headers,
            sign_in: self.sign_in,
        };
        let facts = Facts { header, types, operations: self.operations };
        Imported { service: self.service, facts_text: facts.to_text(), report }
    }
}

/// Operations that share an address: their requests will be refused as ambiguous.
fn conflicts(operations: &[OperationLine]) -> Vec<String> {
    let mut at: BTreeMap<String, &str> = BTreeMap::new();
    let mut notes = Vec::new();
    for operation in operations {
        let address = without_names(&operation.at);
        if let Some(other) = at.insert(address, &operation.op) {
            notes.push(format!(
                "`{other}` and `{}` have one address: a request for either is refused",
                operation.op
            ));
        }
    }
    notes
}

/// Operations that have one name in their path and in their body: a request in which they differ is refused.
fn twins(operations: &[OperationLine], types: &[TypeLine]) -> Vec<String> {
    let fields = |name: &str| types.iter().find(|line| line.name == name).map(|line| &line.fields);
    let mut notes = Vec::new();
    for operation in operations {
        let body = operation.body.as_deref().and_then(|body| body.strip_prefix('#'));
        let Some(fields) = body.and_then(fields) else { continue };
        for place in operation.at.split('{').skip(1) {
            let name = place.split([':', '+', '}']).next().unwrap_or_default();
            if fields.keys().any(|field| field.trim_end_matches('!') == name) {
                notes.push(format!(
                    "`{}` has `{name}` in its path and in its body: they have to be the same, unless an overlay's \
                     `renames` lets them differ",
                    operation.op
                ));
            }
        }
    }
    notes
}

/// The address with every parameter's name taken out: `GET /a/{:int}/b`.
fn without_names(at: &str) -> String {
    let mut text = String::with_capacity(at.len());
    let mut inside = false;
    for c in at.chars() {
        match c {
            '{' => inside = true,
            ':' | '+' | '}' => inside = false,
            _ if inside => continue,
            _ => {}
        }
        text.push(c);
    }
    text
}

/// An id that is fit for passes: what may not stand in one becomes `_`; a second of the same gets a number.
fn operation_id(wanted: &str, taken: &mut std::collections::BTreeSet<String>) -> String {
    let clean: String = wanted
        .chars()
        .take(150)
        .map(|c| if c.is_ascii_graphic() && !"*,=:\"\\{}".contains(c) { c } else { '_' })
        .collect();
    let mut id = clean.clone();
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = format!("{clean}-{number}");
        number += 1;
    }
    id
}

/// A service name out of a title: lower case, `-` for what is not a letter or digit.
fn service_name(title: &str) -> Result<ServiceName, NameError> {
    let slug: String =
        title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(40).collect::<String>().parse()
}

#[cfg(test)]
mod tests;
