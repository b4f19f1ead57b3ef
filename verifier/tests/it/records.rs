//! Intent before effect, and one record for each request on every path.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::common::{Kind, Stage, Step, eventually, exchange, held, json, read_reply, request};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use datalog::{MintArgs, Narrowing, flags};
use verifier::ports::{Outcome, Sign};
use verifier::{GatewayConfig, Limits};

fn limited(stage: &Stage, limit: &str) -> String {
    let args = MintArgs {
        allow: vec!["github:read".into(), "github:write".into(), "github:send".into(), "github:run".into()],
        connections: vec!["github".into()],
        narrow: Narrowing::default().with(&flags::LIMIT, [limit]),
        ..MintArgs::default()
    };
    stage.mint(&args)
}

fn get_user(pass: &str) -> Vec<u8> {
    request("GET", "/github/user", &[&format!("Authorization: Bearer {pass}")], b"")
}

#[test]
fn the_intent_is_durable_before_the_request_leaves_and_its_outcome_after() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let authority = stage.authority.clone();
    stage.upstream.answers(move |_| {
        assert_eq!(authority.written().len(), 1, "the request left before its intent was written");
        assert!(authority.written()[0].outcomes.is_empty());
        json("200 OK", r#"{"login":"alice"}"#)
    });
    assert_eq!(stage.get(&pass, "/github/user").status, 200);
    eventually("an outcome", || !stage.authority.written()[0].outcomes.is_empty());
    let written = stage.authority.written().remove(0);
    assert_eq!((written.kind, written.record.decision), (Kind::Intent, "allow"));
    assert_eq!(written.record.operation.as_deref(), Some("github.users/get-authenticated"));
    assert_eq!(written.record.task.as_deref(), Some("a test"));
    assert!(written.record.digest.is_some() && written.record.lineage.len() == 1);
    assert!(
        matches!(written.outcomes[..], [Outcome::Answered { status: 200, bytes: 17, .. }]),
        "{written:?}"
    );
}

#[test]
fn nothing_is_forwarded_when_the_audit_log_does_not_take_the_record() {
    let stage = Stage::new();
    let pass = limited(&stage, "github:read=5");
    stage.authority.audit_is_broken.store(true, Ordering::SeqCst);
    for bytes in [get_user(&pass), request("GET", "/github/user", &[], b"")] {
        let reply = stage.send(bytes);
        assert_eq!((reply.status, reply.code().as_str()), (503, "audit-unavailable"));
    }
    assert!(stage.upstream.seen().is_empty());
    assert!(stage.authority.budgets().is_empty(), "the reservation was not given back");
}

#[test]
fn a_budget_is_taken_before_the_request_leaves_and_holds() {
    let stage = Stage::new();
    let pass = limited(&stage, "github:read=2");
    assert_eq!(stage.send(get_user(&pass)).status, 200);
    assert_eq!(stage.send(get_user(&pass)).status, 200);
    let reply = stage.send(get_user(&pass));
    assert_eq!((reply.status, reply.code().as_str()), (403, "budget-exhausted"));
    assert_eq!(stage.upstream.seen().len(), 2);
    assert_eq!(stage.authority.budgets().values().sum::<u64>(), 2);
    let reply = stage.get(&pass, "/pass");
    assert_eq!(reply.json()["budgets"][0]["left"], 0, "{reply:?}");
}

#[test]
fn a_budget_holds_under_parallel_use() {
    let stage = Stage::with(GatewayConfig { threads: 3, ..GatewayConfig::default() });
    let pass = limited(&stage, "github:read=7");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..24).map(|_| scope.spawn(|| stage.send(get_user(&pass)).status)).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7, "{statuses:?}");
    assert_eq!(stage.upstream.seen().len(), 7);
    assert_eq!(stage.authority.written().len(), 24);
}

#[test]
fn a_request_that_certainly_never_left_gives_its_budget_back() {
    let stage = Stage::new();
    let pass = limited(&stage, "github:read=5");
    stage.authority.needs_reconnect.store(true, Ordering::SeqCst);
    let reply = stage.send(get_user(&pass));
    assert_eq!((reply.status, reply.code().as_str()), (403, "connection-needs-reconnect"));
    assert!(stage.authority.budgets().is_empty());
    let written = stage.authority.written().remove(0);
    assert_eq!(written.kind, Kind::Intent);
    assert!(matches!(written.outcomes[..], [Outcome::Failed { code: "connection-needs-reconnect", .. }]));
}

#[test]
fn a_request_to_nobody_gives_its_budget_back_and_plain_http_leaves_this_machine_never() {
    let stage = Stage::new();
    // At the first connection's address nobody listens, perhaps only for a moment. The second connection is configured
    // wrongly, and waiting does not fix that.
    for (connection, status) in [("github-gone", 502), ("rebound", 403)] {
        let pass = stage.mint(&MintArgs {
            allow: vec![format!("{connection}:read")],
            connections: vec![connection.into()],
            narrow: Narrowing::default().with(&flags::LIMIT, ["read=5"]),
            ..MintArgs::default()
        });
        let reply = stage.get(&pass, &format!("/{connection}/user"));
        assert_eq!((reply.status, reply.code().as_str()), (status, "upstream-unreachable"), "{reply:?}");
        assert_eq!(reply.json()["retryable"], connection == "github-gone");
        assert!(stage.authority.budgets().is_empty());
    }
    let written = stage.authority.written();
    assert_eq!((written[0].kind, written[1].kind), (Kind::Intent, Kind::Refusal));
}

#[test]
fn a_name_that_leads_inward_is_told_as_that_and_to_its_owner_with_the_address() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: vec!["inward:*".into()],
        connections: vec!["inward".into()],
        ..MintArgs::default()
    });
    let reply = stage.get(&pass, "/inward/gmail/v1/users/me/labels");
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream-address-refused"), "{reply:?}");
    assert_eq!(reply.json()["retryable"], false, "{reply:?}");
    assert!(!reply.text().contains("127.0.0.1") && !reply.text().contains("::1"), "{reply:?}");
    let signs = stage.authority.signs.lock().unwrap();
    let [(connection, Sign::NotDialled { host, address, range })] = &signs[..] else { panic!("{signs:?}") };
    assert_eq!((connection.as_str(), host.as_str(), *range), ("inward", "localhost", "this machine"));
    assert!(address.is_loopback());
}

#[test]
fn bodies_that_would_fill_the_memory_are_turned_away() {
    let limits = Limits { bodies: 1000, ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let pass = stage.pass(&["github:read"]);
    let head = format!(
        "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {pass}\r\nContent-Length: 800\r\n\r\n"
    );
    let mut first = TcpStream::connect(stage.address).unwrap();
    first.write_all(head.as_bytes()).unwrap();
    // Nobody can see whether the first request has its memory yet, so try until it has.
    eventually("a full gateway", || {
        let mut second = TcpStream::connect(stage.address).unwrap();
        second.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        second.write_all(head.as_bytes()).unwrap();
        second.write_all(&[b'x'; 800]).unwrap();
        read_reply(&mut second).code() == "overloaded"
    });
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn a_request_that_may_have_arrived_keeps_its_budget_and_is_not_sent_again() {
    let stage = Stage::new();
    let pass = limited(&stage, "github:write=5");
    stage.upstream.answers(|_| vec![Step::Close]);
    let reply = stage.post(&pass, "/github/repos/o/r/issues/1/comments", r#"{"body":"x"}"#);
    assert_eq!((reply.status, reply.code().as_str()), (403, "outcome-unknown"));
    assert_eq!(stage.upstream.seen().len(), 1);
    assert_eq!(stage.authority.budgets().values().sum::<u64>(), 1);
}

#[test]
fn an_upstream_that_does_not_answer_in_time_is_a_fault_of_its_own() {
    let limits = Limits { first_byte: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let pass = stage.pass(&["github:read"]);
    let (answer, open) = held(Vec::new);
    stage.upstream.answers(answer);
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (504, "upstream-timeout"));
    eventually("an outcome", || stage.authority.written()[0].outcomes.len() == 1);
    drop(open);
}

#[test]
fn an_agent_that_goes_away_leaves_one_finished_record() {
    let stage = Stage::new();
    let pass = limited(&stage, "github:read=5");
    let (answer, open) = held(|| json("200 OK", "{}"));
    stage.upstream.answers(answer);
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.write_all(&get_user(&pass)).unwrap();
    eventually("the request upstream", || stage.upstream.seen().len() == 1);
    drop(stream);
    open.send(()).unwrap();
    eventually("an outcome", || stage.authority.written()[0].outcomes.len() == 1);
    assert_eq!(stage.authority.written().len(), 1);

    // The client went away in the middle of its body. Nothing was sent, and one record says so.
    let head = format!(
        "POST /github/user/repos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {pass}\r\nContent-Length: 9\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream);
    eventually("a record", || stage.authority.written().len() == 2);
    assert_eq!(stage.authority.written()[1].kind, Kind::Refusal);
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn a_gateway_that_stops_finishes_what_runs_and_takes_nothing_new() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let (answer, open) = held(|| json("200 OK", r#"{"done":true}"#));
    stage.upstream.answers(answer);
    let address = stage.address;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&get_user(&pass)).unwrap();
    eventually("the request upstream", || stage.upstream.seen().len() == 1);
    let draining = std::thread::spawn(move || stage.drain());
    eventually("a closed listener", || TcpStream::connect(address).is_err());
    open.send(()).unwrap();
    assert_eq!(read_reply(&mut stream).json()["done"], true);
    let (authority, _) = draining.join().unwrap();
    assert_eq!(authority.written()[0].outcomes.len(), 1);
}

#[test]
fn connections_past_the_limit_are_told_so_and_recorded() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let pass = stage.pass(&["github:read"]);
    let mut first = TcpStream::connect(stage.address).unwrap();
    first.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    first.write_all(&get_user(&pass)).unwrap();
    assert_eq!(read_reply(&mut first).status, 200);
    let reply = exchange(stage.address, &get_user(&pass));
    assert_eq!((reply.status, reply.code().as_str()), (503, "overloaded"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(stage.authority.written()[1].record.decision, "overloaded");
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn a_panic_ends_the_request_and_its_record_and_nothing_else() {
    let stage = Stage::new();
    let pass = limited(&stage, "github:read=5");
    stage.authority.panics_on_lease.store(true, Ordering::SeqCst);
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&get_user(&pass)).unwrap();
    let mut rest = Vec::new();
    assert_eq!(std::io::Read::read_to_end(&mut stream, &mut rest).unwrap(), 0);
    eventually("a finished record", || stage.authority.written()[0].outcomes.len() == 1);
    eventually("the budget back", || stage.authority.budgets().is_empty());
    assert_eq!(stage.authority.written().len(), 1);
    stage.authority.panics_on_lease.store(false, Ordering::SeqCst);
    assert_eq!(stage.send(get_user(&pass)).status, 200);
}

#[test]
fn a_record_outlines_the_request_and_holds_no_value_of_an_argument() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let bearer = format!("Authorization: Bearer {pass}");
    // A label is a thing, and a record names the things that its request touches.
    let body = br#"{"title":"private words","body":"private text","labels":["bug"]}"#;
    let headers = [bearer.as_str(), "Content-Type: application/json"];
    assert_eq!(stage.send(request("POST", "/github/repos/o/r/issues", &headers, body)).status, 200);
    let outline = stage.authority.written().remove(0).record.outline.unwrap();
    let text = format!("{outline:?}");
    assert!(!text.contains("private"), "{text}");
    assert!(!outline.account.is_empty() && !outline.effects.is_empty());
    assert!(outline.arguments.contains(&("title".into(), "string".into())), "{text}");
}

/// The agent reads its own values. The plain text that is stored has only their number and kind.
#[test]
fn a_record_holds_no_address_and_no_value_of_an_argument() {
    let stage = Stage::new();
    let args = MintArgs {
        allow: vec!["gmail:send".into(), "gmail:read".into()],
        narrow: Narrowing::default()
            .with(&flags::TO_DOMAIN, ["partner.test"])
            .with(&flags::ARG, ["gmail.users.messages.list: q = \"is:unread\""]),
        ..MintArgs::default()
    };
    let pass = stage.mint(&args);
    let raw = |to: &str| URL_SAFE.encode(format!("To: {to}\r\nSubject: sentinel\r\n\r\nyes\r\n"));
    let send = |to: &str| {
        stage.post(&pass, "/gmail/gmail/v1/users/me/messages/send", &format!(r#"{{"raw":"{}"}}"#, raw(to)))
    };
    let list = "/gmail/gmail/v1/users/me/messages?q=sentinel-words";
    for (reply, told) in [
        (send("sentinel@outside.test"), "sentinel@outside.test"),
        (send("sentinel@"), "sentinel@"),
        (stage.get(&pass, list), "sentinel-words"),
    ] {
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(reply.text().contains(told), "{reply:?}");
    }
    let written = stage.authority.written();
    assert_eq!(written.len(), 3);
    for one in written {
        assert!(!one.record.reasons.is_empty());
        for reason in &one.record.reasons {
            let kept = format!("{} {} {}", reason.caveat, reason.expected, reason.recorded());
            assert!(!kept.contains("sentinel") && !kept.contains("outside"), "{kept}");
        }
        let outline = format!("{:?} {}", one.record.outline, one.record.path);
        assert!(!outline.contains("sentinel"), "{outline}");
    }
}
