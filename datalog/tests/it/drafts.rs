//! A draft is sent by its id: its content is looked up, and judged as if it were sent itself.

use crate::common::letters::{THREAD, in_thread, known, letter, send_draft, thread};
use crate::common::{args, decided, verified, word};
use datalog::flags;
use datalog::*;

fn draft(to: &str, thread: &str) -> String {
    format!(
        r#"{{"id":"r-1","message":{{"id":"m9","threadId":"{thread}","labelIds":["DRAFT"],"raw":"{}"}}}}"#,
        letter(to)
    )
}

fn to_domain(domain: &str) -> MintArgs {
    MintArgs {
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, [domain]),
        ..args(&["gmail:send"], &[], &[])
    }
}

#[test]
fn a_draft_is_judged_by_what_it_holds_and_that_is_what_is_sent() {
    let pass = verified(&to_domain("partner.test"), &[known()]);
    let (targets, allowed) =
        decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(draft("bob@partner.test", "t1")));
    assert_eq!(targets, ["/gmail/v1/users/me/drafts/r-1?format=raw"]);
    let Decided::Allow(permitted) = allowed else { panic!("{allowed:?}") };
    let (_, body) = permitted.request().wire_body().unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let expected = serde_json::json!({
        "id": "r-1", "message": {"raw": letter("bob@partner.test"), "threadId": "t1"}
    });
    assert_eq!(sent, expected);
    assert_ne!(
        permitted.digest(),
        send_draft(r#"{"id":"r-1"}"#).digest(),
        "the digest covers the sent message"
    );
    let (_, outside) =
        decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(draft("evil@outside.test", "t1")));
    assert_eq!(word(&outside), "deny");
    let Decided::Deny(refused) = outside else { panic!() };
    assert!(!format!("{:?}", refused.reasons()).contains("evil"), "the refusal repeats nothing of the draft");
}

#[test]
fn a_draft_that_is_not_known_is_unevaluable() {
    let pass = verified(&to_domain("partner.test"), &[known()]);
    let other = draft("bob@partner.test", "t1").replace("r-1", "r-2");
    let raw = letter("bob@partner.test");
    let junk = [
        "{}".to_owned(),
        other,
        r#"{"id":"r-1"}"#.into(),
        format!(r#"{{"id":"r-1","message":{{"raw":"{raw}"}}}}"#),
        r#"{"id":"r-1","message":{"threadId":"t1"}}"#.into(),
        r#"{"id":"r-1","message":{"threadId":"t1","raw":""}}"#.into(),
        r#"{"id":"r-1","message":{"threadId":"t1","raw":"!"}}"#.into(),
        format!(r#"{{"id":"r-1","message":{{"threadId":"../t","raw":"{raw}"}}}}"#),
    ];
    for answer in junk {
        let (_, decided) = decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(answer.clone()));
        assert_eq!(word(&decided), "unevaluable", "{answer}");
    }
    // What else the request says about the draft, besides its id.
    for body in [
        r#"{"id":"r-1","message":{"threadId":"t2"}}"#,
        r#"{"id":"r-1","message":{"snippet":"x"}}"#,
        r#"{"id":"r-1","message":{"payload":{"headers":[{"name":"To","value":"evil@outside.test"}]}}}"#,
    ] {
        let (_, decided) = decided(&pass, send_draft(body), &|_| Ok(draft("bob@partner.test", "t1")));
        assert_eq!(word(&decided), "unevaluable", "{body}");
    }
}

#[test]
fn a_message_in_place_of_a_draft_is_judged_beside_it() {
    let pass = verified(&to_domain("partner.test"), &[known()]);
    let send = |to: &str| send_draft(&format!(r#"{{"id":"r-1","message":{{"raw":"{}"}}}}"#, letter(to)));
    for (given, held, expected) in [
        ("bob@partner.test", "bob@partner.test", "allow"),
        ("bob@partner.test", "evil@outside.test", "deny"),
        ("evil@outside.test", "bob@partner.test", "deny"),
    ] {
        let (_, decided) = decided(&pass, send(given), &|_| Ok(draft(held, "t1")));
        assert_eq!(word(&decided), expected, "the request has {given}, the draft has {held}");
    }
}

#[test]
fn a_draft_is_a_reply_to_the_thread_that_it_is_in() {
    let pass = verified(&in_thread(&["gmail:send"]), &[known()]);
    let answers = |to: &'static str| {
        move |target: &str| match target.contains("/drafts/") {
            true => Ok(draft(to, "t1")),
            false => Ok(thread()),
        }
    };
    let (targets, decided_in) = decided(&pass, send_draft(r#"{"id":"r-1"}"#), &answers("bob@partner.test"));
    assert_eq!((word(&decided_in), targets.len()), ("allow", 2));
    assert_eq!(targets[1], THREAD);
    let (_, outside) = decided(&pass, send_draft(r#"{"id":"r-1"}"#), &answers("evil@outside.test"));
    assert_eq!(word(&outside), "deny");
}

#[test]
fn who_is_asked_about_a_draft_is_asked_about_what_it_holds() {
    let pass = verified(&args(&["gmail:read"], &["gmail:send"], &[]), &[known()]);
    let digest = |to: &str| match decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(draft(to, "t1"))) {
        (targets, Decided::Ask(refused)) if targets.len() == 1 => refused.digest(),
        other => panic!("{other:?}"),
    };
    assert_eq!(digest("bob@partner.test"), digest("bob@partner.test"));
    assert_ne!(digest("bob@partner.test"), digest("evil@outside.test"), "an approval is for one content");
}

#[test]
fn a_count_of_recipients_counts_those_that_are_looked_up() {
    let limited = MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["recipients=1"]),
        ..args(&["gmail:send"], &[], &[])
    };
    let pass = verified(&limited, &[known()]);
    let one = decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(draft("bob@partner.test", "t1")));
    let Decided::Allow(permitted) = one.1 else { panic!("{one:?}") };
    assert_eq!(permitted.reservations()[0].cost, 1);
    let two = "bob@partner.test, carol@partner.test";
    let (_, two) = decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(draft(two, "t1")));
    assert_eq!(word(&two), "deny");
}
