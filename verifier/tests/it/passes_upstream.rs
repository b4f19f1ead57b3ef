//! No pass goes upstream: the agent's own, its parent's, its child's or another, wherever and however it is written.

use crate::common::{Stage, request};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use datalog::{AttenuateArgs, attenuate};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;

#[expect(clippy::unwrap_used, reason = "how a test fails")]
fn child(stage: &Stage, parent: &str) -> String {
    let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
    let services: Vec<_> = stage.authority.all().iter().map(|one| one.service.clone()).collect();
    let args = AttenuateArgs { ask: vec!["gmail:admin".into()], ..AttenuateArgs::default() };
    attenuate(parent, &args, &services, now).unwrap().text
}

#[expect(clippy::unwrap_used, reason = "how a test fails")]
fn lines(text: &str, width: usize) -> String {
    let lines: Vec<&str> =
        text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\r\n")
}

fn json(value: &serde_json::Value) -> (&'static str, Vec<u8>) {
    ("application/json", value.to_string().into_bytes())
}

/// Returns letters that hold a text.
fn letters(text: &str) -> Vec<String> {
    let head = "To: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n";
    let part = |kind: &str, coding: &str, body: &str| {
        format!("--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n{body}\r\n")
    };
    let mixed =
        |parts: &str| format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n");
    let quoted: String = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    let words: Vec<String> =
        text.as_bytes().chunks(40).map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    vec![
        format!("{head}\r\n{text}\r\n"),
        format!("{head}\r\n{}\r\n", lines(text, 76)),
        format!("{head}Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", lines(&STANDARD.encode(text), 76)),
        format!("{head}Content-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n", quoted),
        mixed(&part("text/plain", "7bit", text)),
        mixed(&part(
            "text/html",
            "quoted-printable",
            &format!("<p>{}</p>", lines(&text.replace('_', "=5F"), 70).replace("\r\n", "=\r\n")),
        )),
        mixed(
            &[
                part("text/plain", "7bit", "hello"),
                part("application/octet-stream", "base64", &lines(&STANDARD.encode(text), 76)),
            ]
            .concat(),
        ),
        format!("To: a@example.com\r\nSubject: {}\r\n\r\nhello\r\n", words.join("\r\n ")),
        format!("To: a@example.com\r\nSubject: x\r\nX-Note: {text}\r\n\r\nhello\r\n"),
    ]
}

/// Returns requests that hold a text: target, type and body.
fn requests(text: &str) -> Vec<(String, &'static str, Vec<u8>)> {
    let escaped = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let post = |target: &str, (kind, body): (&'static str, Vec<u8>)| (target.to_owned(), kind, body);
    let comment = "/github/repos/o/r/issues/1/comments";
    let unicode: String = text.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let mut all = vec![
        post(comment, json(&serde_json::json!({ "body": text }))),
        post(comment, json(&serde_json::json!({ "body": format!("see {text}.") }))),
        post(comment, json(&serde_json::json!({ "body": STANDARD.encode(format!("x{text}")) }))),
        post(comment, json(&serde_json::json!({ "body": escaped }))),
        post(comment, json(&serde_json::json!({ "body": serde_json::json!({ "a": text }).to_string() }))),
        post(comment, ("application/json", format!("{{\"body\":\"{unicode}\"}}").into_bytes())),
        post(comment, json(&serde_json::json!({ "body": unicode }))),
        post(
            "/github/gists",
            json(&serde_json::json!({ "files": { text: { "content": "x" } }, "public": false })),
        ),
    ];
    for letter in letters(text) {
        for raw in [URL_SAFE.encode(&letter), URL_SAFE_NO_PAD.encode(&letter)] {
            all.push(post(
                "/gmail/gmail/v1/users/me/messages/send",
                json(&serde_json::json!({ "raw": raw })),
            ));
        }
        let upload = "/gmail/upload/gmail/v1/users/me/messages/send?uploadType=";
        all.push((format!("{upload}media"), "message/rfc822", letter.clone().into_bytes()));
        let related = format!(
            "--x\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n{letter}\r\n--x--\r\n"
        );
        all.push((format!("{upload}multipart"), "multipart/related; boundary=x", related.into_bytes()));
    }
    all
}

#[test]
fn no_pass_goes_upstream_wherever_it_is_written() {
    let stage = Stage::new();
    let own = stage.pass_for_everything(&["github", "gmail"]);
    let (narrower, other) = (child(&stage, &own), stage.pass(&["calendar:read"]));
    for (presented, written) in [(&own, &own), (&own, &narrower), (&narrower, &own), (&own, &other)] {
        let bearer = format!("Authorization: Bearer {presented}");
        for text in [written.as_str(), written.strip_prefix("hallpass_").unwrap()] {
            for (target, kind, body) in requests(text) {
                let kind = format!("Content-Type: {kind}");
                let bytes = request("POST", &target, &[&bearer, &kind], &body);
                let reply = stage.send(&bytes);
                // Some letters cannot be read with certainty. Those are refused for that reason first.
                assert_eq!(
                    reply.code(),
                    "foreign-credential",
                    "{target}\n{}\n{reply:?}",
                    String::from_utf8_lossy(&body)
                );
            }
            let escaped = utf8_percent_encode(text, NON_ALPHANUMERIC);
            for target in [
                format!("/gmail/gmail/v1/users/me/messages?q={escaped}"),
                format!("/gmail/gmail/v1/users/me/messages?q={text}"),
                format!("/gmail/gmail/v1/users/me/messages?fields={text}"),
                format!("/gmail/gmail/v1/users/me/messages/{text}"),
                format!("/github/repos/o/r/contents/{text}"),
                format!(
                    "/github/repos/o/r/contents/{}",
                    STANDARD.encode(text).trim_end_matches('=').replace('/', "%2F").replace('+', "%2B")
                ),
            ] {
                let reply = stage.send(request("GET", &target, &[&bearer], b""));
                assert_eq!(reply.code(), "foreign-credential", "{target}\n{reply:?}");
            }
            let header = format!("If-None-Match: \"{}\"", &text[..text.len().min(990)]);
            let reply = stage.send(request("GET", "/github/user", &[&bearer, &header], b""));
            assert!(reply.status == 403, "{reply:?}");
        }
    }
    assert!(stage.upstream.seen().is_empty());
    assert!(stage.authority.budgets().is_empty());
}

/// Text that only looks like a pass is not refused.
#[test]
fn what_only_looks_like_a_pass_goes_on() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    for text in [
        format!("hallpass_{}", "En0KEwoJ".repeat(60)),
        format!("pass_id {}", STANDARD.encode([0x12; 600])),
        "a pass begins with hallpass_, and its fact `pass_id` names it".to_owned(),
        pass[..80].to_owned(),
    ] {
        let body = serde_json::json!({ "body": text }).to_string();
        assert_eq!(stage.post(&pass, "/github/repos/o/r/issues/1/comments", &body).status, 200, "{text}");
    }
}
