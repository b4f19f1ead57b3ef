//! The parts of a message besides its recipients: attachments and subject, by passes and against another reader.

use std::sync::Arc;

use crate::common::judge::judged;
use crate::common::{NOW, args, classified, known_service, verified};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use datalog::flags;
use datalog::*;
use serde::Deserialize;

fn pass(check: &str) -> Arc<VerifiedPass> {
    let args = MintArgs {
        narrow: Narrowing::default().with(&flags::CHECK, [check]),
        ..args(&["gmail.*"], &[], &[])
    };
    verified(&args, &[known_service("gmail", "me@example.com")])
}

fn send(pass: &Arc<VerifiedPass>, message: &str) -> &'static str {
    let known = known_service("gmail", "me@example.com");
    let body = format!(r#"{{"raw":"{}"}}"#, URL_SAFE.encode(message));
    let line = "POST /gmail/v1/users/me/messages/send";
    let request = classified(&known, line, "application/json", body.as_bytes()).unwrap();
    match decide(pass, request, &Context::default(), NOW) {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    }
}

/// A letter with a text and further parts.
fn with_parts(parts: &[&str]) -> String {
    let all: String = parts.iter().map(|part| format!("--b1\r\n{part}\r\n")).collect();
    format!(
        "To: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhi\r\n{all}--b1--\r\n"
    )
}

const FILE: &str = "Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==";

#[test]
fn a_letter_without_attachments_is_told_from_one_with() {
    let none = pass("check if attachment_count(0)");
    let alternative = "Content-Type: multipart/alternative; boundary=\"b2\"\r\n\r\n--b2\r\n\r\nhi\r\n--b2\r\nContent-Type: text/html\r\n\r\n<p>hi\r\n--b2--";
    for plain in [
        "To: a@example.com\n\nhi".to_owned(),
        "To: a@example.com\r\nContent-Type: text/html; charset=\"utf-8\"\r\n\r\n<p>hi".into(),
        with_parts(&[]),
        format!("To: a@example.com\r\n{alternative}\r\n"),
    ] {
        assert_eq!(send(&none, &plain), "allow", "{plain}");
    }
    for with in [
        with_parts(&[FILE]),
        with_parts(&["Content-Type: text/plain; name=a.txt\r\n\r\nx"]),
        with_parts(&["Content-Disposition: attachment\r\n\r\nx"]),
        with_parts(&["Content-Type: image/png\r\nContent-Disposition: inline\r\n\r\nx"]),
        with_parts(&["Content-Type: message/rfc822\r\n\r\nTo: b@example.com\r\n\r\nforwarded"]),
        with_parts(&["Content-Type: text/plain\r\n\r\na second text"]),
        "To: a@example.com\r\nContent-Type: application/pdf\r\n\r\nx".into(),
    ] {
        assert_eq!(send(&none, &with), "deny", "{with}");
    }
    let two = pass("check if attachment_count($n), $n <= 2");
    assert_eq!(send(&two, &with_parts(&[FILE, FILE])), "allow");
    assert_eq!(send(&two, &with_parts(&[FILE, FILE, FILE])), "deny");
}

#[test]
fn parts_that_readers_take_apart_in_different_ways_are_unevaluable() {
    let pass = pass("check if attachment_count($n), $n <= 100");
    let top = |kind: &str, body: &str| format!("To: a@example.com\r\nContent-Type: {kind}\r\n\r\n{body}");
    let mixed = |body: &str| top("multipart/mixed; boundary=b1", body);
    for message in [
        mixed("--b1\r\n\r\nhi\r\n"),
        mixed("--b1\r\n\r\nhi\r\n--b1--\r\n--b1\r\n\r\nmore\r\n--b1--\r\n"),
        mixed("--b1\r\n\r\nhi\r\n--b1-- \r\n"),
        mixed("--b1\r\n\r\nhi\r\n--b1x\r\n\r\nmore\r\n--b1--\r\n"),
        mixed("--b1\n\nhi\r\n--b1--\r\n"),
        mixed("--b1\r\n\r\nhi\r--b1\r\r\nmore\r\n--b1--\r\n"),
        mixed("--b1--\r\n"),
        mixed("nothing"),
        top("multipart/mixed", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("multipart/mixed; boundary=b1; boundary=b2", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("multipart/mixed; boundary*0=b; boundary*1=1", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("multipart/mixed; boundary=\"b\\1\"", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("multipart/digest; boundary=b1", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("multipart/mixed (x); boundary=b1", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("text/plain; multipart/mixed; boundary=b1", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top("message/partial; id=x", "x"),
        top("application/ms-tnef", "x"),
        top("text/plain\r\nContent-Type: multipart/mixed; boundary=b1", "--b1\r\n\r\nhi\r\n--b1--\r\n"),
        top(
            "multipart/mixed; boundary=b1\r\nContent-Transfer-Encoding: base64",
            "--b1\r\n\r\nhi\r\n--b1--\r\n",
        ),
        "To: a@example.com\r\n\r\nbegin 644 a.pdf\r\n#0V%T\r\n`\r\nend\r\n".into(),
    ] {
        assert_eq!(send(&pass, &message), "unevaluable", "{message}");
    }
}

#[test]
fn a_subject_is_read_as_it_is_shown() {
    let pass = pass("check if subject($s), $s.starts_with(\"Re: \")");
    for (subject, expected) in [
        ("Re: lunch", "allow"),
        ("=?utf-8?q?Re:_Mittagessen?= heute", "allow"),
        ("=?utf-8?B?UmU6?= =?utf-8?q?_lunch?=", "allow"),
        ("lunch", "deny"),
        ("=?utf-8?q?lunch?=", "deny"),
        ("", "deny"),
        ("Re: =?utf-7?q?x?=", "unevaluable"),
        ("Re: x=?utf-8?q?y?=", "unevaluable"),
        ("Re: =?utf-8?q?=00?=", "unevaluable"),
        ("Re: a\r\nSubject: b", "unevaluable"),
    ] {
        let message = format!("To: a@example.com\r\nSubject: {subject}\r\n\r\nhi");
        assert_eq!(send(&pass, &message), expected, "{subject}");
    }
}

/// Every way of writing one part's header that a reader could take for a file or for more parts.
fn hostile_headers() -> Vec<String> {
    [
        "Content-Type: application/octet-stream",
        "Content-Type: text/plain; name=\"x.exe\"",
        "Content-Type: text/plain; name*=utf-8''x.exe",
        "Content-Type: text/plain; name*0=x; name*1=.exe",
        "Content-Type: text/plain;\r\n name=x.exe",
        "Content-Type: TEXT/PLAIN; NAME=x.exe",
        "Content-Type: text/plain; charset=utf-8; ; name=x",
        "Content-Type: text/plain; name",
        "Content-Type: text",
        "Content-Type: text/",
        "Content-Type: /plain",
        "Content-Type: text/plain/x",
        "Content-Type: ",
        "Content-Type:",
        "Content-Type: =?utf-8?q?application/pdf?=",
        "Content-Type: text/plain (application/pdf)",
        "Content-Type: text/pl\u{e4}in",
        "Content-Type : application/pdf",
        "Content-Type: text/plain\r\nContent-Type: application/pdf",
        "Content-Type: application/pdf\r\nContent-Type: text/plain",
        "Content-Disposition: attachment",
        "Content-Disposition: ATTACHMENT",
        "Content-Disposition: \"attachment\"",
        "Content-Disposition: attachment; filename=x",
        "Content-Disposition: inline; filename=x",
        "Content-Disposition: inline; filename*=utf-8''x",
        "Content-Disposition: inline; filename*0*=utf-8''x; filename*1=y",
        "Content-Disposition: inline; filename=\"a\\\"b\"",
        "Content-Disposition: inline; filename==x",
        "Content-Disposition: inline;filename=x;filename=y",
        "Content-Disposition: filename=x",
        "Content-Disposition: =?utf-8?q?attachment?=; filename=x",
        "Content-Disposition: form-data; name=x",
        "Content-Disposition: inline\r\nContent-Disposition: attachment",
        "Content-Type: message/rfc822",
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64",
        "Content-Type: message/external-body; access-type=url",
        "Content-Type: message/delivery-status",
        "Content-Type: multipart/mixed; boundary=b1",
        "Content-Type: multipart/mixed; boundary=b2",
        "Content-Type: multipart/mixed; boundary=\"b1 \"",
        "Content-Type: multipart/digest; boundary=b2",
        "Content-Type: multipart/x-unknown; boundary=b2",
        "Content-Type: multipart/related; boundary=b2; start=\"<x>\"",
        "Content-Type: text/calendar; method=REQUEST",
        "Content-Type: text/x-vcard",
        "Content-Type: image/svg+xml",
        "Content-Type: application/ms-tnef; name=winmail.dat",
        "Content-Transfer-Encoding: uuencode",
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit",
        "Content-Transfer-Encoding: x-unknown",
        "X-Other: y",
        "not a header",
        "",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn hostile_messages() -> Vec<String> {
    let inner = "--b2\r\n\r\nhi\r\n--b2\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b2--";
    let inners =
        ["To: b@example.com\r\n\r\nhi", inner, "--b1\r\nContent-Type: application/pdf\r\n\r\nx", "hi"];
    let mut messages = Vec::new();
    for header in hostile_headers() {
        for body in inners {
            messages.push(with_parts(&[&format!("{header}\r\n\r\n{body}")]));
            messages.push(with_parts(&[&format!("{header}\r\n\r\n{body}")]).replace("\r\n", "\n"));
            let alone = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
            messages.push(format!("To: a@example.com\r\n{alone}\r\n{body}\r\n"));
        }
    }
    for gap in
        ["\r", "\n", "\r\n", "\n\r", "\r\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\0", " ", "\t", ""]
    {
        for (before, after) in [("", gap), (gap, ""), (gap, gap), ("\r\n", gap), (gap, "\r\n")] {
            let end = format!("{before}--b1{after}Content-Type: application/pdf{gap}{gap}x");
            messages.push(with_parts(&[&format!("Content-Type: text/html\r\n\r\nhi{end}")]));
        }
    }
    for tail in [
        "--b1\r\n\r\nmore\r\n--b1--",
        "--b1--",
        "epilogue",
        " ",
        "--b1-- ",
        "--b1 ",
        "--b1\t",
        "--B1",
        "-- b1",
        "--b1x",
        "--b1--x",
        "\r\n--b1\r\nContent-Type: application/pdf\r\n\r\nx",
    ] {
        messages.push(format!("{}{tail}\r\n", with_parts(&[])));
        messages.push(with_parts(&[&format!("Content-Type: text/html\r\n\r\nx\r\n{tail}")]));
        messages.push(with_parts(&[FILE]).replace("\r\n\r\n--b1", &format!("\r\n\r\n{tail}\r\n--b1")));
    }
    messages
}

#[derive(Deserialize)]
struct Seen {
    attachments: usize,
    subjects: Vec<String>,
}

#[test]
fn another_reader_never_sees_more_attachments() {
    let messages: Vec<Vec<u8>> = hostile_messages().into_iter().map(String::into_bytes).collect();
    assert!(messages.len() >= 300, "{}", messages.len());
    let (mut read, mut refused, mut some) = (0, 0, 0);
    for (message, seen) in messages.iter().zip(judged::<Seen>("judge_parts.py", &messages)) {
        let Ok(ours) = decode::attachments(message) else {
            refused += 1;
            continue;
        };
        read += 1;
        some += usize::from(seen.attachments > 0);
        let shown = String::from_utf8_lossy(message);
        assert!(seen.attachments <= ours, "{shown}\nthey saw {}, we counted {ours}", seen.attachments);
    }
    assert!(
        read > 100 && refused > 100 && some > 50,
        "a test needs messages that are read and messages that are refused: {read} read, {refused} refused, {some} with some"
    );
}

#[test]
fn another_reader_shows_the_same_subject() {
    let subjects = [
        "plain",
        "=?utf-8?q?a_b?=",
        "=?utf-8?q?a?= =?utf-8?q?b?=",
        "=?utf-8?q?a?=  x",
        "x =?utf-8?b?eQ==?= z",
        "=?iso-8859-1?q?J=FCrgen?=",
        "=?UTF-8?Q?=C3=BC?=",
        "a\r\n b",
        "=?utf-8?q?a?=\r\n =?utf-8?q?b?=",
        "=?utf-8?q??=",
        "=?us-ascii?q?x?= y",
        "=?utf-8?b?!!?=",
        "=?utf-8*de?q?a?=",
        "a =? b",
        "=?utf-8?q?a b?=",
        "(x) \"y\" <z>",
    ];
    let messages: Vec<Vec<u8>> = subjects
        .iter()
        .map(|subject| format!("To: a@example.com\r\nSubject: {subject}\r\n\r\nhi").into_bytes())
        .collect();
    let mut read = 0;
    for (message, seen) in messages.iter().zip(judged::<Seen>("judge_parts.py", &messages)) {
        let Ok(ours) = decode::subject(message) else { continue };
        read += 1;
        let spaceless = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for other in seen.subjects {
            assert_eq!(spaceless(&ours), spaceless(&other), "{:?}", String::from_utf8_lossy(message));
        }
    }
    assert!(read >= 8, "{read}");
}
