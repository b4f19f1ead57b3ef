//! Bodies in chunks: accepted if nothing else gives their length, and refused in every form that two readers could
//! take for two requests.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::common::{Kind, Stage, Step, read_reply, request};
use verifier::{GatewayConfig, Limits};

const BODY: &str = r#"{"body":"yes"}"#;
const IN_ONE: &str = "e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n";
const CODED: &str = "Transfer-Encoding: chunked\r\n";

fn stage() -> Stage {
    let stage = Stage::new();
    stage.upstream.answers(|_| vec![Step::send("HTTP/1.1 204 No Content\r\n\r\n")]);
    stage
}

/// Returns the head of a request for an allowed operation, with these header lines.
fn head(stage: &Stage, lines: &str) -> String {
    let pass = stage.pass(&["github:github.issues/create-comment"]);
    format!(
        "POST /github/repos/o/r/issues/1/comments HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {pass}\r\n\
         Content-Type: application/json\r\n{lines}\r\n"
    )
}

#[expect(clippy::unwrap_used, reason = "how a test fails")]
fn connect(stage: &Stage) -> TcpStream {
    let stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Returns the rest of what the gateway sends on a connection until it closes.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset connection has nothing more either.
    let _ = stream.read_to_end(&mut rest);
    rest
}

/// Sends bytes that must reach nothing. If hyper answers by itself, there is no record; every other answer has one. If
/// bytes stay unread, the end of the connection may arrive before the answer and the record.
#[expect(clippy::unwrap_used, reason = "how a test fails")]
#[track_caller]
fn reaches_nothing(stage: &Stage, bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let what = String::from_utf8_lossy(bytes).into_owned();
    let mut stream = connect(stage);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let answer = String::from_utf8(rest(&mut stream)).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}\n{answer}");
    assert_eq!(
        answer.matches("HTTP/1.1").count(),
        usize::from(!answer.is_empty()),
        "the connection ends: {what}"
    );
    assert_eq!(stage.upstream.seen().len(), 0, "{what}");
    for one in stage.authority.written() {
        // A client that closes at once may be gone before the refusal is sent.
        let expected = ["ambiguous-request", "abandoned"];
        assert!(one.kind == Kind::Refusal && expected.contains(&one.record.decision), "{what}\n{one:?}");
    }
}

#[test]
fn a_chunked_body_is_taken_whole_and_goes_on_with_a_length() {
    let bodies = [
        IN_ONE,
        "1\r\n{\r\nd\r\n\"body\":\"yes\"}\r\n0\r\n\r\n",
        "00000E\r\n{\"body\":\"yes\"}\r\n000\r\n\r\n",
        "e;name=value;other\r\n{\"body\":\"yes\"}\r\n0;last\r\n\r\n",
    ];
    for chunks in bodies {
        let stage = stage();
        let mut stream = connect(&stage);
        stream.write_all(format!("{}{chunks}", head(&stage, CODED)).as_bytes()).unwrap();
        let reply = read_reply(&mut stream);
        assert_eq!(reply.status, 204, "{chunks}: {reply:?}");
        assert_eq!(reply.header("connection"), Some("close"));
        assert_eq!(rest(&mut stream), b"", "the connection ends with the answer");
        let seen = stage.upstream.seen();
        assert_eq!(seen[0].body, BODY.as_bytes(), "{chunks}");
        assert_eq!(seen[0].header("content-length"), Some("14"));
        assert_eq!(seen[0].header("transfer-encoding"), None);
        assert_eq!(stage.authority.written()[0].kind, Kind::Intent);
    }
}

#[test]
fn a_chunked_body_that_comes_byte_by_byte_is_taken() {
    let stage = stage();
    let mut stream = connect(&stage);
    stream.set_nodelay(true).unwrap();
    for byte in format!("{}{IN_ONE}", head(&stage, CODED)).bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(stage.upstream.seen()[0].body, BODY.as_bytes());
}

#[test]
fn a_chunked_body_is_taken_after_other_requests_of_its_connection() {
    let stage = stage();
    let mut stream = connect(&stage);
    let pass = stage.pass(&["github:read", "github:github.issues/create-comment"]);
    let pass = format!("Authorization: Bearer {pass}");
    for _ in 0..3 {
        stream.write_all(&request("GET", "/github/user", &[&pass], b"")).unwrap();
        assert_eq!(read_reply(&mut stream).status, 204);
        let comment = request(
            "POST",
            "/github/repos/o/r/issues/1/comments",
            &[&pass, "Content-Type: application/json"],
            BODY.as_bytes(),
        );
        stream.write_all(&comment).unwrap();
        assert_eq!(read_reply(&mut stream).status, 204);
    }
    stream.write_all(format!("{}{IN_ONE}", head(&stage, CODED)).as_bytes()).unwrap();
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(stage.upstream.seen().len(), 7);
}

#[test]
fn a_client_that_waits_to_be_told_to_continue_sends_chunks() {
    let stage = stage();
    let mut stream = connect(&stage);
    stream.write_all(head(&stage, &format!("{CODED}Expect: 100-continue\r\n")).as_bytes()).unwrap();
    assert_eq!(read_reply(&mut stream).status, 100);
    stream.write_all(IN_ONE.as_bytes()).unwrap();
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(stage.upstream.seen()[0].body, BODY.as_bytes());
}

/// A second request. It stands in the bytes after the first one, if somebody reads them wrongly.
const INNER: &str = "GET /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

#[test]
fn a_length_beside_a_coding_is_refused_in_every_shape() {
    let stage = stage();
    let shapes = [
        "Content-Length: 26\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 26\r\n",
        "Transfer-Encoding: chunked\r\ncontent-length: 0\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: x\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: x,chunked\r\n",
        "Transfer-Encoding: ,chunked\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding: chunked\r\n , identity\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding: chunked\x0c\r\n",
        "Transfer-Encoding: chunk\u{e9}d\r\n",
        "Transfer_Encoding: chunked\r\nTransfer-Encoding: chunked, x\r\n",
        "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n",
    ];
    for lines in shapes {
        reaches_nothing(&stage, format!("{}{IN_ONE}{INNER}", head(&stage, lines)));
    }
    // A request of an older version may not be chunked.
    let old = head(&stage, CODED).replacen("HTTP/1.1", "HTTP/1.0", 1);
    reaches_nothing(&stage, format!("{old}{IN_ONE}{INNER}"));
}

#[test]
fn trailers_are_refused_with_a_code_and_what_to_do() {
    let stage = stage();
    for trailers in ["X-Checksum: 1\r\n", "Authorization: Bearer x\r\n", "A: 1\r\nB: 2\r\n"] {
        let body = format!("e\r\n{BODY}\r\n0\r\n{trailers}\r\n");
        let reply = stage.send(format!("{}{body}", head(&stage, CODED)));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "ambiguous-request"),
            "{trailers}: {reply:?}"
        );
        assert!(reply.json()["hint"].as_str().unwrap().contains("head of the request"), "{reply:?}");
        assert_eq!(reply.json()["type"], "urn:hallpass:problem:ambiguous-request");
    }
    assert_eq!(stage.upstream.seen().len(), 0);
}

#[test]
fn chunks_that_cannot_be_read_are_refused() {
    let stage = stage();
    let bodies = [
        "",
        "\r\n",
        "e\r\n{\"body\"",
        "e\r\n{\"body\":\"yes\"}",
        "e\r\n{\"body\":\"yes\"}\r\n",
        "e\r\n{\"body\":\"yes\"}\r\n0\r\n",
        "e\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "e\r\n{\"body\":\"yes\"}\n0\r\n\r\n",
        "e\r\n{\"body\":\"yes\"}0\r\n\r\n",
        "d\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "f\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "-e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "+e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "0xe\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        " e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "e e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "1000000000000000e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "1000000000000000000000000000000e\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "e;a\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "e;a\rb\r\n{\"body\":\"yes\"}\r\n0\r\n\r\n",
        "e\r\n{\"body\":\"yes\"}\r\n0\r\nAuthorization: Bearer x\r\n\r\n",
        "e\r\n{\"body\":\"yes\"}\r\n0\r\nX-Checksum: 1\r\n\r\n",
    ];
    for body in bodies {
        reaches_nothing(&stage, format!("{}{body}", head(&stage, CODED)));
    }
    let endless = format!("{}e;{}\r\n{IN_ONE}", head(&stage, CODED), "x".repeat(20_000));
    reaches_nothing(&stage, endless);
}

#[test]
fn nothing_behind_a_chunked_body_is_read_as_a_request() {
    let stage = stage();
    let pass = stage.pass(&["github:read"]);
    let second = request("GET", "/github/user", &[&format!("Authorization: Bearer {pass}")], b"");
    let mut stream = connect(&stage);
    let mut bytes = format!("{}{IN_ONE}", head(&stage, CODED)).into_bytes();
    bytes.extend_from_slice(&second);
    stream.write_all(&bytes).unwrap();
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(rest(&mut stream), b"");
    assert_eq!(stage.upstream.seen().len(), 1);
    assert_eq!(stage.authority.written().len(), 1);
}

/// A request that is sent before the earlier answer is read like any other.
#[test]
fn a_chunked_request_that_is_sent_ahead_is_read_where_it_begins() {
    let stage = stage();
    let pass = format!("Authorization: Bearer {}", stage.pass(&["github:read"]));
    let mut stream = connect(&stage);
    let mut bytes = request("GET", "/github/user", &[&pass], b"");
    bytes.extend_from_slice(format!("{}{IN_ONE}{INNER}", head(&stage, CODED)).as_bytes());
    stream.write_all(&bytes).unwrap();
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(rest(&mut stream), b"", "nothing after chunks is read as a request");
    assert_eq!(stage.upstream.seen().len(), 2);
}

#[test]
fn a_chunked_body_is_bounded_in_size_room_and_time() {
    let limits = Limits { body: 1_000, ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let large = format!("{}3e9\r\n{}\r\n0\r\n\r\n", head(&stage, CODED), "x".repeat(1_001));
    assert_eq!(stage.refuses(large, "body-too-large").status, 413);
    let announced = format!("{}ffffffffffff\r\n{}", head(&stage, CODED), "x".repeat(1_001));
    stage.refuses(announced, "body-too-large");
    let many = format!("{}{}", head(&stage, CODED), "1\r\nx\r\n".repeat(1_001));
    stage.refuses(many, "body-too-large");

    // The chunks stop, and the connection stays open.
    let limits = Limits { body_read: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    stage.refuses(format!("{}e\r\n{{", head(&stage, CODED)), "ambiguous-request");

    let limits = Limits { bodies: 100_000, ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let body = format!("{{\"body\":\"{}\"}}", "x".repeat(200_000));
    let reply = stage.send(format!("{}{:x}\r\n{body}\r\n0\r\n\r\n", head(&stage, CODED), body.len()));
    assert_eq!((reply.status, reply.code().as_str()), (503, "overloaded"));
    assert_eq!(stage.upstream.seen().len(), 0);
}

#[test]
fn the_chunks_of_a_pass_that_is_refused_are_let_go_by() {
    let stage = stage();
    let head = "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer hallpass_AAAA\r\n\
                Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let reply = stage.refuses(format!("{head}{IN_ONE}"), "pass-invalid");
    assert_eq!(reply.header("connection"), Some("close"));
}
