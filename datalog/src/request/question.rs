//! The question for a person: a request without the parts that change each time it is built and that nobody notices.
//!
//! Two requests are the same question only if the approver sees the same and no recipient could notice a difference.
//! The parts left out are a short list, and machines write all of them: in a message the boundaries, a plain
//! `Message-ID`, and a `Date` of about now; headers that only shape the answer to the agent; arguments that the overlay
//! calls nonces; the order of an object's keys and of differently named fields. The gateway still sends the request as
//! it came, and records and budgets use its exact digest.
//!
//! If the strict reader refuses a message, every byte of it counts. The position of a field among fields with other
//! names (including `MIME-Version`) does not count; recipients that a look-up found do.
//!
//! - Invariant: Two requests are one question only if nobody could notice a difference
//!   (`two_letters_are_one_question_if_and_only_if_nobody_notices_a_difference`).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::catalog::{Decode, Format};
use crate::decision::lookup::Observed;
use crate::request::canonical::{Body, Request, digest};
use crate::request::decode::error::DecodeError;
use crate::request::decode::{self, MimePart, PartContent};
use crate::words::effect::Effect;
use crate::words::json::Json;
use crate::words::names::NameError;

/// A message dated within a day of now counts as dated now.
const NOW: time::Duration = time::Duration::days(1);
/// Headers that only say which form of answer the agent wants, and which agent asks.
const NEGOTIATION: [&str; 6] =
    ["accept", "accept-encoding", "accept-language", "idempotency-key", "prefer", "user-agent"];
/// Kinds of things that several people read.
const PLACES: [&str; 6] = ["channel", "issue", "pull", "team", "user", "usergroup"];

/// SHA-256 over everything that distinguishes this question from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionDigest([u8; 32]);

impl QuestionDigest {
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for QuestionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl FromStr for QuestionDigest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        digest(text).map(Self)
    }
}

/// A request, and what was looked up for it.
#[derive(Debug, Clone, Copy)]
pub struct LookedUp<'a> {
    pub request: &'a Request,
    pub observed: &'a Observed,
}

impl Request {
    /// This request as a question, asked now.
    pub fn question(&self, observed: &Observed, now: OffsetDateTime) -> QuestionDigest {
        let mut hash = Parts::begin("hallpass question v1");
        self.common(&mut hash);
        let asked = HashedRequest { request: self, now };
        asked.body(&mut hash);
        // The draft that the request's own message replaces.
        if let Some(replaced) = observed.replaced() {
            asked.message(&mut hash, replaced);
        }
        // The people it reaches, by look-ups: one more person makes another question.
        match self.reached(observed) {
            Ok(people) => {
                hash.count(people.len());
                hash.texts(people.iter().map(String::as_str));
            }
            Err(error) => hash.texts(["unknown", &error.to_string()]),
        }
        QuestionDigest(hash.end())
    }

    fn reached(&self, observed: &Observed) -> Result<Vec<String>, DecodeError> {
        let messages = decode::messages(self, observed)?;
        let mut people: Vec<String> = decode::reached(self, &messages, observed)?
            .recipients
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        people.sort();
        Ok(people)
    }

    /// The operation, account, catalog, address and headers.
    pub(crate) fn common(&self, hash: &mut Parts) {
        hash.texts([
            self.connection.as_str(),
            self.account.as_str(),
            &self.catalog,
            self.operation.id.as_str(),
            &self.path,
        ]);
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<&str> =
            pairs.filter(|pair| !self.is_nonce(pair.split('=').next().unwrap_or_default())).collect();
        hash.count(pairs.len());
        hash.texts(pairs);
        // A media type asks for an early form of an operation.
        let is_asked = |(name, value): &&(std::sync::Arc<str>, String)| {
            !NEGOTIATION.contains(&&**name) || value.contains("preview")
        };
        let headers: Vec<_> = self.headers.iter().filter(is_asked).collect();
        hash.count(headers.len());
        for (name, value) in headers {
            hash.texts([name, value.as_str()]);
        }
    }

    pub(crate) fn is_nonce(&self, name: &str) -> bool {
        self.operation.nonces.iter().any(|nonce| **nonce == *name)
    }

    /// Whom the request reaches, as hashes that two requests on one connection share. If it names no address: the
    /// conversations and issues that it writes into. Empty if it reaches nobody, or if nobody knows whom.
    pub fn people(&self, observed: &Observed) -> Vec<String> {
        let outward = [Effect::Send, Effect::Share].into_iter().any(|effect| self.effects.contains(effect));
        if !outward {
            return Vec::new();
        }
        let hashed = |kind: &str, id: &str| {
            let mut hash = Parts::begin("hallpass people v1");
            hash.texts([self.connection.as_str(), self.account.as_str(), kind, id]);
            hex::encode(hash.end()).chars().take(32).collect::<String>()
        };
        let reached = self.reached(observed).unwrap_or_default();
        let mut people: Vec<String> = reached.iter().map(|one| hashed("address", one)).collect();
        if people.is_empty() {
            let places = self.resources.iter().filter(|one| PLACES.contains(&&*one.kind));
            people.extend(places.map(|one| hashed(&one.kind, &one.id)));
        }
        people.sort();
        people.dedup();
        people
    }
}

/// A hash over parts, each with its length.
pub(crate) struct Parts(Sha256);

impl Parts {
    pub(crate) fn begin(what: &str) -> Self {
        let mut parts = Self(Sha256::new());
        parts.part(what.as_bytes());
        parts
    }

    pub(crate) fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        texts.into_iter().for_each(|text| self.part(text.as_bytes()));
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.part(&(count as u64).to_be_bytes());
    }

    pub(crate) fn end(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

struct HashedRequest<'a> {
    request: &'a Request,
    now: OffsetDateTime,
}

impl HashedRequest<'_> {
    fn messages(&self) -> impl Iterator<Item = &Decode> {
        self.request.operation.decode.iter().filter(|decode| decode.format == Format::Rfc822)
    }

    fn body(&self, hash: &mut Parts) {
        match &self.request.body {
            Body::Empty => hash.part(b"empty"),
            Body::Json(json) => {
                hash.part(b"json");
                self.json(hash, json, "");
            }
            Body::Form(pairs) => {
                hash.part(b"form");
                let mut pairs: Vec<_> =
                    pairs.iter().filter(|(name, _)| !self.request.is_nonce(name)).collect();
                pairs.sort_by_key(|(name, _)| name);
                hash.count(pairs.len());
                for (name, value) in pairs {
                    hash.texts([name, value.as_str()]);
                }
            }
            Body::Media { content_type, bytes } => self.media(hash, content_type, bytes),
            Body::Related { metadata, content_type, bytes } => {
                hash.part(b"related");
                self.json(hash, metadata, "");
                self.media(hash, content_type, bytes);
            }
        }
    }

    fn media(&self, hash: &mut Parts, content_type: &str, bytes: &[u8]) {
        hash.part(b"media");
        hash.part(content_type.as_bytes());
        match self.messages().any(|decode| decode.media) {
            true => self.message(hash, bytes),
            false => hash.part(bytes),
        }
    }

    /// A value at a dotted path. The order of an object's keys does not count.
    fn json(&self, hash: &mut Parts, value: &Json, path: &str) {
        match value {
            Json::Object(fields) => {
                let within = |name: &str| match path {
                    "" => name.to_owned(),
                    path => format!("{path}.{name}"),
                };
                let mut fields: Vec<_> =
                    fields.iter().map(|(name, value)| (name, within(name), value)).collect();
                fields.retain(|(_, path, _)| !self.request.is_nonce(path));
                fields.sort_by_key(|(name, _, _)| *name);
                hash.part(b"object");
                hash.count(fields.len());
                for (name, path, value) in fields {
                    hash.part(name.as_bytes());
                    self.json(hash, value, &path);
                }
            }
            Json::Array(items) => {
                hash.part(b"array");
                hash.count(items.len());
                items.iter().for_each(|item| self.json(hash, item, path));
            }
            Json::String(text) => {
                let is_message =
                    self.messages().any(|decode| decode.fields.iter().any(|field| **field == *path));
                match is_message.then(|| decode::base64url(text)).flatten() {
                    Some(message) => self.message(hash, &message),
                    None => hash.texts(["string", text]),
                }
            }
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => {
                hash.texts(["value", &value.to_text()]);
            }
        }
    }

    fn message(&self, hash: &mut Parts, message: &[u8]) {
        match decode::tree(message) {
            Ok(letter) => {
                hash.part(b"message");
                let changes = |name: &str, value: &str| is_changing(name, value, self.now);
                part(hash, &letter, &changes);
            }
            Err(_) => {
                hash.part(b"unread message");
                hash.part(message);
            }
        }
    }
}

/// Whether a field of a letter changes each time the letter is built.
pub(crate) fn is_changing(name: &str, value: &str, now: OffsetDateTime) -> bool {
    let value = value.trim_matches([' ', '\t']);
    match name {
        "message-id" => is_message_id(value),
        "date" => OffsetDateTime::parse(value, &Rfc2822).is_ok_and(|date| (date - now).abs() <= NOW),
        _ => false,
    }
}

/// Whether a value is `<left@right>` of ordinary characters, no longer than machines make it.
fn is_message_id(value: &str) -> bool {
    let inside = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    inside.and_then(|inside| inside.split_once('@')).is_some_and(|(left, right)| {
        value.len() <= 150
            && !left.is_empty()
            && !right.is_empty()
            && left.bytes().chain(right.bytes()).all(plain)
    })
}

fn part(hash: &mut Parts, of: &MimePart<'_>, changes: &dyn Fn(&str, &str) -> bool) {
    let is_multipart = matches!(of.content, PartContent::Parts { .. });
    let mut fields: Vec<_> = of.fields.iter().filter(|(name, value)| !changes(name, value)).collect();
    // Fields with one name keep their order.
    fields.sort_by_key(|(name, _)| name);
    hash.count(fields.len());
    for (name, value) in fields {
        hash.part(name.as_bytes());
        if is_multipart && name == "content-type" {
            hash.part(of.kind.essence.as_bytes());
            hash.count(of.kind.parameters.len());
            of.kind.parameters.iter().for_each(|(name, value)| hash.texts([name.as_str(), value.as_str()]));
        } else {
            hash.part(value.trim_matches([' ', '\t']).as_bytes());
        }
    }
    // A date inside the letter's own text stays as it is.
    let literal = |_: &str, _: &str| false;
    match &of.content {
        PartContent::Text(body) | PartContent::Attached(body) => hash.part(body),
        PartContent::Message { letter, .. } => {
            hash.part(b"message within");
            part(hash, letter, &literal);
        }
        PartContent::Parts { before, parts } => {
            hash.part(before);
            hash.count(parts.len());
            parts.iter().for_each(|one| part(hash, one, &literal));
        }
    }
}
