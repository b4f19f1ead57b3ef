//! Turns a request path into decoded segments, strictly, and values back into a path.
//!
//! It refuses everything that two readers could take for different paths: dot segments in any encoding, backslashes,
//! control characters, empty segments, `;` and bad escapes. It knows no operations.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that are escaped in a path value or a query: all but RFC 3986's unreserved ones.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const MAX_LENGTH: usize = 8_192;
const MAX_SEGMENTS: usize = 64;

/// One segment, percent-decoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Whether it held an escaped slash.
    pub(crate) slashed: bool,
}

/// Why a path cannot be read: what was expected, and where it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathProblem(pub(crate) &'static str);

/// Splits and decodes a path.
pub(crate) fn segments(path: &str) -> Result<Vec<Segment<'_>>, PathProblem> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(PathProblem("a path that starts with `/`"));
    };
    if path.len() > MAX_LENGTH {
        return Err(PathProblem("a path of at most 8192 characters"));
    }
    if let Some(problem) = path.bytes().find_map(raw_problem) {
        return Err(problem);
    }
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    // A trailing slash makes an empty segment: another path, which some services have.
    let (rest, ends_in_slash) = rest.strip_suffix('/').map_or((rest, false), |rest| (rest, true));
    let mut segments: Vec<Segment<'_>> = rest.split('/').map(decode_segment).collect::<Result<_, _>>()?;
    if ends_in_slash {
        segments.push(Segment { text: Cow::Borrowed(""), slashed: false });
    }
    if segments.len() > MAX_SEGMENTS {
        return Err(PathProblem("a path of at most 64 segments"));
    }
    Ok(segments)
}

/// Splits segments at escaped slashes too, like a reader that decodes before it splits.
pub(crate) fn split_further(segments: &[Segment<'_>]) -> Vec<Segment<'static>> {
    let pieces = segments.iter().flat_map(|segment| segment.text.split('/'));
    pieces.map(|piece| Segment { text: Cow::Owned(piece.to_owned()), slashed: false }).collect()
}

/// Escapes a value so that it is one segment.
pub(crate) fn push_escaped(path: &mut String, value: &str) {
    path.extend(utf8_percent_encode(value, ESCAPED));
}

/// Escapes a value except its slashes.
pub(crate) fn push_escaped_parts(path: &mut String, value: &str) {
    for (position, part) in value.split('/').enumerate() {
        if position > 0 {
            path.push('/');
        }
        push_escaped(path, part);
    }
}

fn raw_problem(byte: u8) -> Option<PathProblem> {
    Some(PathProblem(match byte {
        b'\\' => "a path without a backslash",
        b';' => "a path without `;`",
        b'#' => "a path without a fragment",
        b'?' => "a path without a query",
        b'%' | b'/' => return None,
        b'!' | b'$' | b'&'..=b'.' | b'0'..=b':' | b'=' | b'@' | b'A'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => {
            return None;
        }
        _ => "a path of the characters that RFC 3986 allows, others escaped",
    }))
}

fn decode_segment(raw: &str) -> Result<Segment<'_>, PathProblem> {
    if raw.is_empty() {
        return Err(PathProblem("a path without empty segments (`//`)"));
    }
    let text = decode(raw).ok_or(PathProblem("escapes of two hexadecimal digits that are UTF-8"))?;
    for piece in text.split('/') {
        check_piece(piece)?;
    }
    let slashed = text.contains('/');
    Ok(Segment { text, slashed })
}

/// Checks the text between two slashes, escaped ones included.
fn check_piece(piece: &str) -> Result<(), PathProblem> {
    if piece.is_empty() {
        return Err(PathProblem("no empty segment beside an escaped slash"));
    }
    if piece == "." || piece == ".." {
        return Err(PathProblem("a path without dot segments"));
    }
    if piece.chars().any(char::is_control) {
        return Err(PathProblem("a path without control characters"));
    }
    if piece.contains(['\\', ';']) {
        return Err(PathProblem("a path without a backslash or `;`, escaped ones included"));
    }
    if piece.contains('%') {
        check_twice_escaped(piece)?;
    }
    Ok(())
}

/// A second decoding must not produce structure: no slash, dot segment or control character.
fn check_twice_escaped(piece: &str) -> Result<(), PathProblem> {
    let mut text = piece.to_owned();
    // Each round removes at least two characters, so this ends. Eight rounds are more than any reader does.
    for _ in 0..8 {
        let bytes = percent_decode_str(&text).collect::<Vec<u8>>();
        let again = String::from_utf8_lossy(&bytes).into_owned();
        if again == text {
            return Ok(());
        }
        let is_structure = again.contains(['/', '\\', ';', '?', '#', '\u{fffd}'])
            || again == "."
            || again == ".."
            || again.chars().any(char::is_control);
        if is_structure {
            return Err(PathProblem(
                "nothing that is escaped twice to hide a slash, a dot segment or a control character",
            ));
        }
        text = again;
    }
    Err(PathProblem("nothing that is escaped many times over"))
}

/// Decodes once; none if an escape is malformed or the bytes are not UTF-8.
pub(crate) fn decode(raw: &str) -> Option<Cow<'_, str>> {
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let both = [bytes.next()?, bytes.next()?];
            if !both.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
        }
    }
    percent_decode_str(raw).decode_utf8().ok()
}
