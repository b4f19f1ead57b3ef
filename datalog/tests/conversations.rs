//! Slack's conversations: a pass that says nothing may leave the organization has each one looked up, and what is not
//! known is denied.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be arranged fails"
)]

mod common;

use std::sync::Arc;

use common::{NOW, args, classified, known_service, strings, verified};
use datalog::lookup::{Inquiry, Unfound, could_need};
use datalog::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn known() -> KnownConnection {
    known_service("slack", "U0123")
}

/// Posts and reads, inside the organization alone.
fn inside() -> Arc<VerifiedPass> {
    let checks = strings(&["check if channel_external(false)"]);
    verified(&MintArgs { checks, ..args(&["slack:read", "slack:send", "slack:write"], &[], &[]) }, &[known()])
}

fn request(method: &str, body: &str) -> Request {
    classified(&known(), &format!("POST /api/{method}"), FORM, body.as_bytes()).unwrap()
}

/// The forms that were sent to look something up, and the answer.
fn decided(request: Request, answer: &Result<String, Unfound>) -> (Vec<String>, &'static str) {
    let (pass, service) = (inside(), known().service);
    let mut inquiry = Inquiry::about(request, Context::default());
    let mut asked = Vec::new();
    while let Some(needed) = inquiry.next(&pass, &service, NOW) {
        let form = String::from_utf8(needed.request().wire_body().unwrap().1).unwrap();
        asked.push(format!("{}?{form}", needed.request().upstream_target()));
        inquiry.learn(&needed, answer.as_deref().map(str::as_bytes).map_err(|error| *error));
        assert!(asked.len() < 3, "a plan has to end");
    }
    let (request, context) = inquiry.into_parts();
    let word = match decide(&pass, request, &context, NOW) {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    };
    (asked, word)
}

fn info(fields: &str) -> Result<String, Unfound> {
    Ok(format!(r#"{{"ok":true,"channel":{{"id":"C0123"{fields}}}}}"#))
}

#[test]
fn a_message_goes_into_a_conversation_of_the_organization_and_no_other() {
    for (answer, expected) in [
        (info(r#","is_ext_shared":false"#), "allow"),
        (info(r#","is_ext_shared":false,"is_pending_ext_shared":false"#), "allow"),
        (info(r#","is_ext_shared":true"#), "deny"),
        (info(r#","is_ext_shared":false,"is_pending_ext_shared":true"#), "deny"),
        (info(""), "unevaluable"),
        (info(r#","is_ext_shared":"no""#), "unevaluable"),
        (Ok(r#"{"ok":true,"channel":{"id":"C0999","is_ext_shared":false}}"#.into()), "unevaluable"),
        (Ok(r#"{"ok":false,"error":"channel_not_found"}"#.into()), "unevaluable"),
        (Ok("not JSON".into()), "unevaluable"),
        (Err(Unfound::NoAnswer), "unevaluable"),
    ] {
        let (asked, word) = decided(request("chat.postMessage", "channel=C0123&text=x"), &answer);
        assert_eq!(asked, ["/api/conversations.info?channel=C0123"], "{answer:?}");
        assert_eq!(word, expected, "{answer:?}");
    }
    let bookmark = "channel_id=C0123&type=link&title=t&link=https%3A%2F%2Fexample.com";
    assert_eq!(decided(request("bookmarks.add", bookmark), &info(r#","is_ext_shared":true"#)).1, "deny");
}

#[test]
fn who_reads_writes_into_no_conversation_and_what_names_several_is_unknown() {
    let nothing = Err(Unfound::NoAnswer);
    for (method, body, expected) in [
        ("conversations.history", "channel=C0123", "allow"),
        ("search.messages", "query=x", "allow"),
        ("users.setPresence", "presence=away", "allow"),
        ("files.upload", "channels=C0123,C0124&content=x", "unevaluable"),
    ] {
        let (asked, word) = decided(request(method, body), &nothing);
        assert_eq!((asked.len(), word), (0, expected), "{method}");
    }
}

#[test]
fn a_pass_that_does_not_ask_looks_nothing_up() {
    let pass = verified(&args(&["slack:send"], &[], &[]), &[known()]);
    assert!(!could_need(&pass, &request("chat.postMessage", "channel=C0123&text=x")));
}
