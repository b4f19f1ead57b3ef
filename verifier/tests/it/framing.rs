//! Framing: bytes that are two requests, or none, or meant for somebody else, are refused before anything is decided.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::common::{Stage, Step, exchange, read_reply, request};

const LINE: &str = "GET /github/user HTTP/1.1\r\n";

fn with_pass(stage: &Stage, head: &str, body: &str) -> Vec<u8> {
    let pass = stage.pass(&["github:read"]);
    format!("{head}Authorization: Bearer {pass}\r\n\r\n{body}").into_bytes()
}

#[test]
fn a_request_for_another_host_is_refused() {
    let stage = Stage::new();
    let hosts = [
        "",
        "Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n",
        "Host: 127.0.0.1\r\nHost: evil.example\r\n",
        "Host: evil.example\r\n",
        "Host: alice@127.0.0.1\r\n",
        "Host: 127.0.0.1@evil.example\r\n",
        "Host: \r\n",
        "Host: 127.0.0.1:80:80\r\n",
        "Host: 169.254.169.254\r\n",
        "Host: api.github.com\r\n",
        "Host: 127.0.0.1/github\r\n",
        "Host: evil.example\r\nX-Forwarded-Host: 127.0.0.1\r\nForwarded: host=127.0.0.1\r\n",
    ];
    for host in hosts {
        stage.refuses(with_pass(&stage, &format!("{LINE}{host}"), ""), "ambiguous-request");
    }
}

#[test]
fn a_target_that_contradicts_the_host_is_refused() {
    let stage = Stage::new();
    let targets = [
        "GET http://evil.example/github/user HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "GET http://127.0.0.1/github/user HTTP/1.1\r\nHost: localhost\r\n",
        "GET https://127.0.0.1/github/user HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "GET http://a@127.0.0.1/github/user HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n",
        "CONNECT api.github.com:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    ];
    for target in targets {
        stage.refuses(with_pass(&stage, target, ""), "ambiguous-request");
    }
}

#[test]
fn a_target_in_absolute_form_that_agrees_is_served() {
    let stage = Stage::new();
    let head = "GET http://127.0.0.1/github/user HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    assert_eq!(stage.send(with_pass(&stage, head, "")).status, 200);
}

#[test]
fn a_change_of_protocol_or_a_header_that_takes_headers_away_is_refused() {
    let stage = Stage::new();
    let headers = [
        "Upgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n",
        "Upgrade: \r\n",
        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: Upgrade, HTTP2-Settings, Authorization\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n",
        "Connection: authorization\r\n",
        "Connection: keep-alive, if-match\r\n",
        "Expect: 200-maybe\r\n",
        "Trailer: Authorization\r\n",
        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
        "X-Http-Method-Override: DELETE\r\nX-Http-Method-Override: GET\r\n",
        "X-HTTP-Method-Override: DELETE\r\n",
        "X-HTTP-Method: DELETE\r\n",
        "X-Method-Override: DELETE\r\n",
        "If-Match: caf\u{e9}\r\n",
    ];
    for header in headers {
        let head = format!("{LINE}Host: 127.0.0.1\r\n{header}");
        stage.refuses(with_pass(&stage, &head, ""), "ambiguous-request");
    }
}

#[test]
fn a_body_that_is_compressed_otherwise_than_in_gzip_is_refused() {
    let stage = Stage::new();
    for coding in [
        "br",
        "deflate",
        "zstd",
        "compress",
        "identity, gzip",
        "gzip, gzip",
        "gzip, identity",
        "gzip;q=1",
        "*",
        "",
    ] {
        let head = format!(
            "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: {coding}\r\nContent-Length: 2\r\n"
        );
        let reply = stage.refuses(with_pass(&stage, &head, "{}"), "unsupported-media-type");
        assert!(reply.text().contains("GZipEnabled"), "{reply:?}");
    }
    let head = "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n";
    stage.refuses(with_pass(&stage, head, "{}"), "ambiguous-request");
}

#[test]
fn only_exact_known_methods_are_operations() {
    let stage = Stage::new();
    for method in ["TRACE", "OPTIONS", "head", "get", "Get", "PROPFIND", "PURGE", "M-SEARCH"] {
        let head = format!("{method} /github/user HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
        let before = stage.authority.written().len();
        let reply = stage.send(with_pass(&stage, &head, ""));
        assert_eq!(reply.status, 403, "{method}");
        let written = stage.authority.written();
        assert_eq!(written.len(), before + 1, "{method}");
        assert_eq!(written[before].record.decision, "unknown-operation", "{method}");
        assert!(stage.upstream.seen().is_empty());
    }
}

#[test]
fn pipelined_requests_are_each_judged_by_their_own_pass() {
    let stage = Stage::new();
    let (may, may_not) = (stage.pass(&["github:read"]), stage.pass(&["gmail:read"]));
    let one = |pass: &str| request("GET", "/github/user", &[&format!("Authorization: Bearer {pass}")], b"");
    let mut bytes = one(&may);
    bytes.extend(one(&may_not));
    bytes.extend(request("GET", "/github/user", &[], b""));
    bytes.extend(one(&may));
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&bytes).unwrap();
    let statuses: Vec<u16> = (0..4).map(|_| read_reply(&mut stream).status).collect();
    assert_eq!(statuses, [200, 403, 401, 200]);
    assert_eq!(stage.upstream.seen().len(), 2);
    assert_eq!(stage.authority.written().len(), 4);
}

#[test]
fn a_body_is_read_whole_and_bounded_before_anything_is_decided() {
    let limits = verifier::Limits { body: 1000, ..verifier::Limits::default() };
    let stage =
        Stage::with(verifier::GatewayConfig { threads: 1, limits, ..verifier::GatewayConfig::default() });
    let head = |length: usize| {
        format!(
            "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        )
    };
    let reply = stage.refuses(with_pass(&stage, &head(1001), &"x".repeat(1001)), "body-too-large");
    assert_eq!(reply.status, 413);
    stage.refuses(with_pass(&stage, &head(usize::MAX / 4), ""), "body-too-large");
    // This body has the allowed size, so the gateway reads it and finds that it is not JSON.
    stage.refuses(with_pass(&stage, &head(1000), &"x".repeat(1000)), "ambiguous-request");
}

/// Without a good pass, nobody can make the gateway hold or wait for a body.
#[test]
fn the_body_of_a_pass_that_is_refused_is_not_waited_for() {
    let limits =
        verifier::Limits { bodies: 100, discard: Duration::from_millis(50), ..verifier::Limits::default() };
    let stage =
        Stage::with(verifier::GatewayConfig { threads: 1, limits, ..verifier::GatewayConfig::default() });
    let head = "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer hallpass_AAAA\r\n\
                Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    stage.refuses(head, "pass-invalid");
}

/// A client that reads an answer only after sending everything still learns why it was refused.
#[test]
fn a_large_body_of_a_refused_pass_is_let_go_by() {
    let stage = Stage::new();
    let body = "x".repeat(8 * 1024 * 1024);
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer hallpass_AAAA\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).expect("the gateway reads all of it");
    assert_eq!(read_reply(&mut stream).code(), "pass-invalid");
}

#[test]
fn a_body_that_ends_early_is_refused_and_recorded() {
    let stage = Stage::new();
    let head = "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n";
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.write_all(&with_pass(&stage, head, "{\"name\"")).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    crate::common::eventually("a record of the broken body", || stage.authority.written().len() == 1);
    assert_eq!(stage.authority.written()[0].record.decision, "ambiguous-request");
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn a_client_that_expects_to_be_told_to_continue_is() {
    let stage = Stage::new();
    stage.upstream.answers(|_| vec![Step::send("HTTP/1.1 204 No Content\r\n\r\n")]);
    let pass = stage.pass(&["github:github.issues/create-comment"]);
    let head = format!(
        "POST /github/repos/o/r/issues/1/comments HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token {pass}\r\n\
         Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
    );
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_reply(&mut stream).status, 100);
    stream.write_all(br#"{"body":"yes"}"#).unwrap();
    assert_eq!(read_reply(&mut stream).status, 204);
    assert_eq!(stage.upstream.seen()[0].body, br#"{"body":"yes"}"#);
    assert_eq!(stage.upstream.seen()[0].header("expect"), None);
}

#[test]
fn a_path_names_its_connection_exactly() {
    let stage = Stage::new();
    for path in [
        "/",
        "//github/user",
        "/Github/user",
        "/%67ithub/user",
        "/./github/user",
        "/github%2Fuser",
        "/user..",
    ] {
        let bytes = with_pass(&stage, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"), "");
        stage.refuses(bytes, "ambiguous-request");
    }
}

#[test]
fn a_listener_of_a_connections_own_takes_no_prefix_and_no_other_connection() {
    let stage = Stage::new();
    let pass = format!("Authorization: Bearer {}", stage.pass(&["github:read", "gmail:read"]));
    let get = |path: &str| exchange(stage.dedicated, &request("GET", path, &[&pass], b""));
    assert_eq!(get("/user").status, 200);
    assert_eq!(stage.upstream.seen()[0].line, "GET /user HTTP/1.1");
    for path in ["/github/user", "/gmail/gmail/v1/users/me/profile", "/nope"] {
        assert_eq!(get(path).code(), "unknown-operation", "{path}");
    }
    assert_eq!(stage.upstream.seen().len(), 1);
}
