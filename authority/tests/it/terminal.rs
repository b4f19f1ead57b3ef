//! Text from outside never drives the terminal and never begins a line of its own. The tests try every command and
//! flag, and everything in a home that others wrote.

use crate::support::{Ended, Hallpass, ended};

/// This text clears the screen, begins a line, turns text around, hides characters, and uses C1 controls.
const HOSTILE: &str = "x\u{1b}[2J\r\nHELLO: you are safe\u{202e}\u{200b}\u{9b}1m\u{85}\u{2028}";
const FORGED: &str = "HELLO: you are safe";

#[track_caller]
fn is_safe(what: &str, ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        for c in text.chars() {
            let misleads = (c.is_control() && c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!misleads, "{what}: {c:?} in {text:?}");
        }
        assert!(!text.lines().any(|line| line.trim_start().starts_with(FORGED)), "{what}: {text}");
    }
}

/// Returns all commands, each with its flags that take a value. It reads them from the help, so none is left out.
fn commands(hallpass: &Hallpass) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(command) = open.pop() {
        let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
        words.push("--help");
        let help = hallpass.run(&words).done();
        if let Some((_, listed)) = help.split_once("Commands:\n") {
            for line in listed.lines().take_while(|line| !line.trim().is_empty()) {
                // A line that is indented further continues the line before it.
                if line.starts_with("  ") && !line.starts_with("   ") {
                    let name = line.split_whitespace().next().unwrap();
                    if !["help", "demo", "completions"].contains(&name) {
                        let mut deeper = command.clone();
                        deeper.push(name.to_owned());
                        open.push(deeper);
                    }
                }
            }
        }
        if !command.is_empty() {
            all.push(command);
        }
    }
    all
}

fn flags(hallpass: &Hallpass, command: &[String]) -> Vec<String> {
    let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
    words.push("--help");
    let help = hallpass.run(&words).done();
    let flag = |line: &str| {
        let (_, rest) = line.split_once("--")?;
        let (name, value) = rest.split_once([' ', '\n'])?;
        (line.trim_start().starts_with('-') && value.starts_with('<')).then(|| format!("--{name}"))
    };
    help.lines().filter_map(flag).collect()
}

/// Runs a command in the test's own home, so that the files it makes are there.
fn within(hallpass: &Hallpass, words: &[&str]) -> Ended {
    ended(hallpass.command(words).current_dir(hallpass.home()).spawn().unwrap())
}

#[test]
fn what_is_typed_comes_back_in_a_form_that_drives_nothing() {
    let hallpass = Hallpass::connected();
    let commands = commands(&hallpass);
    assert!(commands.len() > 30, "{commands:?}");
    for command in &commands {
        let base: Vec<&str> = command.iter().map(String::as_str).collect();
        let mut tries = vec![[&base[..], &[HOSTILE]].concat(), [&base[..], &[HOSTILE, HOSTILE]].concat()];
        let flags = flags(&hallpass, command);
        for flag in &flags {
            tries.push([&base[..], &[flag, HOSTILE]].concat());
            tries.push([&base[..], &["x", flag, HOSTILE]].concat());
        }
        for words in tries {
            is_safe(&format!("{words:?}"), &within(&hallpass, &words));
        }
        is_safe("json", &within(&hallpass, &[&base[..], &[HOSTILE, "--json"]].concat()));
    }
}

#[test]
fn what_the_environment_holds_drives_nothing() {
    let hallpass = Hallpass::connected();
    for (name, command) in [
        ("HALLPASS_HOME", vec!["passes"]),
        ("HALLPASS_HOME", vec!["doctor"]),
        ("HALLPASS_PASS", vec!["inspect"]),
        ("HALLPASS_PASS", vec!["can"]),
        ("HALLPASS_LOG", vec!["serve"]),
        ("HALLPASS_VAULT_KEY_FILE", vec!["passes"]),
        ("HALLPASS_GMAIL_CLIENT_ID", vec!["doctor"]),
    ] {
        let child = hallpass.command(&command).env(name, HOSTILE).spawn().unwrap();
        is_safe(name, &ended(child));
    }
}

/// Returns a description that anybody could publish.
fn description() -> String {
    let text = serde_json::json!({
        "openapi": "3.0.0",
        "info": {"title": HOSTILE, "version": HOSTILE},
        "servers": [{"url": "https://api.example.com"}],
        "components": {"securitySchemes": {"o": {"type": "oauth2", "flows": {"authorizationCode": {
            "authorizationUrl": format!("https://example.com/a\r\n{FORGED}"),
            "tokenUrl": format!("https://example.com/t{HOSTILE}"),
            "scopes": {HOSTILE: "all of it", "read": "some of it"}}}}}},
        "paths": {
            "/things": {"get": {"operationId": HOSTILE, "summary": HOSTILE, "security": [{"o": [HOSTILE]}],
                "parameters": [{"name": HOSTILE, "in": "query", "schema": {"type": "string", "enum": [HOSTILE]}}],
                "responses": {"200": {"description": HOSTILE}}}},
            format!("/{HOSTILE}"): {"post": {"operationId": "post", "responses": {"200": {"description": "x"}}}},
        },
    });
    text.to_string()
}

#[test]
fn what_a_description_a_template_or_a_setting_says_drives_nothing() {
    let hallpass = Hallpass::connected();
    let folder = hallpass.home();
    let file = folder.join("hostile.openapi.json");
    std::fs::write(&file, description()).unwrap();
    let file = file.to_str().unwrap();
    for words in [
        vec!["services", "import", file, "--as", "evil"],
        vec!["services", "import", file, "--as", "evil", "--json"],
        vec!["services", "import", file],
        vec!["services"],
        vec!["services", "--json"],
        vec!["services", "show", "evil"],
        vec!["services", "show", "evil", "--json"],
        vec!["connect", "evil"],
        vec!["doctor"],
    ] {
        is_safe(&format!("{words:?}"), &hallpass.run(&words));
    }
    let templates = folder.join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    let quoted = serde_json::to_string(HOSTILE).unwrap().replace("\\u001b", "\\u001B");
    std::fs::write(
        templates.join("odd.toml"),
        format!("about = {quoted}\ntask = \"t\"\nallow = [{quoted}]\n"),
    )
    .unwrap();
    std::fs::write(templates.join("wrong.toml"), format!("about = \"x\"\n{quoted} = 1\n")).unwrap();
    for words in [
        vec!["templates"],
        // Off a terminal the command prints the template's file unchanged, so only `--json` is tried.
        vec!["templates", "show", "odd", "--json"],
        vec!["templates", "show", "wrong"],
        vec!["mint", "--template", "odd"],
        vec!["mint", "--template", "wrong"],
        vec!["mint", "--template", "odd", "--json"],
    ] {
        is_safe(&format!("{words:?}"), &hallpass.run(&words));
    }
    hallpass.settings(&format!("[gateway]\nlisten = {quoted}\n"));
    is_safe("settings", &hallpass.run(&["passes"]));
    hallpass.settings(&format!("{quoted} = 1\n"));
    is_safe("settings", &hallpass.run(&["doctor"]));
}

#[test]
fn what_a_task_or_a_reason_says_drives_nothing_wherever_it_is_shown() {
    let hallpass = Hallpass::connected();
    let task = "triage \u{202e}evil\u{200b}";
    let pass = hallpass.run(&["mint", task, "--allow", "gmail:read"]);
    is_safe("mint", &pass);
    let pass = pass.done();
    for words in [
        vec!["stop", "--task", task, "--because", HOSTILE],
        vec!["stop", "--list"],
        vec!["stop", "--list", "--json"],
        vec!["passes"],
        vec!["passes", "--json"],
        vec!["inspect", &pass],
        vec!["inspect", &pass, "--json"],
        vec!["attenuate", &pass, "--for", "5m"],
        vec!["can", &pass],
        vec!["resume", "--task", task],
        vec!["revoke", &pass, "--because", HOSTILE],
        vec!["log"],
        vec!["log", "--json"],
        vec!["explain", "4"],
    ] {
        let ended = hallpass.run(&words);
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        // The text of a pass is the result. It is base64url, so nothing in it drives a terminal.
        is_safe(&format!("{words:?}"), &ended);
    }
}
