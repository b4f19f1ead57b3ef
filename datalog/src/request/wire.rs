//! The body of a request as it is sent, in one form for each kind of body.
//!
//! It reads nothing: `classify` read the bytes that came.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::catalog::path::push_escaped;
use crate::request::canonical::{Body, Request};

impl Request {
    /// The content type and bytes to send; none if there is no body.
    pub fn wire_body(&self) -> Option<(String, Vec<u8>)> {
        wire_body(&self.body)
    }

    /// Bytes of the body that is sent.
    pub fn body_length(&self) -> u64 {
        self.wire_body().map_or(0, |(_, bytes)| bytes.len() as u64)
    }
}

/// The content type and bytes of a body, as they are sent.
pub(crate) fn wire_body(body: &Body) -> Option<(String, Vec<u8>)> {
    match body {
        Body::Empty => None,
        Body::Json(json) => Some(("application/json".into(), json.to_text().into_bytes())),
        Body::Form(pairs) => Some(("application/x-www-form-urlencoded".into(), form(pairs).into_bytes())),
        Body::Media { content_type, bytes } => Some((content_type.clone(), bytes.clone())),
        Body::Related { metadata, content_type, bytes } => {
            Some(related(&metadata.to_text(), content_type, bytes))
        }
    }
}

/// The form as it is sent.
pub(crate) fn form(pairs: &[(Arc<str>, String)]) -> String {
    let mut text = String::new();
    pairs.iter().for_each(|(name, value)| push_pair(&mut text, name, value));
    text
}

/// The body and its content type, with a boundary that does not occur in the content.
fn related(metadata: &str, content_type: &str, content: &[u8]) -> (String, Vec<u8>) {
    let mut hash = Sha256::new();
    hash.update(metadata);
    hash.update(content);
    let digest = hex::encode(hash.finalize().iter().take(20).copied().collect::<Vec<u8>>());
    // Nobody can make a content that holds its own digest. The counter makes this certain.
    let mut number = 0_u32;
    let mut boundary = format!("hallpass-{digest}");
    while find(content, boundary.as_bytes()).is_some() || metadata.contains(&boundary) {
        number += 1;
        boundary = format!("hallpass-{digest}-{number}");
    }
    let mut body = Vec::with_capacity(metadata.len() + content.len() + 300);
    body.extend_from_slice(
        format!("--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n").as_bytes(),
    );
    body.extend_from_slice(metadata.as_bytes());
    body.extend_from_slice(format!("\r\n--{boundary}\r\ncontent-type: {content_type}\r\n\r\n").as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/related; boundary={boundary}"), body)
}

pub(crate) fn push_pair(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    push_escaped(text, name);
    text.push('=');
    push_escaped(text, value);
}

pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(offset) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + offset;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
