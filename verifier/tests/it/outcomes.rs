//! If a request may have been carried out, the agent is told so; it is never called retryable, and is not sent again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

use crate::common::{CREDENTIAL, Reply, Stage, Step, eventually, held, json, read_reply, request};
use datalog::{MintArgs, flags};
use verifier::ports::{CarriedOut, Outcome};
use verifier::{GatewayConfig, Limits};

/// Requests that do more than read, for each dialect: what the pass must allow, and the request.
const WRITES: [(&str, &str, &str, &str); 5] = [
    ("github:github.issues/create-comment", "POST", "/github/repos/o/r/issues/1/comments", r#"{"body":"x"}"#),
    ("github:github.issues/delete-comment", "DELETE", "/github/repos/o/r/issues/comments/1", ""),
    ("gmail:gmail.users.messages.trash", "POST", "/gmail/gmail/v1/users/me/messages/m1/trash", ""),
    (
        "calendar:google-calendar.events.delete",
        "DELETE",
        "/calendar/calendar/v3/calendars/primary/events/e1",
        "",
    ),
    (
        "slack.chat.postMessage",
        "POST",
        "/slack/api/chat.postMessage",
        r#"{"channel":"C0123ABCD","text":"x"}"#,
    ),
];

fn bytes(pass: &str, (_, method, target, body): (&str, &str, &str, &str)) -> Vec<u8> {
    let pass = format!("Authorization: Bearer {pass}");
    let headers: &[&str] =
        if body.is_empty() { &[&pass] } else { &[&pass, "Content-Type: application/json"] };
    request(method, target, headers, body.as_bytes())
}

/// Checks that no SDK repeats the request after this answer, and that a model can read the answer.
#[track_caller]
#[expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "how a test fails")]
fn is_final(reply: &Reply, what: &str) {
    let body = reply.json();
    assert!(matches!(reply.status, 200 | 403), "{what}: {reply:?}");
    assert_eq!(reply.status == 200, body["ok"] == false && body["error"].is_string(), "{what}: {reply:?}");
    assert_eq!(body["retryable"], false, "{what}: {reply:?}");
    assert_eq!(body["next"], "stop", "{what}");
    assert!(body["record"].is_number() && body["outcome"].is_string(), "{what}: {reply:?}");
    for header in ["retry-after", "www-authenticate"] {
        assert!(reply.header(header).is_none(), "{what}: {reply:?}");
    }
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("carried out") && detail.contains("record"), "{what}: {detail}");
}

type Answer = fn() -> Vec<Step>;

fn upstream_failures() -> Vec<(&'static str, Answer)> {
    vec![
        ("closes", || vec![Step::Close]),
        ("closes in the head", || vec![Step::send("HTTP/1.1 200 OK\r\nConte"), Step::Close]),
        ("did not answer in HTTP", || vec![Step::send("nonsense\r\n\r\n"), Step::Close]),
        ("500", || json("500 Oops", r#"{"message":"m"}"#)),
        ("502", || json("502 Bad Gateway", "{}")),
        ("503", || {
            vec![Step::send("HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")]
        }),
        ("504", || json("504 Gateway Timeout", "{}")),
        ("529", || json("529 Overloaded", "{}")),
        ("cut", || {
            vec![
                Step::send(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
                ),
                Step::Close,
            ]
        }),
        ("compressed", || {
            vec![Step::send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx")]
        }),
        ("elsewhere", || {
            vec![Step::send(
                "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
            )]
        }),
        ("another protocol", || {
            vec![Step::send("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
        }),
    ]
}

#[test]
fn what_may_have_been_carried_out_is_told_so_and_not_sent_again() {
    for write in WRITES {
        let stage = Stage::new();
        for (failure, answer) in upstream_failures() {
            let what = format!("{} {}: {failure}", write.1, write.2);
            stage.upstream.answers(move |_| answer());
            // Each case has its own lineage, so that the failure before does not count.
            let pass = stage.pass(&[write.0]);
            let before = stage.upstream.seen().len();
            let first = stage.send(bytes(&pass, write));
            is_final(&first, &what);
            assert!(first.json()["free_at"].is_null(), "{what}: nobody knows yet when it may be sent again");
            let again = stage.send(bytes(&pass, write));
            is_final(&again, &what);
            for member in ["record", "code", "outcome"] {
                assert_eq!(again.json()[member], first.json()[member], "{what}: {member}");
            }
            assert!(again.json()["free_at"].is_string(), "{what}: {again:?}");
            assert_eq!(stage.upstream.seen().len(), before + 1, "{what}: it was sent twice");
        }
    }
}

/// Returns a letter as a client builds it, with new machine-made parts each time.
fn letter(boundary: &str, id: &str, text: &str) -> String {
    let mail = format!(
        "From: alice@example.com\r\nTo: bob@example.com\r\nSubject: Report\r\nMessage-ID: <{id}@client>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n\
         Content-Type: text/plain\r\n\r\n{text}\r\n--{boundary}\r\nContent-Type: text/html\r\n\r\n<p>{text}</p>\r\n\
         --{boundary}--\r\n"
    );
    format!(r#"{{"raw":"{}"}}"#, URL_SAFE.encode(mail))
}

#[test]
fn a_letter_that_is_built_anew_finds_the_record_of_the_first() {
    const SEND: &str = "/gmail/gmail/v1/users/me/messages/send";
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:gmail.users.messages.send"]);
    stage.upstream.answers(|_| vec![Step::Close]);
    let first = stage.post(&pass, SEND, &letter("==1==", "a", "hello"));
    is_final(&first, "the first");
    stage.upstream.answers(|_| json("200 OK", "{}"));
    let anew = stage.post(&pass, SEND, &letter("==2==", "b", "hello"));
    is_final(&anew, "built anew");
    assert_eq!(anew.json()["record"], first.json()["record"], "{anew:?}");
    assert_eq!(stage.upstream.seen().len(), 1, "it was sent twice");
    // A letter with other words is another letter.
    assert_eq!(stage.post(&pass, SEND, &letter("==1==", "a", "hello again")).status, 200);
}

/// The service carries out all requests with one key only once. With another key it carries the request out again.
#[test]
fn the_same_goes_again_under_its_key_and_under_no_other() {
    const TRASH: &str = "/keyed/gmail/v1/users/me/messages/m1/trash";
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: vec!["keyed:*".into()],
        connections: vec!["keyed".into()],
        ..MintArgs::default()
    });
    let line = format!("Authorization: Bearer {pass}");
    let trash =
        |key: &str| stage.send(request("POST", TRASH, &[&line, &format!("Idempotency-Key: {key}")], b""));
    stage.upstream.answers(|_| vec![Step::Close]);
    let first = trash("k1");
    is_final(&first, "the first");
    stage.upstream.answers(|_| json("200 OK", "{}"));
    let other = trash("k2");
    is_final(&other, "under another key");
    assert_eq!(other.json()["record"], first.json()["record"]);
    assert_eq!(stage.upstream.seen().len(), 1);
    assert_eq!(trash("k1").status, 200);
    let keys: Vec<_> =
        stage.upstream.seen().iter().map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys, [Some("k1".to_owned()), Some("k1".to_owned())], "the key is passed on unchanged");
    // The first request was answered, so another key means another request.
    assert_eq!(trash("k2").status, 200);
}

#[test]
fn what_a_service_keeps_silent_about_is_told_so_and_not_sent_again() {
    let limits = Limits { first_byte: Duration::from_secs(2), ..Limits::default() };
    for write in WRITES {
        let config = GatewayConfig { threads: 1, limits: limits.clone(), ..GatewayConfig::default() };
        let stage = Stage::with(config);
        let pass = stage.pass(&[write.0]);
        let (answer, _open) = held(Vec::new);
        stage.upstream.answers(answer);
        let first = stage.send(bytes(&pass, write));
        is_final(&first, write.2);
        assert!(first.text().contains("did not begin to answer"), "{first:?}");
        is_final(&stage.send(bytes(&pass, write)), write.2);
        assert_eq!(stage.upstream.seen().len(), 1, "{}", write.2);
    }
}

#[test]
fn what_time_has_passed_for_is_sent_again() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: vec!["github:write".into(), "github:send".into(), "github:run".into()],
        narrow: datalog::Narrowing::default().with(&flags::FOR, ["2h"]),
        ..MintArgs::default()
    });
    stage.upstream.answers(|_| vec![Step::Close]);
    is_final(&stage.send(bytes(&pass, WRITES[0])), "the first");
    stage.clock.advance(599);
    is_final(&stage.send(bytes(&pass, WRITES[0])), "too early");
    stage.upstream.answers(|_| json("201 Created", "{}"));
    stage.clock.advance(2);
    assert_eq!(stage.send(bytes(&pass, WRITES[0])).status, 201);
    // After an answer, the agent may mean the same request once more.
    assert_eq!(stage.send(bytes(&pass, WRITES[0])).status, 201);
}

#[test]
fn what_a_service_says_it_did_not_do_passes_as_it_is_and_may_be_sent_again() {
    let stage = Stage::new();
    for write in WRITES {
        let pass = stage.pass(&[write.0]);
        for status in ["400 Bad Request", "404 Not Found", "409 Conflict", "422 No", "429 Slow", "501 No"] {
            stage.upstream.answers(move |_| json(status, r#"{"message":"m"}"#));
            for _ in 0..2 {
                let reply = stage.send(bytes(&pass, write));
                assert_eq!(
                    (reply.status, reply.text().as_str()),
                    (status[..3].parse().unwrap(), r#"{"message":"m"}"#)
                );
            }
        }
    }
}

#[test]
fn what_only_reads_is_still_worth_another_try() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.upstream.answers(|_| vec![Step::Close]);
    for _ in 0..2 {
        let reply = stage.get(&pass, "/github/user");
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream-unreachable"));
        assert_eq!((&reply.json()["retryable"], reply.header("retry-after")), (&true.into(), Some("1")));
    }
    stage.upstream.answers(|_| json("503 Unavailable", r#"{"message":"m"}"#));
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.text().as_str()), (503, r#"{"message":"m"}"#));
}

/// After a 401, SDKs would look for a new token and send again.
#[test]
fn a_pass_that_ends_while_a_service_acts_is_told_with_what_was_done() {
    type End = fn(&Stage);
    let ends: [(&str, End); 3] = [
        ("pass-revoked", |stage| stage.authority.revoke_last()),
        ("pass-expired", |stage| stage.clock.advance(3600)),
        ("stopped", |stage| stage.authority.stopped.store(true, Ordering::SeqCst)),
    ];
    for write in WRITES {
        for (code, end) in ends {
            let stage = Stage::new();
            let pass = stage.pass(&[write.0]);
            let (answer, open) = held(|| json("200 OK", r#"{"ok":true}"#));
            stage.upstream.answers(answer);
            thread::scope(|scope| {
                let agent = scope.spawn(|| stage.send(bytes(&pass, write)));
                eventually("the request at the service", || stage.upstream.seen().len() == 1);
                end(&stage);
                open.send(()).unwrap();
                let reply = agent.join().unwrap();
                is_final(&reply, write.2);
                assert_eq!((reply.code().as_str(), &reply.json()["outcome"]), (code, &"carried-out".into()));
            });
        }
    }
}

#[test]
fn an_agent_that_gives_up_and_sends_again_finds_its_record() {
    let stage = Stage::with(GatewayConfig { threads: 2, ..GatewayConfig::default() });
    let pass = stage.pass(&[WRITES[0].0]);
    let (answer, open) = held(|| json("201 Created", "{}"));
    stage.upstream.answers(answer);
    let mut first = TcpStream::connect(stage.address).unwrap();
    first.write_all(&bytes(&pass, WRITES[0])).unwrap();
    eventually("the request at the service", || stage.upstream.seen().len() == 1);
    // This is what an SDK does that loses patience: it closes, and sends the same request on another connection.
    drop(first);
    thread::scope(|scope| {
        let again = scope.spawn(|| stage.send(bytes(&pass, WRITES[0])));
        eventually("the second has arrived", || stage.authority.waits_for_another() == 1);
        open.send(()).unwrap();
        let reply = again.join().unwrap();
        is_final(&reply, "the second");
        assert_eq!((&reply.json()["outcome"], &reply.json()["record"]), (&"carried-out".into(), &1.into()));
    });
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn an_answer_that_is_cut_on_its_way_to_the_agent_is_not_asked_for_by_sending_again() {
    let stage = Stage::new();
    let pass = stage.pass(&[WRITES[0].0]);
    stage.upstream.answers(|_| {
        let head = "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
        vec![Step::send(head), Step::send("2\r\nhi\r\n"), Step::Close]
    });
    let mut agent = TcpStream::connect(stage.address).unwrap();
    agent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    agent.write_all(&bytes(&pass, WRITES[0])).unwrap();
    assert!(!read_reply(&mut agent).whole);
    let mut rest = Vec::new();
    agent.read_to_end(&mut rest).unwrap();
    eventually("an outcome", || stage.authority.written()[0].outcomes.len() == 1);
    let outcome = stage.authority.written()[0].outcomes[0].clone();
    assert!(matches!(outcome, Outcome::Failed { carried_out: CarriedOut::Yes, .. }), "{outcome:?}");
    let again = stage.send(bytes(&pass, WRITES[0]));
    is_final(&again, "again");
    assert_eq!((&again.json()["record"], &again.json()["outcome"]), (&1.into(), &"carried-out".into()));
    assert!(!again.text().contains(CREDENTIAL));
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn of_a_hundred_that_are_the_same_one_goes() {
    let stage = Stage::with(GatewayConfig { threads: 4, ..GatewayConfig::default() });
    let pass = stage.pass(&[WRITES[2].0]);
    stage.upstream.answers(|_| vec![Step::Close]);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let agents: Vec<_> = (0..100).map(|_| scope.spawn(|| stage.send(bytes(&pass, WRITES[2])))).collect();
        agents.into_iter().map(|agent| agent.join().unwrap()).collect()
    });
    for reply in replies {
        is_final(&reply, "one of a hundred");
        assert_eq!(reply.json()["record"], 1);
    }
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn nobody_is_asked_about_what_may_have_been_carried_out_already() {
    let stage = Stage::new();
    let pass = stage
        .mint(&MintArgs { ask: vec!["gmail:write".into(), "gmail:delete".into()], ..MintArgs::default() });
    assert_eq!(stage.send(bytes(&pass, WRITES[2])).code(), "approval-required");
    stage.authority.desk.approve(0);
    stage.upstream.answers(|_| vec![Step::Close]);
    let first = stage.send(bytes(&pass, WRITES[2]));
    is_final(&first, "approved");
    let asked = stage.authority.desk.asked();
    let again = stage.send(bytes(&pass, WRITES[2]));
    is_final(&again, "again");
    assert_eq!(again.json()["record"], first.json()["record"]);
    assert_eq!(stage.authority.desk.asked(), asked);
    assert_eq!(stage.upstream.seen().len(), 1);
}
