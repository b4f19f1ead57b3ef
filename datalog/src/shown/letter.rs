//! A message as a person should see it before it is sent: its subject, its text, its attachments by name and size.
//!
//! What is not read with certainty (another character set, an odd structure) is counted as bytes that are not
//! shown. Whom the message reaches is not read here but by `decode`, which is strict.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::decode;

use super::{cut, plain};

const DEPTH: usize = 5;
const PARTS: usize = 50;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Letter {
    pub subject: String,
    pub from: String,
    /// The text as it was read; where there are several texts, one after the other.
    pub text: String,
    pub characters_not_shown: usize,
    pub attachments: Vec<Attachment>,
    /// Of attachments, of HTML, and of what could not be read.
    pub bytes_not_shown: u64,
}

/// A part of a message that is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    pub kind: String,
    pub bytes: u64,
}

type Fields = Vec<(String, String)>;

impl Letter {
    pub(super) fn read(message: &[u8], most: usize) -> Self {
        let mut letter = Self::default();
        let Ok(fields) = decode::fields(message) else {
            letter.bytes_not_shown = message.len() as u64;
            return letter;
        };
        letter.subject = cut(&words(field(&fields, "subject")), 300).0;
        letter.from = cut(&words(field(&fields, "from")), 300).0;
        let mut texts = Vec::new();
        letter.part(&fields, body(message), 0, &mut texts);
        let text = texts.join("\n\n").replace("\r\n", "\n");
        (letter.text, letter.characters_not_shown) = cut(&text, most);
        letter
    }

    fn part(&mut self, fields: &Fields, body: &[u8], depth: usize, texts: &mut Vec<String>) {
        let kind = field(fields, "content-type").trim();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence.starts_with("multipart/")
            && let (Some(boundary), true) = (parameter(kind, "boundary"), depth < DEPTH)
            && let Some(parts) = parts(body, &boundary)
        {
            for part in parts {
                // A part may have no fields at all.
                let fields = if part.starts_with(b"\r\n") || part.starts_with(b"\n") {
                    Fields::new()
                } else {
                    decode::fields(part).unwrap_or_default()
                };
                self.part(&fields, self::body(part), depth + 1, texts);
            }
            return;
        }
        let disposition = field(fields, "content-disposition");
        let is_attachment = disposition.trim().to_ascii_lowercase().starts_with("attachment");
        let content = decoded(field(fields, "content-transfer-encoding"), body);
        let is_text = (essence.is_empty() || essence == "text/plain") && !is_attachment;
        let text = content.as_deref().filter(|_| is_text).and_then(|bytes| std::str::from_utf8(bytes).ok());
        if let Some(text) = text {
            texts.push(text.trim_end().to_owned());
            return;
        }
        let bytes = content.map_or(body.len(), |content| content.len()) as u64;
        self.bytes_not_shown += bytes;
        let name = parameter(disposition, "filename").or_else(|| parameter(kind, "name"));
        let kind = if essence.is_empty() { "unknown" } else { &essence };
        self.attachments.push(Attachment {
            name: cut(&words(&name.unwrap_or_default()), 200).0,
            kind: cut(kind, 100).0,
            bytes,
        });
    }
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

/// What follows the first empty line.
fn body(message: &[u8]) -> &[u8] {
    if let Some(rest) = message.strip_prefix(b"\r\n").or_else(|| message.strip_prefix(b"\n")) {
        return rest;
    }
    let ends =
        [&b"\r\n\r\n"[..], b"\n\n"].into_iter().filter_map(|end| find(message, end).map(|at| at + end.len()));
    ends.min().and_then(|at| message.get(at..)).unwrap_or_default()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A header's text with its encoded words (RFC 2047) read; what is not read stays as it is.
fn words(text: &str) -> String {
    let mut shown = Vec::new();
    for word in text.split_whitespace() {
        let encoded = word.strip_prefix("=?").and_then(|rest| rest.strip_suffix("?="));
        shown.push(encoded.and_then(decode::decode_word).unwrap_or_else(|| word.to_owned()));
    }
    plain(&shown.join(" "))
}

/// `NAME=value` or `NAME="value"` of a structured field.
fn parameter(field: &str, name: &str) -> Option<String> {
    field.split(';').skip(1).find_map(|piece| {
        let (key, value) = piece.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The parts between the boundaries; none where there is no end, so that nothing is left unseen.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<&'a [u8]>> {
    let marker = format!("--{boundary}");
    let mut parts = Vec::new();
    let (mut at, mut start) = (0, None);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.trim_ascii_end();
        if let Some(rest) = bare.strip_prefix(marker.as_bytes())
            && (rest.is_empty() || rest == b"--")
        {
            if let Some(start) = start {
                parts.push(body.get(start..at)?);
            }
            if rest == b"--" {
                // What stands after the end belongs to no part, and is seen by nobody.
                let after = body.get(at + line.len()..)?;
                return (after.trim_ascii().is_empty() && parts.len() <= PARTS).then_some(parts);
            }
            start = Some(at + line.len());
        }
        at += line.len();
    }
    None
}

fn decoded(encoding: &str, body: &[u8]) -> Option<Vec<u8>> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "7bit" | "8bit" | "binary" => Some(body.to_vec()),
        "base64" => {
            let compact: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(compact).ok()
        }
        "quoted-printable" => quoted_printable(body),
        _ => None,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_message_is_shown_whole() {
        let letter =
            Letter::read(b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\nTo: a@example.com\r\n\r\nhi\r\nbye\r\n", 100);
        assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("Grüße", "hi\nbye"));
        assert_eq!((letter.bytes_not_shown, letter.characters_not_shown), (0, 0));
    }

    #[test]
    fn what_is_attached_is_named_and_counted() {
        let message =
            b"Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n\
            Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"a.pdf\"\n\
            Content-Transfer-Encoding: base64\n\nAAAAAAAA\n--b--\n";
        let letter = Letter::read(message, 100);
        assert_eq!(letter.text, "hello");
        let attachment = Attachment { name: "a.pdf".into(), kind: "application/pdf".into(), bytes: 6 };
        assert_eq!((letter.attachments, letter.bytes_not_shown), (vec![attachment], 6));
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_not_guessed() {
        let unended = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n";
        assert_eq!(Letter::read(unended, 100).text, "");
        assert!(Letter::read(unended, 100).bytes_not_shown > 0);
        let latin = b"Content-Type: text/plain; charset=iso-8859-1\n\n\xe9\n";
        assert_eq!(Letter::read(latin, 100).bytes_not_shown, 2);
        let long = Letter::read(b"Subject: x\n\n0123456789", 4);
        assert_eq!((long.text.as_str(), long.characters_not_shown), ("0123", 6));
    }
}
