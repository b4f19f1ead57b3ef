//! One word of a display name, as it stands or as an encoded word (RFC 2047).
//!
//! An encoded word may hold what a reader that decodes first would take for more addresses; one that does,
//! or that is in a character set other than UTF-8, ASCII or Latin-1, is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Characters that mean something in a list of addresses.
const SPECIAL: &str = "@<>,;:\"()[]\\";

/// Checks one word; none where it could be read as more than a name.
pub(super) fn plain(word: &str) -> Option<()> {
    if let Some(encoded) = word.strip_prefix("=?") {
        return harmless(&decode(encoded.strip_suffix("?=")?)?);
    }
    if word.contains("=?") || word.contains("?=") {
        return None;
    }
    harmless(word)
}

fn harmless(text: &str) -> Option<()> {
    (!text.chars().any(|c| c.is_control() || SPECIAL.contains(c))).then_some(())
}

/// `CHARSET?ENCODING?TEXT`.
fn decode(encoded: &str) -> Option<String> {
    let mut parts = encoded.split('?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !text.is_ascii() {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(text).ok()?,
        "Q" | "q" => quoted(text)?,
        _ => return None,
    };
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

fn quoted(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    Some(bytes)
}
