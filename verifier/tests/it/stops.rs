//! A request that is stopped on its way does not go on, and the stop waits for that.

use std::sync::atomic::Ordering;
use std::thread;

use crate::common::{Stage, eventually, held, json};

#[expect(clippy::unwrap_used, clippy::expect_used, reason = "how a test fails")]
fn recall(stage: &Stage) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let recalled = async {
        let wait = std::time::Duration::from_secs(20);
        tokio::time::timeout(wait, stage.authority.in_flight.recall()).await.expect("it ends");
    };
    runtime.block_on(recalled);
}

#[test]
fn a_request_that_is_stopped_on_its_way_is_dropped_before_the_stop_is_acknowledged() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    // The upstream never answers.
    let (answer, _open) = held(Vec::new);
    stage.upstream.answers(answer);
    thread::scope(|scope| {
        let agent = scope.spawn(|| stage.get(&pass, "/github/user"));
        eventually("the request at the upstream", || stage.upstream.seen().len() == 1);
        stage.authority.stopped.store(true, Ordering::SeqCst);
        recall(&stage);
        let reply = agent.join().unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (403, "stopped"));
        assert!(reply.text().contains("the service may have got it or not"), "{reply:?}");
    });
    assert_eq!(stage.get(&pass, "/github/user").code(), "stopped");
    assert_eq!(stage.upstream.seen().len(), 1, "nothing left after the stop");
}

#[test]
fn a_stop_of_another_pass_lets_what_is_on_its_way_go_on() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let (answer, open) = held(|| json("200 OK", r#"{"login":"alice"}"#));
    stage.upstream.answers(answer);
    thread::scope(|scope| {
        let agent = scope.spawn(|| stage.get(&pass, "/github/user"));
        eventually("the request at the upstream", || stage.upstream.seen().len() == 1);
        stage.authority.single_stops.lock().unwrap().insert("gmail".into());
        recall(&stage);
        open.send(()).unwrap();
        assert_eq!(agent.join().unwrap().status, 200);
    });
}

/// The stop returned at once, because nothing was under way yet.
#[test]
fn a_connection_that_is_stopped_while_a_credential_is_fetched_sends_nothing() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.authority.suspends_on_lease.store(true, Ordering::SeqCst);
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (403, "stopped"), "{reply:?}");
    assert!(reply.text().contains("the connection `github` is stopped"), "{reply:?}");
    assert_eq!(stage.upstream.seen().len(), 0);
}

#[test]
fn a_connection_that_is_disconnected_while_its_credential_is_lent_sends_nothing() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.authority.disconnects_on_lease.store(true, Ordering::SeqCst);
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (403, "connection-needs-reconnect"), "{reply:?}");
    assert_eq!(stage.upstream.seen().len(), 0);
}

#[test]
fn what_was_judged_by_another_description_than_is_in_force_is_not_sent() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.authority.imports_on_lease.store(true, Ordering::SeqCst);
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (503, "overloaded"), "{reply:?}");
    assert_eq!(stage.upstream.seen().len(), 0);
}
