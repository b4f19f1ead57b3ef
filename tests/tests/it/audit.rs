//! The audit log: a decision is in it before it takes effect, and nobody can change it unnoticed.

use std::fs;
use std::path::Path;
use std::thread;

use harness::{Hallpass, Upstream, poll, run_at};
use serde_json::{Value, json};

const LETTER: &str = "/gmail/v1/users/me/messages/alice-1";

fn used() -> (Hallpass, Upstream) {
    let (hallpass, google) = Hallpass::with_a_mailbox();
    let pass = hallpass.mint(&["read", "--allow", "gmail:read"]);
    for _ in 0..3 {
        hallpass.agent(&pass, "GET", "gmail", LETTER).send().expect(200);
    }
    hallpass.agent(&pass, "DELETE", "gmail", LETTER).send().expect(403);
    (hallpass, google)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        // A socket is not a file.
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn the_log_verifies_while_it_is_written_and_afterwards() {
    let (mut hallpass, _google) = used();
    hallpass.run(&["log", "verify"]).expect(0);
    assert_eq!(hallpass.terminate().code, 0);
    hallpass.run(&["log", "verify"]).expect(0);
}

#[test]
fn a_flipped_byte_in_the_database_is_found() {
    let (mut hallpass, _google) = used();
    assert_eq!(hallpass.terminate().code, 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(elsewhere.path(), private).unwrap();
    copy(&hallpass.home(), elsewhere.path());
    run_at(elsewhere.path(), &["log", "verify"]).expect(0);

    // Changes one letter of the path in one record, wherever the database stores it.
    let mut flipped = 0;
    for entry in fs::read_dir(elsewhere.path()).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let needle = LETTER.as_bytes();
        let places: Vec<_> = bytes
            .windows(needle.len())
            .enumerate()
            .filter(|(_, window)| *window == needle)
            .map(|(at, _)| at)
            .collect();
        if let Some(at) = places.first() {
            bytes[at + needle.len() - 1] = b'2';
            fs::write(&path, bytes).unwrap();
            flipped += 1;
        }
    }
    assert!(flipped > 0, "the record was found in the database");
    let found = run_at(elsewhere.path(), &["log", "verify"]);
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert!(found.stderr.contains("record"), "it says which: {}", found.stderr);
    hallpass.run(&["log", "verify"]).expect(0);
}

#[test]
fn a_kill_between_intent_and_outcome_leaves_the_intent() {
    let oidc = Upstream::oidc(&json!({}));
    let mut hallpass = Hallpass::new().with_oidc(&oidc);
    hallpass.connect_as("alice", &["gmail"]);
    hallpass.serve();
    let pass = hallpass.mint(&["read", "--allow", "gmail:read"]);
    oidc.control(&json!({ "hold_mail": true }));
    oidc.forget();
    let request = hallpass.agent(&pass, "GET", "gmail", LETTER);
    let agent = thread::spawn(move || request.try_send());
    poll("the request at the upstream", || (!oidc.seen_at(LETTER).is_empty()).then_some(()));
    hallpass.kill();
    assert!(agent.join().unwrap().is_none(), "the agent was not answered");
    oidc.control(&json!({ "hold_mail": false }));

    hallpass.serve();
    let log = hallpass.log();
    let intents: Vec<&Value> = log.iter().filter(|record| record["kind"] == "intent").collect();
    assert_eq!(intents.len(), 1, "{log:#?}");
    assert!(intents[0]["path"].as_str().is_some_and(|path| path.ends_with(LETTER)), "{}", intents[0]);
    let answered = log
        .iter()
        .any(|r| r["kind"] == "outcome" && r["of"] == intents[0]["seq"] && r["result"] == "answered");
    assert!(!answered, "no record claims an outcome: {log:#?}");
    hallpass.run(&["log", "verify"]).expect(0);
}

#[test]
fn the_log_holds_no_pass_and_no_credential() {
    let (hallpass, google) = used();
    let text = hallpass.run(&["log", "--json"]).expect(0).stdout;
    for seen in google.seen_at("/gmail/") {
        let token = seen.headers["authorization"].trim_start_matches("Bearer ").to_owned();
        assert!(!text.contains(&token));
    }
    assert!(!text.contains("hallpass_"), "no pass is in the log");
    assert!(!text.contains("for Alice alone"), "no body is in the log");
}
