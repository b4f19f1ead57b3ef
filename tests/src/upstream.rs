//! The providers: emulated Google, GitHub and Slack, and a strict OAuth server, each behind a recorder.
//!
//! The first user of an emulator is a decoy: emulators answer an unknown token as their first user, so the account in
//! the answer shows that a gateway has forwarded a pass.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{get, post, request};
use crate::parts::node;
use crate::process::Running;

pub const CLIENT_ID: &str = "hallpass-tests.apps.example.com";
pub const CLIENT_SECRET: &str = "client-secret-of-the-tests";
/// The person whose account is connected.
pub const ALICE: &str = "alice@example.com";
/// The account that answers an unknown token.
pub const DECOY: &str = "decoy@example.com";
/// The seed's token for Alice at GitHub and Slack, for preparing data.
const SEED_TOKEN: &str = "seed-token-of-alice";

/// One request as the service received it.
#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub status: Option<u16>,
}

/// A provider on a loopback port.
pub struct Upstream {
    pub url: String,
    running: Running,
}

impl Upstream {
    /// Google with Alice's five letters and the decoy's one. `redirect_port` is where Hallpass will wait.
    pub fn google(redirect_port: u16) -> Self {
        let letters: Vec<Value> = (1..=5)
            .map(|n| {
                let (id, subject) = (format!("alice-{n}"), format!("letter {n}"));
                letter(&id, ALICE, &subject, "2026-11-20T09:00:00.000Z", &["INBOX", "UNREAD"])
            })
            .collect();
        Self::google_with(redirect_port, letters)
    }

    /// Google with these letters of Alice's, each a `letter`, after the decoy's one.
    pub fn google_with(redirect_port: u16, letters: Vec<Value>) -> Self {
        let mut messages =
            vec![letter("decoy-1", DECOY, "not yours", "2026-11-20T09:00:00.000Z", &["INBOX", "UNREAD"])];
        messages.extend(letters);
        let seed = json!({ "google": {
            "users": [{ "email": DECOY, "name": "Decoy" }, { "email": ALICE, "name": "Alice" }],
            "oauth_clients": [{ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Hallpass",
                "redirect_uris": [callback(redirect_port)] }],
            "messages": messages,
            "calendars": [{ "id": ALICE, "user_email": ALICE, "summary": "Alice", "primary": true }],
            "calendar_events": [{ "id": "standup", "user_email": ALICE, "calendar_id": ALICE, "summary": "standup",
                "start_date_time": "2026-12-01T09:00:00Z", "end_date_time": "2026-12-01T09:15:00Z" }],
            "drive_items": [{ "id": "plan", "user_email": ALICE, "name": "plan.txt", "mime_type": "text/plain",
                "data": "for Alice alone" }],
        }});
        Self::emulate("google", &seed)
    }

    /// GitHub with Alice's private repository `alice/notes` and its seven issues.
    pub fn github(redirect_port: u16) -> Self {
        let seed = json!({
            "tokens": { SEED_TOKEN: { "login": "alice", "scopes": ["repo", "user"] } },
            "github": {
                "users": [{ "login": "decoy", "email": DECOY }, { "login": "alice", "email": ALICE }],
                "repos": [
                    { "owner": "alice", "name": "notes", "private": true, "auto_init": true },
                    { "owner": "decoy", "name": "trap", "auto_init": true },
                ],
                "oauth_apps": [{ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Hallpass",
                    "redirect_uris": [callback(redirect_port)] }],
            },
        });
        let github = Self::emulate("github", &seed);
        for n in 1..=7 {
            let issue = json!({ "title": format!("issue {n}") });
            let url = format!("{}/repos/alice/notes/issues", github.url);
            post(url).bearer(SEED_TOKEN).json(&issue).send().expect(201);
        }
        github.forget();
        github
    }

    /// Slack with Alice, the decoy and the channels `digest` and `board`. Slack makes up the ids; `slack_id` tells
    /// them.
    pub fn slack(redirect_port: u16) -> Self {
        let seed = json!({ "slack": {
            "team": { "name": "Example", "domain": "example" },
            "users": [{ "name": "decoy", "email": DECOY }, { "name": "alice", "email": ALICE }],
            "channels": [{ "name": "digest" }, { "name": "board" }],
            "tokens": [{ "token": SEED_TOKEN, "user": "alice" }],
            "oauth_apps": [{ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Hallpass",
                "redirect_uris": [callback(redirect_port)] }],
        }});
        Self::emulate("slack", &seed)
    }

    /// The id of the user or channel with this name, as Slack says it.
    pub fn slack_id(&self, list: &str, name: &str) -> String {
        let url = format!("{}/api/{list}", self.url);
        let answer = post(url).bearer(SEED_TOKEN).send().expect(200).json();
        let all = answer["members"].as_array().or(answer["channels"].as_array());
        let found = all.and_then(|all| all.iter().find(|one| one["name"] == name));
        found.unwrap_or_else(|| panic!("no `{name}` in {answer}"))["id"].as_str().expect("an id").to_owned()
    }

    /// The strict OAuth server with a mailbox beside it.
    pub fn oidc(settings: &Value) -> Self {
        let mut all = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
        let wanted = settings.as_object().expect("settings are an object").clone();
        all.as_object_mut().expect("an object").extend(wanted);
        Self::start("parts/oidc.mjs", &all)
    }

    fn emulate(service: &str, seed: &Value) -> Self {
        Self::start("parts/emulate.mjs", &json!({ "service": service, "seed": seed }))
    }

    fn start(script: &str, configuration: &Value) -> Self {
        let mut running = Running::start(node(script));
        running.write_line(&configuration.to_string());
        let url = running.wait_for("address of the upstream", |line| {
            let said: Value = serde_json::from_str(line).ok()?;
            said.get("url")?.as_str().map(str::to_owned)
        });
        Self { url, running }
    }

    /// Every request that arrived since the last `forget`.
    pub fn seen(&self) -> Vec<Seen> {
        let answer = get(format!("{}/__seen", self.url)).send().expect(200);
        serde_json::from_slice(&answer.body)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.running.output()))
    }

    /// The requests since the last `forget` to a path that starts with `prefix`.
    pub fn seen_at(&self, prefix: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path.starts_with(prefix)).collect()
    }

    pub fn forget(&self) {
        request("DELETE", format!("{}/__seen", self.url)).send().expect(200);
    }

    /// Throws a switch of the strict OAuth server.
    pub fn control(&self, switches: &Value) {
        post(format!("{}/__control", self.url)).json(switches).send().expect(200);
    }
}

/// A letter from Bob in the emulator's seed, in its own thread: `thread-ID`.
pub fn letter(id: &str, of: &str, subject: &str, date: &str, labels: &[&str]) -> Value {
    let text = if of == ALICE { "for Alice alone" } else { "the decoy's letter" };
    json!({ "id": id, "thread_id": format!("thread-{id}"), "user_email": of, "from": "bob@example.net", "to": of,
        "subject": subject, "body_text": text, "label_ids": labels, "date": date })
}

fn callback(port: u16) -> String {
    format!("http://127.0.0.1:{port}/callback")
}
