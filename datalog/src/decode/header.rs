//! The header of a message: which addresses it reaches, its subject, what its body is said to be.
//!
//! Line ends, folding and names are taken in the one way that every reader takes them; anything else is
//! refused. Bodies are not looked at.

use super::address::{self, Address};
use super::{AddressError, DecodeError, word};

/// Fields that make mail go somewhere: the recipients, and those that answers and receipts go to.
const REACHING: [&str; 15] = [
    "to",
    "cc",
    "bcc",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "reply-to",
    "resent-reply-to",
    "mail-reply-to",
    "mail-followup-to",
    "apparently-to",
    "errors-to",
    "disposition-notification-to",
    "return-receipt-to",
    "x-confirm-reading-to",
];

const MAX_HEADER: usize = 256 * 1024;
const MAX_FIELDS: usize = 1_000;

/// Why a header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("it is empty, or its header is longer than 256 KiB or 1,000 fields")]
    Size,
    #[error("its header mixes line ends, or has a carriage return alone")]
    LineEnds,
    #[error("its header has a control character, or bytes that are not UTF-8")]
    Characters,
    #[error("the line `{0}` is not a header field")]
    Field(String),
    #[error("it has the field `{0}` more than once")]
    Twice(String),
    #[error("the field `{0}` is folded over an empty line, or has other than ASCII in it")]
    Folding(String),
}

/// Every address that the message reaches.
pub(super) fn recipients(message: &[u8]) -> Result<Vec<Address>, DecodeError> {
    let mut found = Vec::new();
    for (name, value) in fields(message)? {
        if !REACHING.contains(&name.as_str()) {
            continue;
        }
        for address in address::list(&value).map_err(|error: AddressError| DecodeError::Address(error))? {
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    Ok(found)
}

/// The subject, decoded; empty where there is none.
pub(super) fn subject(message: &[u8]) -> Result<String, DecodeError> {
    match single(&fields(message)?, "subject") {
        Ok(value) => word::text(value.unwrap_or_default()).ok_or(DecodeError::Subject),
        Err(_) => Err(DecodeError::Subject),
    }
}

/// The value of a field that stands once at most.
pub(super) fn single<'a>(fields: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, HeaderError> {
    let mut values = fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(HeaderError::Twice(name.to_owned())),
    }
}

/// The fields in order: names in lower case, values unfolded.
pub(crate) fn fields(message: &[u8]) -> Result<Vec<(String, String)>, HeaderError> {
    let lines = lines(message)?;
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            let Some((name, value)) = fields.last_mut() else { return Err(field(line)) };
            if line.trim_matches([' ', '\t']).is_empty() {
                return Err(HeaderError::Folding(name.clone()));
            }
            value.push_str(line);
            continue;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| field(line))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) || fields.len() >= MAX_FIELDS {
            return Err(field(line));
        }
        fields.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    match fields.iter().find(|(name, value)| REACHING.contains(&name.as_str()) && !value.is_ascii()) {
        Some((name, _)) => Err(HeaderError::Folding(name.clone())),
        None => Ok(fields),
    }
}

fn field(line: &str) -> HeaderError {
    HeaderError::Field(line.chars().take(60).flat_map(char::escape_debug).collect())
}

/// The lines up to the first empty one.
fn lines(message: &[u8]) -> Result<Vec<&str>, HeaderError> {
    let ends = if message.contains(&b'\r') { LineEnds::CrLf } else { LineEnds::Lf };
    let mut lines = Vec::new();
    let mut taken = 0;
    for raw in message.split(|byte| *byte == b'\n') {
        taken += raw.len() + 1;
        let last = taken > message.len();
        let line = match ends {
            LineEnds::Lf => raw,
            LineEnds::CrLf => match raw.strip_suffix(b"\r") {
                Some(line) => line,
                None if last => raw,
                None => return Err(HeaderError::LineEnds),
            },
        };
        if line.is_empty() {
            break;
        }
        if line.contains(&b'\r') {
            return Err(HeaderError::LineEnds);
        }
        if taken > MAX_HEADER {
            return Err(HeaderError::Size);
        }
        let line = std::str::from_utf8(line).map_err(|_| HeaderError::Characters)?;
        if line
            .chars()
            .any(|c| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
        {
            return Err(HeaderError::Characters);
        }
        lines.push(line);
    }
    if lines.is_empty() { Err(HeaderError::Size) } else { Ok(lines) }
}

/// How the lines of a message end. A message has one way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    Lf,
    CrLf,
}
