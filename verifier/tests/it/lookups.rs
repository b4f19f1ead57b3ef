//! The gateway fetches the things that a request refers to before it decides: only if needed, only those, and never
//! for the agent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::common::{CREDENTIAL, Kind, Reply, Seen, Stage, Step, held, json};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use datalog::{AttenuateArgs, MintArgs, Narrowing, flags};
use verifier::GatewayConfig;

const SEND: &str = "/gmail/gmail/v1/users/me/messages/send";
const SEND_DRAFT: &str = "/gmail/gmail/v1/users/me/drafts/send";

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn replies_only() -> MintArgs {
    MintArgs {
        allow: strings(&["gmail:send"]),
        narrow: Narrowing::default().with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]),
        ..MintArgs::default()
    }
}

fn raw(to: &str) -> String {
    URL_SAFE.encode(format!("To: {to}\r\nSubject: Re: lunch\r\n\r\nyes\r\n"))
}

fn reply(to: &str) -> String {
    format!(r#"{{"raw":"{}","threadId":"t1"}}"#, raw(to))
}

const THREAD: &str = r#"{"id":"t1","messages":[{"id":"m1","threadId":"t1","labelIds":["INBOX"],"payload":{"headers":[{"name":"From","value":"Bob <bob@partner.test>"}]}}]}"#;

/// Answers look-ups with `answer`, and everything else with an id.
fn looking(stage: &Stage, answer: impl Fn(&Seen) -> Vec<Step> + Send + 'static) {
    stage.upstream.answers(move |seen| match seen.line.starts_with("GET ") {
        true => answer(seen),
        false => json("200 OK", r#"{"id":"sent"}"#),
    });
}

fn lines(stage: &Stage) -> Vec<String> {
    stage.upstream.seen().into_iter().map(|seen| seen.line).collect()
}

/// Checks that only look-ups reached the upstream, and that the refusal is the only record.
#[track_caller]
fn unevaluable(stage: &Stage, reply: &Reply) {
    assert_eq!((reply.status, reply.code().as_str()), (403, "unevaluable"), "{reply:?}");
    assert!(lines(stage).iter().all(|line| line.starts_with("GET ")), "{:?}", lines(stage));
    let written = stage.authority.written();
    assert_eq!(written.len(), 1);
    assert!(written.iter().all(|one| (one.kind, one.record.decision) == (Kind::Refusal, "unevaluable")));
}

#[test]
fn a_reply_is_looked_up_with_the_credential_and_then_sent() {
    let stage = Stage::new();
    looking(&stage, |_| json("200 OK", THREAD));
    let pass = stage.mint(&replies_only());
    let answer = stage.post(&pass, SEND, &reply("bob@partner.test"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = stage.upstream.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen[0].line.starts_with("GET /gmail/v1/users/me/threads/t1?format=metadata&"),
        "{}",
        seen[0].line
    );
    for one in &seen {
        assert_eq!(one.header("authorization"), Some(format!("Bearer {CREDENTIAL}").as_str()));
        assert!(!one.text().contains(pass.trim_start_matches("hallpass_")));
    }
    assert!(!answer.text().contains("partner.test"));
    let written = stage.authority.written();
    assert_eq!(written.len(), 1, "one request is one record");
    assert_eq!(
        written[0].record.looked_up,
        ["gmail.users.threads.get"],
        "the record names what the credential was used for"
    );
}

#[test]
fn an_outsider_is_denied_without_a_word_of_what_was_looked_up() {
    let stage = Stage::new();
    looking(&stage, |_| json("200 OK", THREAD));
    let pass = stage.mint(&replies_only());
    let answer = stage.post(&pass, SEND, &reply("evil@outside.test"));
    assert_eq!((answer.status, answer.code().as_str()), (403, "denied"));
    assert!(!answer.text().contains("partner.test"), "{answer:?}");
    assert_eq!(stage.upstream.seen().len(), 1);
    // A new thread has no participants, so there is nothing to look up.
    let new = stage.post(&pass, SEND, &format!(r#"{{"raw":"{}"}}"#, raw("bob@partner.test")));
    assert_eq!((new.status, new.code().as_str()), (403, "denied"));
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn nothing_is_looked_up_for_a_pass_that_does_not_ask() {
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:send", "gmail:read"]);
    assert_eq!(stage.post(&pass, SEND, &reply("bob@partner.test")).status, 200);
    let reader = stage.mint(&MintArgs { allow: strings(&["gmail:read"]), ..replies_only() });
    assert_eq!(stage.get(&reader, "/gmail/gmail/v1/users/me/messages").status, 200);
    assert_eq!(stage.post(&reader, SEND, &reply("bob@partner.test")).code(), "denied");
    let expected =
        ["POST /gmail/v1/users/me/messages/send HTTP/1.1", "GET /gmail/v1/users/me/messages HTTP/1.1"];
    assert_eq!(lines(&stage), expected);
}

#[test]
fn a_look_up_that_fails_is_unevaluable() {
    for (status, body) in [
        ("404 Not Found", r#"{"error":{}}"#),
        ("403 Forbidden", THREAD),
        ("500 Internal Server Error", THREAD),
        ("206 Partial Content", THREAD),
        ("302 Found", THREAD),
        ("200 OK", "<html>"),
        ("200 OK", "{}"),
        ("200 OK", r#"{"id":"t1","messages":[]}"#),
    ] {
        let stage = Stage::new();
        looking(&stage, move |_| json(status, body));
        let answer = stage.post(&stage.mint(&replies_only()), SEND, &reply("bob@partner.test"));
        unevaluable(&stage, &answer);
    }
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{THREAD}", THREAD.len() + 1);
    let coded = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{THREAD}",
        THREAD.len()
    );
    for bytes in [cut, coded] {
        let stage = Stage::new();
        looking(&stage, move |_| vec![Step::send(bytes.clone()), Step::Close]);
        let answer = stage.post(&stage.mint(&replies_only()), SEND, &reply("bob@partner.test"));
        unevaluable(&stage, &answer);
    }
}

#[test]
fn a_look_up_is_bounded_in_time_and_size() {
    let config = |change: fn(&mut GatewayConfig)| {
        let mut config = GatewayConfig { threads: 1, ..GatewayConfig::default() };
        change(&mut config);
        config
    };
    let stage = Stage::with(config(|config| config.limits.look = Duration::from_millis(200)));
    let (answer, open) = held(Vec::new);
    stage.upstream.answers(answer);
    let began = Instant::now();
    let answer = stage.post(&stage.mint(&replies_only()), SEND, &reply("bob@partner.test"));
    unevaluable(&stage, &answer);
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(open);

    let stage = Stage::with(config(|config| config.limits.body = 2_000));
    let large = THREAD.replacen("\"id\"", &format!("\"x\":\"{}\",\"id\"", "x".repeat(2_000)), 1);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    for answer in [json("200 OK", &large), vec![Step::send(chunked)]] {
        let mut answer = Some(answer);
        stage.upstream.answers(move |_| answer.take().unwrap_or_default());
        let refused = stage.post(&stage.mint(&replies_only()), SEND, &reply("bob@partner.test"));
        assert_eq!(refused.code(), "unevaluable", "{refused:?}");
    }
}

#[test]
fn a_later_block_looks_nothing_up_that_the_pass_may_not_read() {
    let stage = Stage::new();
    looking(&stage, |_| json("200 OK", THREAD));
    let probe = |parent: &str| {
        let narrow = AttenuateArgs {
            narrow: Narrowing::default().with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]),
            ..AttenuateArgs::default()
        };
        let services: Vec<_> = stage.authority.all().iter().map(|one| one.service.clone()).collect();
        let now = verifier::Clock::now(stage.clock.as_ref());
        datalog::attenuate(parent, &narrow, &services, now).unwrap().text
    };
    let blind = probe(&stage.pass(&["gmail:send"]));
    let answer = stage.post(&blind, SEND, &reply("bob@partner.test"));
    unevaluable(&stage, &answer);
    assert_eq!(stage.upstream.seen().len(), 0);
    assert_eq!(stage.authority.leases.load(Ordering::SeqCst), 0, "no credential was asked for");
    let reader = probe(&stage.pass(&["gmail:send", "gmail:read"]));
    assert_eq!(stage.post(&reader, SEND, &reply("bob@partner.test")).status, 200);
}

#[test]
fn a_draft_is_sent_as_it_was_judged_whatever_becomes_of_it_meanwhile() {
    let stage = Stage::new();
    // A moment later the draft has another recipient.
    let mut asked = 0;
    stage.upstream.answers(move |seen| match seen.line.starts_with("GET ") {
        false => json("200 OK", r#"{"id":"sent"}"#),
        true => {
            asked += 1;
            let to = if asked == 1 { "bob@partner.test" } else { "evil@outside.test" };
            json(
                "200 OK",
                &format!(r#"{{"id":"r-1","message":{{"id":"m","threadId":"t1","raw":"{}"}}}}"#, raw(to)),
            )
        }
    });
    let to_partner = MintArgs {
        allow: strings(&["gmail:send"]),
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]),
        ..MintArgs::default()
    };
    let pass = stage.mint(&to_partner);
    let answer = stage.post(&pass, SEND_DRAFT, r#"{"id":"r-1"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = stage.upstream.seen();
    assert_eq!(seen[0].line, "GET /gmail/v1/users/me/drafts/r-1?format=raw HTTP/1.1");
    let sent: serde_json::Value = serde_json::from_slice(&seen[1].body).unwrap();
    let judged =
        serde_json::json!({"id": "r-1", "message": {"raw": raw("bob@partner.test"), "threadId": "t1"}});
    assert_eq!(sent, judged, "the sent request holds the judged message");
    let later = stage.post(&pass, SEND_DRAFT, r#"{"id":"r-1"}"#);
    assert_eq!((later.status, later.code().as_str()), (403, "denied"));
    assert!(!later.text().contains("outside.test"), "the refusal repeats nothing of the draft: {later:?}");
    assert_eq!(stage.upstream.seen().len(), 3);
}

#[test]
fn an_event_is_changed_in_the_version_that_was_read() {
    const EVENT: &str = "/calendar/calendar/v3/calendars/primary/events/e1";
    let stage = Stage::new();
    let held = |guest: &str| {
        format!(
            r#"{{"id":"e1","etag":"\"7\"","organizer":{{"email":"alice@example.com","self":true}},"attendees":[{{"email":"{guest}"}}]}}"#
        )
    };
    let to_partner = MintArgs {
        allow: strings(&["google-calendar.events.patch"]),
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]),
        ..MintArgs::default()
    };
    let pass = stage.mint(&to_partner);
    let headers = [format!("Authorization: Bearer {pass}"), "Content-Type: application/json".into()];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let patch = || stage.send(crate::common::request("PATCH", EVENT, &headers, br#"{"summary":"x"}"#));
    looking(&stage, move |_| json("200 OK", &held("bob@partner.test")));
    assert_eq!(patch().status, 200);
    let seen = stage.upstream.seen();
    assert_eq!(seen[0].line, "GET /calendar/v3/calendars/primary/events/e1 HTTP/1.1");
    assert_eq!(seen[1].header("if-match"), Some("\"7\""));
    looking(&stage, move |_| json("200 OK", &held("eve@outside.test")));
    let refused = patch();
    assert_eq!((refused.status, refused.code().as_str()), (403, "denied"));
    assert!(
        !refused.text().contains("outside.test"),
        "the refusal does not name an existing guest: {refused:?}"
    );
}

#[test]
fn a_pass_that_ends_while_a_credential_is_fetched_looks_nothing_up() {
    let stage = Stage::new();
    looking(&stage, |_| json("200 OK", THREAD));
    let pass = stage.mint(&replies_only());
    stage.authority.revokes_on_lease.store(true, Ordering::SeqCst);
    let answer = stage.post(&pass, SEND, &reply("bob@partner.test"));
    assert_eq!(answer.code(), "pass-revoked");
    assert_eq!(stage.upstream.seen().len(), 0);
}

#[test]
fn a_connection_that_has_to_be_connected_again_says_so() {
    let stage = Stage::new();
    stage.authority.needs_reconnect.store(true, Ordering::SeqCst);
    let answer = stage.post(&stage.mint(&replies_only()), SEND, &reply("bob@partner.test"));
    assert_eq!((answer.status, answer.code().as_str()), (403, "connection-needs-reconnect"));
    assert_eq!(stage.upstream.seen().len(), 0);
}

#[test]
fn a_credential_that_is_not_accepted_is_renewed_for_a_look_up() {
    let stage = Stage::new();
    let renewed = AtomicBool::new(false);
    looking(&stage, move |_| match renewed.swap(true, Ordering::SeqCst) {
        false => json("401 Unauthorized", "{}"),
        true => json("200 OK", THREAD),
    });
    let answer = stage.post(&stage.mint(&replies_only()), SEND, &reply("bob@partner.test"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(stage.upstream.seen().len(), 3);
    assert_eq!(stage.authority.generation.load(Ordering::SeqCst), 2);
}

#[test]
fn as_much_is_looked_up_for_a_lineage_in_a_minute_as_may_be() {
    let limits = verifier::Limits { look_ups: 3, ..verifier::Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    looking(&stage, |_| json("200 OK", THREAD));
    let pass = stage.mint(&replies_only());
    // A denied agent asks again and again.
    for _ in 0..2 {
        assert_eq!(stage.post(&pass, SEND, &reply("eve@outside.test")).code(), "denied");
    }
    let narrow =
        AttenuateArgs { narrow: Narrowing::default().with(&flags::FOR, ["5m"]), ..AttenuateArgs::default() };
    let services: Vec<_> = stage.authority.all().iter().map(|one| one.service.clone()).collect();
    let now = verifier::Clock::now(stage.clock.as_ref());
    let child = datalog::attenuate(&pass, &narrow, &services, now).unwrap().text;
    assert_eq!(stage.post(&child, SEND, &reply("eve@outside.test")).code(), "denied");
    for pass in [&pass, &child] {
        let refused = stage.post(pass, SEND, &reply("bob@partner.test"));
        assert_eq!((refused.status, refused.code().as_str()), (429, "budget-exhausted"), "{refused:?}");
        assert_eq!(refused.header("retry-after"), Some("60"));
    }
    assert_eq!(stage.upstream.seen().len(), 3, "and nothing else left");
    let other = stage.mint(&replies_only());
    assert_eq!(
        stage.post(&other, SEND, &reply("bob@partner.test")).status,
        200,
        "another lineage has a limit of its own"
    );
}

#[test]
fn nothing_is_looked_up_while_the_store_takes_nothing() {
    let stage = Stage::new();
    looking(&stage, |_| json("200 OK", THREAD));
    let pass = stage.mint(&replies_only());
    stage.authority.audit_is_broken.store(true, Ordering::SeqCst);
    let answer = stage.post(&pass, SEND, &reply("bob@partner.test"));
    assert_eq!((answer.status, answer.code().as_str()), (503, "audit-unavailable"));
    assert_eq!(stage.upstream.seen().len(), 0);
    assert_eq!(stage.authority.leases.load(Ordering::SeqCst), 0);
}

#[test]
fn a_connection_that_is_stopped_while_a_credential_is_fetched_looks_nothing_up() {
    let stage = Stage::new();
    looking(&stage, |_| json("200 OK", THREAD));
    let pass = stage.mint(&replies_only());
    stage.authority.suspends_on_lease.store(true, Ordering::SeqCst);
    assert_eq!(stage.post(&pass, SEND, &reply("bob@partner.test")).code(), "stopped");
    assert_eq!(stage.upstream.seen().len(), 0);
}

/// The agent may send drafts, but not read them.
#[test]
fn what_a_draft_holds_is_not_told_where_it_cannot_be_read_either() {
    let stage = Stage::new();
    let to_partner = MintArgs {
        allow: strings(&["gmail:send"]),
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]),
        ..MintArgs::default()
    };
    let pass = stage.mint(&to_partner);
    for message in [
        "To: bob@partner.test\r\nwords of the draft\r\n\r\nyes\r\n",
        "To: words-of-the-draft\r\n\r\nyes\r\n",
        "To: words of the draft <bob@@partner.test>\r\n\r\nyes\r\n",
        "words-of-the-draft: 1\r\nwords-of-the-draft: 2\r\nTo: bob@partner.test\r\nTo: words-of-the-draft@x.test\r\n\r\nyes\r\n",
    ] {
        let raw = URL_SAFE.encode(message);
        looking(&stage, move |_| {
            json("200 OK", &format!(r#"{{"id":"r-1","message":{{"id":"m","threadId":"t1","raw":"{raw}"}}}}"#))
        });
        let refused = stage.post(&pass, SEND_DRAFT, r#"{"id":"r-1"}"#);
        assert_eq!(refused.status, 403, "{message}");
        let told = refused.text().to_lowercase().replace('-', " ");
        assert!(!told.contains("words of the draft"), "{refused:?}");
    }
}

#[test]
fn nobody_is_asked_about_a_draft_that_could_not_be_looked_up() {
    for (status, body) in [
        ("404 Not Found", r#"{"error":{"code":404}}"#),
        ("503 Service Unavailable", "{}"),
        ("200 OK", r#"{"id":"r-9","message":{"threadId":"t1","raw":"VG86IGJvYg=="}}"#),
        ("200 OK", "<html>"),
    ] {
        let stage = Stage::new();
        looking(&stage, move |_| json(status, body));
        let pass = stage.mint(&MintArgs { ask: strings(&["gmail:send"]), ..MintArgs::default() });
        let answer = stage.post(&pass, SEND_DRAFT, r#"{"id":"r-1"}"#);
        unevaluable(&stage, &answer);
        assert_eq!(stage.authority.desk.asked(), 0, "{status} {body}");
    }
}
