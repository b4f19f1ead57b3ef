//! The sender of a message, and where answers to it go.

use std::sync::Arc;

use crate::common::*;
use base64::Engine;
use datalog::*;
use datalog::{RawRequest, flags};

const ME: &str = "me@example.com";

fn pass(narrow: Narrowing) -> Arc<VerifiedPass> {
    let args = MintArgs { narrow, ..args(&["gmail.*"], &[], &[]) };
    let terms = MintTerms::parse(&args, &[known_service("gmail", ME)], NOW).unwrap();
    verify(&terms.mint(&PassId::from_random([3; 16]), &root()).unwrap().text).unwrap()
}

fn writing_as(addresses: &[&str]) -> Arc<VerifiedPass> {
    pass(Narrowing::default().with(&flags::AS, strings(addresses)))
}

fn letter(head: &str) -> Request {
    sent("POST /gmail/v1/users/me/messages/send", "raw", head)
}

fn sent(line: &str, place: &str, head: &str) -> Request {
    let message = format!("To: bob@partner.test\r\n{}\r\nhello", head.replace('\n', "\r\n"));
    let raw = base64::engine::general_purpose::URL_SAFE.encode(message);
    let body = match place {
        "raw" => format!(r#"{{"raw":"{raw}"}}"#),
        _ => format!(r#"{{"message":{{"raw":"{raw}"}}}}"#),
    };
    let known = known_service("gmail", ME);
    let (method, path) = line.split_once(' ').unwrap();
    let raw = RawRequest {
        content_type: Some("application/json"),
        body: body.as_bytes(),
        ..RawRequest::new(method, path)
    };
    known.service.classify(&known.name, &known.account, &raw).unwrap()
}

fn verdict(pass: &Arc<VerifiedPass>, request: Request) -> &'static str {
    match decide(pass, request, &Context::default(), NOW) {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    }
}

#[test]
fn a_pass_that_says_as_whom_lets_no_other_sender_through() {
    let pass = writing_as(&[ME, "Team@Example.com"]);
    for (head, expected) in [
        ("From: me@example.com\n", "allow"),
        ("From: Me <ME@Example.com>\n", "allow"),
        ("From: =?utf-8?q?M=C3=A9?= <me@example.com>\n", "allow"),
        ("From: team@example.com\n", "allow"),
        // A message without a sender is from the account.
        ("", "allow"),
        ("From:\n", "allow"),
        ("From: ceo@example.com\n", "deny"),
        ("From: \"me@example.com\" <ceo@example.com>\n", "deny"),
        ("From: me@example.com, ceo@example.com\n", "deny"),
        ("From: me@example.com\nFrom: ceo@example.com\n", "deny"),
        ("From: ceo@example.com\nFrom: me@example.com\n", "deny"),
        ("From: me@example.com\nSender: ceo@example.com\n", "deny"),
        ("Sender: ceo@example.com\n", "deny"),
        ("FROM: ceo@example.com\n", "deny"),
        ("From:\n ceo@example.com\n", "deny"),
        ("From: me@example.com\nResent-From: ceo@example.com\n", "deny"),
        ("From: me@example.com\nResent-Sender: ceo@example.com\n", "deny"),
        // Values that two readers could read differently.
        ("From: (me@example.com) ceo@example.com\n", "unevaluable"),
        ("From: ceo: me@example.com;\n", "unevaluable"),
        ("From: =?utf-8?q?ceo=40example.com?=\n", "unevaluable"),
        ("From: =?utf-8?q?ceo=40example.com?= <me@example.com>\n", "unevaluable"),
        ("From: ceo\u{e9}@example.com\n", "unevaluable"),
        ("From: me@example.com\u{e9}\n", "unevaluable"),
    ] {
        assert_eq!(verdict(&pass, letter(head)), expected, "{head:?}");
    }
    // A request that sends no message is not held back.
    assert_eq!(verdict(&pass, sent_nothing()), "allow");
}

fn sent_nothing() -> Request {
    let known = known_service("gmail", ME);
    let raw = RawRequest::new("GET", "/gmail/v1/users/me/messages");
    known.service.classify(&known.name, &known.account, &raw).unwrap()
}

#[test]
fn every_operation_that_holds_a_message_is_asked_whom_it_is_from() {
    let pass = writing_as(&[ME]);
    for (line, place) in [
        ("POST /gmail/v1/users/me/messages/send", "raw"),
        ("POST /gmail/v1/users/me/messages", "raw"),
        ("POST /gmail/v1/users/me/messages/import", "raw"),
        ("POST /gmail/v1/users/me/drafts", "message"),
        ("PUT /gmail/v1/users/me/drafts/r1", "message"),
    ] {
        assert_eq!(verdict(&pass, sent(line, place, "From: ceo@example.com\n")), "deny", "{line}");
        assert_eq!(verdict(&pass, sent(line, place, "From: me@example.com\n")), "allow", "{line}");
    }
    // The sender of a draft that is sent by its id is known only after a look-up.
    let known = known_service("gmail", ME);
    let raw = RawRequest {
        content_type: Some("application/json"),
        body: br#"{"id":"r1"}"#,
        ..RawRequest::new("POST", "/gmail/v1/users/me/drafts/send")
    };
    let draft = known.service.classify(&known.name, &known.account, &raw).unwrap();
    assert_eq!(verdict(&pass, draft), "unevaluable");
}

#[test]
fn senders_and_answers_are_words_that_a_check_can_close() {
    let of = |check: &str| pass(Narrowing::default().with(&flags::CHECK, [check]));
    for (check, head, expected) in [
        (
            r#"check if sender_count(1) or method("GET")"#,
            "From: me@example.com\nSender: a@example.com\n",
            "deny",
        ),
        (r#"check if reply_to_count(0)"#, "", "allow"),
        (r#"check if reply_to_count(0)"#, "Reply-To: leak@evil.test\n", "deny"),
        (r#"check if reply_to_count(0)"#, "Mail-Followup-To: leak@evil.test\n", "deny"),
        (r#"reject if reply_to("leak@evil.test")"#, "Reply-To: x <LEAK@evil.test>\n", "deny"),
        (
            r#"check all reply_to($r), $r.ends_with("@example.com") or reply_to_count(0)"#,
            "Reply-To: a@example.com\n",
            "allow",
        ),
        (
            r#"check all sender($s), account($a), $s == $a or sender_count(0)"#,
            "From: ceo@example.com\n",
            "deny",
        ),
    ] {
        assert_eq!(verdict(&of(check), letter(head)), expected, "{check} {head:?}");
    }
    // The receiver of answers counts as reached.
    let to = pass(Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]));
    assert_eq!(verdict(&to, letter("Reply-To: leak@evil.test\n")), "deny");
    assert_eq!(verdict(&to, letter("From: ceo@example.com\n")), "allow");
}

#[test]
fn what_a_refusal_says_of_a_sender_is_plain() {
    let text = {
        let narrow = Narrowing::default().with(&flags::AS, [ME]);
        let args = MintArgs { narrow, ..args(&["gmail.*"], &[], &[]) };
        let terms = MintTerms::parse(&args, &[known_service("gmail", ME)], NOW).unwrap();
        terms.mint(&PassId::from_random([3; 16]), &root()).unwrap().text
    };
    let pass = verify(&text).unwrap();
    let Decided::Deny(refused) = decide(&pass, letter("From: ceo@example.com\n"), &Context::default(), NOW)
    else {
        panic!("it was not denied")
    };
    let reason = &refused.reasons()[0];
    assert_eq!(reason.expected, "only these senders: `me@example.com`");
    assert_eq!(reason.got, "sender `ceo@example.com`");
    assert_eq!(reason.recorded(), "1 sender");
    let narrow = AttenuateArgs {
        narrow: Narrowing::default().with(&flags::AS, ["nobody"]),
        ..AttenuateArgs::default()
    };
    let services = [known_service("gmail", ME).service];
    assert!(attenuate(&text, &narrow, &services, NOW).is_err());
}

#[test]
fn a_yes_for_more_than_one_message_is_for_one_sender() {
    let alike = |head: &str| letter(head).envelope(&lookup::Observed::default());
    assert_eq!(alike("From: me@example.com\nSubject: a\n"), alike("Subject: b\n"));
    assert_ne!(alike("From: me@example.com\n"), alike("From: ceo@example.com\n"));
}
