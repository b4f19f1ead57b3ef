//! Finds the end of a head while its bytes come, in one pass, in pieces of any size.
//!
//! It reads no headers. If the bytes cannot be a head of HTTP/1.1, it says so before the end arrives.

use crate::heads::flaw::Flaw;

/// How far the search for the end of a head has come.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Where the request line begins, after empty lines.
    start: usize,
    /// Where the unfinished line begins.
    line: usize,
}

impl Scan {
    /// Returns the place after the empty line that ends the head; none if that line has not come yet.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Flaw> {
        let from = self.line;
        for at in memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()) {
            let at = from + at;
            let Some(text) = bytes.get(self.line..at).and_then(|line| line.strip_suffix(b"\r")) else {
                return Err(Flaw::new("a line of the head ends in an LF without a CR"));
            };
            self.line = at + 1;
            if !text.is_empty() {
                continue;
            }
            // An empty line before a request is no part of it (RFC 9112, section 2.2).
            if self.start + 2 == self.line {
                self.start = self.line;
                continue;
            }
            return Ok(Some(self.line));
        }
        match bytes.get(self.start) {
            Some(b'\r') | None => Ok(None),
            Some(first) => begins_a_request(*first).map(|()| None),
        }
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }
}

pub(super) fn begins_a_request(first: u8) -> Result<(), Flaw> {
    match first {
        first if is_token(first) => Ok(()),
        0x16 => Err(Flaw::new("the bytes are TLS").hint("use the gateway by http://, not https://")),
        _ => Err(Flaw::new("the bytes are not an HTTP/1.1 request")),
    }
}

pub(crate) fn is_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Whether a name or a method may hold a byte (RFC 9110, section 5.6.2). `_` is not allowed: CGI and its descendants
/// read it as `-`, so one header would have two names.
pub(crate) const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let is_token = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        #[expect(clippy::indexing_slicing, reason = "a byte below 128 is a place in a table of 256")]
        {
            table[byte as usize] = is_token;
        }
        byte += 1;
    }
    table
};
