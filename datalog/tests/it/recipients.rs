//! Whom a message reaches: by passes on the real Gmail, and against another reader.

use std::sync::Arc;

use crate::common::judge::judged;
use crate::common::{NOW, classified, known_service, strings, verified};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use datalog::flags;
use datalog::*;

fn known() -> KnownConnection {
    known_service("gmail", "me@example.com")
}

fn pass(to: &[&str], domains: &[&str]) -> Arc<VerifiedPass> {
    let args = MintArgs {
        task: "t".into(),
        allow: strings(&["gmail.*"]),
        narrow: Narrowing::default().with(&flags::TO, strings(to)).with(&flags::TO_DOMAIN, strings(domains)),
        ..MintArgs::default()
    };
    verified(&args, &[known()])
}

fn answer(pass: &Arc<VerifiedPass>, line: &str, content_type: &str, body: &[u8]) -> &'static str {
    let request = classified(&known(), line, content_type, body).unwrap();
    match decide(pass, request, &Context::default(), NOW) {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    }
}

const SEND: &str = "POST /gmail/v1/users/me/messages/send";
const DRAFT: &str = "POST /gmail/v1/users/me/drafts";

fn send(pass: &Arc<VerifiedPass>, message: &str) -> &'static str {
    let body = format!(r#"{{"raw":"{}"}}"#, URL_SAFE.encode(message));
    answer(pass, SEND, "application/json", body.as_bytes())
}

#[test]
fn nobody_outside_is_reached_by_any_field() {
    let pass = pass(&["bob@partner.test"], &["example.com", "@Example.org"]);
    for allowed in [
        "To: a@example.com\n\nhi",
        "To: A <a@Example.COM>, \"B, C\" <b@example.org>\r\nCc: bob@partner.test\r\nSubject: x\r\n\r\nhi",
        "To: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\n\n",
        "to:\n folded@example.com,\n\tother@example.com\nSubject: caf\u{e9}\n\nTo: evil@outside.test",
        "Subject: nobody\n\n",
    ] {
        assert_eq!(send(&pass, allowed), "allow", "{allowed}");
    }
    for field in [
        "To",
        "Cc",
        "Bcc",
        "BCC",
        "Resent-To",
        "Resent-Bcc",
        "Reply-To",
        "Disposition-Notification-To",
        "Return-Receipt-To",
    ] {
        let message = format!("To: a@example.com\n{field}: evil@outside.test\n\nhi");
        assert_eq!(send(&pass, &message), "deny", "{field}");
    }
    for outside in [
        "a@notexample.com",
        "a@example.com.outside.test",
        "bob@partner.test.outside.test",
        "alice@partner.test",
        "a@sub.example.com",
    ] {
        assert_eq!(send(&pass, &format!("To: {outside}\n\n")), "deny", "{outside}");
    }
}

#[test]
fn what_cannot_be_read_with_certainty_is_unevaluable() {
    let pass = pass(&[], &["example.com"]);
    for message in [
        "To: friends: a@example.com, b@example.com;\n\n",
        "To: a@example.com (evil@outside.test)\n\n",
        "To: \"a@example.com\"@outside.test\n\n",
        "To: a@example.com\rBcc: evil@outside.test\n\n",
        "To: a@example.com\r\nX: y\nBcc: evil@outside.test\r\n\r\n",
        "To : a@example.com\n\n",
        "To: <@outside.test:a@example.com>\n\n",
        "To: a@[127.0.0.1]\n\n",
        "To: a@ex\u{430}mple.com\n\n",
        "To: =?utf-8?q?evil=40outside.test=2C?= <a@example.com>\n\n",
        "To: a@example.com,, b@example.com\n\n",
        " To: a@example.com\n\n",
        "not a header\n\n",
        "",
    ] {
        assert_eq!(send(&pass, message), "unevaluable", "{message:?}");
    }
    let raw =
        |text: &str| answer(&pass, SEND, "application/json", format!(r#"{{"raw":"{text}"}}"#).as_bytes());
    assert_eq!(raw(&URL_SAFE_NO_PAD.encode("To: a@example.com\n\n")), "allow");
    assert_eq!(raw("!!!"), "unevaluable");
    assert_eq!(raw(&format!("{}B", URL_SAFE_NO_PAD.encode("To: a@example.com"))), "unevaluable");
}

#[test]
fn an_upload_and_a_draft_are_read_like_raw() {
    let pass = pass(&[], &["example.com"]);
    let upload = "POST /upload/gmail/v1/users/me/messages/send?uploadType=media";
    let inside = b"To: a@example.com\r\n\r\nhi".as_slice();
    let outside = b"To: a@example.com\r\nBcc: b@outside.test\r\n\r\nhi".as_slice();
    assert_eq!(answer(&pass, upload, "message/rfc822", inside), "allow");
    assert_eq!(answer(&pass, upload, "message/rfc822", outside), "deny");
    let draft = |message: &[u8]| format!(r#"{{"message":{{"raw":"{}"}}}}"#, URL_SAFE.encode(message));
    assert_eq!(answer(&pass, DRAFT, "application/json", draft(inside).as_bytes()), "allow");
    assert_eq!(answer(&pass, DRAFT, "application/json", draft(outside).as_bytes()), "deny");
}

#[test]
fn a_flow_out_that_names_nobody_readable_is_unevaluable() {
    let pass = pass(&[], &["example.com"]);
    assert_eq!(
        answer(&pass, "POST /gmail/v1/users/me/drafts/send", "application/json", br#"{"id":"r-1"}"#),
        "unevaluable"
    );
    let both =
        format!(r#"{{"id":"r-1","message":{{"raw":"{}"}}}}"#, URL_SAFE.encode("To: a@example.com\n\n"));
    assert_eq!(
        answer(&pass, "POST /gmail/v1/users/me/drafts/send", "application/json", both.as_bytes()),
        "unevaluable"
    );
    let forward = "POST /gmail/v1/users/me/settings/forwardingAddresses";
    assert_eq!(
        answer(&pass, forward, "application/json", br#"{"forwardingEmail":"a@example.com"}"#),
        "unevaluable"
    );
    assert_eq!(answer(&pass, SEND, "application/json", br#"{"threadId":"t"}"#), "unevaluable");
    assert_eq!(answer(&pass, "GET /gmail/v1/users/me/messages", "", b""), "allow");
}

/// Every hostile way of writing a recipient.
const ADDRESSES: &[&str] = &[
    "a@example.com",
    "evil@outside.test",
    "a@example.com,evil@outside.test",
    "a@example.com;evil@outside.test",
    "a@example.com evil@outside.test",
    "<a@example.com><evil@outside.test>",
    "evil@outside.test <a@example.com>",
    "\"evil@outside.test\" <a@example.com>",
    "\"x\\\" <evil@outside.test>, \\\"\" <a@example.com>",
    "\"unclosed <evil@outside.test>, a@example.com",
    "(evil@outside.test) a@example.com",
    "a@example.com (x) , evil@outside.test",
    "a(x)@example.com",
    "a@(x)example.com",
    "grp: evil@outside.test, a@example.com;",
    "grp:;",
    "a@example.com, grp: evil@outside.test;",
    "<@evil.test,@b.test:a@example.com>",
    "\"a b\"@example.com",
    "\"evil@outside.test\"@example.com",
    "a@[10.0.0.1]",
    "a@[IPv6:::1]",
    "=?utf-8?q?evil=40outside=2Etest?=",
    "=?utf-8?b?ZXZpbEBvdXRzaWRlLnRlc3Q=?=",
    "=?utf-8?q?a=40example.com=2C_evil?= <evil@outside.test>",
    "=?utf-8?q?x=22=3Cevil=40outside.test=3E=2C?= <a@example.com>",
    "=?utf-7?q?+AEA-?= <a@example.com>",
    "=?utf-8?x?y?= <a@example.com>",
    "a@example.com,",
    ",a@example.com",
    "a@@example.com",
    "a@example.com@outside.test",
    "a.@example.com",
    ".a@example.com",
    "a..b@example.com",
    "a@example..com",
    "a@-example.com",
    "a@example.com-",
    "a@localhost",
    "a@example.1",
    "a@example.com\\,evil@outside.test",
    "a\u{0}@example.com",
    "a@example.com\u{b}evil@outside.test",
    "a@example.com\u{2028}Bcc: evil@outside.test",
    "\u{202e}a@example.com",
    "а@example.com",
    "a@exаmple.com",
    "a@example。com",
    "a＠example.com",
    "a@xn--exmple-4nf.com",
    "%61@example.com",
    "a%outside.test@example.com",
    "outside.test!a@example.com",
    "a@example.com?bcc=evil@outside.test",
    "mailto:a@example.com",
    "A B <a@example.com> C",
    "<a@example.com",
    "a@example.com>",
    "\"A\" \"B\" <a@example.com>",
    "A\"B\" <a@example.com>",
    "\"A\\B\" <a@example.com>",
    "undisclosed-recipients:;",
    "<>",
    "\"\" <a@example.com>",
];

/// Each hostile address in every place where a recipient can stand.
fn hostile_messages() -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for address in ADDRESSES {
        for shape in [
            "To: {}\n\nhi",
            "To: {}\r\n\r\nhi",
            "To: a@example.com\nCc: {}\n\nhi",
            "To: a@example.com\r\nBcc:\r\n {}\r\n\r\nhi",
            "To: a@example.com,\n\t{}\nSubject: x\n\nhi",
            "Resent-To: {}\nTo: a@example.com\n\nhi",
        ] {
            messages.push(shape.replace("{}", address).into_bytes());
        }
    }
    messages
}

/// Headers that readers parse in different ways.
fn hostile_headers() -> Vec<Vec<u8>> {
    const BCC: &str = "Bcc: evil@outside.test";
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for gap in [
        "\n",
        "\r\n",
        "\r",
        "\n\r",
        "\r\r\n",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{1c}",
        "\u{1e}",
        "\0",
        "\n\n",
        "\r\n\r\n",
        "\n \n",
        "\r\n \r\n",
        "\n\t\n",
    ] {
        for end in ["\n\nhi", "\r\n\r\nhi", "\r\rhi", ""] {
            messages.push(format!("To: a@example.com{gap}{BCC}{end}").into_bytes());
        }
    }
    for line in [
        "Bcc : evil@outside.test",
        "Bcc\t: evil@outside.test",
        " Bcc: evil@outside.test",
        "Bcc:evil@outside.test",
        "bCC: evil@outside.test",
        "Bcc\n: evil@outside.test",
        "Bcc:\n\tevil@outside.test",
        "Bcc:\n\n evil@outside.test",
        "B\u{e9}c: evil@outside.test",
        ": evil@outside.test",
        "Bcc",
        "From x\nBcc: evil@outside.test",
        "X: =?utf-8?q?=0ABcc:_evil=40outside.test?=",
        "Content-Type: message/rfc822\n\nBcc: evil@outside.test",
        "Subject: a\\nBcc: evil@outside.test",
        "To: b@example.com",
        "To: evil@outside.test",
        "Cc: evil@outside.test\nCc: a@example.com",
    ] {
        messages.push(format!("To: a@example.com\n{line}\n\nhi").into_bytes());
        messages.push(format!("{line}\nTo: a@example.com\n\nhi").into_bytes());
        messages.push(format!("To: a@example.com\r\n{line}\r\n\r\nhi").into_bytes());
    }
    messages.push(b"To: a@example.com\nBcc: \xff\xfe evil@outside.test\n\n".to_vec());
    messages.push(b"\xef\xbb\xbfBcc: evil@outside.test\nTo: a@example.com\n\n".to_vec());
    messages
}

#[test]
fn another_reader_never_sees_more_recipients() {
    let mut messages = hostile_messages();
    assert!(messages.len() >= 300);
    let headers = hostile_headers();
    assert!(headers.len() >= 100);
    messages.extend(headers);
    let seen = judged::<Vec<String>>("judge_mail.py", &messages);
    assert_eq!(seen.len(), messages.len());
    let (mut read, mut refused) = (0, 0);
    for (message, seen) in messages.iter().zip(seen) {
        let Ok(ours) = decode::recipients(message) else {
            refused += 1;
            continue;
        };
        read += 1;
        for other in seen {
            let known = ours.iter().any(|address| address.as_str() == other.to_ascii_lowercase());
            assert!(known, "{:?}\nthey saw `{other}`, we saw {ours:?}", String::from_utf8_lossy(message));
        }
    }
    assert!(
        read > 60 && refused > 200,
        "a test needs messages that are read and messages that are refused: {read} read, {refused} refused"
    );
}
