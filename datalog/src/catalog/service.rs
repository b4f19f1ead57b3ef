//! One service of the catalog: its hosts, its operations, its dialect, built from facts and an overlay.
//!
//! What it makes of a request is in `classify`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::names::{OperationId, ServiceName};

use super::build::Builder;
use super::facts::{Facts, FactsError};
use super::matcher::Matcher;
use super::operation::{Operation, QueryParameter, ResourceRule};
use super::overlay::{Carriers, Dialect, OAuth, Overlay};
use super::types::Types;

/// An API in the catalog.
#[derive(Debug)]
pub struct Service {
    pub name: ServiceName,
    pub title: String,
    /// The provider's own revision of the description.
    pub revision: String,
    /// The upstream's own hosts, the first of which requests are sent to unless the operation says otherwise.
    pub hosts: Vec<String>,
    /// SHA-256 over the facts and the overlay, in hexadecimal.
    pub digest: Arc<str>,
    pub operations: Vec<Arc<Operation>>,
    pub dialect: Dialect,
    pub oauth: Option<OAuth>,
    /// Whether a person reviewed the effects; without that they are assumed at their worst.
    pub reviewed: bool,
    /// Whether a person wrote an overlay, though perhaps not for every operation.
    pub corrected: bool,
    /// Fields of answers, anywhere in them, whose text is masked: a credential beside what was asked for.
    pub masked: Vec<String>,
    /// Named types that operations refer to.
    pub types: Types,
    pub(super) matcher: Matcher,
    pub(super) common_query: Vec<QueryParameter>,
    pub(super) pinned: BTreeMap<String, String>,
    pub(super) get_over_post: bool,
    /// Where arguments may stand.
    pub carriers: Carriers,
    /// Argument to the letters that an id there begins with.
    pub(super) ids: BTreeMap<String, String>,
    /// Arguments that are names in any case.
    pub(super) folded: BTreeSet<String>,
    /// How things are named, whatever the operation.
    pub(super) rules: Vec<ResourceRule>,
    pub(super) batch_paths: Vec<String>,
    pub(super) request_headers: Vec<String>,
    pub(super) response_headers: Vec<String>,
    pub(super) by_id: HashMap<OperationId, usize>,
}

/// Request headers that mean the same everywhere and carry no authority.
const REQUEST_HEADERS: [&str; 7] = [
    "accept",
    "accept-language",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Response headers that an SDK reads and that carry nothing of the upstream's session.
const RESPONSE_HEADERS: [&str; 17] = [
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "content-disposition",
    "content-language",
    "content-range",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "sunset",
];

impl Service {
    /// Builds a service from its facts file and, where a person wrote one, its overlay.
    pub fn load(facts: &str, overlay: Option<&str>) -> Result<Self, FactsError> {
        let digest = digest_of(facts, overlay.unwrap_or_default());
        let facts = Facts::parse(facts)?;
        let corrected = overlay.is_some();
        let overlay = overlay.map_or_else(|| Ok(Overlay::unreviewed()), Overlay::parse)?;
        let reviewed = overlay.is_review();
        let service = Builder::new(facts, overlay)?.service(digest, reviewed)?;
        Ok(Self { corrected, ..service })
    }

    /// The operation of this id.
    pub fn operation(&self, id: &OperationId) -> Option<&Arc<Operation>> {
        self.by_id.get(id).and_then(|at| self.operations.get(*at))
    }

    /// The query parameters that every operation takes.
    pub fn common_query(&self) -> &[QueryParameter] {
        &self.common_query
    }

    /// Whether a request header, in lower case, may be sent upstream.
    pub fn allows_request_header(&self, name: &str) -> bool {
        REQUEST_HEADERS.contains(&name) || self.request_headers.iter().any(|known| known == name)
    }

    /// Whether a response header, in lower case, may be passed on to the agent.
    pub fn allows_response_header(&self, name: &str) -> bool {
        RESPONSE_HEADERS.contains(&name)
            || self.response_headers.iter().any(|known| match known.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => known == name,
            })
    }
}

fn digest_of(facts: &str, overlay: &str) -> String {
    let mut hash = Sha256::new();
    for part in [facts, overlay] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
