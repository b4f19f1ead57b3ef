//! `hallpass run` with real children: what they find, how they end, and that the pass ends with them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Deadline, Ended, Hallpass, Running, ended, json};
use serde_json::Value;

/// A Hallpass with a mailbox and a running authority. `hallpass run` runs in a shell.
struct Stage {
    hallpass: Hallpass,
    running: Running,
}

impl Stage {
    fn new() -> Self {
        let hallpass = Hallpass::connected();
        let running = Running::start(&hallpass);
        Self { hallpass, running }
    }

    fn command(&self, flags: &[&str], script: &str) -> Command {
        let all: Vec<&str> = ["run"]
            .iter()
            .chain(flags)
            .chain(&["--allow", "gmail:read", "--", "sh", "-c", script])
            .copied()
            .collect();
        let mut command = self.hallpass.command(&all);
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    fn run(&self, flags: &[&str], script: &str) -> Ended {
        ended(self.command(flags, script).spawn().unwrap())
    }

    /// Returns the pass that was minted last.
    fn pass(&self) -> Value {
        json(&self.hallpass.run(&["passes", "--json"]).done())[0].clone()
    }

    /// Waits until the pass that was minted last is revoked. Returns false if that takes too long.
    fn is_revoked(&self) -> bool {
        let give_up = Instant::now() + Duration::from_secs(30);
        while self.pass()["status"] != "revoked" {
            if Instant::now() > give_up {
                return false;
            }
        }
        true
    }
}

#[test]
fn a_command_finds_its_pass_and_where_to_present_it() {
    let stage = Stage::new();
    let ran = stage.run(&[], "env | grep -E '^(HALLPASS|MAIL|KEY)_' | sort");
    let found: Vec<(&str, &str)> = ran.stdout.lines().filter_map(|line| line.split_once('=')).collect();
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["HALLPASS_GATEWAY", "HALLPASS_GMAIL_URL", "HALLPASS_PASS"], "{ran:?}");
    assert!(found[2].1.starts_with("hallpass_"), "{ran:?}");
    assert_eq!(found[1].1, format!("{}/gmail", found[0].1));
    assert!(!ran.stderr.contains(found[2].1), "the pass is not said: {ran:?}");
    assert_eq!(stage.pass()["task"], "sh", "the command's name where there is no other");
}

#[test]
fn a_command_finds_further_names_for_what_it_is_given() {
    let stage = Stage::new();
    let flags = [
        "triage",
        "--env",
        "MAIL_TOKEN=pass",
        "--env",
        "MAIL_URL=url:gmail",
        "--env",
        "MAIL_GATEWAY=gateway",
    ];
    let script = "test \"$MAIL_TOKEN\" = \"$HALLPASS_PASS\" && test \"$MAIL_URL\" = \"$HALLPASS_GMAIL_URL\" \
                  && test \"$MAIL_GATEWAY\" = \"$HALLPASS_GATEWAY\"";
    assert_eq!(stage.run(&flags, script).code, Some(0));
    assert_eq!(stage.pass()["task"], "triage");
    let wrong = stage.run(&["--env", "MAIL_URL=url:gmial"], "true");
    assert_eq!(wrong.code, Some(64), "{wrong:?}");
    assert!(wrong.stderr.contains("did you mean `url:gmail`?"), "{wrong:?}");
    assert!(stage.is_revoked(), "nothing is left of what could not begin");
}

#[test]
fn a_command_does_not_find_the_persons_own_credentials() {
    let stage = Stage::new();
    let mine = [
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "GITHUB_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "SLACK_MCP_XOXP_TOKEN",
        "NOTION_TOKEN",
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
        "GMAIL_CREDENTIALS_PATH",
        "SSH_AUTH_SOCK",
    ];
    let script = "env | grep -c =mine; echo \"$HALLPASS_HOME$HALLPASS_GMAIL_CLIENT_SECRET\"";
    let run = |flags: &[&str]| {
        let mut command = stage.command(flags, script);
        command.envs(mine.map(|name| (name, "mine"))).env("HALLPASS_GMAIL_CLIENT_SECRET", "mine");
        ended(command.spawn().unwrap())
    };
    let ran = run(&[]);
    assert_eq!(ran.stdout, "0\n\n", "{ran:?}");
    assert!(mine.iter().all(|name| ran.stderr.contains(name)), "{ran:?}");
    assert_eq!(run(&["--keep-env", "GITHUB_TOKEN"]).stdout, "1\n\n");
}

/// Company machines have a proxy, and clients use it even for 127.0.0.1.
#[test]
fn no_proxy_stands_between_the_command_and_the_gateway() {
    let stage = Stage::new();
    let script = "curl -s --max-time 20 -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $HALLPASS_PASS\" \
        \"$HALLPASS_GATEWAY/pass\"; echo; echo \"$NO_PROXY $no_proxy\"";
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", nobody.local_addr().unwrap());
    let mut command = stage.command(&[], script);
    command.env("http_proxy", &proxy).env("HTTP_PROXY", &proxy).env("NO_PROXY", "corp.example");
    let ran = ended(command.spawn().unwrap());
    let direct = "corp.example,127.0.0.1,localhost,::1";
    assert_eq!(ran.stdout, format!("200\n{direct} {direct}\n"), "{ran:?}");
}

/// Returns the start of a `hallpass run` inside a run. The inner command does not know the home.
fn inner(stage: &Stage) -> String {
    let program = stage.hallpass.command(&[]).get_program().to_str().unwrap().to_owned();
    format!("export HOME=/nonexistent; '{program}' run inner")
}

#[test]
fn a_run_within_a_run_narrows_the_pass_and_ends_with_it() {
    let stage = Stage::new();
    let hallpass = inner(&stage);
    let get = "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $HALLPASS_PASS\" \"$HALLPASS_GMAIL_URL";
    let messages = format!("{get}/gmail/v1/users/me/messages\"");
    let labels = format!("{get}/gmail/v1/users/me/labels\"");
    // The inner command may list messages and nothing else. After it the outer pass may still list both.
    let script = format!(
        "{hallpass} --allow gmail.users.messages.list -- sh -c '{}; {}'; {messages}; {labels}",
        messages.replace('\'', "'\\''"),
        labels.replace('\'', "'\\''")
    );
    let ran = stage.run(&[], &script);
    assert_eq!(ran.stdout, "200 403 200 200 ", "{ran:?}");
    assert_eq!(
        json(&stage.hallpass.run(&["passes", "--json"]).done()).as_array().unwrap().len(),
        1,
        "one was minted"
    );
}

#[test]
fn a_run_within_a_run_gets_nothing_that_the_outer_has_not() {
    let stage = Stage::new();
    let hallpass = inner(&stage);
    let code = "curl -s -o /dev/null -w '\\''%{http_code}'\\'' -X DELETE -H \"Authorization: Bearer $HALLPASS_PASS\" \
        \"$HALLPASS_GMAIL_URL/gmail/v1/users/me/messages/m1\"";
    let widened = stage.run(&[], &format!("{hallpass} --allow gmail:delete -- sh -c '{code}'"));
    assert_ne!(widened.stdout, "200", "{widened:?}");
    let nothing = stage.run(&[], &format!("{hallpass} -- true"));
    assert_eq!(nothing.code, Some(64), "{nothing:?}");
    assert!(nothing.stderr.contains("no flag narrows it"), "{nothing:?}");
    let approvers = stage.run(&[], &format!("{hallpass} --ask gmail:read --approvers 2 -- true"));
    assert_eq!(approvers.code, Some(64), "{approvers:?}");
}

#[test]
fn the_streams_and_the_exit_code_are_the_commands() {
    let stage = Stage::new();
    let mut command = stage.command(&[], "read line; echo \"got $line\"; echo oops >&2; exit 7");
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let ran = ended(child);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "got hello\n"), "{ran:?}");
    assert!(ran.stderr.contains("oops\n"), "{ran:?}");
    assert!(
        ran.stderr.contains("the pass is revoked; of its requests 0 allowed, 0 asked, 0 denied"),
        "{ran:?}"
    );
    assert_eq!(stage.pass()["status"], "revoked");
    assert_eq!(stage.run(&[], "kill -9 $$").code, Some(128 + 9));
}

#[test]
fn a_command_that_cannot_be_run_leaves_no_pass() {
    let stage = Stage::new();
    for (program, code) in [("/nowhere/at/all", 127), ("/etc/hostname", 126)] {
        let ran = stage.hallpass.run(&["run", "--allow", "gmail:read", "--", program]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.stderr.contains(&format!("error: `{program}` cannot be run")), "{ran:?}");
        assert!(stage.is_revoked());
    }
}

#[test]
fn the_pass_is_in_no_arguments() {
    let stage = Stage::new();
    let ran = stage.run(
        &[],
        "tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$$/cmdline; echo; echo $HALLPASS_PASS",
    );
    let (arguments, pass) = ran.stdout.split_once('\n').unwrap();
    assert!(arguments.contains("--allow gmail:read") && pass.starts_with("hallpass_"), "{ran:?}");
    assert!(!arguments.contains("hallpass_"), "{ran:?}");
}

/// Returns the same command with no signal ignored. Otherwise a test that runs in the background ignores SIGINT, and so
/// does its command.
fn by_default(command: &Command) -> Command {
    let mut wrapped = Command::new("env");
    wrapped.arg("--default-signal").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    wrapped
}

/// Sends a signal to a command once it says `ready`. Returns what the command says of it.
fn signalled(name: &str, script: &str) -> (Stage, Ended) {
    let stage = Stage::new();
    let mut child = by_default(&stage.command(&[], script)).spawn().unwrap();
    let _deadline = Deadline::of(&child);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    (stage, Ended { stdout: rest.join("\n"), ..ended(child) })
}

#[test]
fn signals_reach_the_command_which_says_how_it_ends() {
    for name in ["TERM", "INT", "HUP", "USR1"] {
        let script = format!("trap 'echo told; exit 3' {name}; echo ready; while :; do sleep 0.05; done");
        let (stage, ran) = signalled(name, &script);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), "told"), "{name}: {ran:?}");
        assert_eq!(stage.pass()["status"], "revoked");
    }
    let (stage, ran) = signalled("TERM", "echo ready; exec sleep 60");
    assert_eq!(ran.code, Some(128 + 15), "{ran:?}");
    assert_eq!(stage.pass()["status"], "revoked");
}

#[test]
fn what_was_turned_off_for_the_command_stays_off() {
    let stage = Stage::new();
    let script = "grep SigIgn /proc/$$/status | tr -d '[:space:]'";
    let all = stage.command(&[], script);
    let mut words =
        vec!["trap '' HUP; exec \"$0\" \"$@\"".to_owned(), all.get_program().to_str().unwrap().to_owned()];
    words.extend(all.get_args().map(|word| word.to_str().unwrap().to_owned()));
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .args(words)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in all.get_envs() {
        shell.env(name, value.unwrap());
    }
    let ran = ended(shell.spawn().unwrap());
    let mask = u64::from_str_radix(ran.stdout.trim_start_matches("SigIgn:"), 16).unwrap();
    assert_eq!(mask & 1, 1, "SIGHUP is ignored: {ran:?}");
}

#[test]
fn without_an_authority_nothing_is_run() {
    let hallpass = Hallpass::connected();
    let ran = hallpass.run(&["run", "--allow", "gmail:read", "--", "echo", "ran"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("no authority runs on this home"), "{ran:?}");
    assert_eq!(json(&hallpass.run(&["passes", "--json"]).done()), Value::Array(Vec::new()));
}

#[test]
fn a_pass_is_revoked_though_the_authority_was_started_again() {
    let stage = Stage::new();
    let mut child = stage.command(&[], "echo ready; read line").stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let Stage { hallpass, running } = stage;
    running.end("TERM");
    drop(child.stdin.take());
    let ran = ended(child);
    assert!(ran.stderr.contains("the pass is revoked"), "{ran:?}");
    assert_eq!(json(&hallpass.run(&["passes", "--json"]).done())[0]["status"], "revoked");
}

#[test]
fn the_end_is_told_as_json_to_whoever_asks() {
    let stage = Stage::new();
    let ran = stage.run(&["--json"], "echo out; exit 1");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "out\n"), "{ran:?}");
    let told = json(ran.stderr.trim());
    assert_eq!(
        (&told["exit_code"], &told["revoked"], &told["allowed"]),
        (&1.into(), &true.into(), &0.into()),
        "{told}"
    );
    assert_eq!(told["id"], stage.pass()["id"]);
}
