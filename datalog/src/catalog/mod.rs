//! The catalog: what operations there are, how to recognise them, and what they do.
//!
//! `import` turns a provider's description into a facts file. `build` makes a `Service` of a facts file and an overlay
//! when the catalog is loaded. `classify` then turns an agent's request into exactly one operation with typed
//! arguments, or refuses it. Nothing here says whether a request is permitted.

pub(crate) mod answer;
pub(crate) mod answer_rule;
pub(crate) mod answers;
pub(crate) mod argument;
pub(crate) mod build;
pub(crate) mod builder;
pub(crate) mod content_rule;
pub(crate) mod derive;
pub(crate) mod description;
pub(crate) mod finds;
pub(crate) mod headers;
pub mod import;
pub mod marks;
pub(crate) mod matcher;
pub(crate) mod method;
pub(crate) mod operation;
pub(crate) mod overlay;
pub(crate) mod path;
pub(crate) mod places;
pub(crate) mod scopes;
pub(crate) mod selector;
pub(crate) mod service;
pub(crate) mod shapes;
pub(crate) mod spelling;
pub(crate) mod template;
pub(crate) mod things;
pub(crate) mod title;
pub(crate) mod types;
pub(crate) mod undo;
pub(crate) mod undo_rule;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::words::names::{OperationId, ServiceName};

pub use crate::catalog::method::Method;
pub use crate::catalog::overlay::rules::Format;
pub use crate::catalog::overlay::rules::Readers;
pub(crate) use answer::path as answer_path;
pub use answer::{AnswerRule, Dated, Path, Showing, ShownId, ShownPart, TimeFormat, Writing};
pub use answers::{Answers, Nested};
pub use argument::ArgumentType;
pub use derive::{Basis, Because};
pub use description::FactsError;
pub use headers::Fate;
pub use operation::BodyFacts;
pub use operation::Condition;
pub use operation::Decode;
pub use operation::IdPart;
pub use operation::Look;
pub use operation::Operation;
pub use operation::QueryParameter;
pub use operation::ResourceRule;
pub use operation::Revision;
pub use operation::Same;
pub use overlay::{
    AlsoUserinfo, AskBy, BodySign, Carriers, ClientAuth, ClientMarks, CredentialMarks, Dialect, Discovery,
    Manners, OAuth, OldAccess, OwnerHeader, OwnerSign, Refreshing, RevokeBy, ScopeHeaders, TokenShape,
};
pub use service::Service;
pub use shapes::{Shape, Shapes};
pub use template::{PathParameter, Span, Template};
pub use title::Title;
pub use types::{Field, Named, Type, TypeText, Types};
pub use undo::Undo;

/// Facts, overlay and types of answers of the service whose folder has this name.
macro_rules! files {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../catalog/", $name, "/facts.jsonl")),
            include_str!(concat!("../../catalog/", $name, "/overlay.toml")),
            include_str!(concat!("../../catalog/", $name, "/answers.txt")),
        )
    };
}

/// The services that come with the program.
const EMBEDDED: [(&str, &str, &str, &str); 6] = [
    files!("github"),
    files!("gmail"),
    files!("google-calendar"),
    files!("google-drive"),
    files!("notion"),
    files!("slack"),
];

/// The known services.
#[derive(Debug, Clone)]
pub struct Catalog {
    services: Vec<Arc<Service>>,
    /// SHA-256 over the services' digests, in hexadecimal.
    pub digest: Arc<str>,
}

impl Catalog {
    /// The services that come with the program.
    pub fn embedded() -> Result<Self, FactsError> {
        let services = EMBEDDED.iter().map(|(_, facts, overlay, answers)| {
            Service::described(facts, Some(overlay), answers).map(Arc::new)
        });
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
        Ok(Self { services, digest: hex::encode(hash.finalize()).into() })
    }

    /// The services, in the order of their names.
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
