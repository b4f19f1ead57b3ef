//! HEAD: the same operation, decided and counted as its GET, and answered without a body.

use std::sync::atomic::Ordering;

use crate::common::{Kind, Reply, Stage, eventually, json, request};
use datalog::{MintArgs, Narrowing, flags};
use verifier::ports::Outcome;

fn head(stage: &Stage, pass: &str, target: &str) -> Reply {
    let pass = format!("Authorization: Bearer {pass}");
    stage.send(request("HEAD", target, &[&pass, "Connection: close"], b""))
}

#[test]
fn a_head_is_the_get_that_it_asks_about_without_its_body() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let got = stage.get(&pass, "/github/user");
    let reply = head(&stage, &pass, "/github/user");
    // It gives the length that its GET's body has, and no body comes.
    assert_eq!((reply.status, reply.whole), (200, false));
    assert_eq!(reply.header("content-length"), Some(got.body.len().to_string().as_str()));
    assert_eq!(reply.header("content-type"), got.header("content-type"));
    let seen = stage.upstream.seen();
    assert_eq!(seen[1].line, "GET /user HTTP/1.1", "what was judged is what is sent");
    let written = stage.authority.written();
    assert_eq!((written[1].kind, written[1].record.method.as_str()), (Kind::Intent, "HEAD"));
    assert_eq!(written[0].record.operation, written[1].record.operation);
    assert_eq!(written[0].record.digest, written[1].record.digest);
    assert!(matches!(written[1].outcomes.as_slice(), [Outcome::Answered { status: 200, bytes: 0, .. }]));
}

#[test]
fn a_head_takes_from_the_budgets_of_its_get() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: vec!["github:read".into()],
        narrow: Narrowing::default().with(&flags::LIMIT, ["github:read=2"]),
        ..MintArgs::default()
    });
    assert_eq!(head(&stage, &pass, "/github/user").status, 200);
    assert_eq!(stage.get(&pass, "/github/user").status, 200);
    assert_eq!(head(&stage, &pass, "/github/user").status, 403);
    assert_eq!(stage.get(&pass, "/github/user").code(), "budget-exhausted");
    assert_eq!(stage.upstream.seen().len(), 2);
}

#[test]
fn a_head_of_what_the_pass_does_not_allow_or_does_more_than_read_is_refused() {
    let stage = Stage::new();
    let all = stage.pass_for_everything(&["github"]);
    let none = stage.pass(&["gmail:read"]);
    for (pass, target, decision) in [
        (&none, "/github/user", "denied"),
        // The catalog has only a POST at this path.
        (&all, "/github/repos/o/r/dispatches", "unknown-operation"),
        // The catalog has a GET at this path, but its answer holds a key.
        (&all, "/github/repos/o/r/actions/artifacts/1/zip", "unknown-operation"),
        (&all, "/github/nothing", "unknown-operation"),
    ] {
        assert_eq!(head(&stage, pass, target).status, 403, "{target}");
        let written = stage.authority.written();
        let last = written.last().unwrap();
        assert_eq!((last.kind, last.record.decision), (Kind::Refusal, decision), "{target}");
    }
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn the_answer_to_a_head_is_judged_and_shows_no_ids() {
    let stage = Stage::new();
    let args = MintArgs {
        allow: vec!["gmail:read".into()],
        narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["message"]).with(&flags::MAX_ITEMS, ["1"]),
        ..MintArgs::default()
    };
    let pass = stage.mint(&args);
    let list = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}","threadId":"t"}}"#)).collect();
        format!(r#"{{"messages":[{}]}}"#, ids.join(","))
    };
    let (one, two) = (list(&["m1"]), list(&["m1", "m2"]));
    stage.upstream.answers(move |_| json("200 OK", &two));
    assert_eq!(
        head(&stage, &pass, "/gmail/gmail/v1/users/me/messages").status,
        403,
        "two items are too many"
    );
    stage.upstream.answers(move |_| json("200 OK", &one));
    assert_eq!(head(&stage, &pass, "/gmail/gmail/v1/users/me/messages").status, 200);
    assert!(stage.authority.shown().is_empty(), "nobody has seen an id");
    assert_eq!(stage.get(&pass, "/gmail/gmail/v1/users/me/messages").status, 200);
    assert_eq!(stage.authority.shown().len(), 1);
}

#[test]
fn a_page_of_the_gateway_has_a_head() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let reply = head(&stage, &pass, "/pass");
    assert_eq!((reply.status, reply.body.iter().all(|byte| *byte == 0)), (200, true));
    assert_eq!(head(&stage, "hallpass_AAAA", "/pass").status, 401);
}

#[test]
fn a_large_answer_to_a_head_is_not_carried() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let (gate, _open) = crate::common::Step::gate();
    let mut gate = Some(gate);
    stage.upstream.answers(move |_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000\r\n\r\nx";
        let mut steps = vec![crate::common::Step::send(head)];
        steps.extend(gate.take());
        steps
    });
    assert_eq!(head(&stage, &pass, "/github/user").status, 200);
    eventually("the end of the record", || stage.authority.written()[0].outcomes.len() == 1);
    assert_eq!(stage.authority.leases.load(Ordering::SeqCst), 1);
}
