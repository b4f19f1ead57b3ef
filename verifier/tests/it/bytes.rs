//! The bytes of heads. The gateway refuses, by name, whatever two readers could take for different requests, on every
//! request of a connection. Slow or endless heads delay nobody else.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::common::{Kind, Reply, Stage, eventually, read_reply, request};
use verifier::{GatewayConfig, Limits};

const HEAD: &str = "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\n";

#[expect(clippy::unwrap_used, reason = "how a test fails")]
fn connect(stage: &Stage) -> TcpStream {
    let stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is also an end.
    let _ = stream.read_to_end(&mut rest);
    rest
}

/// Flawed heads with `PASS` in them, and the text of each refusal.
const FLAWED: &[(&str, &str)] = &[
    ("GET /github/user HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer PASS\n\n", "an LF without a CR"),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\nAuthorization: Bearer PASS\r\n\r\n",
        "an LF without a CR",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\n\r\n",
        "an LF without a CR",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\n",
        "an LF without a CR",
    ),
    (
        "\nGET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n",
        "an LF without a CR",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\nAuthorization: Bearer PASS\r\n\r\n",
        "an LF without a CR",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rb\r\nAuthorization: Bearer PASS\r\n\r\n",
        "a CR without an LF",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n Authorization: Bearer PASS\r\n\r\n",
        "second line",
    ),
    ("GET /github/user HTTP/1.1\r\nHost : 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "white space"),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nX: a\0\r\n\r\n",
        "`x` holds bytes",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nIf-Match: caf\u{e9}\r\n\r\n",
        "`if-match`",
    ),
    ("GET /github/user#frag HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "fragment"),
    (
        "GET /github/user?a=b#frag HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n",
        "fragment",
    ),
    ("OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "`*`"),
    ("GET github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "not a path"),
    ("GET /git hub/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "request line"),
    ("GET  /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "request line"),
    ("GET /github/user HTTP/3.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n", "`http/3.0`"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "`http/2.0`"),
    ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0", "TLS"),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\n\r\n",
        "two Host",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nAuthorization: Bearer PASS\r\n\r\n",
        "`authorization` stands twice",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "`content-length` stands twice",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent-Length: 00\r\n\r\n",
        "`content-length` is `00`",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent-Length: 0, 0\r\n\r\n",
        "`content-length` is `0, 0`",
    ),
    (
        "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent-Length: 012\r\n\r\n{\"name\":\"a\"}",
        "`content-length` is `012`",
    ),
    (
        "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent-Length: +12\r\n\r\n{\"name\":\"a\"}",
        "`content-length` is `+12`",
    ),
    (
        "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent-Length: 12\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}",
        "`content-length` stands twice",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nX_Http_Method_Override: PUT\r\n\r\n",
        "`x_http_method_override` holds `_`",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nTransfer_Encoding: chunked\r\n\r\n",
        "holds `_`",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nx_api_key: k\r\n\r\n",
        "holds `_`",
    ),
    (
        "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer PASS\r\nContent_Length: 5\r\n\r\n",
        "holds `_`",
    ),
];

fn says(reply: &Reply, what: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (400, "ambiguous-request"), "{what}: {reply:?}");
    let told = reply.json().get("detail").and_then(|detail| detail.as_str().map(str::to_owned));
    assert!(told.is_some_and(|told| told.contains(what)), "{what}: {reply:?}");
    assert_eq!(reply.header("connection"), Some("close"), "{what}");
}

#[test]
fn what_is_found_in_a_head_is_named_and_recorded() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    for (head, found) in FLAWED {
        let before = stage.authority.written().len();
        let reply = stage.send(head.replace("PASS", &pass));
        says(&reply, found);
        let written = stage.authority.written();
        assert_eq!(written.len(), before + 1, "{head}");
        assert_eq!(
            (written[before].kind, written[before].record.decision),
            (Kind::Refusal, "ambiguous-request")
        );
    }
    assert!(stage.upstream.seen().is_empty());
    // The record has the request as far as it can be read.
    let recorded: Vec<(String, String)> =
        stage.authority.written().into_iter().map(|one| (one.record.method, one.record.path)).collect();
    assert!(recorded.contains(&("GET".into(), "/github/user".into())), "{recorded:?}");
    assert!(recorded.contains(&("POST".into(), "/github/user/repos".into())), "{recorded:?}");
}

#[test]
fn the_second_request_of_a_connection_is_read_as_the_first_is() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let bearer = format!("Authorization: Bearer {pass}");
    for (number, (head, found)) in FLAWED.iter().enumerate() {
        let body = br#"{"name":"a"}"#;
        let sound = match number % 2 {
            0 => request("GET", "/github/user", &[&bearer], b""),
            _ => request("POST", "/github/user/repos", &[&bearer, "Content-Type: application/json"], body),
        };
        let flawed = head.replace("PASS", &pass).into_bytes();
        let seen = stage.upstream.seen().len();
        let mut stream = connect(&stage);
        if number % 3 == 0 {
            // The flawed head comes after the answer.
            stream.write_all(&sound).unwrap();
            assert_eq!(read_reply(&mut stream).status, 200);
            stream.write_all(&flawed).unwrap();
        } else {
            // The flawed head comes in one piece with the request before it, and with one more request after it.
            stream.write_all(&[sound.as_slice(), &flawed, &sound].concat()).unwrap();
            assert_eq!(read_reply(&mut stream).status, 200);
        }
        says(&read_reply(&mut stream), found);
        assert_eq!(rest(&mut stream), b"", "{head}");
        assert_eq!(stage.upstream.seen().len(), seen + 1, "only what came before: {head}");
    }
}

#[test]
fn a_body_is_never_read_as_a_request() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let bearer = format!("Authorization: Bearer {pass}");
    let inner = String::from_utf8(request("GET", "/github/user/emails", &[&bearer], b"")).unwrap();
    let body = serde_json::json!({ "name": "a", "description": inner }).to_string();
    let mut stream = connect(&stage);
    for _ in 0..3 {
        let post = request(
            "POST",
            "/github/user/repos",
            &[&bearer, "Content-Type: application/json"],
            body.as_bytes(),
        );
        for piece in post.chunks(301) {
            stream.write_all(piece).unwrap();
        }
        // The body has a pass in it, and all of it is one request.
        assert_eq!(read_reply(&mut stream).code(), "foreign-credential");
        stream.write_all(&request("GET", "/github/user", &[&bearer], b"")).unwrap();
        assert_eq!(read_reply(&mut stream).status, 200);
    }
    assert_eq!(stage.upstream.seen().len(), 3);
}

#[test]
fn heads_that_come_byte_by_byte_are_read() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let mut stream = connect(&stage);
    stream.set_nodelay(true).unwrap();
    for _ in 0..2 {
        for byte in request("GET", "/github/user", &[&format!("Authorization: Bearer {pass}")], b"") {
            stream.write_all(&[byte]).unwrap();
        }
        assert_eq!(read_reply(&mut stream).status, 200);
    }
}

#[test]
fn a_head_larger_than_the_bound_is_refused() {
    let stage = Stage::new();
    let long = format!("{HEAD}X-Request-Id: {}\r\n\r\n", "x".repeat(70 * 1024));
    says(&stage.send(long), "larger than");
    let many = format!("{HEAD}{}\r\n", "X-Request-Id: 1\r\n".repeat(101));
    says(&stage.send(many), "more than 100 headers");
}

fn with(limits: Limits) -> Stage {
    Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() })
}

#[test]
fn a_head_that_does_not_arrive_is_not_waited_for() {
    let stage = with(Limits { head_whole: Duration::from_millis(200), ..Limits::default() });
    for begun in ["G", "GET /github/user HTTP/1.1\r\n", HEAD] {
        let mut stream = connect(&stage);
        stream.write_all(begun.as_bytes()).unwrap();
        says(&read_reply(&mut stream), "did not arrive within");
        assert_eq!(rest(&mut stream), b"");
    }
    // The next head of a connection has the same time to arrive. A head that has not begun has more time.
    let pass = stage.pass(&["github:read"]);
    let mut stream = connect(&stage);
    stream
        .write_all(&request("GET", "/github/user", &[&format!("Authorization: Bearer {pass}")], b""))
        .unwrap();
    assert_eq!(read_reply(&mut stream).status, 200);
    std::thread::park_timeout(Duration::from_millis(400));
    stream.write_all(HEAD.as_bytes()).unwrap();
    says(&read_reply(&mut stream), "did not arrive within");
}

/// Single bytes now and then do not extend the time for a head.
#[test]
fn a_head_that_trickles_is_not_waited_for() {
    let stage = with(Limits { head_whole: Duration::from_millis(300), ..Limits::default() });
    let mut stream = connect(&stage);
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let (begun, mut byte) = (Instant::now(), [0]);
    stream.write_all(HEAD.as_bytes()).unwrap();
    while stream.read(&mut byte).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the gateway waits too long for it");
        let _ = stream.write_all(b"X");
    }
}

#[test]
fn many_half_open_connections_keep_no_honest_request_out() {
    let limits =
        Limits { half_open: 8, half_open_grace: Duration::ZERO, connections: 12, ..Limits::default() };
    let stage = with(limits);
    let pass = stage.pass(&["github:read"]);
    let mut honest = connect(&stage);
    let get = request("GET", "/github/user", &[&format!("Authorization: Bearer {pass}")], b"");
    let mut held: Vec<TcpStream> = Vec::new();
    for round in 0..60 {
        let mut stream = connect(&stage);
        if round % 2 == 0 {
            let _ = stream.write_all(HEAD.as_bytes());
        }
        held.push(stream);
        if round == 0 {
            honest.write_all(&get).unwrap();
            assert_eq!(read_reply(&mut honest).status, 200);
        }
    }
    // The honest client is served on a connection that is already open, and on new ones.
    honest.write_all(&get).unwrap();
    assert_eq!(read_reply(&mut honest).status, 200);
    for _ in 0..20 {
        assert_eq!(stage.send(&get).status, 200);
    }
    let is_open = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let read = (&*stream).read(&mut [0]);
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    eventually("the oldest are ended", || held.iter().filter(|stream| is_open(stream)).count() <= 8);
}

/// Java's own client, curl `--http2` and Ktor send this with every request, also with a body.
#[test]
fn an_offer_of_http2_is_answered_in_http1() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let bearer = format!("Authorization: Bearer {pass}");
    let offer = [
        bearer.as_str(),
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
        "Content-Type: application/json",
    ];
    let mut stream = connect(&stage);
    for _ in 0..2 {
        stream.write_all(&request("GET", "/github/user", &offer[..4], b"")).unwrap();
        assert_eq!(read_reply(&mut stream).status, 200);
        stream.write_all(&request("POST", "/github/user/repos", &offer, br#"{"name":"a"}"#)).unwrap();
        assert_eq!(read_reply(&mut stream).status, 200);
    }
    // nginx as a proxy adds this to every request if it is configured for websockets.
    stream.write_all(&request("GET", "/github/user", &[&bearer, "Connection: upgrade"], b"")).unwrap();
    assert_eq!(read_reply(&mut stream).status, 200);
    let seen = stage.upstream.seen();
    assert_eq!((seen.len(), seen[1].body.as_slice()), (5, br#"{"name":"a"}"#.as_slice()));
    for seen in seen {
        assert_eq!((seen.header("upgrade"), seen.header("http2-settings")), (None, None));
    }
}

#[test]
fn a_connection_that_sends_nothing_is_ended_like_a_head_that_does_not_come() {
    let limits = Limits { head_whole: Duration::from_millis(300), ..Limits::default() };
    assert!(limits.head_read > Duration::from_secs(30), "between two requests it waits longer");
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let mut silent = TcpStream::connect(stage.address).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut said = Vec::new();
    assert_eq!(silent.read_to_end(&mut said).unwrap(), 0, "without a request there is no answer");
    assert!(stage.authority.written().is_empty());
    // A connection that was used may stay idle.
    let pass = stage.pass(&["github:read"]);
    let line = format!("Authorization: Bearer {pass}");
    let mut kept = TcpStream::connect(stage.address).unwrap();
    for _ in 0..2 {
        kept.write_all(&request("GET", "/github/user", &[&line], b"")).unwrap();
        assert_eq!(read_reply(&mut kept).status, 200);
        let mut second = TcpStream::connect(stage.address).unwrap();
        second.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // When the second connection ends, the first has been idle just as long.
        assert_eq!(second.read_to_end(&mut said).unwrap(), 0);
    }
}
