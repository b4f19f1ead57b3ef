//! Real agents with a scripted model: Claude Code and Codex triage an inbox, are asked before they send, are refused to
//! delete, and show their model why. They are large, and one is proprietary, so `tests/run clients` installs them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Hallpass, Running, Upstream, binary, node, node_file, poll, python, source};
use serde_json::{Value, json};
use tempfile::TempDir;

const SEND: &str = "/gmail/v1/users/me/messages/send";

/// A person's home with a client's settings, a model, and Hallpass.
struct Desk {
    hallpass: Hallpass,
    google: Upstream,
    person: TempDir,
    model: Running,
    port: String,
}

fn client(path: &str) -> PathBuf {
    let path = source::root().join("target/clients/node_modules").join(path);
    assert!(path.is_file(), "{} is missing: `tests/run clients` installs it", path.display());
    path
}

impl Desk {
    fn new(calls: &Value) -> Self {
        let (hallpass, google) = Hallpass::with_a_mailbox();
        let person = tempfile::tempdir().unwrap();
        let script = person.path().join("calls.json");
        std::fs::write(&script, calls.to_string()).unwrap();
        let mut model = python("agents/model.py");
        model.arg(&script).arg(person.path().join("seen.jsonl"));
        let model = Running::start(model);
        let port =
            model.wait_for("the model's port", |line| Some(line.strip_prefix("port ")?.trim().to_owned()));
        Self { hallpass, google, person, model, port }
    }

    fn home(&self) -> &Path {
        self.person.path()
    }

    /// Puts the block into the client's settings, as README says.
    fn add(&self, client: &str) {
        let mut command = Command::new(binary());
        command.args(["agent", "add", client, "--template", "inbox-triage", "--yes"]);
        let output =
            command.env("HALLPASS_HOME", self.hallpass.home()).env("HOME", self.home()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs the agent. A person approves the letter that it is asked about.
    fn triage(&self, mut agent: Command) {
        let project = self.home().join("project");
        std::fs::create_dir_all(&project).unwrap();
        let out = std::fs::File::create(self.home().join("out")).unwrap();
        agent.current_dir(&project).env("HOME", self.home()).stdin(std::process::Stdio::null());
        agent.stdout(out.try_clone().unwrap()).stderr(out);
        let mut child = agent.spawn().unwrap();
        let asked = poll("a question", || {
            if child.try_wait().unwrap().is_some() {
                panic!("it ended: {}", std::fs::read_to_string(self.home().join("out")).unwrap());
            }
            self.hallpass.json(&["approvals"]).as_array()?.first().cloned()
        });
        assert!(self.google.seen_at(SEND).is_empty(), "nothing goes before the answer");
        assert!(asked.to_string().contains("bob@example.net"), "{asked}");
        self.hallpass.run(&["approve", asked["id"].as_str().unwrap()]).expect(0);
        poll("the agent's end", || child.try_wait().unwrap());
        let leftover: Vec<_> = std::fs::read_dir(&project).unwrap().collect();
        assert!(leftover.is_empty(), "the project has no file of it: {leftover:?}");
    }

    /// Everything that the model was shown.
    fn shown(&self) -> String {
        std::fs::read_to_string(self.home().join("seen.jsonl")).unwrap()
    }

    fn came_out(self) {
        // Codex packs what it sends to its model, and prints the same.
        let out = std::fs::read_to_string(self.home().join("out")).unwrap();
        let shown = self.shown() + &out;
        assert!(shown.contains("alice-5"), "the list came back: {out}\n{shown}");
        assert!(
            shown.contains("hallpass denied") && shown.contains("gmail.users.messages.modify"),
            "{out}\n{shown}"
        );
        assert_eq!(self.google.seen_at(SEND).len(), 1, "{out}");
        assert!(self.google.seen().iter().all(|seen| seen.method != "DELETE"));
        let log = self.hallpass.json(&["log", "--mode", "mcp"]);
        let decisions: Vec<&str> =
            log.as_array().unwrap().iter().filter_map(|one| one["decision"].as_str()).collect();
        assert!(decisions.contains(&"allow") && decisions.contains(&"denied"), "{log}");
        poll("the pass's end", || {
            let live = self.hallpass.json(&["passes", "--status", "live"]);
            live.as_array()?.is_empty().then_some(())
        });
        self.model.kill();
    }
}

/// The calls, by names as the client shows them to its model.
fn calls(prefix: &str, namespace: Option<&str>) -> Value {
    let call = |name: &str, arguments: Value| {
        let mut call = vec![json!(format!("{prefix}{name}")), arguments];
        call.extend(namespace.map(|namespace| json!(namespace)));
        Value::Array(call)
    };
    json!([
        call("gmail_users_messages_list", json!({"maxResults": 5})),
        call("gmail_users_messages_get", json!({"id": "alice-1"})),
        call(
            "gmail_users_messages_send",
            json!({"to": ["bob@example.net"], "subject": "lunch", "text": "at one?"})
        ),
        // The way to delete that is among the tools.
        call("gmail_users_messages_modify", json!({"id": "alice-1", "addLabelIds": ["TRASH"]})),
        call("hallpass_pass", json!({})),
    ])
}

#[test]
#[ignore = "needs `tests/run clients`"]
fn claude_code_triages_an_inbox() {
    let desk = Desk::new(&calls("mcp__hallpass__", None));
    desk.add("claude");
    let mut agent = Command::new(client("@anthropic-ai/claude-code-linux-x64/claude"));
    agent.args([
        "-p",
        "triage my inbox",
        "--allowedTools",
        "mcp__hallpass",
        "--output-format",
        "stream-json",
        "--verbose",
    ]);
    agent
        .env("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{}", desk.port))
        .env("ANTHROPIC_API_KEY", "none");
    for setting in ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER"] {
        agent.env(setting, "1");
    }
    agent.env("ENABLE_TOOL_SEARCH", "false");
    desk.triage(agent);
    desk.came_out();
}

#[test]
#[ignore = "needs `tests/run clients`"]
fn codex_triages_an_inbox() {
    let desk = Desk::new(&calls("", Some("mcp__hallpass")));
    let settings = desk.home().join(".codex/config.toml");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let text = format!(
        r#"model = "scripted"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.scripted]
name = "scripted"
base_url = "http://127.0.0.1:{}/v1"
wire_api = "responses"
env_key = "MODEL_KEY"

[analytics]
enabled = false
"#,
        desk.port
    );
    std::fs::write(&settings, text).unwrap();
    desk.add("codex");
    let with_approval =
        std::fs::read_to_string(&settings).unwrap() + "default_tools_approval_mode = \"approve\"\n";
    std::fs::write(&settings, with_approval).unwrap();
    let mut agent =
        Command::new(client("@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"));
    agent.args(["exec", "--json", "--skip-git-repo-check", "triage my inbox"]).env("MODEL_KEY", "none");
    desk.triage(agent);
    desk.came_out();
}

#[test]
#[ignore = "needs `tests/run clients`"]
fn opencode_lists_the_server() {
    let desk = Desk::new(&json!([]));
    desk.add("opencode");
    let mut agent = Command::new(client("opencode-linux-x64/bin/opencode"));
    let output =
        agent.args(["mcp", "list"]).env("HOME", desk.home()).current_dir(desk.home()).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(out.contains("hallpass") && out.contains("connected"), "{out}");
    desk.model.kill();
}

/// Scenarios of the protocol's own suite, with the version that each is run at. The others need prompts, resources or
/// tools that a test server has.
const SCENARIOS: [(&str, &str); 9] = [
    ("server-stateless", "2026-07-28"),
    ("tools-list", "2026-07-28"),
    ("http-header-validation", "2026-07-28"),
    ("dns-rebinding-protection", "2026-07-28"),
    ("caching", "2026-07-28"),
    ("server-initialize", "2025-11-25"),
    ("ping", "2025-11-25"),
    ("tools-list", "2025-11-25"),
    ("dns-rebinding-protection", "2025-11-25"),
];

/// Its checks that do not hold, each with the reason.
const NOT_HELD: [(&str, &str); 7] = [
    ("sep-2575-server-rejects-undeclared-capability", "it needs a tool of the suite's own server"),
    ("sep-2575-missing-capability-http-400", "it needs a tool of the suite's own server"),
    ("sep-2575-http-server-no-independent-requests-on-stream", "it needs a tool of the suite's own server"),
    ("sep-2575-server-no-log-without-loglevel", "it needs a tool of the suite's own server"),
    ("sep-2549-prompts-list-caching-hints", "there are no prompts, and none are announced"),
    ("sep-2549-resources-list-caching-hints", "there are no resources, and none are announced"),
    ("sep-2549-resources-templates-list-caching-hints", "there are no resources, and none are announced"),
];

#[test]
#[ignore = "needs `tests/run clients`"]
fn the_protocols_own_suite_finds_nothing_but_what_is_named_here() {
    let (hallpass, _google, pass) = Hallpass::with_a_pass(&["read", "--allow", "gmail:read"]);
    let mut shim = node("agents/with_pass.mjs");
    shim.env("GATEWAY", &hallpass.gateway).env("PASS", &pass);
    let shim = Running::start(shim);
    let port = shim.wait_for("the port", |line| Some(line.strip_prefix("port ")?.trim().to_owned()));
    let suite = client("@modelcontextprotocol/conformance/dist/index.js");
    let mut failed = BTreeSet::new();
    let mut passed = 0;
    for (scenario, version) in SCENARIOS {
        let mut run = node_file(&suite);
        run.args(["server", "--url", &format!("http://127.0.0.1:{port}/mcp")]);
        run.args(["--scenario", scenario, "--spec-version", version]);
        let output = String::from_utf8(run.output().unwrap().stdout).unwrap();
        let named = |line: &str| {
            Some(line.split_once('[')?.1.split_once(" [")?.1.split(']').next()?.trim().to_owned())
        };
        failed.extend(output.lines().filter(|line| line.contains("FAILURE")).filter_map(named));
        passed += output.lines().filter(|line| line.contains("SUCCESS")).count();
    }
    shim.kill();
    let expected: BTreeSet<String> = NOT_HELD.iter().map(|(check, _)| (*check).to_owned()).collect();
    assert_eq!(failed, expected);
    assert!(passed > 30, "{passed}");
}
