//! examples/GUIDE.md is true: each section's pass is minted and its agent runs unchanged against an emulated Gmail,
//! and the agent prints exactly the section's output.

use std::path::PathBuf;
use std::process::Command;

use harness::document::{self, as_reader};
use harness::{ALICE, Hallpass, Upstream, letter};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

struct Reader {
    hallpass: Hallpass,
    google: Upstream,
}

/// A section: the command that mints, the agent, and what it prints.
struct Section {
    mint: String,
    agent: String,
    prints: String,
}

impl Reader {
    /// A mailbox with twelve unread letters from this minute, one unread from last week, and one already read.
    #[expect(clippy::disallowed_methods, reason = "the letters are of the minute in which the test runs")]
    fn connected() -> Self {
        let mut hallpass = Hallpass::new();
        let now = OffsetDateTime::now_utc();
        let at = |age: Duration| (now - age).format(&Rfc3339).unwrap();
        let unread = ["INBOX", "UNREAD"];
        let mut letters: Vec<_> = (1..=12)
            .map(|n| letter(&format!("new-{n}"), ALICE, &format!("letter {n}"), &at(Duration::ZERO), &unread))
            .collect();
        letters.push(letter("old-1", ALICE, "an old letter", &at(Duration::days(7)), &unread));
        letters.push(letter("read-long-ago", ALICE, "a letter", &at(Duration::days(9)), &["INBOX"]));
        let google = Upstream::google_with(hallpass.redirect_port, letters);
        hallpass = hallpass.with_google(&google);
        hallpass.connect("gmail");
        hallpass.serve();
        google.forget();
        Self { hallpass, google }
    }

    /// The pass that a section's command leaves in `PASS`.
    fn pass(&self, section: &Section) -> String {
        let script = format!("{}\necho \"$PASS\"", section.mint);
        let mut bash = Command::new("bash");
        let output =
            as_reader(&self.hallpass, bash.args(["-euo", "pipefail", "-c", &script])).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The output of an agent with `pass`.
    fn agent(&self, section: &Section, pass: &str) -> String {
        let script = self.written(section);
        let output = harness::python_file(&script).env("PASS", pass).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
        printed
    }

    /// Writes the section's agent to a file.
    fn written(&self, section: &Section) -> PathBuf {
        let script = self.hallpass.home().join("agent.py");
        let program = format!("{}\n{}", the_agent(), section.agent);
        std::fs::write(&script, program.replace("http://127.0.0.1:7411", &self.hallpass.gateway)).unwrap();
        script
    }

    /// Runs a whole section.
    fn follows(&self, title: &str) -> String {
        let section = section(title);
        let pass = self.pass(&section);
        let printed = self.agent(&section, &pass);
        assert_eq!(timeless(&printed), section.prints, "\n{printed}");
        pass
    }

    /// The number of letters that left, by the provider's count.
    fn sent(&self) -> usize {
        self.google.seen().iter().filter(|seen| seen.method == "POST" && seen.path.contains("/send")).count()
    }

    /// Which messages the provider was asked for.
    fn read(&self) -> Vec<String> {
        let at = "/gmail/v1/users/me/messages/";
        let seen = self.google.seen_at(at);
        let id = |path: &str| path[at.len()..].split('?').next().unwrap_or_default().to_owned();
        seen.iter().filter(|seen| seen.method == "GET").map(|seen| id(&seen.path)).collect()
    }
}

fn guide() -> String {
    document::page("examples/GUIDE.md")
}

fn block(text: &str, language: &str) -> String {
    document::blocks(text, language).into_iter().next().unwrap_or_else(|| panic!("no {language} in:\n{text}"))
}

/// The lines that come before each section's agent.
fn the_agent() -> String {
    block(&guide(), "python")
}

fn section(title: &str) -> Section {
    let guide = guide();
    let mut sections = guide.split("\n## ");
    let text = sections.find(|section| section.starts_with(title)).expect("the section is there");
    Section { mint: block(text, "sh"), agent: block(text, "python"), prints: block(text, "text") }
}

/// The output of the agent, without dates and ids.
fn timeless(printed: &str) -> String {
    let mut text = String::new();
    let mut rest = printed;
    while let Some(next) = rest.chars().next() {
        let date = rest.get(..20).filter(|start| OffsetDateTime::parse(start, &Rfc3339).is_ok());
        let id = rest.get(..24).filter(|start| start.parse::<datalog::ApprovalId>().is_ok());
        let taken = date.or(id).map_or(next.len_utf8(), str::len);
        text.push_str(match (date, id) {
            (Some(_), _) => "DATE",
            (None, Some(_)) => "ID",
            (None, None) => &rest[..taken],
        });
        rest = &rest[taken..];
    }
    text
}

#[test]
fn the_ten_most_recent_unread_are_read_and_nothing_else() {
    let reader = Reader::connected();
    reader.follows("“Read the 10 most recent unread messages”");
    let read = reader.read();
    assert_eq!(read.len(), 10, "{read:?}");
    assert!(read.iter().all(|id| id.starts_with("new-")), "{read:?}");
}

#[test]
fn only_replies_to_existing_threads_are_sent() {
    let reader = Reader::connected();
    reader.follows("“Send only replies to existing threads”");
    assert_eq!(reader.sent(), 1);
}

#[test]
fn only_emails_from_today_are_read() {
    let reader = Reader::connected();
    reader.follows("“Read only emails from today”");
}

#[test]
fn a_pass_is_valid_for_thirty_minutes_and_no_child_outlives_it() {
    let reader = Reader::connected();
    let pass = reader.follows("“Valid for 30 minutes”");
    let child = reader.hallpass.run(&["attenuate", &pass, "--for", "2h"]).expect(0).line();
    let minted = reader.hallpass.json(&["inspect", &pass]);
    let narrowed = reader.hallpass.json(&["inspect", &child]);
    assert_eq!(narrowed["expires"], minted["expires"]);
}

#[test]
fn a_pass_that_ended_is_refused() {
    let reader = Reader::connected();
    let mut section = section("“Valid for 30 minutes”");
    section.mint = section.mint.replace("--for 30m", "--for 1s");
    let pass = reader.pass(&section);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        // A request under way when the pass ends is cut off.
        let answer = reader.hallpass.agent(&pass, "GET", "gmail", "/gmail/v1/users/me/labels").try_send();
        if let Some(answer) = answer.filter(|answer| answer.status == 403) {
            assert_eq!(answer.code(), "pass-expired");
            return;
        }
        assert!(std::time::Instant::now() < deadline, "it never ended");
    }
}

#[test]
fn a_day_is_read_and_nothing_leaves_the_organization() {
    let reader = Reader::connected();
    reader.follows("“Read the last 24 hours, and forward nothing to addresses outside the organization”");
    assert_eq!(reader.sent(), 1);
}

#[test]
fn an_inbox_is_triaged_and_nothing_is_sent_without_asking() {
    let reader = Reader::connected();
    reader.follows("“Triage my inbox, read, summarize, draft, but don't send anything without asking”");
    assert_eq!(reader.sent(), 0);
    let waiting = reader.hallpass.json(&["approvals"]);
    assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
}

#[test]
fn a_pass_ends_with_the_agent_that_ran_under_it() {
    let reader = Reader::connected();
    let section = section("“Only for as long as the agent runs”");
    let script = reader.written(&section);
    // `python` is the one with the SDK.
    let python = harness::python_file(&script);
    let bin = python.get_program().to_str().and_then(|python| python.strip_suffix("/python")).unwrap();
    let commands = format!("PATH={bin}:$PATH\n{}", section.mint);
    let mut bash = Command::new("bash");
    let bash = bash.args(["-euo", "pipefail", "-c", &commands]).current_dir(reader.hallpass.home());
    let output = as_reader(&reader.hallpass, bash).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(timeless(&String::from_utf8_lossy(&output.stdout)), section.prints, "{said}");
    assert!(said.contains("the pass is revoked; of its requests 1 allowed, 0 asked, 1 denied"), "{said}");
    assert_eq!(reader.hallpass.json(&["passes"])[0]["status"], "revoked");
}

/// The calls of a section, each with how it ends.
fn tool_calls(text: &str) -> Vec<(Value, String)> {
    let call = |line: &str| {
        let (call, end) = line.split_once(" → ").unwrap_or_else(|| panic!("`{line}` says no end"));
        let (tool, arguments) = call.split_once(' ').unwrap();
        (json!([tool, serde_json::from_str::<Value>(arguments).unwrap()]), end.to_owned())
    };
    document::blocks(text, "tools")
        .iter()
        .flat_map(|block| block.lines().map(call).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_calls_of_tools_end_as_the_page_says() {
    let mut sections = 0;
    for text in guide().split("\n## ").skip(1) {
        let called = tool_calls(text);
        if called.is_empty() {
            continue;
        }
        let reader = Reader::connected();
        let section = section(text.lines().next().unwrap());
        let calls: Vec<&Value> = called.iter().map(|(call, _)| call).collect();
        let mut agent = harness::python("agents/mcp_client.py");
        agent.args(["modern", &json!(calls).to_string()]).env("PASS", reader.pass(&section));
        let output = agent.env("MCP_URL", format!("{}/mcp", reader.hallpass.gateway)).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let answer: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}"));
        for (place, (call, end)) in called.iter().enumerate() {
            let result = &answer["results"][place];
            let is_denied = result["text"].as_str().is_some_and(|text| text.starts_with("hallpass denied: "));
            let ended = if is_denied { "denied" } else { "answered" };
            assert_eq!((ended, &result["failed"]), (end.as_str(), &json!(is_denied)), "{call}: {answer}");
        }
        sections += 1;
    }
    assert_eq!(sections, 6, "each sentence has its calls");
}
