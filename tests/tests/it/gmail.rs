//! Google's own clients, unmodified, through the gateway to an emulated Gmail: allowed requests work, others are
//! refused, and the person who runs the SDK reads why.

use harness::{Hallpass, TRIAGE, Upstream, node, python};
use serde_json::Value;

struct Inbox {
    hallpass: Hallpass,
    google: Upstream,
    pass: String,
}

impl Inbox {
    /// Connected, served, and with a pass to read and to draft; sending is asked.
    fn new() -> Self {
        let (hallpass, google, pass) = Hallpass::with_a_pass(&TRIAGE);
        Self { hallpass, google, pass }
    }

    /// Runs the agent at `base`. Returns what it printed.
    fn run(&self, mut command: std::process::Command, base: &str, arguments: &[&str]) -> Value {
        let output = command.args(arguments).env("BASE_URL", base).env("PASS", &self.pass).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn python(&self, arguments: &[&str]) -> Value {
        self.run(python("agents/gmail.py"), &self.hallpass.base("gmail"), arguments)
    }

    fn javascript(&self, arguments: &[&str]) -> Value {
        self.run(node("agents/gmail.mjs"), &self.hallpass.own_base(), arguments)
    }

    /// Checks that the pass never went upstream: every token that arrived there was issued there.
    fn upstream_never_saw_the_pass(&self) {
        let secret = self.pass.trim_start_matches("hallpass_");
        for seen in self.google.seen() {
            let all = format!("{} {:?} {}", seen.path, seen.headers, seen.body);
            assert!(!all.contains(secret), "the pass went upstream: {} {}", seen.method, seen.path);
            assert!(!all.contains("hallpass_"), "{all}");
            assert!(seen.headers["authorization"].starts_with("Bearer google_"), "{all}");
        }
    }

    fn nothing_was_sent_or_deleted(&self) {
        for seen in self.google.seen() {
            assert!(!seen.path.contains("/send") && seen.method != "DELETE", "{} {}", seen.method, seen.path);
        }
    }
}

const ALICES: [&str; 5] = ["alice-1", "alice-2", "alice-3", "alice-4", "alice-5"];

fn sorted_ids(answer: &Value) -> Vec<String> {
    let list = answer["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let mut ids: Vec<String> = list.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Checks the refusal that a person reads in the SDK's error: the code, what was refused, and by what.
fn reads_why(answer: &Value, status: u16, words: &[&str]) {
    let error = answer["error"].as_str().unwrap_or_else(|| panic!("was not refused: {answer}"));
    assert_eq!(answer["status"], status, "{error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is not in what a person reads:\n{error}");
    }
}

#[test]
fn python_lists_reads_and_drafts_in_alices_mailbox() {
    let inbox = Inbox::new();
    assert_eq!(sorted_ids(&inbox.python(&["list"])), ALICES);
    let letter = inbox.python(&["get", "alice-1"]);
    assert_eq!(letter["result"]["snippet"], "for Alice alone");
    let draft = inbox.python(&["draft", "bob@example.net"]);
    assert!(draft["result"]["id"].is_string(), "{draft}");
    inbox.upstream_never_saw_the_pass();
}

#[test]
fn python_reads_why_a_send_waits_for_a_person() {
    let inbox = Inbox::new();
    reads_why(
        &inbox.python(&["send", "bob@example.net"]),
        403,
        &["approval-required", "gmail.users.messages.send"],
    );
    inbox.nothing_was_sent_or_deleted();
}

#[test]
fn python_reads_why_a_delete_is_denied() {
    let inbox = Inbox::new();
    reads_why(&inbox.python(&["delete", "alice-1"]), 403, &["denied", "gmail.users.messages.delete"]);
    inbox.nothing_was_sent_or_deleted();
    assert_eq!(sorted_ids(&inbox.python(&["list"])), ALICES, "nothing is gone");
}

#[test]
fn python_uploads_through_the_served_description() {
    let inbox = Inbox::new();
    let draft = inbox.python(&["upload-draft", "bob@example.net"]);
    assert!(draft["result"]["id"].is_string(), "{draft}");
    inbox.upstream_never_saw_the_pass();
}

#[test]
fn an_upload_is_the_operation_that_it_uploads_to() {
    let inbox = Inbox::new();
    reads_why(&inbox.python(&["upload-send", "bob@example.net"]), 403, &["gmail.users.messages.send"]);
    inbox.nothing_was_sent_or_deleted();
}

#[test]
fn a_get_that_python_sends_as_a_post_is_the_get_that_it_is() {
    let inbox = Inbox::new();
    let listed = inbox.python(&["long"]);
    assert!(listed["result"].is_object(), "{listed}");
    let seen = inbox.google.seen_at("/gmail/v1/users/me/messages");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].method, "GET", "the gateway sent what it judged");
    assert!(seen[0].path.len() > 2_048);
    inbox.upstream_never_saw_the_pass();
}

#[test]
fn a_batch_is_refused_with_a_hint_and_stays_inside() {
    let inbox = Inbox::new();
    let answer = inbox.python(&["batch"]);
    let shown = answer.to_string();
    assert!(answer["error"].is_string() || shown.contains("error"), "{shown}");
    assert!(shown.contains("send each request by itself"), "a person reads what to do instead: {shown}");
    assert_eq!(inbox.google.seen().len(), 0);
}

#[test]
fn javascript_works_on_the_connections_own_port() {
    let inbox = Inbox::new();
    assert_eq!(sorted_ids(&inbox.javascript(&["list"])), ALICES);
    let letter = inbox.javascript(&["get", "alice-2"]);
    assert_eq!(letter["result"]["snippet"], "for Alice alone");
    let draft = inbox.javascript(&["draft", "bob@example.net"]);
    assert!(draft["result"]["id"].is_string(), "{draft}");
    inbox.upstream_never_saw_the_pass();
}

/// Google's client for JavaScript sends uploads in chunks. They are judged like any other body, and go on with a
/// length.
#[test]
fn javascript_uploads_in_chunks_and_only_to_whom_the_pass_says() {
    let mut inbox = Inbox::new();
    let draft = inbox.javascript(&["upload-draft", "bob@example.net"]);
    assert!(draft["result"]["id"].is_string(), "{draft}");
    inbox.pass = inbox.hallpass.mint(&[
        "answer our partner",
        "--allow",
        "gmail:read",
        "--allow",
        "gmail:send",
        "--to-domain",
        "example.net",
    ]);
    let sent = inbox.javascript(&["upload-send", "bob@example.net"]);
    assert!(sent["result"]["id"].is_string(), "{sent}");
    let uploads = || {
        let seen = inbox.google.seen();
        seen.into_iter().filter(|one| one.path.contains("/messages/send")).collect::<Vec<_>>()
    };
    let [sent] = uploads().try_into().unwrap_or_else(|sent| panic!("{} were sent", Vec::len(&sent)));
    assert!(sent.body.contains("bob@example.net"), "{}", sent.body);
    assert!(sent.headers.contains_key("content-length"), "{:?}", sent.headers);
    assert!(!sent.headers.contains_key("transfer-encoding"), "{:?}", sent.headers);
    reads_why(&inbox.javascript(&["upload-send", "eve@evil.example"]), 403, &["denied", "eve@evil.example"]);
    assert_eq!(uploads().len(), 1, "nothing went to anybody else");
    inbox.upstream_never_saw_the_pass();
}

#[test]
fn javascript_reads_why_it_is_refused() {
    let inbox = Inbox::new();
    reads_why(
        &inbox.javascript(&["send", "bob@example.net"]),
        403,
        &["approval-required", "gmail.users.messages.send"],
    );
    reads_why(&inbox.javascript(&["delete", "alice-1"]), 403, &["denied", "gmail.users.messages.delete"]);
    inbox.nothing_was_sent_or_deleted();
}

#[test]
fn curl_shows_the_refusal_as_problem_json() {
    let inbox = Inbox::new();
    let url = format!("{}/gmail/v1/users/me/messages/alice-1", inbox.hallpass.base("gmail"));
    let curl = |arguments: &[&str]| {
        let bearer = format!("Authorization: Bearer {}", inbox.pass);
        let output = std::process::Command::new("curl")
            .args(["--silent", "--header", &bearer])
            .args(arguments)
            .arg(&url)
            .output()
            .expect("curl runs");
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    assert_eq!(curl(&[])["snippet"], "for Alice alone");
    let refused = curl(&["--request", "DELETE"]);
    assert_eq!(refused["status"], 403);
    assert!(refused["type"].as_str().unwrap().ends_with("denied"), "{refused}");
    assert!(refused["liftable_by"].is_string(), "{refused}");
}

#[test]
fn a_new_pass_is_tried_on_what_agents_asked_before() {
    let inbox = Inbox::new();
    inbox.python(&["get", "alice-1"]);
    inbox.python(&["draft", "bob@example.net"]);
    inbox.python(&["send", "bob@example.net"]);
    inbox.python(&["delete", "alice-1"]);
    let narrower = inbox.hallpass.mint(&[
        "read on",
        "--allow",
        "gmail:read",
        "--ask",
        "gmail:send",
        "--allow",
        "gmail.users.drafts.create",
        "--to-domain",
        "example.com",
        "--limit",
        "gmail.users.messages.get=1",
    ]);
    let replayed = inbox.hallpass.json(&["replay", &narrower]);
    let would: Vec<_> = replayed["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["operation"].as_str().unwrap(), line["would"].as_str().unwrap()))
        .collect();
    assert_eq!(
        would,
        [
            ("gmail.users.messages.get", "allow"),
            ("gmail.users.drafts.create", "deny"),
            ("gmail.users.messages.send", "deny"),
            ("gmail.users.messages.delete", "deny"),
        ]
    );
    let said = inbox.hallpass.run(&["replay", &narrower]).expect(0);
    assert!(said.stderr.contains("would have allowed 1 of the last 4"), "{}", said.stderr);
}

#[test]
fn every_sdk_request_is_in_the_log_with_its_decision() {
    let inbox = Inbox::new();
    inbox.python(&["get", "alice-1"]);
    inbox.python(&["delete", "alice-1"]);
    let log = inbox.hallpass.log();
    let decided = |operation: &str, decision: &str| {
        log.iter().any(|record| record["operation"] == operation && record["decision"] == decision)
    };
    assert!(decided("gmail.users.messages.get", "allow"), "{log:#?}");
    assert!(decided("gmail.users.messages.delete", "denied"), "{log:#?}");
}
