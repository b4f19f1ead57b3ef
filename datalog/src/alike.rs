//! What a scoped answer covers: requests that are alike in everything but the text of the message they send.
//!
//! Alike are the same operation on the same connection, account and catalog, with the same path, query, headers
//! and arguments, that reach the same recipients: only what the message and its attachments say may differ. A
//! request without a message is alike to itself alone.

use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::catalog::{Decode, Format};
use crate::decode;
use crate::lookup::Observed;
use crate::names::NameError;
use crate::request::{Request, Scalar, digest, hex};

/// SHA-256 over what requests that are alike have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlikeDigest([u8; 32]);

impl AlikeDigest {
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl FromStr for AlikeDigest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        digest(text).map(Self)
    }
}

impl Request {
    /// None where the request sends no message, or it cannot be told whom it reaches.
    pub fn alike(&self, observed: &Observed) -> Option<AlikeDigest> {
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
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(b"hallpass alike v1");
        for text in [
            self.connection.as_str(),
            self.account.as_str(),
            &self.catalog,
            self.operation.id.as_str(),
            &self.path,
            &self.query,
        ] {
            part(text.as_bytes());
        }
        part(&(self.headers.len() as u64).to_be_bytes());
        for (name, value) in &self.headers {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        let is_message =
            |name: &str| messages.iter().any(|decode| decode.fields.iter().any(|field| &**field == name));
        for argument in self.arguments.iter().filter(|argument| !is_message(&argument.name)) {
            part(argument.name.as_bytes());
            part(argument.value.kind().as_str().as_bytes());
            match &argument.value {
                Scalar::String(text) | Scalar::Other(text) => part(text.as_bytes()),
                Scalar::Int(value) => part(&value.to_be_bytes()),
                Scalar::Bool(value) => part(&[u8::from(*value)]),
            }
        }
        part(b"recipients");
        for recipient in &recipients {
            part(recipient.as_bytes());
        }
        Some(AlikeDigest(hash.finalize().into()))
    }
}
