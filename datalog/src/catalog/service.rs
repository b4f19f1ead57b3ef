//! One service of the catalog, built from facts and an overlay: its hosts, its operations, its dialect.
//!
//! `classify` turns its requests into operations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::catalog::builder::Builder;
use crate::catalog::description::{Facts, FactsError};
use crate::catalog::matcher::Matcher;
use crate::catalog::operation::{Operation, QueryParameter, ResourceRule};
use crate::catalog::overlay::{
    Carriers, ClientMarks, CredentialMarks, Dialect, Discovery, Manners, OAuth, Overlay,
};
use crate::catalog::types::Types;
use crate::words::names::{OperationId, ServiceName};

/// An API in the catalog.
#[derive(Debug)]
pub struct Service {
    pub name: ServiceName,
    pub title: String,
    /// The provider's own revision of the description.
    pub revision: String,
    /// The upstream's own hosts. Requests go to the first one, unless the operation names another.
    pub hosts: Vec<String>,
    /// SHA-256 over the facts, the overlay and the types of answers, in hexadecimal.
    pub digest: Arc<str>,
    pub operations: Vec<Arc<Operation>>,
    pub dialect: Dialect,
    /// How to tell a credential of the service from a pass.
    pub credential: CredentialMarks,
    /// How to recognize the service's own clients.
    pub clients: ClientMarks,
    /// The description that the service's clients ask for, if they build themselves from one.
    pub discovery: Option<Discovery>,
    pub oauth: Option<OAuth>,
    /// What its answers say about the connection itself.
    pub manners: Manners,
    /// Whether a person reviewed the effects. If nobody did, the worst effects are assumed.
    pub reviewed: bool,
    /// Whether a person wrote an overlay, though perhaps not for every operation.
    pub corrected: bool,
    /// Fields, anywhere in answers, whose text is masked: they hold a credential that nobody asked for.
    pub masked: Vec<String>,
    /// Named types that operations refer to.
    pub types: Types,
    pub(crate) matcher: Matcher,
    pub(crate) common_query: Vec<QueryParameter>,
    pub(crate) pinned: BTreeMap<String, String>,
    pub(crate) get_over_post: bool,
    /// Where arguments may stand.
    pub carriers: Carriers,
    /// Argument to the letters with which its ids begin.
    pub(crate) ids: BTreeMap<String, String>,
    /// Arguments that are UUIDs.
    pub(crate) uuids: BTreeSet<String>,
    /// Arguments that are names. The service ignores their case.
    pub(crate) folded: BTreeSet<String>,
    /// Kinds of things whose ids are in lower case.
    pub(crate) folded_kinds: BTreeSet<String>,
    /// Arguments that are names, to a suffix that may follow the name without being part of it.
    pub(crate) suffixes: BTreeMap<String, String>,
    /// `ARGUMENT` or `OPERATION ARGUMENT` to the word that stands for the account's own address.
    pub(crate) own: BTreeMap<String, String>,
    /// Common parameters that nobody may send, and why.
    pub(crate) refused: BTreeMap<String, String>,
    /// How things are named, whatever the operation.
    pub(crate) rules: Vec<ResourceRule>,
    pub(crate) batch_paths: Vec<String>,
    /// Path parameters that name a directory, with or without a slash at its end.
    pub(crate) directories: Vec<String>,
    pub(crate) request_headers: Vec<String>,
    pub(crate) response_headers: Vec<String>,
    pub(crate) by_id: HashMap<OperationId, usize>,
}

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
        Self::described(facts, overlay, "")
    }

    /// Builds a service like `load`, with the types of its answers.
    pub fn described(facts: &str, overlay: Option<&str>, answers: &'static str) -> Result<Self, FactsError> {
        let digest = digest_of([facts, overlay.unwrap_or_default(), answers]);
        let facts = Facts::parse(facts)?;
        let corrected = overlay.is_some();
        let overlay = overlay.map_or_else(|| Ok(Overlay::unreviewed()), Overlay::parse)?;
        let service = Builder::new(facts, overlay, answers)?.service(digest)?;
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

    /// Whether a response header, in lower case, may be passed on to the agent.
    pub fn allows_response_header(&self, name: &str) -> bool {
        if self.manners.reads_header(name) {
            return false;
        }
        RESPONSE_HEADERS.contains(&name)
            || self.response_headers.iter().any(|known| match known.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => known == name,
            })
    }
}

fn digest_of(parts: [&str; 3]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}
