//! README.md is true: its terminal session, shell commands and programs run unchanged, with emulators in place of the
//! real providers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use harness::document::{self, as_reader};
use harness::{Hallpass, Upstream, source, write_part};

const COMMON: &str = "http://127.0.0.1:7411";
const OWN: &str = "http://127.0.0.1:7421";

struct Reader {
    hallpass: Hallpass,
    _google: Upstream,
    _github: Upstream,
    pass: String,
}

impl Reader {
    /// A reader after "Connect your own Gmail, GitHub and Slack".
    fn connected() -> Self {
        let mut hallpass = Hallpass::new();
        let google = Upstream::google(hallpass.redirect_port);
        let github = Upstream::github(hallpass.redirect_port);
        hallpass = hallpass.with_google(&google).with_github(&github);
        hallpass.connect("gmail");
        hallpass.connect("github");
        hallpass.serve();
        let pass = hallpass.mint(&["read", "--allow", "gmail:read", "--allow", "github:read"]);
        Self { hallpass, _google: google, _github: github, pass }
    }

    /// The text with this reader's addresses and names.
    fn own(&self, text: &str) -> String {
        text.replace(COMMON, &self.hallpass.gateway)
            .replace(OWN, &self.hallpass.own_base())
            .replace("you/notes", "alice/notes")
            .replace("owner: 'you'", "owner: 'alice'")
    }

    fn run(&self, command: &mut Command) -> Output {
        as_reader(&self.hallpass, command).env("PASS", &self.pass).output().expect("it starts")
    }

    fn bash(&self, script: &str) -> Output {
        self.run(Command::new("bash").args(["-euo", "pipefail", "-c", &self.own(script)]))
    }
}

fn blocks(language: &str) -> Vec<String> {
    document::blocks(&document::page("README.md"), language)
}

fn both(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}\n{err}")
}

/// The text of a line without time and id.
fn timeless(line: &str) -> String {
    let word = |word: &str| match word {
        id if id.starts_with("p_") => "ID".to_owned(),
        time if time.starts_with(|c: char| c.is_ascii_digit()) => "WHEN".to_owned(),
        other => other.to_owned(),
    };
    let mut words: Vec<String> = line.split(' ').map(word).collect();
    // `29m 59s` counts as `30m`.
    words.dedup_by(|next, before| next == "WHEN" && before == "WHEN");
    words.join(" ")
}

#[test]
fn the_terminal_session_is_what_happens() {
    let reader = Reader::connected();
    let session = blocks("console").remove(0);
    let mut script = String::from("exec 2>&1\n");
    let mut promised = Vec::new();
    for line in session.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => script.push_str(&format!("{command}\n")),
            None => promised.push(timeless(line)),
        }
    }
    let output = reader.bash(&script);
    let happened: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(timeless).collect();
    assert_eq!(happened, promised, "{}", both(&output));
}

#[test]
fn the_commands_around_a_pass_work() {
    let reader = Reader::connected();
    let block =
        blocks("sh").into_iter().find(|block| block.contains("hallpass attenuate")).expect("the block");
    let output = reader.bash(&block);
    assert!(output.status.success(), "{}", both(&output));
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(log.contains("revoked p_"), "the log at its end shows the revocation:\n{log}");
}

#[test]
fn an_agent_that_hallpass_runs_works() {
    let reader = Reader::connected();
    let block =
        blocks("sh").into_iter().find(|block| block.contains("hallpass run \"look")).expect("the block");
    let output = reader.bash(&block);
    assert!(both(&output).contains("alice-1"), "{}", both(&output));
    assert!(both(&output).contains("the pass is revoked; of its requests 1 allowed"), "{}", both(&output));
}

#[test]
fn the_lines_for_an_mcp_client_put_the_block_in_and_take_it_out() {
    let reader = Reader::connected();
    let block =
        blocks("sh").into_iter().find(|block| block.contains("hallpass agent add")).expect("the block");
    let agreed = block.replace("--template inbox-triage", "--template inbox-triage --yes");
    let seen = agreed.replace("hallpass agent remove", "cat ~/.claude.json\nhallpass agent remove");
    let person = tempfile::tempdir().unwrap();
    let script = format!("export HOME={}\n{seen}cat ~/.claude.json", person.path().display());
    let output = reader.bash(&script);
    let out = both(&output);
    assert!(
        output.status.success() && out.contains("\"mcpServers\"") && out.contains("claude    yes"),
        "{out}"
    );
    assert!(out.contains("{\n  \"mcpServers\": {}\n}"), "{out}");
}

#[test]
fn the_curl_commands_work() {
    let reader = Reader::connected();
    let block = blocks("sh").into_iter().find(|block| block.contains("curl -H")).expect("the block");
    let output = reader.bash(&block);
    assert!(both(&output).contains("alice-1") && both(&output).contains("seconds_left"), "{}", both(&output));
}

#[test]
fn the_commands_of_the_desk_work() {
    let reader = Reader::connected();
    let block =
        blocks("sh").into_iter().find(|block| block.contains("hallpass approvals")).expect("the block");
    let output = reader.bash(&block);
    assert!(output.status.success(), "{}", both(&output));
    assert!(both(&output).contains("nothing waits for you"), "{}", both(&output));
}

#[test]
fn the_console_command_opens_a_link_that_signs_in() {
    let reader = Reader::connected();
    let block = blocks("sh").into_iter().find(|block| block.contains("hallpass console")).expect("the block");
    // The browser here only writes down its URL.
    let bin = reader.hallpass.home().join("bin");
    let opened = bin.join("opened");
    std::fs::create_dir_all(&bin).unwrap();
    for opener in ["xdg-open", "open"] {
        let script =
            format!("#!/bin/sh\nprintf %s \"$1\" > '{0}.part' && mv '{0}.part' '{0}'\n", opened.display());
        std::fs::write(bin.join(opener), script).unwrap();
        std::fs::set_permissions(bin.join(opener), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = reader.bash(&block);
    assert!(output.status.success(), "{}", both(&output));
    let link = harness::poll("the browser", || std::fs::read_to_string(&opened).ok());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), link);
    let page = harness::get(link).send().expect(200).text();
    assert!(page.contains("Sign in to Hallpass"), "{page}");
}

#[test]
fn the_python_programs_work() {
    let reader = Reader::connected();
    let script = reader.hallpass.home().join("readme.py");
    std::fs::write(&script, reader.own(&blocks("python").concat())).unwrap();
    let output = reader.run(&mut harness::python_file(&script));
    assert!(both(&output).contains("alice-1") && both(&output).contains("issue 7"), "{}", both(&output));
}

#[test]
fn the_javascript_program_works() {
    let reader = Reader::connected();
    let script: PathBuf = write_part("readme.mjs", &reader.own(&blocks("js").concat()));
    let output = reader.run(&mut harness::node_file(&script));
    assert!(both(&output).contains("alice-1") && both(&output).contains("issue 7"), "{}", both(&output));
}

#[test]
fn the_settings_are_settings() {
    let mut hallpass = Hallpass::new();
    for block in blocks("toml") {
        hallpass.reconfigure("[connections.gmail]", "[connections.other]");
        hallpass.configure(&format!("\n{block}"));
    }
    let doctor = hallpass.run(&["doctor"]);
    assert!(doctor.stdout.contains("ok    settings"), "{}\n{}", doctor.stdout, doctor.stderr);
}

#[test]
fn each_promise_names_the_tests_that_hold_it() {
    let page = document::page("README.md");
    let promised = page.split("## Promises").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let tests: String = source::sources("").into_iter().map(|source| source.text).collect();
    let promises: Vec<&str> = promised.split("\n- ").skip(1).collect();
    assert!(promises.len() >= 6, "{promised}");
    for promise in promises {
        let held = promise.split("<!-- held by: ").nth(1).and_then(|rest| rest.split(" -->").next());
        let held = held.unwrap_or_else(|| panic!("no test is named beside: {promise}"));
        for name in held.split(", ") {
            assert!(tests.contains(&format!("fn {name}(")), "there is no test `{name}`");
        }
    }
}
