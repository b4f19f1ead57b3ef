//! Replies and drafts with Google's own client: a letter goes only to people of its thread, and a draft is sent as it
//! was judged.

use harness::{Hallpass, Upstream, python};
use serde_json::Value;

/// The thread of Bob's first letter to Alice.
const THREAD: &str = "thread-alice-1";

struct Mailbox {
    hallpass: Hallpass,
    google: Upstream,
}

impl Mailbox {
    fn new() -> Self {
        let (hallpass, google) = Hallpass::with_a_mailbox();
        google.forget();
        Self { hallpass, google }
    }

    /// The output of Google's client for Python for one call with this pass.
    fn agent(&self, pass: &str, scenario: &str, argument: &str) -> Value {
        let mut command = python("agents/gmail.py");
        let command = command.args([scenario, argument]);
        let command = command.env("BASE_URL", self.hallpass.base("gmail")).env("PASS", pass);
        let output = command.output().expect("python runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn sent(&self) -> Vec<harness::Seen> {
        self.google.seen().into_iter().filter(|seen| seen.path.contains("/send")).collect()
    }
}

#[track_caller]
fn is_refused(answer: &Value, words: &[&str]) {
    let error = answer["error"].as_str().unwrap_or_else(|| panic!("was not refused: {answer}"));
    assert_eq!(answer["status"], 403, "{error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is not in what a person reads:\n{error}");
    }
}

#[test]
fn an_agent_replies_inside_a_thread_and_nowhere_else() {
    let mailbox = Mailbox::new();
    let pass =
        mailbox.hallpass.mint(&["answer my mail", "--allow", "gmail:send", "--to-thread-participants"]);
    let answer = mailbox.agent(&pass, "reply", &format!("bob@example.net {THREAD}"));
    assert!(answer["result"]["id"].is_string(), "{answer}");
    let seen = mailbox.google.seen();
    assert_eq!(seen.len(), 2, "one look-up, one letter: {seen:?}");
    assert!(seen[0].path.starts_with(&format!("/gmail/v1/users/me/threads/{THREAD}?")), "{}", seen[0].path);
    for one in &seen {
        assert!(one.headers["authorization"].starts_with("Bearer google_"), "{one:?}");
    }
    let log = mailbox.hallpass.log();
    let sent = log.iter().find(|record| record["kind"] == "intent").unwrap_or_else(|| panic!("{log:#?}"));
    assert_eq!(sent["looked_up"], serde_json::json!(["gmail.users.threads.get"]), "{sent}");
    mailbox.google.forget();

    let outsider = mailbox.agent(&pass, "reply", &format!("eve@outside.test {THREAD}"));
    is_refused(&outsider, &["denied", "who are in the thread already"]);
    assert!(!outsider.to_string().contains("bob@example.net"), "{outsider}");
    let both = mailbox.agent(&pass, "reply", &format!("bob@example.net,eve@outside.test {THREAD}"));
    is_refused(&both, &["denied"]);
    is_refused(&mailbox.agent(&pass, "send", "bob@example.net"), &["denied"]);
    is_refused(&mailbox.agent(&pass, "reply", "bob@example.net no-such-thread"), &["unevaluable"]);
    assert!(mailbox.sent().is_empty());
}

#[test]
fn a_sub_agent_is_held_to_replies_by_its_parent() {
    let mailbox = Mailbox::new();
    let parent = mailbox.hallpass.mint(&["my mail", "--allow", "gmail:read", "--allow", "gmail:send"]);
    let child = mailbox.hallpass.run(&["attenuate", &parent, "--to-thread-participants"]).expect(0).line();
    let answer = mailbox.agent(&child, "reply", &format!("bob@example.net {THREAD}"));
    assert!(answer["result"]["id"].is_string(), "{answer}");
    is_refused(&mailbox.agent(&child, "reply", &format!("eve@outside.test {THREAD}")), &["denied"]);
    // If a parent may not read, its child may not ask.
    let blind = mailbox.hallpass.mint(&["my mail", "--allow", "gmail:send"]);
    let child = mailbox.hallpass.run(&["attenuate", &blind, "--to-thread-participants"]).expect(0).line();
    mailbox.google.forget();
    is_refused(&mailbox.agent(&child, "reply", &format!("bob@example.net {THREAD}")), &["unevaluable"]);
    assert_eq!(mailbox.google.seen().len(), 0);
}

#[test]
fn a_draft_that_was_changed_is_judged_by_what_it_holds_now() {
    let mailbox = Mailbox::new();
    let writer = mailbox.hallpass.mint(&["write", "--allow", "gmail:write"]);
    let sender = mailbox.hallpass.mint(&["send", "--allow", "gmail:send", "--to-domain", "example.net"]);
    let draft = mailbox.agent(&writer, "draft-reply", &format!("bob@example.net {THREAD}"));
    let id = draft["result"]["id"].as_str().unwrap_or_else(|| panic!("{draft}")).to_owned();
    mailbox.agent(&writer, "update-draft", &format!("eve@outside.test {id}"));
    let changed = mailbox.agent(&sender, "send-draft", &id);
    is_refused(&changed, &["denied"]);
    assert!(!changed.to_string().contains("eve@"), "the refusal repeats nothing of the draft: {changed}");
    assert!(mailbox.sent().is_empty());

    mailbox.agent(&writer, "update-draft", &format!("bob@example.net {id}"));
    let answer = mailbox.agent(&sender, "send-draft", &id);
    assert!(answer["result"]["id"].is_string(), "{answer}");
    let sent: Value = serde_json::from_str(&mailbox.sent()[0].body).expect("JSON");
    assert_eq!(sent["id"], id.as_str());
    let raw = sent["message"]["raw"].as_str().unwrap_or_else(|| panic!("{sent}"));
    assert!(!raw.is_empty(), "the sent request holds the judged message");
    assert_eq!(sent["message"]["threadId"], THREAD);
}

#[test]
fn offline_a_reply_is_not_guessed_at() {
    let mailbox = Mailbox::new();
    let pass =
        mailbox.hallpass.mint(&["answer my mail", "--allow", "gmail:send", "--to-thread-participants"]);
    let body = tempfile::NamedTempFile::new().expect("a file");
    // `To: bob@example.net` and nothing else.
    std::fs::write(body.path(), r#"{"raw":"VG86IGJvYkBleGFtcGxlLm5ldAoKCg==","threadId":"t1"}"#)
        .expect("written");
    let path = body.path().to_string_lossy().into_owned();
    let url = "https://gmail.googleapis.com/gmail/v1/users/me/messages/send";
    let ran = mailbox.hallpass.run(&["can", &pass, "POST", url, "--body", &path]).expect(2);
    assert!(ran.stdout.contains("needs a look-up"), "{}", ran.stdout);
    let shown = mailbox.hallpass.run(&["inspect", &pass]).expect(0);
    assert!(shown.stdout.contains("already in the thread"), "{}", shown.stdout);
}
