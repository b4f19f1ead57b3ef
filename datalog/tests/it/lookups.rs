//! Things that a request refers to without saying them: when they are looked up, and how the answer is used.

use std::sync::Arc;

use crate::common::letters::{THREAD, in_thread, known, letter, send, thread};
use crate::common::{CATALOG, NOW, args, classified, decided, known_service, root, roots, verified, word};
use datalog::flags;
use datalog::lookup::{Unfound, could_need};
use datalog::*;

#[test]
fn a_reply_goes_to_participants_of_its_thread_and_to_nobody_else() {
    let pass = verified(&in_thread(&["gmail:send"]), &[known()]);
    let with_thread = |_: &str| Ok(thread());
    for (to, expected) in [
        ("bob@partner.test", "allow"),
        ("Bob <BOB@partner.test>, carol@partner.test, dave@example.com, me@example.com", "allow"),
        ("evil@outside.test", "deny"),
        ("bob@partner.test, evil@outside.test", "deny"),
        ("forged@outside.test", "deny"),
    ] {
        let (targets, decided) = decided(&pass, send(to, Some("t1")), &with_thread);
        assert_eq!(word(&decided), expected, "{to}");
        assert_eq!(targets, [THREAD]);
    }
    // A new thread has no participants, and nothing to look up.
    let (targets, decided) = decided(&pass, send("bob@partner.test", None), &with_thread);
    assert_eq!((word(&decided), targets.len()), ("deny", 0));
}

#[test]
fn a_refusal_does_not_say_who_is_in_the_thread() {
    let pass = verified(&in_thread(&["gmail:send"]), &[known()]);
    let (_, decided) = decided(&pass, send("evil@outside.test", Some("t1")), &|_| Ok(thread()));
    let Decided::Deny(refused) = decided else { panic!() };
    let told = format!("{:?}", refused.reasons());
    assert!(!told.contains("partner.test"), "{told}");
}

#[test]
fn what_is_not_known_of_a_thread_is_unevaluable() {
    let pass = verified(&in_thread(&["gmail:send"]), &[known()]);
    let junk = [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        r#"{"messages":[]}"#,
        r#"{"messages":[{}]}"#,
        r#"{"messages":[{"payload":{}}]}"#,
        r#"{"messages":[{"payload":{"headers":{}}}]}"#,
        r#"{"messages":[{"payload":{"headers":[{"name":"From"}]}}]}"#,
        r#"{"messages":[{"labelIds":"INBOX","payload":{"headers":[]}}]}"#,
        r#"{"messages":[{"labelIds":[1],"payload":{"headers":[]}}]}"#,
        r#"{"messages":[],"messages":[{"payload":{"headers":[]}}]}"#,
        r#"{"nextPageToken":"x","messages":[{"payload":{"headers":[]}}]}"#,
    ];
    for answer in junk {
        let (_, decided) = decided(&pass, send("bob@partner.test", Some("t1")), &|_| Ok(answer.into()));
        assert_eq!(word(&decided), "unevaluable", "{answer}");
    }
    for unfound in [Unfound::NoAnswer, Unfound::Refused, Unfound::TooLarge] {
        let (_, decided) = decided(&pass, send("bob@partner.test", Some("t1")), &|_| Err(unfound));
        assert_eq!(word(&decided), "unevaluable");
    }
    // An id that would be another path is not looked up.
    for id in ["t1/../../messages/send", "t1?x=y", "%2e", "", "t 1", "t1#"] {
        let (targets, decided) = decided(&pass, send("bob@partner.test", Some(id)), &|_| Ok(thread()));
        assert_eq!((word(&decided), targets.len()), ("unevaluable", 0), "{id}");
    }
    // Offline nothing is looked up, and the reason says so.
    let Decided::Deny(refused) =
        decide(&pass, send("bob@partner.test", Some("t1")), &Context::default(), NOW)
    else {
        panic!()
    };
    assert!(refused.reasons()[0].got.contains("needs a look-up"), "{:?}", refused.reasons());
}

#[test]
fn an_address_that_does_not_parse_is_no_participant() {
    let pass = verified(&in_thread(&["gmail:send"]), &[known()]);
    for from in
        ["grp: bob@partner.test;", "bob@partner.test (x)", "<@a.test:bob@partner.test>", "bob@partner.test, "]
    {
        let header =
            serde_json::json!({"messages": [{"payload": {"headers": [{"name": "From", "value": from}]}}]});
        let (_, decided) = decided(&pass, send("bob@partner.test", Some("t1")), &|_| Ok(header.to_string()));
        assert_eq!(word(&decided), "deny", "{from}");
    }
}

#[test]
fn nothing_is_looked_up_that_no_caveat_reads_or_that_is_denied_anyway() {
    let reply = || send("bob@partner.test", Some("t1"));
    let plain = verified(&args(&["gmail:send"], &[], &[]), &[known()]);
    assert!(!could_need(&plain, &reply()));
    let addressed = MintArgs {
        narrow: Narrowing::default().with(&flags::TO, ["bob@partner.test"]),
        ..args(&["gmail:send"], &[], &[])
    };
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    assert_eq!(word(&decided(&verified(&addressed, &[known()]), reply(), &never).1), "allow");
    // One request is not covered. The other is covered, but another caveat stops it.
    let reader = verified(&in_thread(&["gmail:read"]), &[known()]);
    assert_eq!(word(&decided(&reader, reply(), &never).1), "deny");
    let elsewhere = MintArgs {
        narrow: Narrowing::default()
            .with(&flags::TO, ["carol@partner.test"])
            .with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]),
        ..args(&["gmail:send"], &[], &[])
    };
    assert_eq!(word(&decided(&verified(&elsewhere, &[known()]), reply(), &never).1), "deny");
    // A request that reaches nobody is no reply.
    let list = classified(&known(), "GET /gmail/v1/users/me/messages", "", b"").unwrap();
    assert_eq!(word(&decided(&reader, list, &never).1), "allow");
}

#[test]
fn a_message_cannot_be_put_into_the_mailbox_to_make_a_participant() {
    let pass = verified(&in_thread(&["gmail:write", "gmail:send"]), &[known()]);
    for path in ["messages", "messages/import"] {
        let body = format!(r#"{{"raw":"{}","threadId":"t1"}}"#, letter("me@example.com"));
        let line = format!("POST /gmail/v1/users/me/{path}");
        let request = classified(&known(), &line, "application/json", body.as_bytes()).unwrap();
        assert_eq!(word(&decided(&pass, request, &|_| Ok(thread())).1), "unevaluable", "{path}");
    }
}

/// Narrows a pass as a holder does.
fn narrowed(args: &MintArgs, narrow: &AttenuateArgs) -> Arc<VerifiedPass> {
    let terms = MintTerms::parse(args, &[known()], NOW).unwrap();
    let text = terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
    let child = attenuate(&text, narrow, &[known().service], NOW).unwrap().text;
    PassCache::new(4).verify(&child, &roots(), &|_| false, NOW).unwrap()
}

#[test]
fn a_later_block_is_no_way_to_ask_about_what_the_pass_may_not_read() {
    let probe = AttenuateArgs {
        narrow: Narrowing::default().with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]),
        ..AttenuateArgs::default()
    };
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    let reply = || send("bob@partner.test", Some("t1"));
    let blind = narrowed(&args(&["gmail:send"], &[], &[]), &probe);
    assert_eq!(word(&decided(&blind, reply(), &never).1), "unevaluable");
    // Reading needs an approval, is counted, is limited in its arguments, or covers only new things: none of these
    // allows it plainly.
    let send_and = |allow: &[&str]| args(&[allow, &["gmail:send"]].concat(), &[], &[]);
    let counted = MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["gmail:read=1000"]),
        ..send_and(&["gmail:read"])
    };
    let asked = args(&["gmail:send"], &["gmail:read"], &[]);
    let denied = args(&["gmail:send", "gmail:read"], &[], &["gmail.users.threads.get"]);
    let shaped = MintArgs {
        narrow: Narrowing::default().with(&flags::ARG, ["gmail.users.threads.get: id=\"t2\""]),
        ..send_and(&["gmail:read"])
    };
    let dated = MintArgs {
        narrow: Narrowing::default().with(&flags::NEWER_THAN, ["24h"]),
        ..send_and(&["gmail:read"])
    };
    let redacted = MintArgs {
        narrow: Narrowing::default().with(&flags::REDACT, ["payload.headers"]),
        ..send_and(&["gmail:read"])
    };
    for parent in [counted, asked, denied, shaped, dated, redacted] {
        assert_eq!(
            word(&decided(&narrowed(&parent, &probe), reply(), &never).1),
            "unevaluable",
            "{parent:?}"
        );
    }
    let reader = narrowed(&send_and(&["gmail:read"]), &probe);
    let (targets, found) = decided(&reader, reply(), &|_| Ok(thread()));
    assert_eq!((word(&found), targets.len()), ("allow", 1));
    assert_eq!(word(&decided(&reader, send("evil@outside.test", Some("t1")), &|_| Ok(thread())).1), "deny");
    // A check of the authority block is not the holder's question.
    let asks = narrowed(
        &in_thread(&["gmail:send"]),
        &AttenuateArgs { narrow: Narrowing::default().with(&flags::FOR, ["5m"]), ..AttenuateArgs::default() },
    );
    assert_eq!(word(&decided(&asks, reply(), &|_| Ok(thread())).1), "allow");
}

#[test]
fn every_look_up_of_the_catalog_is_an_operation_that_only_reads() {
    let mut looks = 0;
    for service in CATALOG.services() {
        let connection = known_service(service.name.as_str(), "me@example.com");
        for look in service.operations.iter().flat_map(|operation| &operation.looks) {
            let id = if look.finds == lookup::Finds::Person { "U0123ABCD" } else { "C0123ABCD" };
            let target: String = look
                .get
                .iter()
                .map(|part| match part {
                    catalog::IdPart::Text(text) => text.to_string(),
                    catalog::IdPart::Argument(_) => id.into(),
                })
                .collect();
            let request = classified(&connection, &format!("GET {target}"), "", b"").unwrap();
            assert_eq!(request.effects, Effects::NONE.with(Effect::Read), "{target}");
            looks += 1;
        }
    }
    assert!(looks >= 5);
}
