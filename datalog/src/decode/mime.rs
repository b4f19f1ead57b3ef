//! The parts of a message (RFC 2045, 2046, 2183): how many of them are attachments.
//!
//! Whatever is not plainly the text of the letter counts, so that no other reader sees more. Structure that readers could
//! take apart in different ways is refused, not guessed. Contents are not looked at, but for attachments of the
//! time before MIME.

use super::header::{HeaderError, fields, single};

const MAX_DEPTH: usize = 8;
const MAX_PARTS: usize = 200;

/// Kinds of parts that hold parts of the same message, and nothing else.
const MULTIPARTS: [&str; 5] =
    ["multipart/mixed", "multipart/alternative", "multipart/related", "multipart/signed", "multipart/report"];

/// Why the parts of a message are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    #[error("{0}")]
    Header(#[from] HeaderError),
    #[error("the field `{0}` is not written in the one way that every reader takes")]
    Field(&'static str),
    #[error("it has parts of a kind that readers take apart in different ways")]
    Kind,
    #[error("its parts are not cleanly separated")]
    Boundary,
    #[error("it has more than {MAX_PARTS} parts, or parts nested more than {MAX_DEPTH} deep")]
    Size,
    #[error("it holds a file in the manner of the time before MIME")]
    Uuencoded,
}

/// How many attachments a message has.
pub(super) fn attachments(message: &[u8]) -> Result<usize, MimeError> {
    let mut parts = Parts { left: MAX_PARTS, seen: Vec::new() };
    parts.count(message, Place::Letter, 0)
}

/// Where a part stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Letter,
    Part,
}

struct Parts {
    left: usize,
    /// Kinds of text and of multiparts that stood before: the letter has one of each, and others are beside it.
    seen: Vec<String>,
}

impl Parts {
    fn count(&mut self, bytes: &[u8], place: Place, depth: usize) -> Result<usize, MimeError> {
        self.left = self.left.checked_sub(1).filter(|_| depth <= MAX_DEPTH).ok_or(MimeError::Size)?;
        let (header, body) = split(bytes);
        let fields = match place {
            // A part may begin with its content.
            Place::Part if header.is_empty() => Vec::new(),
            Place::Part | Place::Letter => fields(bytes)?,
        };
        let kind = ContentType::of(single(&fields, "content-type")?)?;
        let encoding = encoding(single(&fields, "content-transfer-encoding")?)?;
        single(&fields, "mime-version")?;
        let named = is_named(&fields)?;
        if kind.essence.starts_with("multipart/") {
            if !MULTIPARTS.contains(&&*kind.essence) || encoding == Encoding::Coded {
                return Err(MimeError::Kind);
            }
            return Ok(self.count_within(body, &kind, place, depth)? + usize::from(named));
        }
        match &*kind.essence {
            "text/plain" | "text/html" => {
                is_without_files(body)?;
                Ok(usize::from(self.again(&kind.essence) || named))
            }
            "message/rfc822" if encoding == Encoding::Plain => {
                Ok(1 + self.count(body, Place::Letter, depth + 1)?)
            }
            // Several files in one, or another message that only some readers open.
            "application/ms-tnef" | "application/vnd.ms-tnef" => Err(MimeError::Kind),
            essence if essence.starts_with("message/") => Err(MimeError::Kind),
            _ => Ok(1),
        }
    }

    /// The attachments of a multipart. One that stands beside the letter's text is an attachment itself to some.
    fn count_within(
        &mut self,
        body: &[u8],
        kind: &ContentType,
        place: Place,
        depth: usize,
    ) -> Result<usize, MimeError> {
        let boundary = kind.boundary.as_deref().ok_or(MimeError::Boundary)?;
        let around = matches!(&*kind.essence, "multipart/alternative" | "multipart/related");
        let beside = place == Place::Part && (self.again(&kind.essence) || !around);
        let parts = separate(body, boundary)?;
        // Which part of these is the text is a matter of a parameter; the others belong to it.
        let least = if kind.essence == "multipart/related" { parts.len() - 1 } else { 0 };
        let mut total = 0;
        for part in parts {
            total += self.count(part, Place::Part, depth + 1)?;
        }
        Ok(total.max(least).max(usize::from(beside)))
    }

    fn again(&mut self, essence: &str) -> bool {
        let again = self.seen.iter().any(|known| known == essence);
        if !again {
            self.seen.push(essence.to_owned());
        }
        again
    }
}

/// Header and body, parted at the first empty line.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let line = rest.get(..end).unwrap_or(rest);
        if matches!(line, b"\n" | b"\r\n") {
            return (bytes.get(..at).unwrap_or_default(), rest.get(end..).unwrap_or_default());
        }
        at += end;
    }
    (bytes, &[])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Coded,
}

fn encoding(value: Option<&str>) -> Result<Encoding, MimeError> {
    let Some(value) = value else { return Ok(Encoding::Plain) };
    match value.trim_matches([' ', '\t']).to_ascii_lowercase().as_str() {
        "7bit" | "8bit" | "binary" => Ok(Encoding::Plain),
        "quoted-printable" | "base64" => Ok(Encoding::Coded),
        _ => Err(MimeError::Field("Content-Transfer-Encoding")),
    }
}

struct ContentType {
    essence: String,
    boundary: Option<String>,
}

impl ContentType {
    fn of(value: Option<&str>) -> Result<Self, MimeError> {
        const NAME: &str = "Content-Type";
        let wrong = || MimeError::Field(NAME);
        let Some(value) = value else { return Ok(Self { essence: "text/plain".into(), boundary: None }) };
        let (essence, parameters) = parameters(value, NAME)?;
        let (kind, subtype) = essence.split_once('/').ok_or_else(wrong)?;
        if !is_token(kind) || !is_token(subtype) {
            return Err(wrong());
        }
        let mut boundary = None;
        for (name, value) in parameters {
            // Pieces of a boundary, or one in another character set, are put together by some readers only.
            if name.starts_with("boundary") && (name != "boundary" || boundary.replace(value).is_some()) {
                return Err(wrong());
            }
        }
        let valid = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
        match boundary {
            Some(text) if !(1..=70).contains(&text.len()) || !text.bytes().all(valid) => {
                Err(MimeError::Boundary)
            }
            boundary => Ok(Self { essence, boundary }),
        }
    }
}

/// Whether any reader could take the part for a file: it has a name, or is not shown in the text.
fn is_named(fields: &[(String, String)]) -> Result<bool, MimeError> {
    const NAME: &str = "Content-Disposition";
    let kind = single(fields, "content-type")?.unwrap_or_default().to_ascii_lowercase();
    let Some(value) = single(fields, "content-disposition")? else { return Ok(kind.contains("name")) };
    let (disposition, parameters) = parameters(value, NAME)?;
    let mut names = parameters.iter().map(|(name, _)| name);
    Ok(disposition != "inline" || names.any(|name| name.contains("name")) || kind.contains("name"))
}

type Parameters = Vec<(String, String)>;

/// `value; name=token; name="quoted"`: value and names in lower case.
fn parameters(value: &str, field: &'static str) -> Result<(String, Parameters), MimeError> {
    let wrong = || MimeError::Field(field);
    let plain = |c: char| c == '\t' || (' '..='~').contains(&c);
    if !value.chars().all(plain) || value.contains(['(', ')', '\\']) {
        return Err(wrong());
    }
    let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
    let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
    let mut found: Parameters = Vec::new();
    loop {
        rest = rest.trim_matches([' ', '\t']);
        if rest.is_empty() {
            break;
        }
        let (name, after) = rest.split_once('=').ok_or_else(wrong)?;
        let (text, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(wrong)?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        let quoted = rest.get(name.len() + 1..).is_some_and(|value| value.starts_with('"'));
        let text = if quoted { text } else { text.trim_end_matches([' ', '\t']) };
        if !is_token(name) || (!quoted && !is_token(text)) {
            return Err(wrong());
        }
        let name = name.to_ascii_lowercase();
        if found.iter().any(|(known, _)| *known == name) {
            return Err(wrong());
        }
        found.push((name, text.to_owned()));
        let after = after.trim_start_matches([' ', '\t']);
        rest = match after.strip_prefix(';') {
            Some(rest) => rest,
            None if after.is_empty() => "",
            None => return Err(wrong()),
        };
    }
    Ok((essence, found))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b))
}

/// The parts between the boundary lines. No line that only looks like one, nothing but blank lines after the last.
fn separate<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, MimeError> {
    let delimiter = format!("--{boundary}");
    let (mut parts, mut start, mut closed) = (Vec::new(), None, false);
    let mut at = 0;
    for raw in body.split_inclusive(|byte| *byte == b'\n') {
        let line = raw.strip_suffix(b"\n").unwrap_or(raw);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Some readers end a line at a carriage return alone, and some take `\n` for no end beside `\r\n`.
        if line.contains(&b'\r') || is_mixed(body, raw) {
            return Err(MimeError::Boundary);
        }
        if let Some(rest) = line.strip_prefix(delimiter.as_bytes()) {
            if closed || !matches!(rest, b"" | b"--") {
                return Err(MimeError::Boundary);
            }
            if let Some(start) = start {
                let part = body.get(start..at).unwrap_or_default();
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            closed = rest == b"--";
            start = Some(at + raw.len());
        } else if (closed && !line.is_empty()) || (start.is_none() && line.starts_with(b"--")) {
            return Err(MimeError::Boundary);
        }
        at += raw.len();
    }
    if closed && !parts.is_empty() { Ok(parts) } else { Err(MimeError::Boundary) }
}

/// Whether the line ends in another way than the body's first.
fn is_mixed(body: &[u8], line: &[u8]) -> bool {
    let first = body.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    line.ends_with(b"\n") && first.ends_with(b"\r\n") != line.ends_with(b"\r\n")
}

/// A text has no uuencoded or yEnc file in it, which some readers show as attachments.
fn is_without_files(body: &[u8]) -> Result<(), MimeError> {
    let begins = |line: &[u8]| {
        let mode = line.strip_prefix(b"begin ").unwrap_or_default();
        line.starts_with(b"=ybegin")
            || line.starts_with(b"begin-base64 ")
            || (mode.len() > 3 && mode.iter().take(3).all(u8::is_ascii_digit))
    };
    match body.split(|byte| matches!(byte, b'\n' | b'\r')).any(begins) {
        true => Err(MimeError::Uuencoded),
        false => Ok(()),
    }
}
