use http::Version;
use proptest::prelude::*;

use super::*;

const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const CHUNKED: &[u8] = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A connection, and the bytes that hyper got from it.
struct Wire {
    heads: Heads,
    given: Vec<u8>,
}

impl Wire {
    fn new() -> Self {
        Self::with((1_000, 20))
    }

    fn with(most: (usize, usize)) -> Self {
        let peer = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        Self { heads: Heads::new(Line::new(peer), most), given: Vec::new() }
    }

    fn came(&mut self, bytes: &[u8]) {
        let parsed = self.heads.came(bytes);
        self.given.extend_from_slice(&bytes[..parsed]);
        if parsed == 0 {
            self.read();
        }
    }

    /// Takes bytes in small pieces, as hyper does, until no more are ready.
    fn read(&mut self) {
        while self.heads.give(7, |bytes| self.given.extend_from_slice(bytes)) == Given::Some
            && self.heads.place().ready > 0
        {}
    }

    /// Parses the given bytes like hyper, and reports the result.
    fn begins(&mut self) -> Result<Option<Chunked>, Flaw> {
        let (mut parts, length) = parsed(&self.given).expect("hyper was given a whole head");
        self.given.drain(..length);
        self.heads.begins(&mut parts)
    }

    fn flaw(&mut self) -> String {
        assert_eq!(self.given, STAND_IN);
        self.begins().expect_err("a flaw").refusal().detail
    }
}

/// Returns the request that httparse, and so hyper, sees at the beginning of these bytes.
fn parsed(bytes: &[u8]) -> Option<(Parts, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes).ok()? else { return None };
    let mut request = http::Request::builder().method(parsed.method?).uri(parsed.path?);
    for header in parsed.headers.iter() {
        request = request.header(header.name, header.value);
    }
    let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    Some((request.version(version).body(()).ok()?.into_parts().0, length))
}

#[test]
fn a_head_is_given_whole_however_it_comes() {
    for size in [1, 2, 3, 10, 1_000] {
        let mut wire = Wire::new();
        let pieces: Vec<&[u8]> = CHUNKED.chunks(size).collect();
        for piece in &pieces[..pieces.len() - 1] {
            wire.came(piece);
            assert_eq!(wire.given, b"", "nothing of a head that is not whole");
        }
        wire.came(pieces[pieces.len() - 1]);
        assert_eq!(wire.given, CHUNKED);
        assert_eq!(wire.begins(), Ok(Some(Chunked(()))));
        wire.came(b"5\r\nhello");
        assert_eq!(wire.given, b"5\r\nhello", "chunks are hyper's to read");
    }
}

#[test]
fn requests_sent_ahead_are_given_one_by_one() {
    let mut wire = Wire::new();
    let all = [GET, POST, b"hello", b"\r\n", GET, POST, b"he"].concat();
    wire.came(&all);
    let after_a_line = [b"\r\n", GET].concat();
    for (head, body) in [(GET, b"" as &[u8]), (POST, b"hello"), (&after_a_line, b""), (POST, b"he")] {
        if wire.given.is_empty() {
            wire.read();
        }
        assert_eq!(wire.given, head);
        assert_eq!(wire.begins(), Ok(None));
        if !body.is_empty() {
            wire.read();
        }
        assert_eq!(wire.given, body);
        wire.given.clear();
    }
    wire.came(&[b"llo", CHUNKED].concat());
    assert_eq!(wire.given, b"llo");
    wire.given.clear();
    wire.read();
    assert_eq!(wire.given, CHUNKED);
    assert_eq!(wire.begins(), Ok(Some(Chunked(()))));
}

/// Heads, and the text of the refusal of each.
const FLAWS: &[(&str, &str)] = &[
    ("GET /x HTTP/1.1\nHost: a\r\n\r\n", "an LF without a CR"),
    ("GET /x HTTP/1.1\r\nHost: a\n\r\n", "an LF without a CR"),
    ("GET /x HTTP/1.1\r\nHost: a\r\n\n", "an LF without a CR"),
    ("GET /x HTTP/1.1\n", "an LF without a CR"),
    ("\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "an LF without a CR"),
    ("GET /x HTTP/1.1\r\nX: a\rb\r\n\r\n", "a CR without an LF"),
    ("GET /x HTTP/1.1\r\nX\r: a\r\n\r\n", "a CR without an LF"),
    ("GET /x HTTP/1.1\r\r\nX: a\r\n\r\n", "the request line"),
    ("GET /x HTTP/1.1\r\nX: a\r\n b\r\n\r\n", "second line"),
    ("GET /x HTTP/1.1\r\n Host: a\r\n\r\n", "second line"),
    ("GET /x HTTP/1.1\r\nHost : a\r\n\r\n", "there is white space between the header `host`"),
    ("GET /x HTTP/1.1\r\nHost\t: a\r\n\r\n", "white space"),
    ("GET /x HTTP/1.1\r\n: a\r\n\r\n", "no name"),
    ("GET /x HTTP/1.1\r\nHost\r\n\r\n", "no colon"),
    ("GET /x HTTP/1.1\r\nX(y): a\r\n\r\n", "the name of the header `x`"),
    ("GET /x HTTP/1.1\r\nX\0: a\r\n\r\n", "the name of the header `x`"),
    ("GET /x HTTP/1.1\r\nCaf\u{e9}: a\r\n\r\n", "the name of the header `caf`"),
    ("GET /x HTTP/1.1\r\nX_Http_Method_Override: PUT\r\n\r\n", "`x_http_method_override` holds `_`"),
    ("GET /x HTTP/1.1\r\nTransfer_Encoding: chunked\r\n\r\n", "`transfer_encoding` holds `_`"),
    ("GET /x HTTP/1.1\r\n_: a\r\n\r\n", "holds `_`"),
    ("GET /x HTTP/1.1\r\nX: a\0b\r\n\r\n", "`x` holds bytes"),
    ("GET /x HTTP/1.1\r\nX: a\x1b[2J\r\n\r\n", "`x` holds bytes"),
    ("GET /x HTTP/1.1\r\nX: \x7f\r\n\r\n", "`x` holds bytes"),
    ("GET /x HTTP/1.1\r\nX: caf\u{e9}\r\n\r\n", "`x` holds bytes"),
    ("GET /x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "`content-length` stands twice"),
    (
        "GET /x HTTP/1.1\r\nContent-Length: 0\r\nX: y\r\ncontent-length: 0\r\n\r\n",
        "`content-length` stands twice",
    ),
    ("GET /x HTTP/1.1\r\nContent-Length: 05\r\n\r\n", "`content-length` is `05`"),
    ("GET /x HTTP/1.1\r\nContent-Length: 00\r\n\r\n", "`content-length` is `00`"),
    ("GET /x HTTP/1.1\r\nContent-Length: +5\r\n\r\n", "`content-length` is `+5`"),
    ("GET /x HTTP/1.1\r\nContent-Length: -0\r\n\r\n", "`content-length` is `-0`"),
    ("GET /x HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", "`content-length` is `5, 5`"),
    ("GET /x HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n", "`content-length` is `5 5`"),
    ("GET /x HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", "`content-length` is `0x5`"),
    ("GET /x HTTP/1.1\r\nContent-Length: 5.0\r\n\r\n", "`content-length` is `5.0`"),
    ("GET /x HTTP/1.1\r\nContent-Length:\r\n\r\n", "`content-length` is ``"),
    ("GET /x HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", "`content-length` is"),
    ("GET /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "the length of"),
    ("GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "the length of"),
    ("GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "the length of"),
    ("GET /x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "the length of"),
    ("GET /x HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", "the length of"),
    ("GET /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "the length of"),
    ("GET /x#y HTTP/1.1\r\n\r\n", "fragment"),
    ("GET /x?y#z HTTP/1.1\r\n\r\n", "fragment"),
    ("GET # HTTP/1.1\r\n\r\n", "fragment"),
    ("GET http://a/x#y HTTP/1.1\r\n\r\n", "fragment"),
    ("OPTIONS * HTTP/1.1\r\n\r\n", "`*`"),
    ("GET * HTTP/1.1\r\n\r\n", "`*`"),
    ("GET x HTTP/1.1\r\n\r\n", "not a path"),
    ("GET a:80 HTTP/1.1\r\n\r\n", "not a path"),
    ("GET ?x HTTP/1.1\r\n\r\n", "not a path"),
    ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", "not a URL with a host"),
    ("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n", "without a path before its query"),
    ("GET https://a:1?x=/y HTTP/1.1\r\nHost: a:1\r\n\r\n", "without a path before its query"),
    ("GET https:// HTTP/1.1\r\nHost: a\r\n\r\n", "not a URL with a host"),
    ("GET /<x> HTTP/1.1\r\n\r\n", "has to be escaped"),
    ("GET /caf\u{e9} HTTP/1.1\r\n\r\n", "not printable ASCII"),
    ("GET /x\x01 HTTP/1.1\r\n\r\n", "not printable ASCII"),
    ("GET /x\ty HTTP/1.1\r\n\r\n", "not printable ASCII"),
    ("GET  /x HTTP/1.1\r\n\r\n", "the request line"),
    ("GET /x  HTTP/1.1\r\n\r\n", "the request line"),
    ("GET /x HTTP/1.1 \r\n\r\n", "the request line"),
    ("GET /x y HTTP/1.1\r\n\r\n", "the request line"),
    ("GET /x\r\n\r\n", "the request line"),
    ("GET\r\n\r\n", "the request line"),
    ("GET /x http/1.1\r\n\r\n", "the request line"),
    ("G\u{cb}T /x HTTP/1.1\r\n\r\n", "the request line"),
    ("GET /x HTTP/1.2\r\n\r\n", "`http/1.2`"),
    ("PRI * HTTP/2.0\r\n\r\n", "`http/2.0`"),
    ("GET /x HTTP/11\r\n\r\n", "`http/11`"),
    (" GET /x HTTP/1.1\r\n\r\n", "not an HTTP/1.1 request"),
    ("\0", "not an HTTP/1.1 request"),
    ("\x16\x03\x01", "TLS"),
    ("\u{feff}GET /x HTTP/1.1\r\n\r\n", "not an HTTP/1.1 request"),
    (" GET /x", "not an HTTP/1.1 request"),
    ("\u{feff}GET", "not an HTTP/1.1 request"),
];

#[test]
fn each_flaw_is_named_and_ends_what_is_read() {
    for (bytes, named) in FLAWS {
        let mut wire = Wire::new();
        wire.came(bytes.as_bytes());
        let told = wire.flaw();
        assert!(told.contains(named), "{bytes:?}: {told}");
        wire.came(GET);
        wire.read();
        assert_eq!(wire.given, b"", "something was read behind {bytes:?}");
    }
}

#[test]
fn a_flaw_behind_a_sound_request_is_found_as_well() {
    let mut wire = Wire::new();
    wire.came(&[POST, b"hello", b"GET /y HTTP/1.1\nHost: a\r\n\r\n"].concat());
    assert_eq!(wire.given, [POST, b"hello"].concat());
    assert_eq!(wire.begins(), Ok(None));
    wire.given.clear();
    wire.read();
    assert!(wire.flaw().contains("LF"));
}

#[test]
fn a_head_is_bounded_in_size_and_in_headers() {
    let long = format!("GET /x HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200));
    for size in [1, 50, 1_000] {
        let mut wire = Wire::with((100, 20));
        long.as_bytes().chunks(size).for_each(|piece| wire.came(piece));
        assert!(wire.flaw().contains("larger than 100"), "in pieces of {size}");
        assert_eq!(wire.heads.place().kept.len(), 0);
    }
    let mut wire = Wire::with((1_000, 2));
    wire.came(b"GET /x HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
    assert!(wire.flaw().contains("more than 2 headers"));
}

#[test]
fn a_request_that_is_not_the_one_that_was_read_is_refused() {
    let others: [&[u8]; 6] = [
        b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: ab\r\nContent-Length: 5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    for other in others {
        let mut wire = Wire::new();
        wire.came(POST);
        let told = wire.heads.begins(&mut parsed(other).unwrap().0).unwrap_err().refusal().detail;
        assert!(told.contains("more than one reading"), "{told}");
        wire.came(b"hello");
        wire.came(GET);
        assert_eq!(wire.given, POST, "nothing more is given");
    }
    let wire = Wire::new();
    assert!(wire.heads.begins(&mut parsed(GET).unwrap().0).is_err(), "nothing was expected");
}

#[test]
fn a_connection_that_was_ended_gives_nothing() {
    let peer = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    let (line, all) = (Line::new(peer), crate::half_open::HalfOpen::default());
    all.enter(line.clone(), 9, std::time::Duration::ZERO);
    let heads = Heads::new(line.clone(), (1_000, 20));
    heads.is_silent();
    assert!(all.make_room() && line.close());
    assert_eq!(heads.came(GET), 0);
    assert_eq!(heads.give(9, |_| ()), Given::Ended);
}

/// Pieces of heads as attackers write them.
fn head() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        6 => Just("Host: a\r\n".to_owned()),
        3 => Just("Content-Length: 3\r\n".to_owned()),
        1 => "(Content-Length|content-length|Transfer-Encoding): ?(0?3|\\+3|chunked|3, 3|) ?(\r\n|\n)",
        2 => "[!-~]{0,12}[: \t_]{0,3}[ -~\t]{0,12}(\r\n|\n|\r|\r\n )",
        1 => "[\x00-\x7f]{0,20}",
    ];
    let first = prop_oneof![
        8 => Just("POST /x?y HTTP/1.1\r\n".to_owned()),
        2 => "(GET|POST|get) ?[!-~]{0,9} ?(HTTP/1.[01]|HTTP/2.0|)(\r\n|\n)",
    ];
    (first, proptest::collection::vec(line, 0..5), prop_oneof![9 => Just("\r\n"), 1 => Just("\n")])
        .prop_map(|(first, lines, end)| [first, lines.concat(), end.to_owned()].concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// hyper reads the given bytes as they were read here. Anything that it would read differently is refused.
    #[test]
    fn what_is_given_is_what_hyper_reads(bytes in head(), size in 1_usize..40, behind in head()) {
        let mut wire = Wire::new();
        let all = [bytes.as_slice(), b"abc", &behind].concat();
        for piece in all.chunks(size) {
            wire.came(piece);
            if !wire.given.is_empty() {
                break;
            }
        }
        if wire.given == STAND_IN {
            prop_assert!(wire.begins().is_err());
        } else if !wire.given.is_empty() {
            let (mut parts, length) = parsed(&wire.given).expect("hyper reads what was read");
            prop_assert_eq!(parsed(&all).expect("and the same of all that came").1, length);
            prop_assert!(wire.heads.begins(&mut parts).is_ok());
            let head = &wire.given[..length];
            prop_assert!(head.ends_with(b"\r\n\r\n") && !head.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r'));
        }
    }
}
