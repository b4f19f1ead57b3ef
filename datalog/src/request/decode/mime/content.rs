//! The content of a part without its transfer encoding, and its text.
//!
//! Only UTF-8 and ASCII are read, and only if the part declares them. Each reader would make something else of other
//! bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::request::decode::mime::Encoding;
use crate::request::decode::mime::part::{MimePart, PartContent};

/// Why a text part cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    #[error("its transfer encoding cannot be undone with certainty")]
    Encoding,
    #[error("it is in the character set `{0}`")]
    Charset(String),
    #[error("it is not in the character set that it names")]
    Bytes,
}

impl MimePart<'_> {
    /// The bytes of a text or a file; none if its encoding cannot be undone. A part that holds parts has none of its
    /// own.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        let (PartContent::Text(body) | PartContent::Attached(body)) = &self.content else { return None };
        match self.encoding {
            Encoding::Plain => Some(body.to_vec()),
            Encoding::Base64 => {
                let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
                let compact: Vec<u8> = body.iter().copied().filter(|byte| !is_end(byte)).collect();
                STANDARD.decode(compact).ok()
            }
            Encoding::QuotedPrintable => quoted_printable(body),
        }
    }

    /// The text of a text part.
    pub(crate) fn text(&self) -> Result<String, Unread> {
        let bytes = self.bytes().ok_or(Unread::Encoding)?;
        let charset = self.kind.parameter("charset").unwrap_or("us-ascii").to_ascii_lowercase();
        match charset.as_str() {
            "utf-8" | "utf8" => String::from_utf8(bytes).map_err(|_| Unread::Bytes),
            "us-ascii" | "ascii" if bytes.is_ascii() => String::from_utf8(bytes).map_err(|_| Unread::Bytes),
            "us-ascii" | "ascii" => Err(Unread::Bytes),
            _ => Err(Unread::Charset(charset)),
        }
    }
}

/// RFC 2045, section 6.7; none if another reader could make something else of it.
fn quoted_printable(body: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'=' {
            bytes.push(*first);
            continue;
        }
        if let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
            rest = after;
            continue;
        }
        let (pair, after) = rest.split_at_checked(2)?;
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
        rest = after;
    }
    Some(bytes)
}
