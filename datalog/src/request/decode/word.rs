//! One word of a display name: plain, or an encoded word (RFC 2047).
//!
//! A reader that decodes first could take an encoded word for more addresses. So a word that decodes to such text is
//! refused, and so is one in a character set other than UTF-8, ASCII or Latin-1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Characters with a meaning in a list of addresses.
const SPECIAL: &str = "@<>,;:\"()[]\\";

/// Checks one word; none if it could be read as more than a name.
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

/// Free text of a header as readers show it: plain words, and decoded encoded words. None if readers could show
/// something else.
pub(crate) fn text(value: &str) -> Option<String> {
    let mut text = String::new();
    // White space between two encoded words is not shown (RFC 2047, section 6.2).
    let (mut gap, mut encoded_before) = ("", false);
    let mut rest = value.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        let end = rest.find([' ', '\t']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let decoded = match word.strip_prefix("=?") {
            Some(inside) => Some(decode(inside.strip_suffix("?=")?)?),
            None if word.contains("=?") || word.contains("?=") => return None,
            None => None,
        };
        if !(encoded_before && decoded.is_some()) {
            text.push_str(gap);
        }
        encoded_before = decoded.is_some();
        text.push_str(decoded.as_deref().unwrap_or(word));
        let next = after.trim_start_matches([' ', '\t']);
        gap = after.get(..after.len() - next.len()).unwrap_or_default();
        rest = next;
    }
    (!text.chars().any(char::is_control)).then_some(text)
}
