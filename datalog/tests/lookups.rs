//! What a request refers to and does not say: when it is looked up, and what is made of the answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be arranged fails"
)]

mod common;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use common::{CATALOG, NOW, args, classified, decided, known_service, root, roots, strings, verified, word};
use datalog::lookup::{Unfound, could_need};
use datalog::*;

fn known() -> KnownConnection {
    known_service("gmail", "me@example.com")
}

fn in_thread(allow: &[&str]) -> MintArgs {
    MintArgs {
        narrow: Narrowing { to_thread_participants: true, ..Narrowing::default() },
        ..args(allow, &[], &[])
    }
}

fn letter(to: &str) -> String {
    URL_SAFE.encode(format!("From: me@example.com\r\nTo: {to}\r\nSubject: Re: lunch\r\n\r\nyes\r\n"))
}

fn send(to: &str, thread: Option<&str>) -> Request {
    let thread = thread.map(|id| format!(r#","threadId":"{id}""#)).unwrap_or_default();
    let body = format!(r#"{{"raw":"{}"{thread}}}"#, letter(to));
    classified(&known(), "POST /gmail/v1/users/me/messages/send", "application/json", body.as_bytes())
        .unwrap()
}

fn send_draft(body: &str) -> Request {
    classified(&known(), "POST /gmail/v1/users/me/drafts/send", "application/json", body.as_bytes()).unwrap()
}

/// A thread in which Bob wrote to me with Carol in copy, and I answered Bob.
fn thread() -> String {
    let message = |labels: &str, headers: &[(&str, &str)]| {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| serde_json::json!({"name": name, "value": value}).to_string())
            .collect();
        format!(
            r#"{{"id":"m","threadId":"t1","labelIds":[{labels}],"payload":{{"headers":[{}]}}}}"#,
            headers.join(",")
        )
    };
    format!(
        r#"{{"id":"t1","historyId":"1","messages":[{},{},{}]}}"#,
        message(
            r#""INBOX""#,
            &[
                ("From", "Bob <Bob@partner.test>"),
                ("To", "me@example.com"),
                ("CC", "\"C, Carol\" <carol@partner.test>")
            ]
        ),
        message(
            r#""SENT""#,
            &[("From", "forged@outside.test"), ("To", "bob@partner.test, dave@example.com")]
        ),
        message(r#""DRAFT""#, &[("From", "evil@outside.test"), ("To", "evil@outside.test")]),
    )
}

const THREAD: &str = "/gmail/v1/users/me/threads/t1?format=metadata&metadataHeaders=From&metadataHeaders=To&metadataHeaders=Cc&metadataHeaders=Reply-To";

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
    // Offline nobody looks anything up, and says so.
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
        narrow: Narrowing { to: strings(&["bob@partner.test"]), ..Narrowing::default() },
        ..args(&["gmail:send"], &[], &[])
    };
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    assert_eq!(word(&decided(&verified(&addressed, &[known()]), reply(), &never).1), "allow");
    // Not covered, and covered but stopped by another caveat.
    let reader = verified(&in_thread(&["gmail:read"]), &[known()]);
    assert_eq!(word(&decided(&reader, reply(), &never).1), "deny");
    let elsewhere = MintArgs {
        narrow: Narrowing {
            to: strings(&["carol@partner.test"]),
            to_thread_participants: true,
            ..Narrowing::default()
        },
        ..args(&["gmail:send"], &[], &[])
    };
    assert_eq!(word(&decided(&verified(&elsewhere, &[known()]), reply(), &never).1), "deny");
    // A request that reaches nobody is nobody's reply.
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
        narrow: Narrowing { to_thread_participants: true, ..Narrowing::default() },
        ..AttenuateArgs::default()
    };
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    let reply = || send("bob@partner.test", Some("t1"));
    let blind = narrowed(&args(&["gmail:send"], &[], &[]), &probe);
    assert_eq!(word(&decided(&blind, reply(), &never).1), "unevaluable");
    // Reading is asked about, counted, of other arguments, of new things only: none of it is plainly allowed.
    let send_and = |allow: &[&str]| args(&[allow, &["gmail:send"]].concat(), &[], &[]);
    let counted = MintArgs {
        narrow: Narrowing { limits: strings(&["gmail:read=1000"]), ..Narrowing::default() },
        ..send_and(&["gmail:read"])
    };
    let asked = args(&["gmail:send"], &["gmail:read"], &[]);
    let denied = args(&["gmail:send", "gmail:read"], &[], &["gmail.users.threads.get"]);
    let shaped = MintArgs {
        narrow: Narrowing { args: strings(&["gmail.users.threads.get: id=\"t2\""]), ..Narrowing::default() },
        ..send_and(&["gmail:read"])
    };
    let dated = MintArgs {
        narrow: Narrowing { newer_than: strings(&["24h"]), ..Narrowing::default() },
        ..send_and(&["gmail:read"])
    };
    let redacted = MintArgs {
        narrow: Narrowing { redact: strings(&["payload.headers"]), ..Narrowing::default() },
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
    // What the authority block asks for is no question of the holder's.
    let asks = narrowed(
        &in_thread(&["gmail:send"]),
        &AttenuateArgs {
            narrow: Narrowing { duration: Some("5m".into()), ..Narrowing::default() },
            ..AttenuateArgs::default()
        },
    );
    assert_eq!(word(&decided(&asks, reply(), &|_| Ok(thread())).1), "allow");
}

fn draft(to: &str, thread: &str) -> String {
    format!(
        r#"{{"id":"r-1","message":{{"id":"m9","threadId":"{thread}","labelIds":["DRAFT"],"raw":"{}"}}}}"#,
        letter(to)
    )
}

fn to_domain(domain: &str) -> MintArgs {
    MintArgs {
        narrow: Narrowing { to_domains: strings(&[domain]), ..Narrowing::default() },
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
    assert_ne!(permitted.digest(), send_draft(r#"{"id":"r-1"}"#).digest(), "the digest is of what is sent");
    let (_, outside) =
        decided(&pass, send_draft(r#"{"id":"r-1"}"#), &|_| Ok(draft("evil@outside.test", "t1")));
    assert_eq!(word(&outside), "deny");
    let Decided::Deny(refused) = outside else { panic!() };
    assert!(!format!("{:?}", refused.reasons()).contains("evil"), "what the draft holds is not told");
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
    // What the request says of the draft beside its id.
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
        assert_eq!(word(&decided), expected, "{given} in place of {held}");
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
    assert_ne!(digest("bob@partner.test"), digest("evil@outside.test"), "an approval is of one content");
}

fn limited_to(service: &str, domain: &str) -> Arc<VerifiedPass> {
    let allow = format!("{service}.*");
    let args = MintArgs {
        narrow: Narrowing { to_domains: strings(&[domain]), ..Narrowing::default() },
        ..args(&[&allow], &[], &[])
    };
    verified(&args, &[known_service(service, "me@example.com")])
}

fn change(service: &str, line: &str, body: &str) -> Request {
    let known = known_service(service, "me@example.com");
    classified(&known, line, "application/json", body.as_bytes()).unwrap()
}

const EVENT: &str = "/calendar/v3/calendars/primary/events/e1";

/// An event of mine, with these fields beside what every event has.
fn event(more: &str) -> String {
    format!(
        r#"{{"kind":"calendar#event","id":"e1","etag":"\"33\"","status":"confirmed","eventType":"default",
        "organizer":{{"email":"me@example.com","self":true}}{more}}}"#
    )
}

fn guests(emails: &[&str]) -> String {
    let guests: Vec<String> = emails.iter().map(|email| format!(r#"{{"email":"{email}"}}"#)).collect();
    format!(r#","attendees":[{{"email":"me@example.com","self":true}},{}]"#, guests.join(","))
}

#[test]
fn a_change_of_an_event_reaches_the_guests_that_it_has_and_the_new_ones() {
    let pass = limited_to("google-calendar", "partner.test");
    let new = |email: &str| format!(r#"{{"attendees":[{{"email":"{email}"}}]}}"#);
    for (method, body, held, expected) in [
        ("PATCH", r#"{"summary":"x"}"#.to_owned(), event(""), "allow"),
        ("PATCH", r#"{"summary":"x"}"#.to_owned(), event(&guests(&["bob@partner.test"])), "allow"),
        (
            "PATCH",
            r#"{"summary":"x"}"#.to_owned(),
            event(&guests(&["bob@partner.test", "eve@outside.test"])),
            "deny",
        ),
        ("PATCH", new("bob@partner.test"), event(&guests(&["carol@partner.test"])), "allow"),
        ("PATCH", new("bob@partner.test"), event(&guests(&["eve@outside.test"])), "deny"),
        ("PATCH", new("eve@outside.test"), event(&guests(&["bob@partner.test"])), "deny"),
        ("PUT", new("bob@partner.test"), event(&guests(&["eve@outside.test"])), "deny"),
        ("DELETE", String::new(), event(&guests(&["bob@partner.test"])), "allow"),
        ("DELETE", String::new(), event(&guests(&["eve@outside.test"])), "deny"),
    ] {
        let request = change("google-calendar", &format!("{method} {EVENT}"), &body);
        let (targets, decided) = decided(&pass, request, &|_| Ok(held.clone()));
        assert_eq!(word(&decided), expected, "{method} {body} {held}");
        assert_eq!(targets, [EVENT]);
        if let Decided::Allow(permitted) = decided {
            let headers = &permitted.request().headers;
            assert!(
                headers.iter().any(|(name, value)| &**name == "if-match" && value == "\"33\""),
                "{headers:?}"
            );
        }
    }
    // Somebody else's event: an answer goes to who organises it.
    let theirs =
        event("").replace(r#""email":"me@example.com","self":true"#, r#""email":"eve@outside.test""#);
    let request = change("google-calendar", &format!("PATCH {EVENT}"), r#"{"summary":"x"}"#);
    assert_eq!(word(&decided(&pass, request, &|_| Ok(theirs.clone())).1), "deny");
}

#[test]
fn an_event_that_does_not_say_whom_it_reaches_is_unevaluable() {
    let pass = limited_to("google-calendar", "partner.test");
    let patch = |line: &str| change("google-calendar", line, r#"{"summary":"x"}"#);
    for held in [
        "{}".to_owned(),
        event("").replace("e1", "e2"),
        event("").replace("organizer", "x"),
        event(r#","attendeesOmitted":true"#),
        event(r#","attendeesOmitted":"true""#),
        event(r#","anyoneCanAddSelf":true"#),
        event(r#","attendees":[{"displayName":"Bob"}]"#),
        event(r#","attendees":[{"email":"Bob <bob@partner.test>"}]"#),
        event(r#","attendees":{}"#),
        event("").replace(r#""eventType":"default""#, r#""eventType":"outOfOffice""#),
        event("").replace(r#""\"33\"""#, "33"),
    ] {
        let (_, decided) = decided(&pass, patch(&format!("PATCH {EVENT}")), &|_| Ok(held.clone()));
        assert_eq!(word(&decided), "unevaluable", "{held}");
    }
}

#[test]
fn a_change_of_a_permission_reaches_whom_it_is_for() {
    let pass = limited_to("google-drive", "partner.test");
    let change = || change("google-drive", "PATCH /drive/v3/files/f1/permissions/p1", r#"{"role":"writer"}"#);
    for (held, expected) in [
        (r#"{"id":"p1","type":"user","emailAddress":"bob@partner.test"}"#, "allow"),
        (r#"{"id":"p1","type":"group","emailAddress":"all@partner.test"}"#, "allow"),
        (r#"{"id":"p1","type":"user","emailAddress":"eve@outside.test"}"#, "deny"),
        (r#"{"id":"p2","type":"user","emailAddress":"bob@partner.test"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"anyone"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"domain","domain":"partner.test"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"user"}"#, "unevaluable"),
        (r#"{"id":"p1","emailAddress":"bob@partner.test"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"user","emailAddress":"bob@partner.test","domain":"x"}"#, "unevaluable"),
    ] {
        let (targets, decided) = decided(&pass, change(), &|_| Ok(held.into()));
        assert_eq!(word(&decided), expected, "{held}");
        assert!(targets[0].starts_with("/drive/v3/files/f1/permissions/p1?"), "{targets:?}");
    }
}

#[test]
fn a_count_of_recipients_counts_those_that_are_looked_up() {
    let limited = MintArgs {
        narrow: Narrowing { limits: strings(&["recipients=1"]), ..Narrowing::default() },
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

#[test]
fn every_look_up_of_the_catalog_is_an_operation_that_only_reads() {
    let mut looks = 0;
    for service in CATALOG.services() {
        let connection = known_service(service.name.as_str(), "me@example.com");
        for look in service.operations.iter().flat_map(|operation| &operation.looks) {
            let id = if look.finds == datalog::lookup::Finds::Person { "U0123ABCD" } else { "C0123ABCD" };
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
