//! Answers in gzip: requested, unpacked within a limit, and passed on plain.

use std::io::Write as _;

use crate::common::{Reply, Stage, Step, request};
use datalog::{MintArgs, Narrowing, flags};
use flate2::Compression;
use flate2::write::GzEncoder;

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Returns an upstream's answer: its head, and a body in gzip.
fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{headers}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn answered(stage: &Stage, pass: &str, target: &str, headers: &[&str], bytes: Vec<u8>) -> Reply {
    stage.upstream.answers(move |_| vec![Step::send(bytes.clone()), Step::Close]);
    let own = format!("Authorization: Bearer {pass}");
    let all: Vec<&str> =
        [own.as_str(), "Connection: close"].into_iter().chain(headers.iter().copied()).collect();
    stage.send(request("GET", target, &all, b""))
}

const JSON: &str = "Content-Type: application/json\r\nETag: \"v1\"\r\nAccept-Ranges: bytes\r\n";

#[test]
fn an_answer_in_gzip_is_unpacked_and_treated_like_any_other() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let token = stage.authority.token();
    let text =
        format!(r#"{{"url":"https://api.github.com/x","temp_clone_token":"hidden","body":"{token} text"}}"#);
    for coding in ["gzip", "x-gzip", "GZIP"] {
        let bytes = answer(JSON, &packed(text.as_bytes()));
        let bytes = String::from_utf8_lossy(&bytes).contains("gzip").then_some(bytes).unwrap();
        let at = bytes.windows(4).position(|four| four == b"gzip").unwrap();
        let mut named = bytes[..at].to_vec();
        named.extend_from_slice(coding.as_bytes());
        named.extend_from_slice(&bytes[at + 4..]);
        let reply = answered(&stage, &pass, "/github/user", &[], named);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, None), "{}", reply.text());
        let told = reply.json();
        assert!(told["url"].as_str().unwrap().ends_with("/github/x"), "{told}");
        assert!(!reply.text().contains(&token) && !reply.text().contains("hidden"), "{told}");
        assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
        assert_eq!((reply.header("etag"), reply.header("accept-ranges")), (Some("\"v1\""), None));
    }
    assert!(stage.upstream.seen().iter().all(|seen| seen.header("accept-encoding") == Some("gzip")));
}

#[test]
fn a_large_answer_in_gzip_flows_and_one_that_is_judged_is_judged() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let entries: Vec<String> = (0..40_000)
        .map(|number| format!(r#"{{"id":{number},"title":"issue number {}"}}"#, number * 7919))
        .collect();
    let text = format!("[{}]", entries.join(","));
    let reply =
        answered(&stage, &pass, "/github/repos/o/r/issues", &[], answer(JSON, &packed(text.as_bytes())));
    assert!(reply.whole && reply.text() == text, "{} bytes", reply.body.len());
    let narrow = Narrowing::default().with(&flags::REDACT, ["title"]);
    let redacting =
        stage.mint(&MintArgs { allow: vec!["github:read".into()], narrow, ..MintArgs::default() });
    let reply =
        answered(&stage, &redacting, "/github/repos/o/r/issues", &[], answer(JSON, &packed(text.as_bytes())));
    assert!(reply.status == 200 && !reply.text().contains("issue number"), "{}", reply.status);
}

#[test]
fn what_is_no_gzip_cut_off_or_a_bomb_is_not_passed_on() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let narrow = Narrowing::default().with(&flags::REDACT, ["title"]);
    let redacting =
        stage.mint(&MintArgs { allow: vec!["github:read".into()], narrow, ..MintArgs::default() });
    let good = packed(br#"{"login":"octo"}"#);
    let bomb = packed(&vec![b' '; 80 << 20]);
    for pass in [&pass, &redacting] {
        for body in [&b"{}"[..], &good[..good.len() - 3], &good[..12], &bomb] {
            let reply = answered(&stage, pass, "/github/user", &[], answer(JSON, body));
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, "unusable-answer"),
                "{} bytes",
                body.len()
            );
            assert!(reply.text().len() < 4_096);
        }
        for coding in ["br", "deflate", "zstd", "gzip, gzip", "compress"] {
            let bytes = format!(
                "HTTP/1.1 200 OK\r\n{JSON}Content-Encoding: {coding}\r\nContent-Length: 2\r\n\r\n{{}}"
            );
            let reply = answered(&stage, pass, "/github/user", &[], bytes.into_bytes());
            assert_eq!((reply.status, reply.code().as_str()), (403, "unusable-answer"), "{coding}");
        }
    }
}

#[test]
fn parts_and_contents_of_files_are_asked_for_as_they_are() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read", "google-drive:read"]);
    let plain = |length: usize| {
        format!("HTTP/1.1 206 Partial Content\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/{length}\r\nContent-Length: 2\r\n\r\nab").into_bytes()
    };
    for (target, headers) in [
        ("/google-drive/drive/v3/files/f1?alt=media", &["Range: bytes=0-1"][..]),
        ("/google-drive/drive/v3/files/f1?alt=media", &[]),
        ("/google-drive/drive/v3/files/f1/export?mimeType=text%2Fplain", &[]),
        ("/github/repos/o/r/contents/a", &["Accept: application/vnd.github.raw+json"]),
        ("/github/repos/o/r/contents/a", &["Range: bytes=0-1"]),
    ] {
        let reply = answered(&stage, &pass, target, headers, plain(9));
        assert_eq!((reply.status, reply.header("content-range")), (206, Some("bytes 0-1/9")), "{target}");
        assert_eq!((reply.text().as_str(), reply.header("content-length")), ("ab", Some("2")), "{target}");
    }
    assert!(stage.upstream.seen().iter().all(|seen| seen.header("accept-encoding") == Some("identity")));
}
