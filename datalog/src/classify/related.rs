//! `multipart/related` (RFC 2387) with exactly two parts: JSON metadata, then content.
//!
//! The upload variants of Google's APIs take this. It is read strictly and written back with our own boundary. No other
//! kind of multipart is read.

use crate::request::wire::find;

/// The two parts, as they stand in the body.
#[derive(Debug)]
pub(crate) struct RelatedParts<'a> {
    pub(crate) metadata: &'a [u8],
    pub(crate) content_type: String,
    pub(crate) content: &'a [u8],
}

/// Why a body is not two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RelatedError {
    #[error("a content type that is not `multipart/related` with one boundary")]
    ContentType,
    #[error("a part with a header that is not read, or one twice")]
    Header,
    #[error("a first part that is not JSON, or a second without a content type")]
    Kind,
    #[error("something beside two parts between their boundaries")]
    Shape,
}

pub(crate) fn parse<'a>(content_type: &str, body: &'a [u8]) -> Result<RelatedParts<'a>, RelatedError> {
    let boundary = boundary_of(content_type)?;
    let opening = format!("--{boundary}");
    let after = body.strip_prefix(opening.as_bytes()).ok_or(RelatedError::Shape)?;
    // Python's writer ends lines with LF alone. All lines end like the first.
    let (line_end, after): (&str, _) = match (after.strip_prefix(b"\r\n"), after.strip_prefix(b"\n")) {
        (Some(after), _) => ("\r\n", after),
        (None, Some(after)) => ("\n", after),
        (None, None) => return Err(RelatedError::Shape),
    };
    let delimiter = format!("{line_end}--{boundary}");
    let pieces = split(after, delimiter.as_bytes());
    let [first, second, end] = pieces.as_slice() else { return Err(RelatedError::Shape) };
    let second = second.strip_prefix(line_end.as_bytes()).ok_or(RelatedError::Shape)?;
    if !matches!(*end, b"--" | b"--\r\n" | b"--\n") {
        return Err(RelatedError::Shape);
    }
    let (kind, metadata) = part(first, line_end)?;
    let (content_kind, content) = part(second, line_end)?;
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") || content_kind.is_empty() {
        return Err(RelatedError::Kind);
    }
    Ok(RelatedParts { metadata, content_type: content_kind, content })
}

fn boundary_of(content_type: &str) -> Result<&str, RelatedError> {
    let (essence, parameters) = content_type.split_once(';').ok_or(RelatedError::ContentType)?;
    if !essence.trim().eq_ignore_ascii_case("multipart/related") {
        return Err(RelatedError::ContentType);
    }
    let mut boundary = None;
    for parameter in parameters.split(';') {
        let (name, value) = parameter.trim().split_once('=').ok_or(RelatedError::ContentType)?;
        if name.eq_ignore_ascii_case("boundary") {
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            let valid = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
            let is_boundary = (1..=70).contains(&value.len()) && value.bytes().all(valid);
            if !is_boundary || boundary.replace(value).is_some() {
                return Err(RelatedError::ContentType);
            }
        }
    }
    boundary.ok_or(RelatedError::ContentType)
}

fn split<'a>(mut bytes: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find(bytes, delimiter) {
        let (piece, rest) = bytes.split_at(at);
        pieces.push(piece);
        bytes = rest.get(delimiter.len()..).unwrap_or_default();
        if pieces.len() > 3 {
            break;
        }
    }
    pieces.push(bytes);
    pieces
}

/// The content type and the content of one part.
fn part<'a>(bytes: &'a [u8], line_end: &str) -> Result<(String, &'a [u8]), RelatedError> {
    let mut kind = None;
    let mut rest = bytes;
    loop {
        let at = find(rest, line_end.as_bytes()).ok_or(RelatedError::Header)?;
        let (line, after) = rest.split_at(at);
        rest = after.get(line_end.len()..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let line = std::str::from_utf8(line).map_err(|_| RelatedError::Header)?;
        let (name, value) = line.split_once(':').ok_or(RelatedError::Header)?;
        let value = value.trim();
        let is_plain = value.bytes().all(|b| (0x20..=0x7e).contains(&b));
        match name.to_ascii_lowercase().as_str() {
            "content-type" if is_plain && kind.is_none() => kind = Some(value.to_owned()),
            "mime-version" if value == "1.0" => {}
            "content-length" if value.bytes().all(|b| b.is_ascii_digit()) => {}
            "content-transfer-encoding" if ["binary", "7bit", "8bit"].contains(&value) => {}
            _ => return Err(RelatedError::Header),
        }
    }
    Ok((kind.unwrap_or_default(), rest))
}
