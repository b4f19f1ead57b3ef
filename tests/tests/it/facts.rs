//! The facts of recorded decisions, from a run through the real gateway: a stock Biscuit tool and the pass itself
//! reach the same decisions from them, another pass is tried on them, and nobody else can read them.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use harness::{Answer, Hallpass, Request, Upstream, python};
use serde_json::{Value, json};

const LIST: &str = "/gmail/v1/users/me/messages";
const SEND: &str = "/gmail/v1/users/me/messages/send";
/// Words in the requests: a search that is allowed, a recipient that is asked about, and one that is denied.
const SEARCHED: &str = "merger-on-friday";
const WRITTEN_TO: &str = "quiet.partner@example.com";
const REFUSED: &str = "someone@else.example";

struct Run {
    hallpass: Hallpass,
    _google: Upstream,
    pass: String,
}

impl Run {
    /// A run with requests that are allowed, denied and asked: by arguments, recipients, provenance and budgets.
    fn new(settings: &str) -> Self {
        let (mut hallpass, google) = Hallpass::with_a_mailbox();
        if !settings.is_empty() {
            hallpass.terminate();
            hallpass.configure(settings);
            hallpass.serve();
        }
        let pass = hallpass.mint(&[
            "triage my inbox",
            "--allow",
            "gmail:read",
            "--ask",
            "gmail:send",
            "--arg",
            "gmail.users.messages.list: q contains \"friday\", maxResults<=10",
            "--to-domain",
            "example.com",
            "--only-seen",
            "message",
            "--limit",
            "gmail.users.messages.get=1",
        ]);
        let run = Self { hallpass, _google: google, pass };
        let unseen = run.agent("GET", &format!("{LIST}/alice-1")).send();
        assert_eq!(unseen.expect(403).code(), "denied");
        run.agent("GET", &format!("{LIST}?q={SEARCHED}&maxResults=50")).send().expect(403);
        run.agent("GET", &format!("{LIST}?q={SEARCHED}&maxResults=5")).send().expect(200);
        run.send(REFUSED).expect(403);
        let asked = run.send(WRITTEN_TO).expect(403);
        assert_eq!(asked.code(), "approval-required");
        let approval = asked.json()["approval"].as_str().expect("an approval").to_owned();
        run.hallpass.run(&["approve", &approval]).expect(0);
        run.send(WRITTEN_TO).expect(200);
        run
    }

    fn agent(&self, method: &str, path: &str) -> Request {
        self.hallpass.agent(&self.pass, method, "gmail", path)
    }

    fn send(&self, to: &str) -> Answer {
        let raw = URL_SAFE.encode(format!("To: {to}\r\nSubject: lunch\r\n\r\nfree text\r\n"));
        self.agent("POST", SEND).json(&json!({ "raw": raw })).send()
    }

    /// The recorded decisions, with their numbers.
    fn decisions(&self) -> Vec<(u64, String)> {
        let of = |record: &Value| Some((record["seq"].as_u64()?, record["decision"].as_str()?.to_owned()));
        self.hallpass.log().iter().filter_map(of).collect()
    }

    fn explained(&self, record: u64) -> Value {
        self.hallpass.json(&["explain", &record.to_string(), "--datalog"])
    }
}

/// What biscuit-python answers to each world.
fn decided(worlds: &[String]) -> Vec<String> {
    let mut tool =
        python("agents/decide.py").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = tool.stdin.take().expect("a pipe");
    for world in worlds {
        writeln!(stdin, "{}", json!({ "datalog": world })).expect("it reads");
    }
    drop(stdin);
    let output = tool.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn a_stock_tool_and_the_pass_itself_decide_recorded_decisions_the_same() {
    let run = Run::new("");
    let decisions = run.decisions();
    let answers: Vec<&str> = decisions.iter().map(|(_, decision)| decision.as_str()).collect();
    assert_eq!(answers, ["denied", "denied", "allow", "denied", "approval-required", "allow"]);
    let (mut worlds, mut expected) = (Vec::new(), Vec::new());
    for (record, decision) in &decisions {
        let told = run.explained(*record);
        assert_eq!((&told["record"], &told["decision"]), (&json!(record), &json!(decision)));
        assert_eq!(told["lacking"], json!([]));
        let world = told["datalog"].as_str().expect("Datalog").to_owned();
        if decision == "approval-required" {
            worlds.push(world.replace("// approved(", "approved("));
            expected.push("allow");
        }
        worlds.push(world);
        expected.push(if decision == "allow" { "allow" } else { "deny" });
    }
    assert_eq!(decided(&worlds), expected, "{worlds:#?}");

    let replayed = run.hallpass.json(&["replay", &run.pass]);
    let would: Vec<_> =
        replayed["requests"].as_array().expect("requests").iter().map(|one| &one["would"]).collect();
    assert_eq!(would, ["deny", "deny", "allow", "deny", "ask", "ask"], "{replayed:#}");
    assert_eq!((&replayed["untold"], &replayed["kept"]), (&json!(0), &json!(6)));
}

#[test]
fn what_was_shown_and_used_stands_in_the_decision_as_it_stood() {
    let (hallpass, _google) = Hallpass::with_a_mailbox();
    let only = ["--only-seen", "message", "--limit", "gmail.users.messages.get=1"];
    let pass = hallpass.mint(&[&["read", "--allow", "gmail:read"][..], &only[..]].concat());
    let agent = |path: &str| hallpass.agent(&pass, "GET", "gmail", path).send();
    agent(LIST).expect(200);
    agent(&format!("{LIST}/alice-1")).expect(200);
    let refused = agent(&format!("{LIST}/alice-2")).expect(403);
    assert_eq!(refused.code(), "budget-exhausted");
    let record = refused.json()["record"].as_u64().expect("a record").to_string();
    let world = |record: &str| hallpass.json(&["explain", record, "--datalog"])["datalog"].clone();
    let world = world(&record).as_str().expect("Datalog").to_owned();
    for fact in [r#"used("gmail.users.messages.get", 1);"#, r#"unseen_count("message", 0);"#] {
        assert!(world.contains(fact), "{world}");
    }
    let one_less =
        world.replace(r#"used("gmail.users.messages.get", 1)"#, r#"used("gmail.users.messages.get", 0)"#);
    let unseen = one_less.replace("\nunseen_count(\"message\", 0);", "\nunseen_count(\"message\", 1);");
    assert_eq!(decided(&[world, one_less, unseen]), ["deny", "allow", "deny"]);
    let told = hallpass.run(&["explain", &record]).expect(0).stdout;
    assert!(told.contains("shown before: message alice-2"), "{told}");
    assert!(told.contains("used before: gmail.users.messages.get: 1"), "{told}");
}

#[test]
fn another_pass_is_tried_on_what_was_asked_with_its_arguments_and_recipients() {
    let run = Run::new("");
    let other = run.hallpass.mint(&[
        "write to them",
        "--allow",
        "gmail:send",
        "--allow",
        "gmail:read",
        "--to-domain",
        "else.example",
        "--arg",
        "gmail.users.messages.list: q, maxResults>=20",
    ]);
    let said = run.hallpass.run(&["replay", &other]).expect(0);
    assert!(said.stderr.contains("would have allowed 3 of the last 6"), "{}", said.stderr);
    assert!(said.stdout.contains("`example.com`") || said.stdout.contains("else.example"), "{}", said.stdout);
    let replayed = run.hallpass.json(&["replay", &other]);
    let would: Vec<_> =
        replayed["requests"].as_array().expect("requests").iter().map(|one| &one["would"]).collect();
    assert_eq!(would, ["allow", "allow", "deny", "allow", "deny", "deny"], "{replayed:#}");
}

#[test]
fn what_a_request_said_is_nowhere_to_be_read_but_by_its_person() {
    let mut run = Run::new("");
    let (last, _) = run.decisions().pop().expect("decisions");
    let told = run.hallpass.run(&["explain", &last.to_string()]).expect(0).stdout;
    assert!(told.contains(&format!("recipients: {WRITTEN_TO}")), "{told}");
    assert!(!told.contains("free text"), "{told}");
    let file = run.hallpass.home().join("export.jsonl");
    run.hallpass.run(&["log", "export", "--out", file.to_str().expect("a path")]).expect(0);
    assert_eq!(found_in(&run.hallpass.home()), [""; 0], "while it runs");
    let output = run.hallpass.serving().output();
    assert!(!output.contains(WRITTEN_TO) && !output.contains(SEARCHED), "{output}");
    let ended = run.hallpass.terminate();
    assert!(!ended.stderr.contains(WRITTEN_TO) && !ended.stderr.contains(SEARCHED), "{}", ended.stderr);
    assert_eq!(found_in(&run.hallpass.home()), [""; 0], "and when it has ended");
}

/// The files below a folder that contain the word.
fn found_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(found_in(&path));
        }
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for text in [SEARCHED, WRITTEN_TO, REFUSED] {
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(format!("{}: {text}", path.display()));
            }
        }
    }
    found
}

#[test]
fn where_no_facts_are_kept_it_is_said_and_a_replay_tells_what_the_record_tells() {
    let run = Run::new("\n[audit]\nfacts = \"none\"\n");
    let (record, _) = run.decisions().pop().expect("decisions");
    let refused = run.hallpass.run(&["explain", &record.to_string(), "--datalog"]).expect(1);
    assert!(refused.stdout.is_empty(), "{}", refused.stdout);
    assert!(
        refused.stderr.contains(&format!("record {record}: the facts of this decision were not kept")),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("hint: `facts = \"all\"` under [audit]"), "{}", refused.stderr);
    run.hallpass.run(&["explain", &record.to_string()]).expect(0);
    let replayed = run.hallpass.run(&["replay", &run.pass]).expect(0);
    assert!(replayed.stderr.contains("the facts of 6 are not stored"), "{}", replayed.stderr);
    let event = run.hallpass.run(&["explain", "1", "--datalog"]).expect(1);
    assert!(event.stderr.contains("record 1: it records no decision"), "{}", event.stderr);
}
