//! A refusal names, in words, the thing in the request that is at fault, and nothing else.

use std::fmt::Write as _;

use crate::common::{NOW, classified, known_service, strings, verified};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use datalog::flags;
use datalog::*;

fn refused(args: MintArgs, line: &str, body: &str) -> String {
    let known = known_service("gmail", "me@example.com");
    let pass = verified(
        &MintArgs { task: "t".into(), allow: strings(&["gmail.*"]), ..args },
        std::slice::from_ref(&known),
    );
    let request = classified(&known, line, "application/json", body.as_bytes()).unwrap();
    let Decided::Deny(refused) = decide(&pass, request, &Context::default(), NOW) else {
        return "not denied".into();
    };
    refused.reasons().iter().fold(String::new(), |mut text, reason| {
        let _ = writeln!(text, "expected {}\n     got {}", reason.expected, reason.got);
        text
    })
}

fn to(header: &str) -> String {
    format!(r#"{{"raw":"{}"}}"#, URL_SAFE.encode(format!("{header}\r\nSubject: x\r\n\r\nhi")))
}

const LIST: &str = "GET /gmail/v1/users/me/messages";
const SEND: &str = "POST /gmail/v1/users/me/messages/send";

#[test]
fn a_refusal_names_what_is_at_fault_and_nothing_beside_it() {
    let list = |text: &str| MintArgs {
        narrow: Narrowing::default().with(&flags::ARG, [&format!("gmail.users.messages.list: {text}")]),
        ..MintArgs::default()
    };
    let inside = || MintArgs {
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["example.com"]),
        ..MintArgs::default()
    };
    let check = |text: &str| MintArgs {
        narrow: Narrowing::default().with(&flags::CHECK, [text]),
        ..MintArgs::default()
    };
    let cases = [
        (list("q = \"is:unread\""), format!("{LIST}?q=from:boss"), String::new()),
        (
            list("q = \"is:unread\", maxResults<=10"),
            format!("{LIST}?q=is:unread&maxResults=11"),
            String::new(),
        ),
        (list("q?, maxResults?"), format!("{LIST}?q=x&maxResults=1&pageToken=2"), String::new()),
        (inside(), SEND.into(), to("To: a@example.com, eve@notexample.com\r\nBcc: mallory@example.org")),
        (
            MintArgs {
                narrow: Narrowing::default().with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]),
                ..MintArgs::default()
            },
            SEND.into(),
            to("To: a@example.com"),
        ),
        (
            MintArgs {
                narrow: Narrowing::default().with(&flags::DURING, ["mon-fri 09:00-17:00 Europe/Berlin"]),
                ..MintArgs::default()
            },
            LIST.into(),
            String::new(),
        ),
        (
            MintArgs {
                narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["message"]),
                ..MintArgs::default()
            },
            format!("{LIST}/18f"),
            String::new(),
        ),
        (check("check if recipient_count($n), $n <= 1"), SEND.into(), to("To: a@b.test, c@d.test")),
        (check("check if attachment_count($n), $n > 0"), SEND.into(), to("To: a@b.test")),
    ];
    let told: Vec<String> = cases.into_iter().map(|(args, line, body)| refused(args, &line, &body)).collect();
    insta::assert_snapshot!(told.join("\n"));
}
