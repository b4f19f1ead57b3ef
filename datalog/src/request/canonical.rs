//! The canonical request: one operation on one connection with typed arguments.
//!
//! Caveats read it, the gateway sends it, and an approval is for it. Nothing outside it is sent. It does not say
//! whether the request is permitted.

use std::cell::OnceCell;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::catalog::Operation;
use crate::request::approval::Approval;
use crate::request::argument::Argument;
use crate::request::asked::Asked;
use crate::words::effect::Effects;
use crate::words::json::Json;
use crate::words::names::{Account, ConnectionName, NameError};

/// A typed thing that the operation touches: `("message", "18f…")`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    pub kind: Arc<str>,
    pub id: String,
}

/// A thing that the operation touches under another name than its id: a number, a default, the thing it is part of.
/// The name is empty if the request has none at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unnamed {
    pub kind: Arc<str>,
    pub name: String,
}

/// The body as it was understood. This body is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Empty,
    Json(Json),
    /// Names and values, sent as `application/x-www-form-urlencoded`.
    Form(Vec<(Arc<str>, String)>),
    /// Content that the operation takes unchanged (an uploaded message, a file): type and bytes.
    Media {
        content_type: String,
        bytes: Vec<u8>,
    },
    /// JSON metadata and content of an upload twin, sent as `multipart/related`.
    Related {
        metadata: Json,
        content_type: String,
        bytes: Vec<u8>,
    },
}

/// One operation on one connection with typed arguments.
#[derive(Debug, Clone)]
pub struct Request {
    pub connection: ConnectionName,
    pub account: Account,
    pub operation: Arc<Operation>,
    /// What this request does: the operation's effects, without those that only other arguments cause.
    pub effects: Effects,
    /// The digest of the catalog that the operation was read from.
    pub catalog: Arc<str>,
    /// The upstream path, percent-encoded, built from the arguments; always starts with `/`.
    pub path: String,
    /// The upstream query, percent-encoded, built from the arguments; empty if there is none.
    pub query: String,
    /// Request headers that mean something to the operation (lower-case name, value), in name order.
    pub headers: Vec<(Arc<str>, String)>,
    /// The form of answer that the query and headers ask for.
    pub asked: Asked,
    pub arguments: Vec<Argument>,
    pub resources: Vec<Resource>,
    /// The things that the request touches under another name than their id. `all_unnamed` adds those that it does not
    /// mention at all.
    pub unnamed: Vec<Unnamed>,
    pub body: Body,
}

/// SHA-256 over everything that distinguishes this request from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestDigest([u8; 32]);

impl RequestDigest {
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// A request's digest, worked out once and only if something asks for it.
pub(crate) struct LateDigest<'a> {
    request: &'a Request,
    known: OnceCell<RequestDigest>,
}

impl<'a> LateDigest<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        Self { request, known: OnceCell::new() }
    }

    /// A digest that is already known.
    pub(crate) fn worked_out(request: &'a Request, digest: RequestDigest) -> Self {
        Self { request, known: OnceCell::from(digest) }
    }

    pub(crate) fn known(&self) -> RequestDigest {
        *self.known.get_or_init(|| self.request.digest())
    }

    /// Whether a person approved this digest.
    pub(crate) fn approval(&self, approved: Option<RequestDigest>) -> Approval {
        if approved.is_some_and(|digest| digest == self.known()) { Approval::Given } else { Approval::None }
    }
}

impl FromStr for RequestDigest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        digest(text).map(Self)
    }
}

/// The digest in 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> Result<[u8; 32], NameError> {
    let wrong = || NameError {
        what: "a digest",
        expected: "64 hexadecimal digits",
        got: text.chars().take(80).flat_map(char::escape_debug).collect(),
    };
    if text.len() != 64 {
        return Err(wrong());
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| pair.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let value = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        *byte = value.ok_or_else(wrong)?;
    }
    Ok(bytes)
}

impl Request {
    /// What the request may touch without naming an id: the things it mentions otherwise, and one nameless thing of
    /// every kind that the operation may touch and the request does not name.
    pub fn all_unnamed(&self) -> Vec<Unnamed> {
        let named = |kind: &Arc<str>| {
            self.resources.iter().any(|one| one.kind == *kind)
                || self.unnamed.iter().any(|one| one.kind == *kind)
        };
        let silent = self.operation.touched.iter().filter(|kind| !named(kind));
        let nameless = silent.map(|kind| Unnamed { kind: kind.clone(), name: String::new() });
        self.unnamed.iter().cloned().chain(nameless).collect()
    }

    /// Path and query as they are sent, to the operation's own host.
    pub fn upstream_target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The service's own host; empty if its description names none.
    pub fn upstream_host(&self) -> &str {
        &self.operation.host
    }

    /// Covers connection, account, catalog, operation, path, query, headers and body, each with its length,
    /// so that no two requests share an encoding.
    pub fn digest(&self) -> RequestDigest {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(b"hallpass request v1");
        part(self.connection.as_str().as_bytes());
        part(self.account.as_str().as_bytes());
        part(self.catalog.as_bytes());
        part(self.operation.id.as_str().as_bytes());
        part(self.path.as_bytes());
        part(self.query.as_bytes());
        part(&(self.headers.len() as u64).to_be_bytes());
        for (name, value) in &self.headers {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        match &self.body {
            Body::Empty => part(b"empty"),
            Body::Json(json) => {
                part(b"json");
                part(json.to_text().as_bytes());
            }
            Body::Form(pairs) => {
                part(b"form");
                for (name, value) in pairs {
                    part(name.as_bytes());
                    part(value.as_bytes());
                }
            }
            Body::Media { content_type, bytes } => {
                part(b"media");
                part(content_type.as_bytes());
                part(bytes);
            }
            Body::Related { metadata, content_type, bytes } => {
                part(b"related");
                part(metadata.to_text().as_bytes());
                part(content_type.as_bytes());
                part(bytes);
            }
        }
        RequestDigest(hash.finalize().into())
    }
}
