//! The envelope of a request: everything that a wider approval fixes. That is all but the text of a message.
//!
//! Two requests share it if they have the same connection, account, catalog, operation, path, query, headers and
//! arguments (as `question` compares them), and the same senders and recipients. Only the message and its attachments
//! may say something else. A request without a message shares its envelope only with itself.

use std::str::FromStr;

use crate::catalog::{Decode, Format};
use crate::decision::lookup::Observed;
use crate::request::argument::Scalar;
use crate::request::canonical::{Request, digest};
use crate::request::decode;
use crate::request::question::Parts;
use crate::words::names::NameError;

/// SHA-256 over everything that requests in one envelope share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnvelopeDigest([u8; 32]);

impl EnvelopeDigest {
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl FromStr for EnvelopeDigest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        digest(text).map(Self)
    }
}

impl Request {
    /// None if the request sends no message, or if nobody can tell whom it reaches.
    pub fn envelope(&self, observed: &Observed) -> Option<EnvelopeDigest> {
        let messages: Vec<&Decode> =
            self.operation.decode.iter().filter(|decode| decode.format == Format::Rfc822).collect();
        if messages.is_empty() {
            return None;
        }
        let held = decode::messages(self, observed).ok()?;
        let mut recipients: Vec<String> = decode::reached(self, &held, observed)
            .ok()?
            .recipients
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        if recipients.is_empty() {
            return None;
        }
        recipients.sort();
        let from = decode::from(self, &held).ok()?;
        let mut hash = Parts::begin("hallpass alike v2");
        self.common(&mut hash);
        let is_message =
            |name: &str| messages.iter().any(|decode| decode.fields.iter().any(|field| &**field == name));
        let others = self.arguments.iter().filter(|argument| !is_message(&argument.name));
        for argument in others.filter(|argument| !self.is_nonce(&argument.name)) {
            hash.texts([&argument.name, argument.value.kind().as_str()]);
            match &argument.value {
                Scalar::String(text) | Scalar::Other(text) => hash.part(text.as_bytes()),
                Scalar::Int(value) => hash.part(&value.to_be_bytes()),
                Scalar::Bool(value) => hash.part(&[u8::from(*value)]),
            }
        }
        hash.part(b"recipients");
        hash.count(recipients.len());
        hash.texts(recipients.iter().map(String::as_str));
        hash.part(b"from");
        hash.texts(from.senders.iter().map(decode::Address::as_str));
        Some(EnvelopeDigest(hash.end()))
    }
}
