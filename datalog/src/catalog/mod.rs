//! The catalog: what operations there are, how to recognise them, and what they do.
//!
//! `import` turns a provider's description into a facts file; `facts` and `overlay` are read into a
//! `Service` when the catalog is loaded; `classify` turns what an agent sent into exactly one operation and
//! its typed arguments, or refuses. Nothing here says whether a request is permitted.

mod answer;
mod argument;
mod body;
mod brackets;
mod build;
mod carrier;
mod classify;
mod conform;
mod derive;
mod facts;
mod form;
mod hint;
pub mod import;
mod matcher;
mod meaning;
mod operation;
mod overlay;
mod path;
mod query;
mod related;
mod service;
mod spelling;
mod template;
mod types;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::names::{OperationId, ServiceName};

pub use answer::{AnswerRule, Path, Showing, ShownId, ShownPart, TimeFormat};
pub use argument::ArgumentType;
pub use classify::{ClassifyError, Misfit, RawRequest};
pub use derive::{Basis, Because};
pub use facts::FactsError;
pub use operation::{
    BodyFacts, Condition, Decode, Format, IdPart, Look, Method, Operation, QueryParameter, ResourceRule,
};
pub use overlay::{Carriers, Dialect, OAuth, Refreshing, TokenShape};
pub use service::Service;
pub use template::{PathParameter, Span, Template};
pub use types::{Field, Named, Shown, Type, Types};

pub(crate) use answer::path as answer_path;
pub(crate) use body::wire_body;

/// Facts and overlay of the service whose files have this name.
macro_rules! files {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../catalog/", $name, ".facts.jsonl")),
            include_str!(concat!("../../catalog/", $name, ".overlay.toml")),
        )
    };
}

/// The services that come with the program.
const EMBEDDED: [(&str, &str, &str); 5] =
    [files!("github"), files!("gmail"), files!("google-calendar"), files!("google-drive"), files!("slack")];

/// The services that are known.
#[derive(Debug, Clone)]
pub struct Catalog {
    services: Vec<Arc<Service>>,
    /// SHA-256 over the services' digests, in hexadecimal.
    pub digest: Arc<str>,
}

impl Catalog {
    /// The services that come with the program.
    pub fn embedded() -> Result<Self, FactsError> {
        let services =
            EMBEDDED.iter().map(|(_, facts, overlay)| Service::load(facts, Some(overlay)).map(Arc::new));
        Self::new(services.collect::<Result<Vec<_>, _>>()?)
    }

    /// Whether a service of this name comes with the program.
    pub fn is_embedded(name: &ServiceName) -> bool {
        EMBEDDED.iter().any(|(known, ..)| *known == name.as_str())
    }

    /// A catalog of these services, each name once.
    pub fn new(services: impl IntoIterator<Item = Arc<Service>>) -> Result<Self, FactsError> {
        let mut services: Vec<Arc<Service>> = services.into_iter().collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        let mut hash = Sha256::new();
        for (position, service) in services.iter().enumerate() {
            let previous = position.checked_sub(1).and_then(|at| services.get(at));
            if previous.is_some_and(|previous| previous.name == service.name) {
                return Err(FactsError::new(format!("the service `{}` stands twice", service.name)));
            }
            hash.update(service.name.as_str());
            hash.update([0]);
            hash.update(service.digest.as_bytes());
        }
        let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { services, digest: digest.into() })
    }

    /// In the order of their names.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.iter()
    }

    pub fn service(&self, name: &ServiceName) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.name == *name)
    }

    pub fn operation(&self, id: &OperationId) -> Option<&Arc<Operation>> {
        let service = self.services.iter().find(|service| service.name.as_str() == id.service())?;
        service.operation(id)
    }

    /// Every operation of every service.
    pub fn operations(&self) -> impl Iterator<Item = &Arc<Operation>> {
        self.services.iter().flat_map(|service| &service.operations)
    }
}

#[cfg(test)]
mod tests;
