//! The head of the request that a connection is at, as its bytes came: for the one question that hyper leaves open.
//!
//! hyper hides a Content-Length that stands beside a Transfer-Encoding, and such a pair is how requests are smuggled past
//! proxies. So a transfer coding is believed only of a head that was seen here byte by byte. Where a head begins is
//! counted: a head and the length that it declares lead to the next one. Where the count does not hold (requests sent
//! ahead of their answers, a coding that ended nowhere), nothing is told, and what asks is refused. It decodes no body,
//! repairs nothing, and costs a request without a transfer coding one copy of its head.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Version};

/// What is kept of one connection between two requests, at most.
const KEPT: usize = 4 * 1024;

/// The proof that a request has the transfer coding `chunked`, and nothing else that could give its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunked(());

/// Where a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In a head, every byte of which was kept.
    Head,
    /// So many bytes before the next head.
    Body(u64),
    /// Nobody can tell any more.
    Lost,
}

/// The bytes of one connection.
pub(crate) struct Heads {
    place: Mutex<Place>,
    /// The largest head.
    most: usize,
}

struct Place {
    at: At,
    kept: Vec<u8>,
}

impl Heads {
    pub(crate) fn new(most: usize) -> Self {
        Self { place: Mutex::new(Place { at: At::Head, kept: Vec::new() }), most }
    }

    /// Bytes came in, and are about to be parsed.
    pub(crate) fn came(&self, bytes: &[u8]) {
        let mut place = self.place();
        let length = bytes.len() as u64;
        match place.at {
            At::Lost => return,
            At::Body(left) if left > 0 => {
                // A piece of the next request in one with the end of this one: sent ahead of the answer.
                place.at = left.checked_sub(length).map_or(At::Lost, At::Body);
                return;
            }
            At::Head if place.kept.len() + bytes.len() <= self.most => {}
            At::Body(_) if bytes.len() <= self.most => place.at = At::Head,
            At::Head | At::Body(_) => place.at = At::Lost,
        }
        match place.at {
            At::Head => place.kept.extend_from_slice(bytes),
            At::Body(_) | At::Lost => place.kept = Vec::new(),
        }
    }

    /// A request was parsed. Tells whether it is proven to be chunked.
    pub(crate) fn begins(&self, parts: &Parts) -> Option<Chunked> {
        let mut place = self.place();
        let coded = parts.headers.contains_key(TRANSFER_ENCODING);
        let proven = if coded && place.at == At::Head { proof(&place.kept, parts) } else { None };
        // Only hyper knows where chunks end; and after a request with a coding, the connection ends.
        place.at = if coded { At::Lost } else { place.after(&parts.headers) };
        place.kept.clear();
        place.kept.shrink_to(KEPT);
        proven
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Where the connection is once the head that was kept is parsed, and what was read beyond it counted.
    fn after(&self, headers: &HeaderMap) -> At {
        let At::Head = self.at else { return At::Lost };
        let length = match headers.get(CONTENT_LENGTH) {
            None => Some(0),
            Some(length) => length.to_str().ok().and_then(|length| length.parse::<u64>().ok()),
        };
        let beyond = end_of_head(&self.kept).map(|end| (self.kept.len() - end) as u64);
        match (length, beyond) {
            (Some(length), Some(beyond)) => length.checked_sub(beyond).map_or(At::Lost, At::Body),
            _ => At::Lost,
        }
    }
}

/// The first byte after the empty line that ends a head. Empty lines before a request are no part of it (RFC 9112,
/// section 2.2).
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let mut line = first;
    for end in memchr::memchr_iter(b'\n', bytes.get(first..)?) {
        let end = first + end;
        if matches!(bytes.get(line..end), Some(b"" | b"\r")) {
            return Some(end + 1);
        }
        line = end + 1;
    }
    None
}

/// Parses a head again, with nothing hidden: it has to be the very request that hyper made of it, of HTTP/1.1, with one
/// transfer coding, `chunked`, and no length.
fn proof(head: &[u8], parts: &Parts) -> Option<Chunked> {
    let shown = parts.headers.len();
    // One header more than hyper shows is one that it hides.
    let mut headers = vec![httparse::EMPTY_HEADER; shown];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(_)) = request.parse(head) else { return None };
    let target = parts.uri.to_string();
    let is_it = request.method == Some(parts.method.as_str())
        && request.path == Some(target.as_str())
        && (request.version, parts.version) == (Some(1), Version::HTTP_11)
        && request.headers.len() == shown;
    let has = |name: &str, header: &httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
    let mut codings = request.headers.iter().filter(|header| has("transfer-encoding", header));
    let is_chunked = codings.next().is_some_and(|coding| coding.value.eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none();
    let has_length = request.headers.iter().any(|header| has("content-length", header));
    (is_it && is_chunked && !has_length).then_some(Chunked(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

    /// What hyper shows of a head: no length beside a coding.
    fn shown(head: &[u8]) -> Parts {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut parsed = httparse::Request::new(&mut headers);
        assert!(parsed.parse(head).unwrap().is_complete());
        let coded = parsed.headers.iter().any(|header| header.name.eq_ignore_ascii_case("transfer-encoding"));
        let mut request = http::Request::builder().method(parsed.method.unwrap()).uri(parsed.path.unwrap());
        for header in parsed.headers.iter() {
            if !(coded && header.name.eq_ignore_ascii_case("content-length")) {
                request = request.header(header.name, header.value);
            }
        }
        let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
        request.version(version).body(()).unwrap().into_parts().0
    }

    fn told(pieces: &[&[u8]], head: &[u8]) -> bool {
        let heads = Heads::new(1_000);
        pieces.iter().for_each(|piece| heads.came(piece));
        heads.begins(&shown(head)).is_some()
    }

    #[test]
    fn a_chunked_request_is_proven_however_its_head_comes() {
        assert!(told(&[CHUNKED], CHUNKED));
        assert!(told(&[CHUNKED, b"5\r\nhello"], CHUNKED), "with the beginning of its body");
        let bytes: Vec<&[u8]> = CHUNKED.chunks(1).collect();
        assert!(told(&bytes, CHUNKED), "byte by byte");
        assert!(told(&[b"\r\n", CHUNKED], CHUNKED), "after an empty line");
    }

    #[test]
    fn a_length_or_a_second_coding_beside_it_is_no_proof() {
        let heads: [&[u8]; 7] = [
            b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nCONTENT-LENGTH: 0\r\n\r\n",
            b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST /x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            b"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        ];
        for head in heads {
            assert!(!told(&[head], head), "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn the_next_head_is_found_by_counting() {
        let post = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
        let heads = Heads::new(1_000);
        heads.came(GET);
        assert_eq!(heads.begins(&shown(GET)), None);
        heads.came(&[post, b"he" as &[u8]].concat());
        assert_eq!(heads.begins(&shown(post)), None);
        heads.came(b"llo");
        heads.came(CHUNKED);
        assert!(heads.begins(&shown(CHUNKED)).is_some());
        heads.came(CHUNKED);
        assert_eq!(heads.begins(&shown(CHUNKED)), None, "where chunks end was not counted");
    }

    #[test]
    fn what_was_sent_ahead_is_never_proven() {
        // In one piece with the request before it, or with the end of its body.
        let heads = Heads::new(1_000);
        heads.came(&[GET, CHUNKED].concat());
        assert_eq!(heads.begins(&shown(GET)), None);
        assert_eq!(heads.begins(&shown(CHUNKED)), None);
        let heads = Heads::new(1_000);
        let post = b"POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        heads.came(post);
        heads.begins(&shown(post));
        heads.came(&[b"hello", CHUNKED].concat());
        assert_eq!(heads.begins(&shown(CHUNKED)), None);
    }

    #[test]
    fn a_head_that_is_not_the_request_is_no_proof() {
        let other = b"POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(!told(&[other], CHUNKED));
        let more = b"POST /x HTTP/1.1\r\nHost: a\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(!told(&[more], CHUNKED));
        assert!(!told(&[CHUNKED], more));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let heads = Heads::new(100);
        heads.came(&[b'x'; 101]);
        assert_eq!(heads.place().kept.capacity(), 0);
        let heads = Heads::new(100_000);
        let long = format!("GET /x HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(60_000));
        heads.came(long.as_bytes());
        heads.begins(&shown(long.as_bytes()));
        assert!(heads.place().kept.capacity() <= KEPT);
    }

    #[test]
    fn a_head_ends_where_the_parser_ends_it() {
        let heads = [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\n\n",
            "\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\n\r\n",
            "GET / HTTP/1.1\r\nA:\r\nB: c\n\n",
        ];
        for head in heads {
            let bytes = format!("{head}body\r\n\r\nand more");
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let parsed = httparse::Request::new(&mut headers).parse(bytes.as_bytes()).unwrap();
            assert_eq!(parsed, httparse::Status::Complete(head.len()), "{head:?}");
            assert_eq!(end_of_head(bytes.as_bytes()), Some(head.len()), "{head:?}");
        }
        assert_eq!(end_of_head(b"GET / HTTP/1.1\r\nA: b\r\n"), None);
        assert_eq!(end_of_head(b"\r\n\r\n"), None);
    }
}
