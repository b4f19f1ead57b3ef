//! One head, byte by byte. It accepts everything that RFC 9112 lets a sender write, and nothing that a recipient may
//! tolerate.
//!
//! hyper accepts and hides a line that ends in LF alone, repeated and padded lengths, and a fragment. Here each is a
//! flaw with a name. It makes one pass over the bytes and copies none of them.

use std::ops::Range;

use http::{Method, Uri};

use crate::heads::flaw::Flaw;
use crate::heads::scan::{begins_a_request, is_token};

/// How the end of the body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// A head with a single reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The places of method and target in the bytes.
    pub(super) method: Range<usize>,
    pub(super) target: Range<usize>,
    pub(super) is_1_1: bool,
    pub(super) headers: usize,
    /// The bytes of all names and values together.
    pub(super) letters: usize,
    pub(super) framing: Framing,
}

/// Reads the complete head at `whole`.
pub(super) fn read(bytes: &[u8], whole: Range<usize>, most: usize) -> Result<Head, Flaw> {
    let text = bytes.get(whole.clone()).unwrap_or_default();
    text.first().map_or(Ok(()), |first| begins_a_request(*first))?;
    let mut lines = Lines { text, at: 0 };
    let (mut head, mut length) = (request_line(lines.next().unwrap_or_default())?, None);
    head.method = shifted(&head.method, whole.start);
    head.target = shifted(&head.target, whole.start);
    let mut is_coded = false;
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = header(line)?;
        head.headers += 1;
        head.letters += name.len() + value.len();
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let before = length.replace(self::length(value)?);
                before.map_or(Ok(()), |_| Err(Flaw::new("the header `content-length` stands twice")))?;
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let is_alone = !is_coded && head.is_1_1 && value.eq_ignore_ascii_case(b"chunked");
                is_coded = is_alone.then_some(true).ok_or_else(Flaw::of_length)?;
            }
            _ => {}
        }
    }
    if head.headers > most {
        return Err(Flaw::new(format!("the request has more than {most} headers")));
    }
    head.framing = match (length, is_coded) {
        (Some(_), true) => return Err(Flaw::of_length()),
        (None, true) => Framing::Chunked,
        (length, false) => Framing::Length(length.unwrap_or(0)),
    };
    Ok(head)
}

/// Returns the method and the target of the first line, as far as they can be read. Only a record uses them.
pub(super) fn asked(bytes: &[u8]) -> Option<(Method, Uri)> {
    let line = bytes.trim_ascii_start().split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let method = Method::from_bytes(words.next()?).ok()?;
    // A fragment is left out.
    let target = words.next()?;
    let uri = Uri::try_from(target).ok()?;
    (uri.scheme().is_none() && uri.authority().is_none()).then_some((method, uri))
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Lines that end in CR LF. Each is returned without its CR LF.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let end = memchr::memchr(b'\n', rest)?;
        self.at += end + 1;
        rest.get(..end)?.strip_suffix(b"\r")
    }
}

/// Reads `METHOD SP target SP HTTP/1.1`, with one space each (RFC 9112, section 3).
fn request_line(line: &[u8]) -> Result<Head, Flaw> {
    let malformed =
        || Flaw::new("the request line is not `METHOD TARGET HTTP/1.1` with one space between each");
    let mut spaces = memchr::memchr_iter(b' ', line);
    let (Some(first), Some(second), None) = (spaces.next(), spaces.next(), spaces.next()) else {
        return Err(malformed());
    };
    let (method, target) = (0..first, first + 1..second);
    let version = line.get(second + 1..).unwrap_or_default();
    let name = line.get(method.clone()).unwrap_or_default();
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return Err(malformed());
    }
    let is_1_1 = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        version if version.starts_with(b"HTTP/") && version.iter().all(u8::is_ascii_graphic) => {
            return Err(Flaw::new(format!("the request is of `{}`", shown(version)))
                .hint("the gateway speaks HTTP/1.1, without an upgrade"));
        }
        _ => return Err(malformed()),
    };
    self::target(line.get(target.clone()).unwrap_or_default(), name)?;
    let framing = Framing::Length(0);
    Ok(Head { method, target, is_1_1, headers: 0, letters: 0, framing })
}

/// Checks that the target is a path, or a whole URL (RFC 9112, section 3.2). `framing` compares the URL with the Host.
fn target(target: &[u8], method: &[u8]) -> Result<(), Flaw> {
    let mut is_plain = true;
    for byte in target {
        match byte {
            b'#' => {
                return Err(Flaw::new("the request target has a fragment (`#`)")
                    .hint("a fragment is for the client alone; write a `#` that is meant as `%23`"));
            }
            0x21..=0x7e => is_plain &= is_plain_in_a_target(*byte),
            _ => {
                return Err(Flaw::new("the request target holds bytes that are not printable ASCII")
                    .hint("escape them with `%`"));
            }
        }
    }
    if target == b"*" {
        return Err(Flaw::new("the request target is `*`, the server itself")
            .hint("the gateway answers no request about itself"));
    }
    let is_whole = target.starts_with(b"http://") || target.starts_with(b"https://") || method == b"CONNECT";
    if !target.starts_with(b"/") && !is_whole {
        return Err(Flaw::new("the request target is not a path: it does not begin with `/`"));
    }
    // hyper would refuse such a target without a reason. Whole URLs are rare, so this check costs little.
    let reads = |target: &[u8]| std::str::from_utf8(target).is_ok_and(|text| text.parse::<Uri>().is_ok());
    if is_whole && !reads(target) {
        return Err(Flaw::new("the request target is not a URL with a host"));
    }
    let reads_so = |text: &str| text.parse::<Uri>().is_ok_and(|uri| is_target(target, &uri));
    if is_whole && !std::str::from_utf8(target).is_ok_and(reads_so) {
        return Err(Flaw::new("the request target is a URL without a path before its query")
            .hint("write `/` after the host"));
    }
    if !is_plain && !is_whole && !reads(target) {
        return Err(Flaw::new("the request target holds a character that has to be escaped")
            .hint("escape it with `%`"));
    }
    Ok(())
}

/// Whether `uri` is the target as it came.
pub(super) fn is_target(target: &[u8], uri: &Uri) -> bool {
    if uri.scheme().is_none() && uri.authority().is_none() {
        return uri.path_and_query().is_some_and(|own| own.as_str().as_bytes() == target);
    }
    // `Uri` prints a URL without a path with the path `/`.
    let text = uri.to_string();
    text.as_bytes() == target || text.strip_suffix('/').is_some_and(|text| text.as_bytes() == target)
}

/// Whether RFC 3986 allows this byte in a path or a query.
fn is_plain_in_a_target(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'$' | b'%' | b'&'..=b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'_' | b'~')
}

/// Reads a name, a colon directly behind it, and a value of printable ASCII (RFC 9112, section 5; RFC 9110, section
/// 5.5).
fn header(line: &[u8]) -> Result<(&[u8], &[u8]), Flaw> {
    let end = line.iter().position(|byte| !is_token(*byte)).unwrap_or(line.len());
    let name = line.get(..end).unwrap_or_default();
    match line.get(end) {
        Some(b':') if end > 0 => {}
        Some(b':') => return Err(Flaw::new("a header has no name")),
        Some(b' ' | b'\t') if end == 0 => {
            return Err(Flaw::new("a header continues on a second line")
                .hint("write each header on one line: folding is obsolete (RFC 9112, section 5.2)"));
        }
        Some(b' ' | b'\t') => {
            return Err(Flaw::new(format!(
                "there is white space between the header `{}` and its colon",
                shown(name)
            )));
        }
        Some(b'_') => return Err(underscore(line)),
        Some(b'\r') => return Err(bare_cr()),
        Some(_) => {
            return Err(Flaw::new(format!(
                "the name of the header `{}` holds a byte that is not allowed in a name",
                shown(name)
            )));
        }
        None => return Err(Flaw::new(format!("the line `{}` of the head has no colon", shown(name)))),
    }
    let value = line.get(end + 1..).unwrap_or_default();
    if !is_printable(value) {
        return Err(match value.contains(&b'\r') {
            true => bare_cr(),
            false => {
                Flaw::new(format!("the header `{}` holds bytes that are not printable ASCII", shown(name)))
            }
        });
    }
    Ok((name, trimmed(value)))
}

fn bare_cr() -> Flaw {
    Flaw::new("a line of the head has a CR without an LF")
}

fn underscore(line: &[u8]) -> Flaw {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    Flaw::new(format!("the name of the header `{}` holds `_`, which some servers read as `-`", shown(name)))
        .hint("write it with `-`")
}

/// Reads a length. It has one form: digits, without leading zeros, a sign or a list.
fn length(value: &[u8]) -> Result<u64, Flaw> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.parse::<u64>() {
        Ok(length) if is_plain => Ok(length),
        _ => Err(Flaw::new(format!("the header `content-length` is `{}`", shown(value)))
            .hint("write it as decimal digits, once, without a zero or a sign before them")),
    }
}

/// Whether all bytes are printable. It checks every byte even after a bad one, so that the compiler can check many at
/// once.
fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |so_far, byte| so_far & ((0x20..0x7f).contains(byte) | (*byte == b'\t')))
}

fn trimmed(value: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = value.iter().position(is_text).unwrap_or(value.len());
    let end = value.iter().rposition(is_text).map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

/// Returns the bytes in the form for a message: cut, escaped, in lower case.
fn shown(bytes: &[u8]) -> String {
    let cut = bytes.get(..bytes.len().min(60)).unwrap_or_default();
    cut.iter()
        .flat_map(|byte| std::ascii::escape_default(byte.to_ascii_lowercase()))
        .map(char::from)
        .collect()
}
