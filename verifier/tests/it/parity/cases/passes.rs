//! A pass that has ended, begins later, was altered or was stopped: before a request, and while it is under way.

use std::sync::atomic::Ordering;

use datalog::{MintArgs, Narrowing, flags};

use crate::common::{Stage, Step, eventually, json};
use crate::parity::case::{Case, Event, Holds, allows, get, narrowed, post};

const USER: &str = "/user";

fn reads(family: &'static str, name: &'static str) -> Case {
    Case::minted(family, name, allows(&["github:read"]))
}

pub(super) fn worth_nothing() -> Vec<Case> {
    let after = |name, event: Event, code: &'static str, record: &'static str| {
        let case = reads("pass", name).asks(get("github", USER), "200").happens(event);
        let case = case.asks(get("github", USER), code).sends(&["GET /user"]);
        case.records(&["sent allow [200 8]"]).and_records(record)
    };
    let later = Narrowing::default().with(&flags::NOT_BEFORE, ["2026-09-21T14:14:00Z"]);
    vec![
        Case::of("pass", "no pass at all", Holds::Text("hallpass_nonsense"))
            .asks(get("github", USER), "pass-invalid")
            .records(&["not sent pass-invalid"]),
        Case::minted("pass", "one that has not begun", narrowed(&["github:read"], later))
            .asks(get("github", USER), "pass-not-yet-valid")
            .records(&["not sent pass-not-yet-valid"]),
        after(
            "one that expired",
            |stage| stage.clock.advance(31 * 60),
            "pass-expired",
            "not sent pass-expired",
        ),
        after(
            "one that was revoked",
            |stage| stage.authority.revoke_last(),
            "pass-revoked",
            "not sent pass-revoked",
        ),
        after("everything is stopped", stops, "stopped", "not sent stopped"),
        after(
            "the pass is stopped",
            |stage| suspend(stage, &stage.authority.last_pass()),
            "stopped",
            "not sent stopped",
        ),
        after("the connection is stopped", |stage| suspend(stage, "github"), "stopped", "not sent stopped"),
        after(
            "the connection is gone",
            |stage| stage.authority.disconnect("github"),
            "connection-needs-reconnect",
            "not sent connection-needs-reconnect",
        ),
    ]
}

fn stops(stage: &Stage) {
    stage.authority.stopped.store(true, Ordering::SeqCst);
}

fn suspend(stage: &Stage, what: &str) {
    stage.authority.single_stops.lock().unwrap().insert(what.to_owned());
}

/// Waits until the service has the request, stops everything, and waits until no stopped request is under way.
fn recalls(stage: &Stage) {
    eventually("the request at the service", || stage.upstream.seen().len() == 1);
    stops(stage);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(stage.authority.in_flight.recall());
}

/// Waits until the service has the request, and ends the pass before the service answers.
fn revokes_under_way(stage: &Stage) {
    eventually("the request at the service", || stage.upstream.seen().len() == 1);
    stage.authority.revoke_last();
}

fn set(pick: fn(&Stage) -> &std::sync::atomic::AtomicBool) -> impl Fn(&Stage) {
    move |stage| pick(stage).store(true, Ordering::SeqCst)
}

pub(super) fn ended_meanwhile() -> Vec<Case> {
    let mut cases = while_leased();
    cases.extend(once_sent());
    cases.push(reads_on());
    cases
}

const COMMENTS: &str = "/repos/o/r/issues/1/comments";

fn writer() -> MintArgs {
    let narrow = Narrowing::default().with(&flags::LIMIT, ["send=1"]);
    narrowed(&["github:write", "github:send", "github:run"], narrow)
}

/// Returns cases in which something ends while the credential is fetched.
fn while_leased() -> Vec<Case> {
    let leased = |name, event: Event, code: &'static str, record: &'static str| {
        let case = Case::minted("meanwhile", name, writer()).happens(event);
        case.asks(post("github", COMMENTS, r#"{"body":"x"}"#), code).records(&[record])
    };
    vec![
        leased(
            "revoked while a credential is fetched",
            |stage| set(|stage| &stage.authority.revokes_on_lease)(stage),
            "pass-revoked",
            "sent allow [pass-revoked NotSent]",
        ),
        leased(
            "stopped while a credential is fetched",
            |stage| set(|stage| &stage.authority.stops_on_lease)(stage),
            "stopped",
            "sent allow [stopped NotSent]",
        ),
        leased(
            "the connection stopped while a credential is fetched",
            |stage| set(|stage| &stage.authority.suspends_on_lease)(stage),
            "stopped",
            "sent allow [stopped NotSent]",
        ),
        leased(
            "disconnected while a credential is fetched",
            |stage| set(|stage| &stage.authority.disconnects_on_lease)(stage),
            "connection-needs-reconnect",
            "sent allow [connection-needs-reconnect NotSent]",
        ),
        leased(
            "another catalog while a credential is fetched",
            |stage| set(|stage| &stage.authority.imports_on_lease)(stage),
            "overloaded",
            "sent allow [overloaded NotSent]",
        ),
        leased(
            "no credential to be had",
            |stage| set(|stage| &stage.authority.needs_reconnect)(stage),
            "connection-needs-reconnect",
            "sent allow [connection-needs-reconnect NotSent]",
        ),
    ]
}

/// Returns cases in which something ends while the service works.
fn once_sent() -> [Case; 2] {
    let slow: fn(&crate::common::Seen) -> Vec<Step> = |_| {
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        json("200 OK", r#"{"id":1}"#)
    };
    [
        Case::minted("meanwhile", "called back on its way", writer())
            .upstream(slow)
            .asks_while(post("github", COMMENTS, r#"{"body":"x"}"#), recalls, "stopped")
            .sends(&["POST /repos/o/r/issues/1/comments"])
            .records(&["sent allow [stopped Perhaps]"]),
        Case::minted("meanwhile", "revoked before its answer begins", writer())
            .upstream(slow)
            .asks_while(post("github", COMMENTS, r#"{"body":"x"}"#), revokes_under_way, "pass-revoked")
            .sends(&["POST /repos/o/r/issues/1/comments"])
            .records(&["sent allow [pass-revoked Yes]"]),
    ]
}

/// Returns a case in which something ends while the answer comes.
fn reads_on() -> Case {
    reads("meanwhile", "revoked in the middle of its answer")
        .upstream(|_| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut steps = vec![Step::send(head), Step::send("2\r\nhi\r\n")];
            let (gate, open) = Step::gate();
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_secs(8));
                drop(open);
            });
            steps.extend([gate, Step::send("2\r\nho\r\n0\r\n\r\n")]);
            steps
        })
        .asks_while(
            get("github", USER),
            |stage| {
                eventually("the intent", || !stage.authority.written().is_empty());
                eventually("the request at the service", || stage.upstream.seen().len() == 1);
                std::thread::sleep(std::time::Duration::from_millis(1_500));
                stage.authority.revoke_last();
            },
            "200 cut off",
        )
        .sends(&["GET /user"])
        .records(&["sent allow [pass-revoked Yes]"])
}
