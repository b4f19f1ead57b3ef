//! The examples, run as a person runs them.

use std::process::Command;

use harness::{Hallpass, Running, TRIAGE, Upstream, python};

/// `hallpass run FLAGS -- COMMAND`.
fn under_a_pass(hallpass: &Hallpass, flags: &[&str], command: &Command) -> Command {
    let mut run = hallpass.command(&[]);
    run.arg("run").args(flags).arg("--").arg(command.get_program()).args(command.get_args());
    run
}

#[test]
fn a_parent_in_python_hands_each_child_only_what_it_needs() {
    let (hallpass, google) = Hallpass::with_a_mailbox();
    let flags = ["answer my mail", "--allow", "gmail:read", "--allow", "gmail.users.drafts.create"];
    let output = under_a_pass(&hallpass, &flags, &python("../examples/handoff.py"))
        .env("AUTHORITY", &hallpass.authority)
        .output()
        .expect("the example runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the pass is revoked; of its requests 3 allowed, 0 asked, 2 denied"), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("reader: read alice-"), "{printed}");
    assert!(lines[1].starts_with("writer: drafted "), "{printed}");
    for line in &lines[2..4] {
        assert!(line.contains("denied") || line.contains("expected"), "{line}");
    }
    assert_eq!(google.seen_at("/gmail/v1/users/me/drafts").len(), 1, "the reader drafted nothing");
}

/// Alice's mailbox, and an agent that has just forgotten its instructions.
struct Runaway {
    hallpass: Hallpass,
    google: Upstream,
    agent: Running,
}

impl Runaway {
    fn start() -> Self {
        let (hallpass, google) = Hallpass::with_a_mailbox();
        let deletes = ["gmail.users.messages.delete", "gmail.users.messages.batchDelete"];
        let careful = ["--ask", "gmail:delete", "--deny", deletes[0], "--deny", deletes[1]];
        let flags = [&TRIAGE[..], &careful].concat();
        google.forget();
        let agent = Running::start(under_a_pass(&hallpass, &flags, &python("../examples/runaway.py")));
        agent.wait_for("end of its memory", |line| line.contains("compacting").then_some(()));
        agent.wait_for("refusal", |line| line.starts_with("hallpass: refused:").then_some(()));
        Self { hallpass, google, agent }
    }

    /// Checks that the agent ended by itself, that only reads reached the mailbox, and that every letter is still
    /// there.
    fn lost_nothing(self) -> Hallpass {
        let Self { hallpass, google, agent } = self;
        let (status, told, complaint) = agent.finish();
        assert!(status.success(), "{told}{complaint}");
        assert!(told.contains("agent: nobody told me not to delete"), "{told}");
        assert!(told.contains("hallpass: stopped:"), "{told}");
        let sent: Vec<_> =
            google.seen_at("/gmail/").into_iter().filter(|seen| seen.method != "GET").collect();
        assert!(sent.is_empty(), "{sent:?}");
        hallpass.run(&["stop", "--resume"]);
        let after = hallpass.mint(&["look", "--allow", "gmail:read"]);
        let inbox = hallpass.agent(&after, "GET", "gmail", "/gmail/v1/users/me/messages?labelIds=INBOX");
        let inbox = inbox.send().expect(200).json();
        assert_eq!(inbox["messages"].as_array().map(Vec::len), Some(5), "{inbox}");
        hallpass
    }
}

#[test]
fn an_agent_that_forgot_its_instructions_is_stopped_by_a_person_and_deletes_nothing() {
    let runaway = Runaway::start();
    // The person presses the button, and the agent's next request is refused.
    runaway.hallpass.run(&["stop"]).expect(0);
    runaway.lost_nothing();
}

#[test]
fn an_agent_that_forgot_its_instructions_is_stopped_where_nobody_looks_and_deletes_nothing() {
    let hallpass = Runaway::start().lost_nothing();
    let log = hallpass.log();
    let stopped = log.iter().find(|record| record["event"] == "stopped").expect("it was stopped");
    assert!(stopped["detail"].as_str().is_some_and(|why| !why.is_empty()), "{stopped}");
}
