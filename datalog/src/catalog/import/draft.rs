//! A service while its description is being read, and the report of an import.
//!
//! It knows no description format.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::description::{
    DescriptionSource, FORMAT, Facts, Header, OperationLine, SignIn, TypeLine,
};
use crate::catalog::import::schema::Schemas;
use crate::catalog::template::Template;
use crate::words::message::Hinted;
use crate::words::names::{NameError, ServiceName};

/// The result of an import.
#[derive(Debug, Clone)]
pub struct Imported {
    pub service: ServiceName,
    /// The facts file.
    pub facts_text: String,
    pub report: ImportReport,
}

/// What a person should know about an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    pub operations: usize,
    pub types: usize,
    /// Parts of operations that were left out or weakened, each sentence once.
    pub notes: Vec<String>,
    /// Methods of the description that are not imported, each with the reason.
    pub excluded: Vec<String>,
}

/// What a person adds to the description.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The service's name; none for the description's own name.
    pub name: Option<ServiceName>,
    pub bearer: Bearer,
}

impl Options {
    /// Options that give the service this name.
    pub fn named(name: ServiceName) -> Self {
        Self { name: Some(name), bearer: Bearer::AsDescribed }
    }
}

/// Which operations take an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bearer {
    /// The operations for which the description says so, or says nothing.
    #[default]
    AsDescribed,
    /// All operations, whatever the description says.
    Always,
}

/// Why a description was not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("the description cannot be read {0}")]
    Unreadable(String),
    #[error("expected a Google Discovery document, an OpenAPI 3 or a Swagger 2 description, got {0}")]
    UnknownKind(String),
    #[error("the description has no {0}")]
    Missing(&'static str),
    #[error(
        "nothing of the description can be forwarded: {count} methods are left out, the first is {first}"
    )]
    NothingLeft { count: usize, first: String },
    #[error("the description gives no usable name: {0}")]
    Name(#[from] NameError),
}

impl Hinted for ImportError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable(_) => {
                "it is a Google Discovery document, OpenAPI 3 or Swagger 2, in JSON or YAML"
            }
            Self::UnknownKind(_) => {
                "look for the provider's `openapi.json`, `openapi.yaml` or `swagger.json`"
            }
            Self::Missing(_) => return None,
            Self::NothingLeft { .. } => {
                "if the service takes OAuth access tokens though its description does not say so, import it with --bearer"
            }
            Self::Name(_) => "name the service yourself",
        };
        Some(hint.into())
    }
}

/// The common form of all kinds of description.
pub(crate) struct Draft<'a> {
    pub(crate) service: ServiceName,
    pub(crate) title: String,
    pub(crate) source: DescriptionSource,
    pub(crate) revision: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) request_headers: Vec<String>,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) operations: Vec<OperationLine>,
    pub(crate) excluded: Vec<String>,
    pub(crate) schemas: Schemas<'a>,
}

impl Draft<'_> {
    pub(crate) fn finish(mut self) -> Imported {
        self.operations.sort_by(|a, b| a.op.cmp(&b.op));
        let (types, mut notes) = self.schemas.finish();
        leave_out_unreadable(&mut self.operations, &types, &mut self.excluded);
        notes.extend(conflicts(&self.operations));
        notes.extend(twins(&self.operations, &types));
        let sign_in = self.sign_in.map(|described| {
            let (sound, left_out) = described.sound();
            notes.extend(left_out);
            sound
        });
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
            sign_in: sign_in.filter(|sound| *sound != SignIn::default()),
        };
        let facts = Facts { header, types, operations: self.operations };
        Imported { service: self.service, facts_text: facts.to_text(), report }
    }
}

/// Leaves out operations whose path cannot be a template. One such operation must not spoil the whole service.
fn leave_out_unreadable(operations: &mut Vec<OperationLine>, types: &[TypeLine], excluded: &mut Vec<String>) {
    let index = types.iter().enumerate().map(|(place, line)| (line.name.clone(), place)).collect();
    operations.retain(|line| {
        let path = line.at.split_once(' ').map_or("", |(_, path)| path);
        let mut paths = [Some(path), line.upload.as_deref()].into_iter().flatten();
        let wrong = paths.find_map(|path| Template::parse(path, &index).err());
        excluded.extend(wrong.as_ref().map(|why| format!("{}: {why}", line.op)));
        wrong.is_none()
    });
}

/// Operations that share an address. Their requests will be refused as ambiguous.
pub(crate) fn conflicts(operations: &[OperationLine]) -> Vec<String> {
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

/// Operations with one name in both path and body. A request in which the two differ is refused.
pub(crate) fn twins(operations: &[OperationLine], types: &[TypeLine]) -> Vec<String> {
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

/// The address without parameter names: `GET /a/{:int}/b`.
pub(crate) fn without_names(at: &str) -> String {
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

/// An id that passes can hold. Other characters become `_`, and a repeated id gets a number.
pub(crate) fn operation_id(wanted: &str, taken: &mut std::collections::BTreeSet<String>) -> String {
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

/// A service name from a title: lower case, with `-` for anything that is not a letter or digit.
pub(crate) fn service_name(title: &str) -> Result<ServiceName, NameError> {
    let slug: String =
        title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(40).collect::<String>().parse()
}

/// The host of an `https://` URL, with its port if it has one.
pub(crate) fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    is_host.then(|| host.to_ascii_lowercase())
}
