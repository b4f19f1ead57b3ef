//! The stored facts of a decision print the decision, and hold no more of the request than its facts.
#![expect(clippy::unwrap_used, reason = "a test that cannot be arranged fails")]

use std::sync::Arc;

use crate::common::{CATALOG, NOW, classified, known_service, strings, verified};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use datalog::replay::{Recorded, Replay, Verdict};
use datalog::transcript::world;
use datalog::*;

const SEND: &str = "POST /gmail/v1/users/me/messages/send";

fn gmail() -> KnownConnection {
    known_service("gmail", "me@example.com")
}

fn pass(narrow: Narrowing) -> Arc<VerifiedPass> {
    let args = MintArgs {
        task: "t".into(),
        allow: strings(&["gmail:read", "gmail:write", "gmail:send"]),
        narrow,
        ..MintArgs::default()
    };
    verified(&args, &[gmail()])
}

fn letter(to: &str, text: &str) -> Request {
    let raw = URL_SAFE.encode(format!("To: {to}\r\nSubject: lunch\r\n\r\n{text}"));
    classified(&gmail(), SEND, "application/json", format!(r#"{{"raw":"{raw}"}}"#).as_bytes()).unwrap()
}

fn listing(query: &str) -> Request {
    classified(&gmail(), &format!("GET /gmail/v1/users/me/messages?q={query}"), "", b"").unwrap()
}

fn kept(pass: &VerifiedPass, request: &Request) -> StoredFacts {
    let kept = StoredFacts::of(pass, Judged { request, digest: request.digest() }, &Context::default(), NOW);
    StoredFacts::decode(&kept.encode()).unwrap()
}

fn text(kept: &StoredFacts) -> String {
    String::from_utf8(kept.encode()).unwrap()
}

#[test]
fn what_is_kept_prints_the_very_world_of_the_decision() {
    let passes = [
        pass(Narrowing::default()),
        pass(Narrowing::default().with(&flags::TO, ["alice@example.com"]).with(&flags::LIMIT, ["send=2/h"])),
        pass(
            Narrowing::default()
                .with(&flags::ARG, ["gmail.users.messages.list: q = \"is:unread\""])
                .with(&flags::ONLY_SEEN, ["message"])
                .with(&flags::DURING, ["sun 08:00-10:00 UTC"]),
        ),
    ];
    for pass in passes {
        for request in [
            listing("is:unread"),
            listing("a%22)%3B%20allow%20if%20true%3B%20%2F%2F"),
            letter("bob@example.org", "hi"),
        ] {
            let wording = pass.wording();
            let kept = kept(&pass, &request);
            assert_eq!(kept.wording(), wording.digest());
            assert_eq!(kept.lacking(), <[String; 0]>::default());
            let wording = PassText::of(wording.bytes.clone()).wording().unwrap();
            let printed = world(pass.content(), &request, &Context::default(), NOW);
            let without = |text: &str, line: &str| -> String {
                text.split_inclusive('\n').filter(|one| !one.starts_with(line)).collect()
            };
            // No pass here reads what the letter says.
            let (kept, printed) = (
                without(&kept.world(&wording), "// `arg` of the argument `raw`"),
                without(&printed, "arg(\"raw\""),
            );
            assert_eq!(kept, printed);
        }
    }
}

#[test]
fn the_text_of_a_message_and_a_long_value_are_left_out_where_the_pass_does_not_read_them() {
    let plain = pass(Narrowing::default());
    let sent = kept(&plain, &letter("alice@example.com", "the secret plan"));
    assert_eq!(sent.values("recipient"), [["alice@example.com"]]);
    let raw = URL_SAFE.encode("the secret plan");
    assert!(
        !text(&sent).contains(raw.get(..8).unwrap()) && !text(&sent).contains("secret plan"),
        "{}",
        text(&sent)
    );
    assert!(
        text(&sent).contains(r#""left_out":[{"word":"arg","argument":"raw","bytes":"#),
        "{}",
        text(&sent)
    );

    let long = kept(&plain, &listing(&"x".repeat(600)));
    assert!(
        !text(&long).contains("xxxx") && text(&long).contains(r#""bytes":600,"sha256":""#),
        "{}",
        text(&long)
    );

    let reader =
        pass(Narrowing::default().with(&flags::ARG, ["gmail.users.messages.list: q contains \"x\""]));
    assert!(
        text(&kept(&reader, &listing(&"x".repeat(600)))).contains("xxxx"),
        "facts that the pass reads are stored"
    );
    let longest = kept(&reader, &listing(&"x".repeat(9_000)));
    assert!(!text(&longest).contains("xxxx"), "but only up to a limit");
    assert!(longest.lacking().concat().contains("`arg` of the argument `q` is not kept: 9000 bytes"));
}

#[test]
fn what_is_left_out_is_untold_to_a_pass_that_reads_it_and_to_no_other() {
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let request = listing(&"x".repeat(600));
    let kept = kept(&pass(Narrowing::default()), &request);
    let outline = request.outline();
    let recorded = Recorded {
        connection: "gmail",
        operation: request.operation.id.as_str(),
        outline: Some(&outline),
        kept: Some(&kept),
        at: NOW,
    };
    let answer = |args: &str| {
        let pass = pass(Narrowing::default().with(&flags::ARG, [args]));
        Replay::of(pass.content(), &services).answer(&recorded).verdict
    };
    assert_eq!(answer("gmail.users.messages.list: q contains \"x\""), Verdict::Untold);
    assert_eq!(answer("gmail.users.messages.list: q"), Verdict::Allow);
    assert_eq!(answer("gmail.users.messages.list: maxResults"), Verdict::Deny);
}

#[test]
fn a_request_of_any_size_is_kept_in_bounds() {
    let pass = pass(Narrowing::default());
    let many: Vec<String> = (0..900).map(|n| format!("\"{:060}\"", n)).collect();
    let body = format!(r#"{{"ids":[{}],"addLabelIds":["STARRED"]}}"#, many.join(","));
    let line = "POST /gmail/v1/users/me/messages/batchModify";
    let request = classified(&gmail(), line, "application/json", body.as_bytes()).unwrap();
    let kept = kept(&pass, &request);
    assert!(text(&kept).len() < 64 * 1024, "{}", text(&kept).len());
    assert!(text(&kept).contains("left_out"), "{}", text(&kept));
    assert_eq!(kept.values("operation"), [["gmail.users.messages.batchModify"]]);
}
