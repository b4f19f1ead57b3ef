//! A pass is refused if it has ended, was revoked, was altered, or does not cover the request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{Reply, Stage, Step, eventually, json, request};
use datalog::{AttenuateArgs, MintArgs, Narrowing, attenuate, flags};
use verifier::ports::Outcome;

fn get(pass: &str, target: &str) -> Vec<u8> {
    request("GET", target, &[&format!("Authorization: Bearer {pass}")], b"")
}

#[test]
fn an_expired_pass_is_refused() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    assert_eq!(stage.get(&pass, "/github/user").status, 200);
    stage.clock.advance(31 * 60);
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (401, "pass-expired"));
    assert!(reply.header("www-authenticate").is_some_and(|line| line.contains("invalid_token")));
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn a_revoked_pass_is_refused_on_the_next_request_with_everything_below_it() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let args =
        AttenuateArgs { only: vec!["github.users/get-authenticated".into()], ..AttenuateArgs::default() };
    let services: Vec<_> = stage.authority.all().iter().map(|one| one.service.clone()).collect();
    let child = attenuate(&pass, &args, &services, common_now(&stage)).unwrap();
    assert_eq!(stage.get(&child.text, "/github/user").status, 200);
    assert_eq!(stage.get(&child.text, "/github/user/repos").code(), "denied");
    stage.authority.revoke_last();
    for text in [&pass, &child.text] {
        let reply = stage.get(text, "/github/user");
        assert_eq!((reply.status, reply.code().as_str()), (401, "pass-revoked"));
    }
    assert_eq!(stage.upstream.seen().len(), 1);
}

fn common_now(stage: &Stage) -> time::OffsetDateTime {
    verifier::Clock::now(stage.clock.as_ref())
}

#[test]
fn an_altered_pass_is_refused() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let last = pass.len() - 10;
    let mut altered = pass.clone();
    altered.replace_range(last..=last, if &pass[last..=last] == "A" { "B" } else { "A" });
    let twice = format!("{pass}{pass}");
    let long = format!("hallpass_{}", "A".repeat(20_000));
    for text in [altered.as_str(), &twice, &long, &pass[..pass.len() / 2], &format!("{pass}AAAA")] {
        stage.refuses(get(text, "/github/user"), "pass-invalid");
    }
}

#[test]
fn the_emergency_stop_refuses_every_pass() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.authority.stopped.store(true, Ordering::SeqCst);
    stage.refuses(get(&pass, "/github/repos/o/r"), "stopped");
    stage.authority.stopped.store(false, Ordering::SeqCst);
    assert_eq!(stage.get(&pass, "/github/user").status, 200);
}

#[test]
fn a_pass_that_ends_while_a_credential_is_fetched_sends_nothing() {
    type End = fn(&Stage) -> &AtomicBool;
    let ends: [(u16, &str, End); 2] = [
        (401, "pass-revoked", |stage| &stage.authority.revokes_on_lease),
        (403, "stopped", |stage| &stage.authority.stops_on_lease),
    ];
    for (status, code, end) in ends {
        let stage = Stage::new();
        let pass = stage.mint(&MintArgs {
            allow: vec!["github:write".into(), "github:send".into(), "github:run".into()],
            narrow: Narrowing::default().with(&flags::LIMIT, ["send=1"]),
            ..MintArgs::default()
        });
        end(&stage).store(true, Ordering::SeqCst);
        let reply = stage.post(&pass, "/github/repos/o/r/issues/1/comments", r#"{"body":"hello"}"#);
        assert_eq!((reply.status, reply.code().as_str()), (status, code));
        assert!(stage.upstream.seen().is_empty(), "it was sent anyway");
        assert!(stage.authority.budgets().is_empty(), "a request that was never sent was counted");
    }
}

#[test]
fn a_pass_that_has_not_begun_says_when_it_does() {
    let stage = Stage::new();
    for (wait, after) in [(40, Some("40")), (3600, None)] {
        let begins = common_now(&stage) + time::Duration::seconds(wait);
        let text = datalog::value::date_text(u64::try_from(begins.unix_timestamp()).unwrap());
        let pass = stage.mint(&MintArgs {
            allow: vec!["github:read".into()],
            narrow: Narrowing::default().with(&flags::NOT_BEFORE, [text.clone()]).with(&flags::FOR, ["2h"]),
            ..MintArgs::default()
        });
        let reply = stage.get(&pass, "/github/user");
        assert_eq!((reply.status, reply.code().as_str()), (401, "pass-not-yet-valid"));
        assert_eq!((&reply.json()["starts_at"], reply.header("retry-after")), (&text.clone().into(), after));
        assert!(reply.text().contains(&format!("the pass is not valid before {text}")), "{reply:?}");
    }
}

#[test]
fn an_sdk_that_dropped_its_prefix_is_told_so() {
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:read"]);
    for (pass, code) in [(pass.as_str(), "denied"), ("hallpass_nonsense", "pass-invalid")] {
        let line = format!("Authorization: Bearer {pass}");
        let reply = stage.refuses(request("GET", "/drive/v3/files", &[&line], b""), code);
        let body = reply.json();
        assert!(body["hint"].as_str().unwrap().contains("port of its own"), "{body}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    assert!(stage.send(request("GET", "/", &[], b"")).text().contains("port of its own"));
    assert!(!stage.get(&pass, "/other/x").text().contains("port of its own"));
}

#[test]
fn what_a_pass_does_not_cover_is_refused_with_the_reason() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let line = format!("Authorization: token {pass}");
    let json = "Content-Type: application/json";
    let body = br#"{"body":"x"}"#;
    let bytes = request("POST", "/github/repos/o/r/issues/1/comments", &[&line, json], body);
    let reply = stage.refuses(bytes, "denied");
    assert_eq!(reply.status, 403);
    let problem = reply.json();
    assert!(problem["detail"].as_str().unwrap().contains("github.issues/create-comment"), "{problem}");
    assert_eq!(problem["liftable_by"], "person", "the pass has no parent");
    assert_eq!(problem["next"], "ask_user");
    assert!(problem["expected"].is_string() && problem["got"].is_string(), "{problem}");
    stage.refuses(request("DELETE", "/github/repos/o/r", &[&line], b""), "denied");
}

#[test]
fn an_ask_is_answered_with_approval_required() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: vec!["gmail:read".into()],
        ask: vec!["gmail:send".into()],
        ..MintArgs::default()
    });
    let line = format!("Authorization: Bearer {pass}");
    let headers = [line.as_str(), "Content-Type: application/json"];
    let raw = br#"{"raw":"VG86IGJvYkBleGFtcGxlLmNvbQ0KDQpoaQ0K"}"#;
    let bytes = request("POST", "/gmail/gmail/v1/users/me/messages/send", &headers, raw);
    let reply = stage.refuses(bytes, "approval-required");
    assert_eq!((reply.status, &reply.json()["liftable_by"]), (403, &"approval".into()));
}

#[test]
fn a_connection_that_exists_and_one_that_does_not_answer_alike() {
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:read"]);
    let normal = |text: String, name: &str| text.replace(name, "NAME");
    let exists = stage.refuses(get(&pass, "/github-work/user"), "denied");
    let does_not = stage.refuses(get(&pass, "/github-nope/user"), "denied");
    let without_record = |text: String| text.replace("\"record\":1,", "").replace("\"record\":2,", "");
    assert_eq!(
        without_record(normal(exists.text(), "github-work")),
        without_record(normal(does_not.text(), "github-nope"))
    );
    assert_eq!(exists.status, does_not.status);
}

#[test]
fn a_connection_that_was_disconnected_asks_for_its_owner() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.authority.disconnect("github");
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (503, "connection-needs-reconnect"));
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn a_stream_ends_when_its_pass_does() {
    type End = fn(&Stage);
    let ends: [(&str, End); 3] = [
        ("revoked", |stage| stage.authority.revoke_last()),
        ("stopped", |stage| stage.authority.stopped.store(true, Ordering::SeqCst)),
        ("expired", |stage| stage.clock.advance(3600)),
    ];
    for (what, end) in ends {
        let stage = Stage::new();
        let pass = stage.pass(&["github:read"]);
        let (gate, _open) = Step::gate();
        let mut gate = Some(gate);
        stage.upstream.answers(move |_| {
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut steps = vec![Step::send(head), Step::send("9\r\ndata: 1\n\n\r\n")];
            steps.extend(gate.take());
            steps
        });
        let mut stream = TcpStream::connect(stage.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(&get(&pass, "/github/user")).unwrap();
        let mut text = Vec::new();
        while !String::from_utf8_lossy(&text).contains("data: 1\n\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
        end(&stage);
        // The gateway closes, so the read ends before its timeout.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("0\r\n\r\n"), "{what}: the stream looks complete");
        eventually("an outcome", || stage.authority.written()[0].outcomes.len() == 1);
    }
}

/// Nothing of the answer has gone out yet, so the agent is told, whatever kind of answer it would have been.
#[test]
fn a_request_whose_pass_ends_before_its_answer_begins_is_told_so() {
    type End = fn(&Stage);
    let ends: [(&str, End); 2] = [
        ("pass-revoked", |stage| stage.authority.revoke_last()),
        ("pass-expired", |stage| stage.clock.advance(3600)),
    ];
    let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    for (code, end) in ends {
        for answer in [Step::send(stream), json("200 OK", "{}").remove(0)] {
            let stage = Stage::new();
            let pass = stage.pass(&["github:read"]);
            let (gate, open) = Step::gate();
            let mut steps = Some(vec![gate, answer]);
            stage.upstream.answers(move |_| steps.take().unwrap_or_default());
            std::thread::scope(|scope| {
                let agent = scope.spawn(|| stage.get(&pass, "/github/user"));
                eventually("the request at the service", || stage.upstream.seen().len() == 1);
                end(&stage);
                open.send(()).unwrap();
                let reply = agent.join().unwrap();
                assert_eq!((reply.status, reply.code().as_str()), (401, code), "{reply:?}");
            });
            let outcomes = stage.authority.written().remove(0).outcomes;
            assert!(matches!(outcomes.as_slice(), [Outcome::Failed { code: said, .. }] if *said == code));
        }
    }
}

#[test]
fn a_pass_can_ask_about_itself_and_anybody_about_the_gateway() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let page = stage.get(&pass, "/pass").json();
    assert_eq!(page["task"], "a test");
    assert_eq!(page["seconds_left"], 1800);
    assert_eq!(page["connections"][0]["base_url"], "http://127.0.0.1/github");
    assert!(page["says"].as_array().is_some_and(|says| !says.is_empty()), "{page}");
    let page = stage.send(request("GET", "/.well-known/hallpass", &[], b"")).json();
    assert_eq!(page["root_keys"][0]["id"], 7);
    assert!(!page.to_string().contains("alice"));
    // The page is also on a connection's own port, because hints of refusals point there.
    let own = |target: &str| {
        crate::common::exchange(
            stage.dedicated,
            &request("GET", target, &[&format!("Authorization: Bearer {pass}")], b""),
        )
    };
    assert_eq!(own("/pass").json()["connections"][0]["base_url"], "http://127.0.0.1");
    assert_eq!(own("/.well-known/hallpass").json()["root_keys"][0]["id"], 7);
    stage.refuses(request("GET", "/pass", &[], b""), "pass-missing");
    stage.refuses(get("ghp_x", "/pass"), "pass-invalid");
    let bytes = b"GET /pass HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer x\r\n\r\n";
    stage.refuses(bytes, "ambiguous-request");
}

#[test]
fn a_holder_asks_before_it_tries_and_nothing_is_sent_taken_or_refused() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: vec!["gmail:read".into()],
        ask: vec!["gmail:send".into()],
        narrow: Narrowing::default().with(&flags::LIMIT, ["read=2"]),
        ..MintArgs::default()
    });
    let own = stage.get(&pass, "/pass").json();
    assert!(own["can_url"].as_str().unwrap().ends_with("/pass/can"), "{own}");
    let letter = r#"{"method":"POST","url":"/gmail/gmail/v1/users/me/messages/send","body":{"raw":"VG86IGJAeC55DQoNCmhp"}}"#;
    for (asked, would) in [
        (r#"{"method":"GET","url":"/gmail/gmail/v1/users/me/messages?maxResults=3"}"#, "allow"),
        (r#"{"method":"GET","url":"http://127.0.0.1/gmail/gmail/v1/users/me/labels"}"#, "allow"),
        (letter, "ask"),
        (r#"{"method":"DELETE","url":"/gmail/gmail/v1/users/me/messages/m1"}"#, "deny"),
    ] {
        for _ in 0..6 {
            let reply = stage.post(&pass, "/pass/can", asked);
            let body = reply.json();
            assert_eq!((reply.status, body["would"].as_str()), (200, Some(would)), "{asked}: {reply:?}");
            assert_eq!(body["sent"], false);
            assert!(body["record"].is_number() && body["operation"].is_string(), "{body}");
            assert!(!body["reasons"].as_array().unwrap().is_empty(), "there are reasons: {body}");
        }
    }
    assert!(stage.upstream.seen().is_empty());
    assert!(stage.authority.budgets().is_empty(), "a question takes nothing");
    let written = stage.authority.written();
    assert_eq!(written.len(), 24, "each is on record");
    assert!(written.iter().all(|one| one.record.decision.starts_with("would-")), "{written:?}");
    // The real answer is the same as the announced one.
    assert_eq!(stage.get(&pass, "/gmail/gmail/v1/users/me/messages?maxResults=3").status, 200);
}

#[test]
fn a_question_tells_no_more_than_the_pass_and_needs_one() {
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:read"]);
    let asks = |asked: &str| stage.post(&pass, "/pass/can", asked);
    let get = |url: &str| format!(r#"{{"method":"GET","url":"{url}"}}"#);
    let (other, none) = (asks(&get("/github/user")), asks(&get("/nowhere/user")));
    assert_eq!((other.status, other.code().as_str()), (403, "denied"));
    let blind = |reply: &Reply| reply.text().replace("github", "NAME").replace("nowhere", "NAME");
    let without_record = |text: String| text.split(r#""record""#).next().map(str::to_owned);
    assert_eq!(
        without_record(blind(&other)),
        without_record(blind(&none)),
        "the answer does not tell whether it exists"
    );
    for broken in ["", "{}", "[]", r#"{"method":"GET"}"#, r#"{"method":"GET","url":"/gmail/x","more":1}"#] {
        assert_eq!(asks(broken).code(), "ambiguous-request", "{broken}");
    }
    // A real request like these is refused before anybody decides on it, and so is the question.
    let labels = "/gmail/gmail/v1/users/me/labels";
    let with = |headers: &str| format!(r#"{{"method":"GET","url":"{labels}","headers":{{{headers}}}}}"#);
    for (asked, code) in [
        (with(r#""X-Api-Key":"k""#), "foreign-credential"),
        (with(r#""Authorization":"Bearer k""#), "ambiguous-request"),
        (with(r#""Host":"evil.example""#), "ambiguous-request"),
        (with(r#""X-Method":"DELETE""#), "ambiguous-request"),
        (with(r#""X-Http-Method-Override":"DELETE""#), "ambiguous-request"),
        (with(r#""X_Under":"k""#), "ambiguous-request"),
        (with(r#""A":"b\r\nX-Http-Method-Override: DELETE""#), "ambiguous-request"),
        (with(r#""Content-Encoding":"gzip""#), "ambiguous-request"),
        (with(r#""Upgrade":"websocket""#), "ambiguous-request"),
        (get(&format!("{labels}#top")), "ambiguous-request"),
        (get(&format!("http://evil.example{labels}")), "ambiguous-request"),
        (get(&format!("{labels} HTTP/1.1\\r\\nA: b\\r\\n\\r\\nGET {labels}")), "ambiguous-request"),
    ] {
        let reply = asks(&asked);
        assert_eq!(reply.code(), code, "{asked}: {}", reply.text());
    }
    let bare = stage.send(request(
        "POST",
        "/pass/can",
        &["Content-Type: application/json"],
        get("/gmail/x").as_bytes(),
    ));
    assert_eq!(bare.code(), "pass-missing");
    assert!(stage.upstream.seen().is_empty());
}
