//! Splits a message by its lines: header and body, and the parts between boundaries.

use crate::request::decode::error::MimeError;

/// The text before the first part, and the parts.
pub(super) type Separated<'a> = (&'a [u8], Vec<&'a [u8]>);

/// Header and body, split at the first empty line.
pub(super) fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
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

/// The text before the first boundary line, and the parts between such lines. It refuses a line that only looks like
/// one, and anything but blank lines after the last.
pub(super) fn separate<'a>(body: &'a [u8], boundary: &str) -> Result<Separated<'a>, MimeError> {
    let delimiter = format!("--{boundary}");
    let (mut parts, mut start, mut closed) = (Vec::new(), None, false);
    let mut before: &[u8] = body;
    let mut at = 0;
    for raw in body.split_inclusive(|byte| *byte == b'\n') {
        let line = raw.strip_suffix(b"\n").unwrap_or(raw);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Some readers end a line at a lone carriage return, and some do not end one at `\n` beside `\r\n`.
        if line.contains(&b'\r') || is_mixed(body, raw) {
            return Err(MimeError::Boundary);
        }
        if let Some(rest) = line.strip_prefix(delimiter.as_bytes()) {
            if closed || !matches!(rest, b"" | b"--") {
                return Err(MimeError::Boundary);
            }
            if start.is_none() {
                before = body.get(..at).unwrap_or_default();
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
    if closed && !parts.is_empty() { Ok((before, parts)) } else { Err(MimeError::Boundary) }
}

/// Whether the line ends differently from the body's first line.
fn is_mixed(body: &[u8], line: &[u8]) -> bool {
    let first = body.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    line.ends_with(b"\n") && first.ends_with(b"\r\n") != line.ends_with(b"\r\n")
}

/// Refuses a text with a uuencoded or yEnc file in it, which some readers show as an attachment.
pub(super) fn is_without_files(body: &[u8]) -> Result<(), MimeError> {
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
