//! PyGithub and Octokit, unmodified, through the gateway to an emulated GitHub: they stay inside it, and show why
//! something is refused.

use harness::{Hallpass, Upstream, node, python};
use serde_json::Value;

struct Repository {
    hallpass: Hallpass,
    github: Upstream,
    pass: String,
}

impl Repository {
    /// Connected, served, and with a pass to read and to comment.
    fn new() -> Self {
        let mut hallpass = Hallpass::new();
        let github = Upstream::github(hallpass.redirect_port);
        hallpass = hallpass.with_github(&github);
        hallpass.connect("github");
        hallpass.serve();
        let pass = hallpass.mint(&[
            "look at the open issues",
            "--allow",
            "github:read",
            "--allow",
            "github.issues/create-comment",
        ]);
        github.forget();
        Self { hallpass, github, pass }
    }

    fn run(&self, mut command: std::process::Command, scenario: &str) -> Value {
        let base = self.hallpass.base("github");
        let output = command.arg(scenario).env("BASE_URL", base).env("PASS", &self.pass).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn pygithub(&self, scenario: &str) -> Value {
        self.run(python("agents/pygithub.py"), scenario)
    }

    fn octokit(&self, scenario: &str) -> Value {
        self.run(node("agents/octokit.mjs"), scenario)
    }

    fn upstream_never_saw_the_pass(&self) {
        for seen in self.github.seen() {
            let all = format!("{} {:?} {}", seen.path, seen.headers, seen.body);
            assert!(
                !all.contains(self.pass.trim_start_matches("hallpass_")),
                "{} {}",
                seen.method,
                seen.path
            );
            assert!(seen.headers["authorization"].contains(" gho_"), "{all}");
        }
    }

    fn nothing_was_changed(&self) {
        for seen in self.github.seen() {
            assert_eq!(seen.method, "GET", "{}", seen.path);
        }
    }
}

fn seven() -> Vec<String> {
    (1..=7).map(|n| format!("issue {n}")).collect()
}

fn reads_why(answer: &Value, words: &[&str]) {
    let error = answer["error"].as_str().unwrap_or_else(|| panic!("was not refused: {answer}"));
    assert_eq!(answer["status"], 403, "{error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is not in what a person reads:\n{error}");
    }
}

#[test]
fn pygithub_acts_as_alice_and_pages_inside_the_gateway() {
    let repository = Repository::new();
    assert_eq!(repository.pygithub("whoami")["result"], "alice");
    assert_eq!(repository.pygithub("issues")["result"], Value::from(seven()));
    assert!(repository.github.seen_at("/repos/alice/notes/issues").len() >= 3, "three pages");
    repository.upstream_never_saw_the_pass();
}

#[test]
fn pygithub_follows_the_urls_of_bodies_to_the_gateway() {
    let repository = Repository::new();
    let followed = repository.pygithub("followed");
    assert_eq!(followed["result"]["title"], "issue 1", "{followed}");
    let url = followed["result"]["url"].as_str().unwrap();
    assert!(url.starts_with(&repository.hallpass.base("github")), "{url}");
    repository.upstream_never_saw_the_pass();
}

#[test]
fn pygithub_comments_where_the_pass_says_so() {
    let repository = Repository::new();
    assert_eq!(repository.pygithub("comment")["result"], "seen");
}

#[test]
fn pygithub_reads_why_it_is_refused() {
    let repository = Repository::new();
    reads_why(&repository.pygithub("create"), &["github.issues/create"]);
    reads_why(&repository.pygithub("delete"), &["github.repos/delete"]);
    repository.nothing_was_changed();
}

#[test]
fn octokit_pages_inside_the_gateway() {
    let repository = Repository::new();
    assert_eq!(repository.octokit("whoami")["result"], "alice");
    assert_eq!(repository.octokit("issues")["result"], Value::from(seven()));
    repository.upstream_never_saw_the_pass();
}

#[test]
fn octokit_reads_why_it_is_refused() {
    let repository = Repository::new();
    reads_why(&repository.octokit("create"), &["github.issues/create"]);
    reads_why(&repository.octokit("delete"), &["github.repos/delete"]);
    repository.nothing_was_changed();
}
