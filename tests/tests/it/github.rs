//! PyGithub and Octokit, unmodified, through the gateway to an emulated GitHub: they stay inside it, and show why a
//! request is refused.

use harness::{Hallpass, LoggingUpstream, Put, Upstream, node, python};
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

    /// With a pass to change files and settings, but not those that run code, open access or belong to somebody else.
    fn maintaining() -> Self {
        let mut repository = Self::new();
        repository.pass = repository.hallpass.mint(&[
            "keep the repository tidy",
            "--allow",
            "github:read",
            "--allow",
            "github.repos/create-or-update-file-contents",
            "--allow",
            "github.git/create-tree",
            "--allow",
            "github.repos/update",
            "--check",
            r#"check all resource($kind, $id), $kind != "workflow-file""#,
            "--check",
            r#"check all effects($effects), !$effects.contains("share")"#,
            "--check",
            r#"reject if resource("repo", "decoy/trap")"#,
        ]);
        repository
    }

    fn run(&self, mut command: std::process::Command, arguments: &[&str]) -> Value {
        let base = self.hallpass.base("github");
        let output = command.args(arguments).env("BASE_URL", base).env("PASS", &self.pass).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn pygithub(&self, scenario: &str) -> Value {
        self.run(python("agents/pygithub.py"), &[scenario])
    }

    fn octokit(&self, scenario: &str) -> Value {
        self.run(node("agents/octokit.mjs"), &[scenario])
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

/// PyGithub writes the top folder as `contents/`, and any other directory as given. The emulator has no files.
#[test]
fn pygithub_lists_the_top_of_a_repository_and_a_directory() {
    let github = LoggingUpstream::start();
    let mut hallpass = Hallpass::new().with_logging(&github);
    hallpass.serve();
    let repository = format!("{}/repos/alice/notes", github.url);
    let json = |path: &str, body: Value| {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        github.answer(path, Put { status: 200, headers, body: body.to_string().into() });
    };
    let listed = |path: &str| serde_json::json!([{ "type": "file", "path": path, "url": format!("{repository}/contents/{path}") }]);
    json("/repos/alice/notes", serde_json::json!({ "full_name": "alice/notes", "url": repository }));
    json("/repos/alice/notes/contents", listed("docs"));
    json("/repos/alice/notes/contents/docs", listed("docs/a.md"));
    let pass = hallpass.mint(&["read the documentation", "--allow", "github:read"]);
    let output = python("agents/pygithub.py")
        .arg("top")
        .env("BASE_URL", hallpass.base("github"))
        .env("PASS", &pass)
        .output()
        .unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(printed["result"], serde_json::json!(["docs", "docs/a.md"]), "{printed}");
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

#[test]
fn a_commit_is_taken_and_a_workflow_file_is_not() {
    let repository = Repository::maintaining();
    let octokit = |arguments: &[&str]| repository.run(node("agents/octokit.mjs"), arguments);
    let pygithub = |arguments: &[&str]| repository.run(python("agents/pygithub.py"), arguments);
    assert_eq!(octokit(&["commit", "docs/a.md"])["result"], "docs/a.md");
    assert_eq!(pygithub(&["commit", "docs/b.md"])["result"], "docs/b.md");
    repository.upstream_never_saw_the_pass();
    repository.github.forget();
    for path in [".github/workflows/ci.yml", ".GitHub/workflows/ci.yml", ".github/actions/x/action.yml"] {
        reads_why(&octokit(&["commit", path]), &["workflow-file"]);
        reads_why(&octokit(&["tree", path]), &["workflow-file"]);
        reads_why(&pygithub(&["commit", path]), &["workflow-file"]);
    }
    repository.nothing_was_changed();
}

#[test]
fn a_repository_is_described_and_not_published() {
    let repository = Repository::maintaining();
    let octokit = |arguments: &[&str]| repository.run(node("agents/octokit.mjs"), arguments);
    assert_eq!(octokit(&["describe", "tidy"])["result"], "tidy");
    repository.github.forget();
    reads_why(&octokit(&["publish", "tidy"]), &["share"]);
    reads_why(&repository.run(python("agents/pygithub.py"), &["publish", "tidy"]), &["share"]);
    repository.nothing_was_changed();
}

#[test]
fn a_repository_that_is_denied_is_denied_in_any_case() {
    let repository = Repository::maintaining();
    for (owner, name) in [("decoy", "trap"), ("Decoy", "trap"), ("DECOY", "TRAP")] {
        let looked = repository.run(node("agents/octokit.mjs"), &["look", owner, name]);
        reads_why(&looked, &["decoy/trap"]);
        let full = format!("{owner}/{name}");
        reads_why(&repository.run(python("agents/pygithub.py"), &["look", &full]), &["decoy/trap"]);
    }
    assert!(repository.github.seen().is_empty(), "none of this went upstream");
}

#[test]
fn the_address_of_a_private_files_content_is_masked() {
    let repository = Repository::maintaining();
    let content = repository.run(node("agents/octokit.mjs"), &["content", "README.md"])["result"].clone();
    let address = content["download_url"].as_str().unwrap_or_else(|| panic!("{content}"));
    assert!(!address.is_empty() && address.chars().all(|c| c == '*'), "{address}");
    assert_eq!(content["encoding"], "base64", "the content itself is there");
}

#[test]
fn pygithub_touches_what_it_was_shown_and_an_id_of_one_kind_is_none_of_another() {
    let mut repository = Repository::new();
    repository.pygithub("comment");
    repository.pass = repository.hallpass.mint(&[
        "answer what was said",
        "--allow",
        "github:read",
        "--allow",
        "github.issues/create-comment",
        "--only-seen",
        "issue",
        "--only-seen",
        "issue-comment",
        "--only-seen",
        "review-comment",
    ]);
    repository.github.forget();
    reads_why(&repository.pygithub("comment"), &["issue"]);
    repository.nothing_was_changed();
    assert_eq!(repository.pygithub("issues")["result"], Value::from(seven()));
    assert_eq!(repository.pygithub("comment")["result"], "seen", "after it was listed");

    let listed = repository.pygithub("comment_ids");
    let id = listed["result"][0].as_i64().unwrap_or_else(|| panic!("{listed}")).to_string();
    let run = |scenario: &str, id: &str| repository.run(python("agents/pygithub.py"), &[scenario, id]);
    assert_eq!(run("issue_comment", &id)["result"], "seen");
    repository.github.forget();
    reads_why(&run("review_comment", &id), &["review-comment"]);
    reads_why(&run("issue_comment", "987654"), &["issue-comment"]);
    assert!(repository.github.seen_at("/repos/alice/notes/pulls").is_empty(), "none of this went upstream");
}
