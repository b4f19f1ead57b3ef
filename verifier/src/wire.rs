//! The bytes of a canonical body, as they are sent.
//!
//! Written from the model that the caveats read (R2): nothing of the agent's own bytes is left but what the
//! operation takes as content.

use bytes::Bytes;
use datalog::Body;

/// A body ready to be sent.
pub(crate) struct Wire {
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

impl Wire {
    pub(crate) fn of(body: &Body) -> Self {
        match body {
            Body::Empty => Self { content_type: None, bytes: Bytes::new() },
            Body::Json(json) => {
                Self { content_type: Some("application/json".into()), bytes: json.to_text().into() }
            }
            Body::Media { content_type, bytes } => {
                Self { content_type: Some(content_type.clone()), bytes: bytes.clone().into() }
            }
            Body::Related { metadata, content_type, bytes } => {
                related(&metadata.to_text(), content_type, bytes)
            }
        }
    }
}

/// `multipart/related` (RFC 2387) with two parts, under a boundary that the content does not hold.
fn related(metadata: &str, content_type: &str, content: &[u8]) -> Wire {
    let boundary = boundary(content);
    let mut bytes = Vec::with_capacity(content.len() + metadata.len() + 256);
    let head = format!(
        "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{metadata}\r\n\
         --{boundary}\r\nContent-Type: {content_type}\r\n\r\n"
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Wire { content_type: Some(format!("multipart/related; boundary={boundary}")), bytes: bytes.into() }
}

/// The first of a row of boundaries that the content does not hold. The metadata cannot hold one: a JSON string
/// has no line break.
fn boundary(content: &[u8]) -> String {
    let candidates = (0_u64..).map(|number| format!("hallpass-{number:016x}"));
    candidates
        .into_iter()
        .find(|boundary| memchr::memmem::find(content, boundary.as_bytes()).is_none())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use datalog::json::Json;

    use super::*;

    #[test]
    fn content_cannot_end_its_part() {
        let content = b"--hallpass-0000000000000000--\r\n".to_vec();
        let body = Body::Related {
            metadata: Json::parse(b"{\"a\":1}").unwrap(),
            content_type: "message/rfc822".into(),
            bytes: content.clone(),
        };
        let wire = Wire::of(&body);
        let boundary = wire.content_type.unwrap().split_once("boundary=").unwrap().1.to_owned();
        assert!(memchr::memmem::find(&content, boundary.as_bytes()).is_none());
        assert!(wire.bytes.ends_with(format!("\r\n--{boundary}--\r\n").as_bytes()));
    }
}
