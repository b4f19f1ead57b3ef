//! Request bodies in gzip: inflated within the limit, then judged and sent plain.

use std::io::Write;

use crate::common::{Reply, Stage, request};
use flate2::Compression;
use flate2::write::GzEncoder;
use verifier::{GatewayConfig, Limits};

const BODY: &[u8] = br#"{"body":"yes"}"#;
const COMMENT: &str = "/github/repos/o/r/issues/1/comments";

#[expect(clippy::unwrap_used, reason = "how a test fails")]
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn with(limits: Limits) -> Stage {
    Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() })
}

fn post(stage: &Stage, headers: &[&str], body: &[u8]) -> Reply {
    let pass = format!("Authorization: Bearer {}", stage.pass_for_everything(&["github"]));
    let mut all = vec![pass.as_str(), "Content-Type: application/json"];
    all.extend(headers);
    stage.send(request("POST", COMMENT, &all, body))
}

#[test]
fn a_body_in_gzip_is_judged_and_sent_plain() {
    let stage = Stage::new();
    for coding in ["gzip", "GZIP", "x-gzip"] {
        let reply = post(&stage, &[&format!("Content-Encoding: {coding}")], &gzip(BODY));
        assert_eq!(reply.status, 200, "{coding}: {reply:?}");
    }
    for seen in stage.upstream.seen() {
        assert_eq!(seen.body, BODY);
        assert_eq!((seen.header("content-encoding"), seen.header("content-length")), (None, Some("14")));
    }
    let reply = post(&stage, &["Content-Encoding: identity"], BODY);
    assert_eq!(reply.status, 200);
    // The unpacked text is judged.
    let reply = post(&stage, &["Content-Encoding: gzip"], &gzip(br#"{"body":"yes","body":"no"}"#));
    assert_eq!(reply.code(), "ambiguous-request");
    assert_eq!(stage.upstream.seen().len(), 4);
}

/// Google's client for Java does not know the length, so it sends the body in chunks.
#[test]
fn a_body_in_gzip_and_in_chunks_is_read() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let mut bytes = format!(
        "POST {COMMENT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {pass}\r\nAccept-Encoding: gzip\r\n\
         Content-Type: application/json; charset=UTF-8\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for piece in gzip(BODY).chunks(7) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(stage.send(bytes).status, 200);
    assert_eq!(stage.upstream.seen()[0].body, BODY);
}

#[test]
fn what_is_not_one_whole_gzip_is_refused() {
    let stage = Stage::new();
    let whole = gzip(BODY);
    let damaged = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("plain text", BODY.to_vec()),
        ("cut off in its head", whole[..5].to_vec()),
        ("cut off in its middle", whole[..whole.len() - 12].to_vec()),
        ("without its length", whole[..whole.len() - 4].to_vec()),
        ("cut off by a byte", whole[..whole.len() - 1].to_vec()),
        ("with another sum", damaged(whole.len() - 8)),
        ("with another length", damaged(whole.len() - 1)),
        ("damaged", damaged(14)),
        ("with something behind it", [whole.as_slice(), b"\0"].concat()),
        ("with text behind it", [whole.as_slice(), BODY].concat()),
        ("twice", [whole.as_slice(), &whole].concat()),
        ("with an empty one behind it", [whole.as_slice(), &gzip(b"")].concat()),
        ("compressed twice", gzip(&whole)),
    ];
    for (what, body) in cases {
        let reply = post(&stage, &["Content-Encoding: gzip"], &body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "ambiguous-request"), "{what}: {reply:?}");
    }
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn a_bomb_is_too_large_before_it_is_held() {
    let stage = Stage::new();
    // A body of 64 MiB in a few hundred kilobytes; and a body that is one byte over the limit.
    let mebibyte = vec![b' '; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    (0..64).for_each(|_| encoder.write_all(&mebibyte).unwrap());
    let bomb = encoder.finish().unwrap();
    let reply = post(&stage, &["Content-Encoding: gzip"], &bomb);
    assert_eq!((reply.status, reply.code().as_str()), (413, "body-too-large"));

    let stage = with(Limits { body: 1_000, ..Limits::default() });
    let of = |length: usize| format!("{{\"body\":\"{}\"}}", "x".repeat(length - 11)).into_bytes();
    assert_eq!(post(&stage, &["Content-Encoding: gzip"], &gzip(&of(1_000))).status, 200);
    assert_eq!(post(&stage, &["Content-Encoding: gzip"], &gzip(&of(1_001))).code(), "body-too-large");

    // A body takes memory by its inflated size. If there is not enough for it, it is refused.
    let stage = with(Limits { bodies: 100_000, ..Limits::default() });
    let reply = post(&stage, &["Content-Encoding: gzip"], &gzip(&of(200_000)));
    assert_eq!((reply.status, reply.code().as_str()), (503, "overloaded"));
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn nothing_is_no_gzip_and_needs_none() {
    let stage = Stage::new();
    let pass = format!("Authorization: Bearer {}", stage.pass(&["github:read"]));
    let get = request("GET", "/github/user", &[&pass, "Content-Encoding: gzip"], b"");
    assert_eq!(stage.send(get).status, 200);
}
