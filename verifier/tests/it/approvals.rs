//! Requests that a pass asks about. The agent waits or is told to come back. A request is sent once with a signed yes,
//! and with nothing else.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Kind, Reply, Stage, approver, eventually, json, request};
use datalog::MintArgs;
use time::Duration as Span;
use verifier::ports::Opinion;

const TRASH: &str = "/gmail/gmail/v1/users/me/messages/m1/trash";

fn asking(stage: &Stage) -> String {
    stage.mint(&MintArgs { ask: vec!["gmail:write".into(), "gmail:delete".into()], ..MintArgs::default() })
}

fn trash(pass: &str, target: &str, prefer: &str) -> Vec<u8> {
    let pass = format!("Authorization: Bearer {pass}");
    let prefer = format!("Prefer: {prefer}");
    let headers: &[&str] = if prefer == "Prefer: " { &[&pass] } else { &[&pass, &prefer] };
    request("POST", target, headers, b"")
}

fn answers(stage: &Stage) {
    stage.upstream.answers(|_| json("200 OK", "{}"));
}

/// Sends on its own thread, and returns when the question exists.
fn held(stage: &Stage, pass: &str) -> thread::JoinHandle<Reply> {
    let (address, bytes) = (stage.address, trash(pass, TRASH, "wait=60"));
    let asked = stage.authority.desk.asked();
    let flight = thread::spawn(move || crate::common::exchange(address, &bytes));
    eventually("the question", || stage.authority.desk.asked() > asked);
    flight
}

#[test]
fn without_a_preference_the_agent_is_told_where_to_look() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let reply = stage.refuses(trash(&pass, TRASH, ""), "approval-required");
    let body = reply.json();
    assert_eq!(body["liftable_by"], "approval");
    assert_eq!(body["retryable"], true);
    let url = body["status_url"].as_str().unwrap();
    let path = url.split_once("/approvals/").map(|(_, id)| format!("/approvals/{id}")).unwrap();
    assert_eq!(stage.get(&pass, &path).json()["status"], "pending");
    assert_eq!(stage.get(&asking(&stage), &path).status, 404, "another pass learns nothing");
    stage.refuses(trash(&pass, TRASH, ""), "approval-required");
    assert_eq!(stage.authority.desk.asked(), 1, "the same request is the same question");
}

#[test]
fn a_held_request_goes_when_it_is_approved_and_no_second_time() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let flight = held(&stage, &pass);
    assert!(stage.upstream.seen().is_empty());
    answers(&stage);
    stage.authority.desk.approve(0);
    let reply = flight.join().unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("preference-applied"), Some("wait=60"));
    assert_eq!(stage.upstream.seen().len(), 1);
    let written = stage.authority.written();
    let intent = written.iter().find(|one| one.kind == Kind::Intent).unwrap();
    assert_eq!(intent.record.approval.as_ref().unwrap().by[0].as_str(), "alice");
    assert_eq!(stage.send(trash(&pass, TRASH, "")).code(), "approval-required");
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn a_no_reaches_the_agent_with_its_reason() {
    let stage = Stage::new();
    let flight = held(&stage, &asking(&stage));
    stage.authority.desk.answer(0, Opinion::Denied { because: Some("not that one".into()) });
    let reply = flight.join().unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (403, "approval-denied"));
    assert!(reply.text().contains("not that one"), "{reply:?}");
}

#[test]
fn a_wait_that_ends_is_no_denial() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let began = Instant::now();
    let reply = stage.send(trash(&pass, TRASH, "wait=1"));
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!((reply.status, reply.code().as_str()), (403, "approval-required"));
    answers(&stage);
    stage.authority.desk.approve(0);
    assert_eq!(stage.send(trash(&pass, TRASH, "")).status, 200);
}

#[test]
fn only_a_block_of_a_trusted_approver_for_this_pass_and_request_counts() {
    let stage = Stage::new();
    let (pass, other) = (asking(&stage), asking(&stage));
    stage.send(trash(&pass, TRASH, ""));
    stage.send(trash(&other, TRASH, ""));
    stage.send(trash(&pass, "/gmail/gmail/v1/users/me/messages/m2/trash", ""));
    let desk = &stage.authority.desk;
    let alice = approver("alice", 1);
    let forged = [
        ("nobody's key", desk.signed(0, &approver("mallory", 9), |_| {})),
        ("a trusted name by another key", desk.signed(0, &approver("alice", 9), |_| {})),
        ("a trusted key under another name", desk.signed(0, &approver("bob", 1), |_| {})),
        ("another pass", desk.signed(1, &alice, |one| one.approval = id(0))),
        ("another request", desk.signed(2, &alice, |one| one.approval = id(0))),
        ("another approval", desk.signed(0, &alice, |one| one.approval = id(1))),
        ("one that ended", desk.signed(0, &alice, |one| one.until = one.at - Span::seconds(1))),
        ("not a block", b"approved".to_vec()),
        ("nothing", Vec::new()),
    ];
    for (what, block) in forged {
        desk.answer(0, Opinion::Approved { blocks: vec![block] });
        let reply = stage.send(trash(&pass, TRASH, ""));
        assert_eq!(reply.code(), "approval-required", "{what}: {reply:?}");
    }
    let mut edited = desk.signed(0, &alice, |_| {});
    for at in 0..edited.len() {
        edited[at] ^= 1;
        desk.answer(0, Opinion::Approved { blocks: vec![edited.clone()] });
        assert_ne!(stage.send(trash(&pass, TRASH, "")).status, 200, "byte {at}");
        edited[at] ^= 1;
    }
    desk.answer(0, Opinion::Approved { blocks: Vec::new() });
    assert_eq!(stage.send(trash(&pass, TRASH, "")).code(), "approval-required");
    assert!(stage.upstream.seen().is_empty());
    answers(&stage);
    desk.approve(0);
    assert_eq!(stage.send(trash(&pass, TRASH, "")).status, 200);
}

/// Returns the id of the question at a place.
fn id(at: u128) -> datalog::ApprovalId {
    datalog::ApprovalId::from_random(at.to_be_bytes())
}

#[test]
fn a_stop_or_a_revocation_ends_the_wait_at_once() {
    type End = fn(&Stage);
    let ends: [(&str, End); 2] = [
        ("pass-revoked", |stage| stage.authority.revoke_last()),
        ("stopped", |stage| stage.authority.stopped.store(true, std::sync::atomic::Ordering::SeqCst)),
    ];
    for (code, end) in ends {
        let stage = Stage::new();
        let flight = held(&stage, &asking(&stage));
        let began = Instant::now();
        end(&stage);
        stage.authority.desk.tell();
        let reply = flight.join().unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (403, code));
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert!(stage.upstream.seen().is_empty());
    }
}

#[test]
fn a_pass_that_ended_while_a_person_thought_sends_nothing() {
    let stage = Stage::new();
    let flight = held(&stage, &asking(&stage));
    stage.clock.advance(31 * 60);
    stage.authority.desk.approve(0);
    assert_eq!(flight.join().unwrap().code(), "pass-expired");
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn an_agent_that_goes_away_while_it_waits_sends_nothing() {
    let stage = Stage::new();
    let pass = asking(&stage);
    {
        use std::io::Write as _;
        let mut socket = std::net::TcpStream::connect(stage.address).unwrap();
        socket.write_all(&trash(&pass, TRASH, "wait=60")).unwrap();
        eventually("the question", || stage.authority.desk.asked() == 1);
    }
    eventually("the record of a request that nobody waits for", || {
        stage.authority.written().iter().any(|one| one.record.decision == "abandoned")
    });
    stage.authority.desk.approve(0);
    assert!(stage.upstream.seen().is_empty());
    answers(&stage);
    assert_eq!(stage.send(trash(&pass, TRASH, "")).status, 200, "the approval was not used up");
}

#[test]
fn an_approval_is_given_back_where_nothing_left() {
    let stage = Stage::new();
    let pass = asking(&stage);
    stage.send(trash(&pass, TRASH, ""));
    stage.authority.desk.approve(0);
    stage.authority.needs_reconnect.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(stage.send(trash(&pass, TRASH, "")).status, 403);
    stage.authority.needs_reconnect.store(false, std::sync::atomic::Ordering::SeqCst);
    answers(&stage);
    assert_eq!(stage.send(trash(&pass, TRASH, "")).status, 200);
}

#[test]
fn a_gateway_that_ends_does_not_wait_for_people() {
    let stage = Stage::new();
    let flight = held(&stage, &asking(&stage));
    let began = Instant::now();
    let _ = stage.drain();
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert_eq!(flight.join().unwrap().code(), "approval-required");
}

#[test]
fn a_holder_gives_up_its_own_pass_and_no_other() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let bearer = format!("Authorization: Bearer {pass}");
    assert_eq!(stage.send(request("DELETE", "/pass", &[&bearer], b"")).status, 200);
    let given_up = stage.authority.desk.given_up.lock().unwrap();
    assert!(matches!(given_up.as_slice(), [one] if one.as_str().starts_with("p_")), "{given_up:?}");
    assert_eq!(stage.send(request("DELETE", "/pass", &[], b"")).status, 401);
}

#[test]
fn what_is_stopped_by_itself_is_refused_and_says_so() {
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:read"]);
    stage.authority.single_stops.lock().unwrap().insert("gmail".into());
    let reply = stage.get(&pass, "/gmail/gmail/v1/users/me/messages");
    assert_eq!((reply.status, reply.code().as_str()), (403, "stopped"));
    assert!(reply.text().contains("resume"), "{reply:?}");
    let id = stage.authority.last_pass();
    stage.authority.single_stops.lock().unwrap().insert(id);
    let reply = stage.get(&pass, "/gmail/gmail/v1/users/me/messages");
    assert_eq!((reply.status, reply.code().as_str()), (403, "stopped"));
    assert!(reply.text().contains("is stopped"), "{reply:?}");
}
