//! Budgets at the gateway: bytes while an answer comes, windows that a wait helps, recipients.

use std::sync::atomic::Ordering;

use crate::common::{Reply, Stage, Step, eventually, json};
use datalog::{MintArgs, Narrowing, flags};
use verifier::GatewayConfig;
use verifier::ports::Outcome;

fn limited(stage: &Stage, service: &str, limit: &str) -> String {
    // On GitHub a comment may start workflows.
    let run = (service == "github").then_some("run");
    stage.mint(&MintArgs {
        allow: ["read", "write", "send"]
            .into_iter()
            .chain(run)
            .map(|effect| format!("{service}:{effect}"))
            .collect(),
        connections: vec![service.into()],
        narrow: Narrowing::default().with(&flags::LIMIT, [limit]),
        ..MintArgs::default()
    })
}

fn used(stage: &Stage) -> u64 {
    stage.authority.budgets().values().sum()
}

/// Returns an answer in chunks of 10,000 bytes.
fn chunks(count: usize) -> Vec<Step> {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut steps = vec![Step::send(head)];
    for _ in 0..count {
        steps.push(Step::send(format!("2710\r\n{}\r\n", "x".repeat(10_000))));
    }
    steps.push(Step::send("0\r\n\r\n"));
    steps
}

fn exhausted(reply: &Reply) -> (u16, String, Option<&str>) {
    (reply.status, reply.code(), reply.header("retry-after"))
}

#[test]
fn what_an_answer_did_not_need_of_a_budget_of_bytes_is_given_back() {
    let stage = Stage::new();
    let pass = limited(&stage, "github", "bytes=1MB");
    stage.upstream.answers(|_| json("200 OK", r#"{"login":"alice"}"#));
    assert_eq!(stage.get(&pass, "/github/user").status, 200);
    eventually("the rest is given back", || used(&stage) == 17);
    stage.upstream.answers(|_| chunks(30));
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.whole, reply.body.len()), (true, 300_000));
    eventually("the rest is given back", || used(&stage) == 300_017);
    assert_eq!(stage.get(&pass, "/pass").json()["budgets"][0]["left"], 1_000_000 - 300_017);
}

#[test]
fn a_stream_is_cut_where_a_budget_of_bytes_ends() {
    let stage = Stage::new();
    let pass = limited(&stage, "github", "bytes=205kB");
    stage.upstream.answers(|_| chunks(100));
    let reply = stage.get(&pass, "/github/user");
    assert!(!reply.whole && reply.body.len() <= 205_000, "{} bytes", reply.body.len());
    assert!(reply.body.len() >= 190_000, "{} bytes", reply.body.len());
    eventually("an outcome", || !stage.authority.written()[0].outcomes.is_empty());
    let written = stage.authority.written().remove(0);
    assert!(
        matches!(written.outcomes[..], [Outcome::Failed { code: "budget-exhausted", .. }]),
        "{written:?}"
    );
    eventually("what was not sent is given back", || used(&stage) <= 205_000 && used(&stage) >= 190_000);
}

#[test]
fn an_answer_in_one_piece_that_is_larger_than_what_is_left_is_not_given() {
    let stage = Stage::new();
    let pass = limited(&stage, "github", "bytes=100kB");
    let body = format!("{{\"text\":\"{}\"}}", "y".repeat(150_000));
    stage.upstream.answers(move |_| json("200 OK", &body));
    let reply = stage.get(&pass, "/github/user");
    assert_eq!(exhausted(&reply), (403, "budget-exhausted".into(), None));
    assert!(reply.json()["detail"].as_str().unwrap().contains("the answer is larger"), "{reply:?}");
    eventually("nothing was sent, nothing is used", || used(&stage) == 0);
}

#[test]
fn a_request_body_counts_and_one_that_is_too_large_is_not_sent() {
    let stage = Stage::new();
    let pass = limited(&stage, "github", "bytes=1kB");
    let body = format!("{{\"title\":\"{}\"}}", "z".repeat(2_000));
    let reply = stage.post(&pass, "/github/repos/o/r/issues", &body);
    assert_eq!(exhausted(&reply), (403, "budget-exhausted".into(), None));
    assert!(stage.upstream.seen().is_empty());
    assert_eq!(used(&stage), 0);
    stage.authority.needs_reconnect.store(true, Ordering::SeqCst);
    let reply = stage.post(&pass, "/github/repos/o/r/issues", r#"{"title":"a"}"#);
    assert_eq!((reply.status, reply.code().as_str()), (403, "connection-needs-reconnect"));
    assert_eq!(used(&stage), 0, "a request that never left uses nothing");
}

#[test]
fn answers_that_come_at_once_share_a_budget_of_bytes() {
    let stage = Stage::with(GatewayConfig { threads: 3, ..GatewayConfig::default() });
    let pass = limited(&stage, "github", "bytes=2MB");
    stage.upstream.answers(|_| chunks(40));
    let taken: usize = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..12).map(|_| scope.spawn(|| stage.get(&pass, "/github/user"))).collect();
        asking
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .map(|reply| match reply.status {
                200 => reply.body.len(),
                _ => 0,
            })
            .sum()
    });
    assert!(taken <= 2_000_000, "{taken} bytes were given");
    assert!(taken >= 1_600_000, "{taken} bytes were given");
    eventually("what was not sent is given back", || used(&stage) <= taken as u64 + 120_000);
}

#[test]
fn only_a_budget_that_slides_says_when_to_come_back() {
    for (limit, expected) in [
        ("send=1/m", (429, "budget-exhausted".into(), Some("60"))),
        ("send=1", (403, "budget-exhausted".into(), None)),
    ] {
        let stage = Stage::new();
        let pass = limited(&stage, "github", limit);
        let create = || stage.post(&pass, "/github/repos/o/r/issues", r#"{"title":"a"}"#);
        assert_eq!(create().status, 200);
        let reply = create();
        assert_eq!(exhausted(&reply), expected, "{limit}: {reply:?}");
        assert_eq!(reply.json()["retryable"], limit.ends_with("/m"));
        assert_eq!(stage.get(&pass, "/pass").json()["budgets"][0]["left"], 0);
        assert_eq!(stage.upstream.seen().len(), 1);
    }
}

/// If the gateway asked an SDK to wait an hour, the SDK would sleep that long without a word.
#[test]
fn a_wait_of_more_than_a_minute_is_told_and_not_slept() {
    for window in ["h", "d"] {
        let stage = Stage::new();
        let pass = limited(&stage, "github", &format!("send=1/{window}"));
        let create = || stage.post(&pass, "/github/repos/o/r/issues", r#"{"title":"a"}"#);
        assert_eq!(create().status, 200);
        let reply = create();
        assert_eq!(exhausted(&reply), (403, "budget-exhausted".into(), None), "{reply:?}");
        let body = reply.json();
        let resets = body["resets_at"].as_str().unwrap();
        assert!(resets.ends_with('Z') && resets.len() == 20, "{resets}");
        assert_eq!((&body["next"], &body["retryable"]), (&"wait".into(), &true.into()));
        let message = body["message"].as_str().unwrap();
        assert!(message.ends_with(&format!("Wait until {resets}, then send it again.")), "{message}");
    }
}

#[test]
fn a_message_to_more_people_than_a_budget_of_recipients_has_left_is_not_sent() {
    let stage = Stage::new();
    let pass = limited(&stage, "gmail", "recipients=2");
    let message = |to: &str| {
        use base64::Engine;
        let text = format!("From: alice@example.com\r\nTo: {to}\r\n\r\nhello");
        let raw = base64::engine::general_purpose::URL_SAFE.encode(text);
        stage.post(&pass, "/gmail/gmail/v1/users/me/messages/send", &format!("{{\"raw\":\"{raw}\"}}"))
    };
    let reply = message("a@example.com, b@example.com, c@example.com");
    assert_eq!(exhausted(&reply), (403, "budget-exhausted".into(), None));
    assert!(stage.upstream.seen().is_empty());
    assert_eq!(message("a@example.com, b@example.com").status, 200);
    assert_eq!(message("d@example.com").status, 403);
    assert_eq!(stage.upstream.seen().len(), 1);
}
