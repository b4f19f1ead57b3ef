//! The audit of a whole run: every kind of decision, exported, and verified elsewhere with the public key alone.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor};
use std::path::Path;

use authority::audit::{AuditKey, ExportVerification, verify_exports};
use harness::{Hallpass, Upstream, get, run_at};
use serde_json::{Value, json};

const LIST: &str = "/gmail/v1/users/me/messages";
const LETTER: &str = "/gmail/v1/users/me/messages/alice-1";
/// Positions to flip, with one bit each.
const FLIPS: usize = 500;

/// Allowed, denied, asked, used up, narrowed, revoked, without a pass, stopped and resumed.
fn mixed_story() -> (Hallpass, Upstream) {
    let (hallpass, google) = Hallpass::with_a_mailbox();
    let pass = hallpass.mint(&[
        "triage my inbox",
        "--allow",
        "gmail:read",
        "--ask",
        "gmail:delete",
        "--limit",
        "gmail.users.messages.get=2",
    ]);
    let agent = |pass: &str, method: &str, path: &str| hallpass.agent(pass, method, "gmail", path).send();
    agent(&pass, "GET", LIST).expect(200);
    agent(&pass, "GET", LETTER).expect(200);
    agent(&pass, "GET", LETTER).expect(200);
    assert_eq!(agent(&pass, "GET", LETTER).expect(403).code(), "budget-exhausted");
    assert_eq!(agent(&pass, "POST", &format!("{LETTER}/trash")).expect(403).code(), "approval-required");
    let label = json!({ "addLabelIds": ["STARRED"] });
    let modify = hallpass.agent(&pass, "POST", "gmail", &format!("{LETTER}/modify")).json(&label).send();
    assert_eq!(modify.expect(403).code(), "denied");
    let child = hallpass.run(&["attenuate", &pass, "--only", "gmail.users.messages.list"]).expect(0).line();
    agent(&child, "GET", LIST).expect(200);
    get(hallpass.base("gmail") + LIST).send().expect(401);
    hallpass.run(&["stop"]).expect(0);
    agent(&pass, "GET", LIST).expect(403);
    hallpass.run(&["stop", "--resume"]).expect(0);
    let id = hallpass.json(&["inspect", &pass])["id"].as_str().expect("an id").to_owned();
    hallpass.run(&["revoke", &id]).expect(0);
    agent(&child, "GET", LIST).expect(403);
    (hallpass, google)
}

fn verify(bytes: Vec<u8>, key: AuditKey) -> ExportVerification {
    let file: Box<dyn BufRead> = Box::new(BufReader::new(Cursor::new(bytes)));
    verify_exports(vec![file], key).expect("memory can be read")
}

#[test]
fn the_audit_of_a_whole_run_verifies_offline_and_fails_on_any_single_flipped_byte() {
    let (mut hallpass, _google) = mixed_story();
    let file = hallpass.home().join("run.jsonl");
    let shown = file.to_str().expect("a path in UTF-8");
    hallpass.run(&["log", "export", "--out", shown]).expect(0);
    let key = hallpass.run(&["keys", "audit"]).expect(0).line();
    assert_eq!(hallpass.terminate().code, 0);

    // Verified elsewhere: without a home or an authority, with only the file and the key.
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let verified = run_at(&nowhere.path().join("none"), &["log", "verify", shown, "--key", &key]).expect(0);
    assert!(verified.stderr.contains("records are as they were written"), "{}", verified.stderr);
    holds_what_was_decided(&file);

    let bytes = fs::read(&file).expect("the file is there");
    let audit_key: AuditKey = key.parse().expect("a key");
    for at in positions(bytes.len()) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let found = verify(flipped, audit_key);
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        assert!(found.log.first_bad.is_some(), "byte {at} was not noticed");
        assert_eq!(found.stopped_at, Some((1, line)), "byte {at}: {:?}", found.log.first_bad);
    }

    let mut flipped = bytes;
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(&file, flipped).expect("the file is writable");
    let refused = run_at(&nowhere.path().join("none"), &["log", "verify", shown, "--key", &key]).expect(1);
    assert!(refused.stderr.starts_with("error: record "), "{}", refused.stderr);
}

/// Positions all over the file, the same in every run, including its first and last bytes.
fn positions(length: usize) -> impl Iterator<Item = usize> {
    let mut state = 0x2545_F491_u64;
    let random = std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % length
    });
    [0, length - 1].into_iter().chain(random.take(FLIPS))
}

fn holds_what_was_decided(file: &Path) {
    let file = BufReader::new(File::open(file).expect("the file is there"));
    let lines: Vec<Value> =
        file.lines().map(|line| serde_json::from_str(&line.expect("UTF-8")).expect("JSON")).collect();
    let records: Vec<&Value> = lines.iter().filter_map(|line| line.get("record")).collect();
    let mut decisions: Vec<_> = records.iter().filter_map(|record| record["decision"].as_str()).collect();
    decisions.sort_unstable();
    decisions.dedup();
    for decision in [
        "allow",
        "approval-required",
        "budget-exhausted",
        "denied",
        "pass-missing",
        "pass-revoked",
        "stopped",
    ] {
        assert!(decisions.contains(&decision), "{decision} is not among {decisions:?}");
    }
    let denied = records.iter().find(|record| record["decision"] == "denied").expect("it was denied");
    for field in ["lineage", "operation", "reasons", "digest", "decided_us"] {
        assert!(!denied[field].is_null(), "{field} is missing in {denied}");
    }
    for event in ["minted", "revoked", "stopped", "resumed"] {
        assert!(records.iter().any(|record| record["event"] == event), "{event} is not on record");
    }
}
