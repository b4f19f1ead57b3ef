//! MCP's own clients, unmodified, in both eras: an agent with nothing but an address and a pass sees tools, is asked
//! before it sends, reads why it may not delete, and learns that its pass has ended.

use std::process::Command;

use harness::{Hallpass, Running, Upstream, node, poll, python};
use serde_json::{Value, json};

const SEND: &str = "/gmail/v1/users/me/messages/send";

struct Inbox {
    hallpass: Hallpass,
    google: Upstream,
    pass: String,
}

/// A client, and the era that it speaks.
const CLIENTS: [(&str, &str); 4] =
    [("python", "modern"), ("python", "legacy"), ("javascript", "modern"), ("javascript", "legacy")];

impl Inbox {
    fn new() -> Self {
        let flags = [
            "answer my mail",
            "--allow",
            "gmail:read",
            "--ask",
            "gmail:send",
            "--arg",
            "gmail.users.messages.list: maxResults<=10",
        ];
        let (hallpass, google, pass) = Hallpass::with_a_pass(&flags);
        Self { hallpass, google, pass }
    }

    fn command(&self, client: &str, era: &str, calls: &Value) -> Command {
        let mut command =
            if client == "python" { python("agents/mcp_client.py") } else { node("agents/mcp_client.mjs") };
        command.args([era, &calls.to_string()]);
        command.env("MCP_URL", format!("{}/mcp", self.hallpass.gateway)).env("PASS", &self.pass);
        command
    }

    fn calls(&self, client: &str, era: &str, calls: &Value) -> Value {
        printed(Running::start(self.command(client, era, calls)))
    }
}

fn printed(agent: Running) -> Value {
    let (_, stdout, stderr) = agent.finish();
    serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}\n{stderr}"))
}

#[test]
fn a_client_lists_reads_and_is_refused_by_name_in_either_era() {
    let inbox = Inbox::new();
    let calls = json!([
        ["gmail_users_messages_list", {"maxResults": 5}],
        ["gmail_users_messages_list", {"maxResults": 50}],
        ["gmail_users_messages_get", {"id": "alice-1"}],
        ["gmail_users_messages_delete", {"id": "alice-1"}],
        ["hallpass_pass", {}],
    ]);
    for (client, era) in CLIENTS {
        let answer = inbox.calls(client, era, &calls);
        let tools = answer["tools"].as_array().unwrap_or_else(|| panic!("{client} {era}: {answer}"));
        assert!(tools.contains(&json!("gmail_users_messages_send")), "{answer}");
        assert!(!tools.contains(&json!("gmail_users_messages_delete")), "{answer}");
        let results = answer["results"].as_array().unwrap();
        let failed: Vec<bool> = results.iter().map(|one| one["failed"].as_bool().unwrap()).collect();
        assert_eq!(failed, [false, true, false, true, false], "{client} {era}: {answer}");
        let text = |place: usize| results[place]["text"].as_str().unwrap();
        assert!(text(0).contains("alice-5"), "{answer}");
        assert!(text(1).contains("maxResults") && text(1).contains("\"code\":\"denied\""), "{answer}");
        assert!(text(2).contains("for Alice alone"), "{answer}");
        assert!(text(3).contains("gmail.users.messages.delete"), "{answer}");
        assert!(text(4).contains("\"task\":\"answer my mail\""), "{answer}");
    }
    let log = inbox.hallpass.json(&["log", "--mode", "mcp", "--kind", "refusal"]);
    assert_eq!(log.as_array().unwrap().len(), 2 * CLIENTS.len());
    assert!(
        inbox.google.seen().iter().all(|seen| seen.headers["authorization"].starts_with("Bearer google_"))
    );
}

#[test]
fn a_letter_waits_for_a_person_and_goes_once() {
    let inbox = Inbox::new();
    for (place, (client, era)) in CLIENTS.into_iter().enumerate() {
        let letter =
            json!({"to": ["bob@example.net"], "subject": format!("lunch {place}"), "text": "at one?"});
        let agent =
            Running::start(inbox.command(client, era, &json!([["gmail_users_messages_send", letter]])));
        let asked = poll("a question", || inbox.hallpass.json(&["approvals"]).as_array()?.first().cloned());
        assert!(
            asked.to_string().contains("bob@example.net") && asked.to_string().contains("lunch"),
            "{asked}"
        );
        assert_eq!(inbox.google.seen_at(SEND).len(), place, "nothing goes before the answer");
        inbox.hallpass.run(&["approve", asked["id"].as_str().unwrap()]).expect(0);
        let answer = printed(agent);
        assert_eq!(answer["results"][0]["failed"], false, "{client} {era}: {answer}");
        assert_eq!(inbox.google.seen_at(SEND).len(), place + 1);
    }
}

#[test]
fn a_person_says_no_and_the_agent_reads_it() {
    let inbox = Inbox::new();
    let letter = json!({"to": ["bob@example.net"], "text": "at one?"});
    let agent =
        Running::start(inbox.command("python", "modern", &json!([["gmail_users_messages_send", letter]])));
    let asked = poll("a question", || inbox.hallpass.json(&["approvals"]).as_array()?.first().cloned());
    inbox.hallpass.run(&["deny", asked["id"].as_str().unwrap(), "--because", "not today"]).expect(0);
    let answer = printed(agent);
    assert_eq!(answer["results"][0]["failed"], true);
    assert!(
        answer["results"][0]["text"].as_str().unwrap().contains("a person said no: not today"),
        "{answer}"
    );
    assert!(inbox.google.seen_at(SEND).is_empty());
}

#[test]
fn a_client_whose_pass_has_ended_is_told_so() {
    let inbox = Inbox::new();
    let id = inbox.hallpass.json(&["passes"])[0]["id"].as_str().unwrap().to_owned();
    inbox.hallpass.run(&["revoke", &id]).expect(0);
    for (client, era) in CLIENTS {
        let answer = inbox.calls(client, era, &json!([]));
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{client} {era}: {answer}"));
        // Python's client shows no more than that the server refused.
        let is_told = error.contains("401") || error.contains("pass-revoked");
        assert!(is_told || client == "python" && error.contains("error response"), "{client} {era}: {error}");
    }
}
