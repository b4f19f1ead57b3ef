use std::net::IpAddr;

use verifier::ports::{Audit, Outcome, Record, RecordId};

use super::*;

pub(super) fn record(path: &str, decision: &'static str) -> Record {
    Record {
        at: START,
        lineage: vec!["p_AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()],
        task: Some("triage my inbox".into()),
        connection: Some(gmail()),
        operation: Some("gmail.users.messages.list".into()),
        method: "GET".into(),
        path: path.into(),
        digest: None,
        question: None,
        outline: None,
        approval: None,
        decision,
        reasons: Vec::new(),
        facts: None,
        reservations: Vec::new(),
        once: None,
        mode: verifier::ports::Mode::BaseUrl,
        peer: IpAddr::from([127, 0, 0, 1]),
        looked_up: Vec::new(),
        decided_in: Duration::microseconds(250),
    }
}

fn answered() -> Outcome {
    Outcome::Answered { status: 200, bytes: 512, took: Duration::milliseconds(12) }
}

/// Makes a log of six records: the root key's, two intents with outcomes, a refusal.
pub(super) async fn filled() -> World {
    let world = World::new().await;
    let app = world.open();
    for _ in 0..2 {
        let id = app.intent(record("/gmail/v1/users/me/messages", "allow")).await.unwrap();
        app.outcome(id, answered());
    }
    app.refusal(record("/gmail/v1/users/me/messages/send", "denied")).await.unwrap();
    app.close().await;
    world
}

async fn verified(world: &World) -> LogVerification {
    world.open_unwitnessed().verify_log().await.unwrap()
}

/// Changes the audit table without the triggers, as somebody with a hex editor could.
pub(super) fn tamper(world: &World, sql: &str) {
    let all = format!("DROP TRIGGER audit_is_not_edited; DROP TRIGGER audit_is_not_cut; {sql}");
    world.behind().run(&all);
}

#[tokio::test]
async fn the_chain_is_whole_from_the_first_record() {
    let world = filled().await;
    let verification = verified(&world).await;
    assert_eq!((verification.records, verification.first_bad), (6, None));
}

#[tokio::test]
async fn a_record_says_what_was_decided_and_what_became_of_it() {
    let world = filled().await;
    let app = world.open_unwitnessed();
    let log = app.log(LogQuery { after: Some(1), ..LogQuery::default() }).await.unwrap();
    let (intent, outcome) = (&log[0], &log[1]);
    insta::assert_json_snapshot!(intent, { ".hash" => "[hash]" }, @r#"
    {
      "seq": 2,
      "at": "2026-11-22T12:00:00Z",
      "kind": "intent",
      "lineage": [
        "p_AAAAAAAAAAAAAAAAAAAAAA"
      ],
      "task": "triage my inbox",
      "connection": "gmail",
      "operation": "gmail.users.messages.list",
      "method": "GET",
      "path": "/gmail/v1/users/me/messages",
      "decision": "allow",
      "peer": "127.0.0.1",
      "decided_us": 250,
      "hash": "[hash]"
    }
    "#);
    insta::assert_json_snapshot!(outcome, { ".hash" => "[hash]" }, @r#"
    {
      "seq": 3,
      "at": "2026-11-22T12:00:00Z",
      "kind": "outcome",
      "of": 2,
      "result": "answered",
      "status": 200,
      "bytes": 512,
      "took_ms": 12,
      "hash": "[hash]"
    }
    "#);
}

#[tokio::test]
async fn whoever_edits_the_log_is_found_out_and_where() {
    let cases = [
        ("UPDATE audit SET record = replace(record, 'messages', 'drafts') WHERE seq = 4", 4),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3", 3),
        (
            "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 100",
            2,
        ),
        (
            "UPDATE audit SET seq = seq + 10 WHERE seq > 3; UPDATE audit SET seq = seq - 9 WHERE seq > 10; INSERT INTO audit (seq, record, hash) SELECT 4, record, hash FROM audit WHERE seq = 3",
            4,
        ),
        ("INSERT INTO audit (seq, record, hash) VALUES (7, '{}', zeroblob(32))", 7),
    ];
    for (sql, expected) in cases {
        let world = filled().await;
        tamper(&world, sql);
        let bad = verified(&world).await.first_bad;
        assert_eq!(bad.as_ref().map(|bad| bad.seq), Some(expected), "{sql}: {bad:?}");
    }
}

#[tokio::test]
async fn the_store_itself_refuses_to_edit_the_log() {
    let world = filled().await;
    for sql in ["DELETE FROM audit WHERE seq = 1", "UPDATE audit SET record = '{}' WHERE seq = 1"] {
        let error = world.behind().refuses(sql);
        assert!(error.contains("append-only"), "{error}");
    }
}

#[tokio::test]
async fn what_could_mislead_a_reader_is_escaped() {
    let world = World::new().await;
    let app = world.open();
    let path = "/a\r\nfake\u{1b}[2J\u{202e}\u{200b}\u{85}";
    app.refusal(record(path, "denied")).await.unwrap();
    let log = app.log(LogQuery::default()).await.unwrap();
    let text = serde_json::to_string(log.last().unwrap()).unwrap();
    assert!(text.contains(r"/a\\u{d}\\u{a}fake\\u{1b}[2J\\u{202e}\\u{200b}\\u{85}"), "{text}");
}

#[tokio::test]
async fn the_log_is_filtered_by_what_the_intent_says() {
    let world = filled().await;
    let app = world.open_unwitnessed();
    let pass = "p_AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let queries = [
        (LogQuery { pass: Some(pass), ..LogQuery::default() }, vec![2, 3, 4, 5, 6]),
        (LogQuery { pass: Some("p_BAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()), ..LogQuery::default() }, vec![]),
        (LogQuery { decision: Some("denied".into()), ..LogQuery::default() }, vec![6]),
        (LogQuery { mode: Some("mcp".into()), ..LogQuery::default() }, vec![]),
        (LogQuery { mode: Some("base-url".into()), ..LogQuery::default() }, vec![2, 3, 4, 5, 6]),
        (LogQuery { kind: Some("outcome".into()), ..LogQuery::default() }, vec![3, 5]),
        (LogQuery { operation: Some("gmail.users.*".into()), ..LogQuery::default() }, vec![2, 3, 4, 5, 6]),
        (LogQuery { operation: Some("gmail.users".into()), ..LogQuery::default() }, vec![]),
        (LogQuery { connection: Some("gmail".parse().unwrap()), ..LogQuery::default() }, vec![2, 3, 4, 5, 6]),
        (LogQuery { since: Some(START), after: Some(1), ..LogQuery::default() }, vec![2, 3, 4, 5, 6]),
        (
            LogQuery {
                since: Some(START + Duration::milliseconds(1)),
                after: Some(1),
                ..LogQuery::default()
            },
            vec![],
        ),
        (LogQuery { until: Some(START), after: Some(1), ..LogQuery::default() }, vec![]),
        (LogQuery { limit: Some(2), ..LogQuery::default() }, vec![5, 6]),
        (LogQuery { after: Some(2), limit: Some(2), ..LogQuery::default() }, vec![3, 4]),
    ];
    for (query, expected) in queries {
        let found: Vec<u64> = app.log(query.clone()).await.unwrap().iter().map(|record| record.seq).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

#[tokio::test]
async fn a_record_is_found_with_what_became_of_it() {
    let world = filled().await;
    let app = world.open_unwitnessed();
    let (intent, outcome) = (app.record(4).await.unwrap(), app.record(5).await.unwrap());
    for view in [&intent, &outcome] {
        assert_eq!(view.record.seq, 4);
        assert_eq!(view.outcome.as_ref().map(|outcome| outcome.seq), Some(5));
    }
    assert!(app.record(6).await.unwrap().outcome.is_none(), "a refused request has no outcome");
    let error = app.record(7).await.unwrap_err().to_string();
    assert!(error.contains("no audit record 7: the newest is 6"), "{error}");
}

#[tokio::test]
async fn a_log_is_followed_as_it_grows() {
    let world = World::new().await;
    let app = world.open();
    let mut head = app.log_head();
    let before = *head.borrow_and_update();
    let id = app.intent(record("/", "allow")).await.unwrap();
    assert_eq!(id, RecordId(before + 1));
    assert!(head.has_changed().unwrap());
    assert_eq!(*head.borrow_and_update(), id.0);
}

#[tokio::test]
async fn every_change_of_a_person_is_in_the_log() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    app.revoke(RevokeArgs { ids: vec![(&minted.info.id).into()], because: None, even_unknown: false })
        .await
        .unwrap();
    app.stop(None).await.unwrap();
    app.resume().await.unwrap();
    app.rotate_root().await.unwrap();
    app.retire_root(1).await.unwrap();
    app.disconnect(&gmail()).await.unwrap();
    let log = app.log(LogQuery { kind: Some("event".into()), ..LogQuery::default() }).await.unwrap();
    let events: Vec<String> = log
        .iter()
        .filter_map(|record| serde_json::to_value(record).unwrap()["event"].as_str().map(String::from))
        .collect();
    assert_eq!(
        events,
        [
            "root-created",
            "connected",
            "minted",
            "revoked",
            "stopped",
            "resumed",
            "root-created",
            "root-retired",
            "disconnecting",
            "disconnected"
        ]
    );
    assert_eq!(app.verify_log().await.unwrap().first_bad, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_written_at_once_are_each_in_the_chain() {
    let world = World::new().await;
    let app = world.open();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let app = app.clone();
        writers.spawn(async move {
            let id = app.intent(record("/", "allow")).await.unwrap();
            app.outcome(id, answered());
        });
    }
    writers.join_all().await;
    app.close().await;
    let verification = app.verify_log().await.unwrap();
    assert_eq!((verification.records, verification.first_bad), (1001, None));
}
