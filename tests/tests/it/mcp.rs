//! MCP's own clients, unmodified, in both eras: an agent with nothing but an address and a pass sees tools, is asked
//! before it sends, reads why it may not delete, and learns that its pass has ended.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use harness::{Hallpass, Ran, Running, Upstream, binary, node, poll, python};
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

impl Inbox {
    /// Calls tools through `hallpass mcp`, which the client starts.
    fn bridged(&self, era: &str, calls: &Value, arguments: &[&str]) -> Command {
        let mut words = vec![json!(binary().to_str().unwrap()), json!("mcp")];
        words.extend(arguments.iter().map(|word| json!(word)));
        let mut command = python("agents/mcp_client.py");
        command.args([era, &calls.to_string()]);
        command.env("MCP_COMMAND", Value::Array(words).to_string());
        command.env("HALLPASS_HOME", self.hallpass.home()).env("PASS", "");
        command
    }

    fn statuses(&self) -> Vec<(String, String)> {
        let all = self.hallpass.json(&["passes"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().map(|one| (text(&one["task"]), text(&one["status"]))).collect()
    }
}

#[test]
fn a_client_that_starts_programs_gets_a_pass_that_ends_with_it() {
    let inbox = Inbox::new();
    let calls = json!([["gmail_users_messages_list", {"maxResults": 5}], ["gmail_users_messages_delete", {"id": "alice-1"}]]);
    for era in ["modern", "legacy"] {
        let answer = printed(Running::start(inbox.bridged(era, &calls, &["--template", "inbox-triage"])));
        assert_eq!(answer["results"][0]["failed"], false, "{era}: {answer}");
        assert!(answer["results"][1]["text"].as_str().unwrap().contains("denied"), "{era}: {answer}");
    }
    poll("the passes' end", || {
        let mut bridged = inbox.statuses();
        bridged.retain(|(task, _)| task != "answer my mail");
        (bridged.len() == 2 && bridged.iter().all(|(_, status)| status == "revoked")).then_some(())
    });
    let none = inbox.hallpass.run(&["mcp"]).expect(64);
    assert!(none.stderr.contains("expected --template NAME"), "{}", none.stderr);
    let unknown = inbox.hallpass.run(&["mcp", "--template", "inbox-triag"]).expect(64);
    assert!(unknown.stderr.contains("inbox-triage"), "{}", unknown.stderr);
}

#[test]
fn the_bridge_passes_each_event_on_as_it_comes_and_ends_with_its_input() {
    let inbox = Inbox::new();
    let mut command = Command::new(binary());
    command.args(["mcp", "--template", "inbox-triage"]).env("HALLPASS_HOME", inbox.hallpass.home());
    let mut bridge = Running::start(command);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    let listen =
        json!({"jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": {"_meta": meta}});
    bridge.write_line(&listen.to_string());
    bridge.wait_for("the first event", |line| line.contains("subscriptions/acknowledged").then_some(()));
    bridge.write_line("no JSON");
    bridge.wait_for("the error", |line| line.contains("-32700").then_some(()));
    bridge.write_line(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    bridge.wait_for("a later answer", |line| line.contains(r#""result":{}"#).then_some(()));
    let (status, ..) = bridge.terminate();
    assert!(status.success(), "{status}");
    let live = inbox.hallpass.json(&["passes", "--status", "live"]);
    assert_eq!(live.as_array().unwrap().len(), 1, "its pass has ended: {live}");
}

#[test]
fn a_script_that_closes_its_end_gets_its_answers_and_a_client_that_goes_away_ends_the_pass() {
    let inbox = Inbox::new();
    let bridge = || {
        let mut command = Command::new(binary());
        command.args(["mcp", "--template", "inbox-triage"]).env("HALLPASS_HOME", inbox.hallpass.home());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut script = bridge();
    let list = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "hallpass_pass", "arguments": {}}});
    // The last line has no end.
    write!(script.stdin.take().unwrap(), "{list}").unwrap();
    let output = script.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(7), &Value::Null), "{answer}");

    for signal in ["TERM", "HUP", "INT"] {
        let mut open = bridge();
        // Its input stays open: the bridge must not wait for another line.
        let mut input = open.stdin.take().unwrap();
        writeln!(input, r#"{{"jsonrpc":"2.0","id":1,"method":"ping"}}"#).unwrap();
        let mut line = String::new();
        BufReader::new(open.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let kill = Command::new("kill").args(["-s", signal, &open.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let ended = poll("the bridge's end", || open.try_wait().unwrap());
        assert!(ended.success(), "{signal}: {ended}");
    }
    let live = inbox.hallpass.json(&["passes", "--status", "live"]);
    assert_eq!(live.as_array().unwrap().len(), 1, "the passes of all bridges have ended: {live}");
}

#[test]
fn the_bridge_gets_another_pass_when_its_own_has_run_out_and_none_when_it_was_revoked() {
    let inbox = Inbox::new();
    let folder = inbox.hallpass.home().join("templates");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("short.toml"), "task = \"short\"\nallow = [\"gmail:read\"]\nfor = \"3s\"\n")
        .unwrap();
    let list = json!(["gmail_users_messages_list", {"maxResults": 5}]);
    let calls = json!([list, ["sleep", {"seconds": 4}], list]);
    let answer = printed(Running::start(inbox.bridged("modern", &calls, &["--template", "short"])));
    assert_eq!(answer["results"][1]["failed"], false, "{answer}");
    assert_eq!(
        inbox.statuses().iter().filter(|(task, _)| task == "short").count(),
        2,
        "one pass for each time"
    );
    let calls = json!([list, ["sleep", {"seconds": 2}], list]);
    let agent = Running::start(inbox.bridged("modern", &calls, &["--template", "inbox-triage"]));
    let own = poll("its pass", || {
        let all = inbox.hallpass.json(&["passes", "--status", "live"]);
        let own = all
            .as_array()?
            .iter()
            .find(|one| one["task"] != "answer my mail" && one["task"] != "short")
            .cloned();
        own.map(|one| one["id"].as_str().unwrap().to_owned())
    });
    inbox.hallpass.run(&["revoke", &own]).expect(0);
    let answer = printed(agent);
    assert!(answer["error"].as_str().is_some_and(|error| error.contains("pass-revoked")), "{answer}");
}

/// Stands in for a client: prints its arguments and what it finds in its environment.
const CLIENT: &str =
    "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\"; done; echo \"$OPENCODE_CONFIG_CONTENT\"\n";

#[test]
fn a_run_tells_a_known_client_of_the_server_and_keeps_the_pass_out_of_its_arguments() {
    use std::os::unix::fs::PermissionsExt as _;
    let inbox = Inbox::new();
    let folder = tempfile::tempdir().unwrap();
    for (client, place) in
        [("claude", "/mcp\""), ("codex", "mcp_servers.hallpass_run.url="), ("opencode", "\"oauth\":false")]
    {
        let path = folder.path().join(client);
        std::fs::write(&path, CLIENT).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(binary());
        command.args(["run", "read", "--allow", "gmail:read", "--"]).arg(&path).arg("-p");
        let output = command.env("HALLPASS_HOME", inbox.hallpass.home()).output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(
            out.contains(place) && out.contains("-p") && out.contains(&inbox.hallpass.gateway),
            "{client}: {out}"
        );
        assert!(!out.contains("hallpass_E"), "{client}: no pass is in its arguments: {out}");
        assert!(err.contains("as the MCP server `hallpass_run`"), "{err}");
    }
}

#[test]
fn the_bridge_within_a_run_uses_the_runs_own_pass() {
    let inbox = Inbox::new();
    let inner = inbox.bridged("modern", &json!([["hallpass_pass", {}]]), &[]);
    let mut command = Command::new(binary());
    command.args(["run", "read one mail", "--allow", "gmail:read", "--"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let answer = printed(Running::start(command));
    let page: Value =
        serde_json::from_str(answer["results"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")))
            .unwrap();
    assert_eq!(page["task"], "read one mail");
    assert_eq!(inbox.statuses().len(), 2, "no pass but the run's was minted");
}

fn bearer(ran: Ran) -> String {
    let headers = ran.expect(0).json();
    headers["Authorization"].as_str().unwrap().strip_prefix("Bearer hallpass_").unwrap().to_owned()
}

#[test]
fn a_helper_prints_one_pass_until_it_ends_and_never_replaces_a_revoked_one() {
    let inbox = Inbox::new();
    let headers =
        |more: &[&str]| inbox.hallpass.run(&[&["headers", "--template", "inbox-triage"], more].concat());
    let first = bearer(headers(&[]));
    assert_eq!(bearer(headers(&[])), first);
    let all = inbox.hallpass.json(&["passes"]);
    let own = all.as_array().unwrap().iter().find(|one| one["task"] != "answer my mail").unwrap();
    inbox.hallpass.run(&["revoke", own["id"].as_str().unwrap()]).expect(0);
    let refused = headers(&[]).expect(2);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("--again"), "{}", refused.stderr);
    let second = bearer(headers(&["--again"]));
    assert_ne!(second, first);
    assert_eq!(bearer(headers(&[])), second);
    let folder = inbox.hallpass.home().join("templates");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("inbox-triage.toml"), "task = \"less\"\nallow = [\"gmail:read\"]\n").unwrap();
    let third = bearer(headers(&[]));
    assert_ne!(third, second, "the template is another one now");
    let live = inbox.hallpass.json(&["passes", "--status", "live"]);
    let tasks: Vec<&str> = live.as_array().unwrap().iter().map(|one| one["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["less", "answer my mail"], "the pass of the old template has ended");
}

/// The settings of each client before, beside the name of what holds its servers.
const SETTINGS: [(&str, &str, &str); 6] = [
    ("claude", ".claude.json", r#"{"zeta":1,"mcpServers":{"other":{"command":"x"}},"alpha":[2]}"#),
    ("codex", ".codex/config.toml", "model = \"m\" # mine\n\n[mcp_servers.other]\ncommand = \"x\"\n"),
    ("cursor", ".cursor/mcp.json", ""),
    ("vscode", ".config/Code/User/mcp.json", r#"{"servers":{}}"#),
    ("opencode", ".config/opencode/opencode.json", r#"{"theme":"dark"}"#),
    ("gemini", ".gemini/settings.json", r#"{"mcpServers":{"hallpass":{"command":"old"}}}"#),
];

#[test]
fn a_clients_settings_get_one_block_and_keep_everything_else() {
    let inbox = Inbox::new();
    let person = tempfile::tempdir().unwrap();
    let agent = |arguments: &[&str]| {
        let mut command = inbox.hallpass.command(&[&["agent"], arguments].concat());
        let output = command.env("HOME", person.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    };
    for (client, file, before) in SETTINGS {
        let path = person.path().join(file);
        if !before.is_empty() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, before).unwrap();
        }
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        agent(&["add", client]).expect(64);
        assert!(before.is_empty() || read(&path) == before, "nobody agreed");
        agent(&["add", client, "--yes", "--template", "inbox-triage"]).expect(0);
        let text = read(&path);
        assert!(text.contains("inbox-triage") && text.contains("HALLPASS_HOME"), "{client}: {text}");
        assert!(
            !text.contains("hallpass_") && !text.contains("\"old\""),
            "{client}: no pass is in it: {text}"
        );
        agent(&["add", client, "--yes", "--template", "inbox-triage"]).expect(0);
        assert_eq!(read(&path), text, "{client}: a second time changes nothing");
        let block = agent(&["add", client, "--print"]).expect(0).stdout;
        assert!(block.contains("inbox-triage"), "{block}");
        agent(&["remove", client]).expect(0);
        let left = read(&path);
        assert!(!left.contains("inbox-triage"), "{client}: {left}");
        match client {
            "claude" => {
                let (zeta, alpha) = (left.find("zeta").unwrap(), left.find("alpha").unwrap());
                assert!(zeta < alpha && left.contains("other"), "{left}");
            }
            "codex" => assert_eq!(left.trim_end(), before.trim_end()),
            _ => {}
        }
    }
    std::fs::write(person.path().join(".cursor/mcp.json"), "{ // mine\n }").unwrap();
    let refused = agent(&["add", "cursor", "--yes"]).expect(1);
    assert!(
        refused.stderr.contains("left as it is") && refused.stderr.contains("--print"),
        "{}",
        refused.stderr
    );
    let listed: Value = serde_json::from_str(&agent(&["--json", "list"]).expect(0).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 6);
    assert!(listed.as_array().unwrap().iter().all(|one| one["added"] == false), "{listed}");
    let wrong = agent(&["add", "emacs"]).expect(64);
    assert!(wrong.stderr.contains("expected one of claude"), "{}", wrong.stderr);
}
