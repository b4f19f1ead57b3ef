//! The header of a message: the addresses it reaches, its subject, and the type of its body.
//!
//! Line ends, folding and names are read in the one way that every reader shares, and anything else is refused. Bodies
//! are not read here.

use crate::request::decode::address::{self, Address};
use crate::request::decode::error::{DecodeError, HeaderError};
use crate::request::decode::{AddressError, word};

/// Fields that send mail somewhere: recipients, and addresses for answers and receipts.
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

/// Fields that say whom a message is from. A provider may replace one by another address of the account, or use the
/// first, so all of them count.
const SENDING: [&str; 4] = ["from", "sender", "resent-from", "resent-sender"];

/// Fields that say where answers go.
const ANSWERED: [&str; 4] = ["reply-to", "resent-reply-to", "mail-reply-to", "mail-followup-to"];

const MAX_HEADER: usize = 256 * 1024;
const MAX_FIELDS: usize = 1_000;

/// Every address that the message reaches.
pub(super) fn recipients(message: &[u8]) -> Result<Vec<Address>, DecodeError> {
    addresses(message, &REACHING)
}

/// Every address that the message claims to be from; none if no field says so, or if the field is empty.
pub(super) fn senders(message: &[u8]) -> Result<Vec<Address>, DecodeError> {
    addresses(message, &SENDING)
}

/// Whether the message names its author, and not only the person who sent it for them.
pub(super) fn has_author(message: &[u8]) -> Result<bool, DecodeError> {
    Ok(!addresses(message, &["from"])?.is_empty())
}

/// Every address for answers, beside the sender.
pub(super) fn answered(message: &[u8]) -> Result<Vec<Address>, DecodeError> {
    addresses(message, &ANSWERED)
}

fn addresses(message: &[u8], names: &[&str]) -> Result<Vec<Address>, DecodeError> {
    let mut found = Vec::new();
    for (name, value) in fields(message)? {
        if !names.contains(&name.as_str()) {
            continue;
        }
        if !value.is_ascii() {
            return Err(HeaderError::Folding(name).into());
        }
        for address in address::list(&value).map_err(|error: AddressError| DecodeError::Address(error))? {
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    Ok(found)
}

/// The subject, decoded; empty if there is none.
pub(super) fn subject(message: &[u8]) -> Result<String, DecodeError> {
    match single(&fields(message)?, "subject") {
        Ok(value) => word::text(value.unwrap_or_default()).ok_or(DecodeError::Subject),
        Err(_) => Err(DecodeError::Subject),
    }
}

/// The value of a field that may appear only once.
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

pub(crate) fn field(line: &str) -> HeaderError {
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
pub(crate) enum LineEnds {
    Lf,
    CrLf,
}
