//! The meaning of GitHub's arguments: a name has one spelling, a branch has one name, and a field that opens access or
//! starts code is noticed beside harmless ones.

use std::sync::Arc;

use crate::common::{NOW, classified, known_service, strings, verified};
use datalog::flags;
use datalog::*;

fn known() -> KnownConnection {
    known_service("github", "alice")
}

fn args(allow: &[&str], deny: &[&str], args: &[&str], checks: &[&str]) -> MintArgs {
    MintArgs {
        task: "t".into(),
        allow: strings(allow),
        deny: strings(deny),
        narrow: Narrowing::default().with(&flags::ARG, strings(args)).with(&flags::CHECK, strings(checks)),
        ..MintArgs::default()
    }
}

fn with_check(check: &str) -> Arc<VerifiedPass> {
    verified(&args(&["github.*"], &[], &[], &[check]), &[known()])
}

fn request(line: &str, body: &str) -> Request {
    classified(&known(), line, "application/json", body.as_bytes())
        .unwrap_or_else(|error| panic!("{line} {body}: {error}"))
}

fn is_allowed(pass: &Arc<VerifiedPass>, line: &str, body: &str) -> bool {
    matches!(decide(pass, request(line, body), &Context::default(), NOW), Decided::Allow(_))
}

fn resources(line: &str, body: &str, kind: &str) -> Vec<String> {
    let all = request(line, body).resources.into_iter();
    all.filter(|one| &*one.kind == kind).map(|one| one.id).collect()
}

#[test]
fn a_deny_on_a_repository_is_not_evaded_by_case() {
    let pass = with_check(r#"reject if resource("repo", "octo/hello")"#);
    for path in ["octo/hello", "Octo/Hello", "OCTO/hello", "oCTO/hELLO"] {
        assert!(!is_allowed(&pass, &format!("GET /repos/{path}"), ""), "{path}");
        assert!(!is_allowed(&pass, &format!("GET /repos/{path}/contents/README.md"), ""), "{path}");
        assert!(!is_allowed(&pass, &format!("POST /repos/{path}/issues"), r#"{"title":"x"}"#), "{path}");
    }
    assert!(is_allowed(&pass, "GET /repos/octo/other", ""));
    assert_eq!(request("GET /repos/Octo/Hello", "").path, "/repos/Octo/Hello", "it is sent unchanged");
}

#[test]
fn a_caveat_in_a_spelling_that_no_fact_has_is_refused_with_what_to_write() {
    let refusal = |check: &str| {
        let args = args(&["github.*"], &[], &[], &[check]);
        MintTerms::parse(&args, &[known()], NOW).map(|_| ()).unwrap_err().to_string()
    };
    for (check, right) in [
        (r#"reject if resource("repo", "Octo/Hello")"#, "octo/hello"),
        (r#"reject if resource("file", "Octo/hello/Docs/README.md")"#, "octo/hello/Docs/README.md"),
        (r#"check all resource("issue", $i), $i == "O/r#7""#, "o/r#7"),
        (r#"reject if arg("owner", "Octo")"#, "octo"),
        (r#"check all resource("org", $o), {"Acme"}.contains($o)"#, "acme"),
    ] {
        let said = refusal(check);
        assert!(said.contains(&format!("`{right}`")), "{check}: {said}");
    }
    for fine in
        [r#"reject if resource("repo", "octo/hello")"#, r#"reject if resource("file", "o/r/README.md")"#]
    {
        with_check(fine);
    }
}

#[test]
fn an_argument_that_is_a_name_is_constrained_in_any_case() {
    let pass = verified(
        &args(
            &["github.issues/create"],
            &[],
            &["github.issues/create: owner = Octo, repo in (Hello, other), title"],
            &[],
        ),
        &[known()],
    );
    for path in ["octo/hello", "Octo/OTHER"] {
        assert!(is_allowed(&pass, &format!("POST /repos/{path}/issues"), r#"{"title":"x"}"#), "{path}");
    }
    assert!(!is_allowed(&pass, "POST /repos/octo/third/issues", r#"{"title":"x"}"#));
}

#[test]
fn a_branch_has_one_name() {
    for (line, body) in [
        ("PUT /repos/O/r/contents/a.txt", r#"{"message":"m","content":"","branch":"main"}"#),
        ("PUT /repos/O/r/contents/a.txt", r#"{"message":"m","content":"","branch":"refs/heads/main"}"#),
        ("POST /repos/O/r/git/refs", r#"{"ref":"refs/heads/main","sha":"0"}"#),
        ("PATCH /repos/O/r/git/refs/heads/main", r#"{"sha":"0"}"#),
        ("DELETE /repos/O/r/git/refs/heads/main", ""),
        ("POST /repos/O/r/merges", r#"{"base":"main","head":"heads/main"}"#),
        ("POST /repos/O/r/pulls", r#"{"base":"refs/heads/main","head":"o:main","title":"t"}"#),
        ("POST /repos/O/r/merge-upstream", r#"{"branch":"main"}"#),
        ("POST /repos/O/r/releases", r#"{"tag_name":"v1","target_commitish":"main"}"#),
        ("POST /repos/O/r/actions/workflows/w.yml/dispatches", r#"{"ref":"refs/heads/main"}"#),
        ("GET /repos/O/r/branches/main", ""),
    ] {
        assert_eq!(resources(line, body, "branch"), ["o/r/main"], "{line} {body}");
    }
    assert!(
        resources("POST /repos/o/r/git/refs", r#"{"ref":"refs/tags/v1","sha":"0"}"#, "branch").is_empty()
    );
    let pass = with_check(r#"reject if resource("branch", "o/r/main")"#);
    assert!(!is_allowed(&pass, "PATCH /repos/O/R/git/refs/heads/main", r#"{"sha":"0"}"#));
    assert!(is_allowed(&pass, "PATCH /repos/O/R/git/refs/heads/agent/x", r#"{"sha":"0"}"#));
}

#[test]
fn what_opens_a_repository_up_is_share_beside_harmless_fields_too() {
    let pass = verified(&args(&["github.*"], &["github:share"], &[], &[]), &[known()]);
    for body in [
        r#"{"description":"harmless","private":false}"#,
        r#"{"description":"harmless","visibility":"public"}"#,
        r#"{"visibility":"public","name":"r"}"#,
        r#"{"allow_forking":true,"has_issues":true}"#,
    ] {
        assert!(request("PATCH /repos/o/r", body).effects.contains(Effect::Share), "{body}");
        assert!(!is_allowed(&pass, "PATCH /repos/o/r", body), "{body}");
    }
    for body in [r#"{"description":"harmless"}"#, r#"{"has_issues":false,"homepage":"https://example.com"}"#]
    {
        assert!(!request("PATCH /repos/o/r", body).effects.contains(Effect::Share), "{body}");
        assert!(is_allowed(&pass, "PATCH /repos/o/r", body), "{body}");
    }
    for (line, body) in [
        ("POST /user/repos", r#"{"name":"n","private":false}"#),
        ("POST /repos/o/r/forks", "{}"),
        ("POST /gists", r#"{"files":{"a":{"content":"x"}},"public":true}"#),
    ] {
        assert!(!is_allowed(&pass, line, body), "{line}");
    }
}

#[test]
fn a_workflow_file_is_seen_however_it_is_written() {
    let tree =
        |path: &str| format!(r#"{{"tree":[{{"path":"README.md"}},{{"path":"{path}","mode":"100644"}}]}}"#);
    let pass = verified(&args(&["github.*"], &["github:run"], &[], &[]), &[known()]);
    for path in [
        ".github/workflows/ci.yml",
        ".github/actions/x/action.yml",
        ".GitHub/Workflows/ci.yml",
        "./.github/workflows/ci.yml",
        "a/../.github/./workflows//ci.yml",
        ".github\\\\workflows\\\\ci.yml",
        "/.github/workflows/ci.yml",
        // A folder that is added whole.
        ".github/workflows",
        ".github",
    ] {
        let body = tree(path);
        assert!(request("POST /repos/o/r/git/trees", &body).effects.contains(Effect::Run), "{path}");
        assert!(!is_allowed(&pass, "POST /repos/o/r/git/trees", &body), "{path}");
        assert!(!resources("POST /repos/o/r/git/trees", &body, "workflow-file").is_empty(), "{path}");
    }
    for path in
        ["src/main.rs", ".github/ISSUE_TEMPLATE/bug.md", "docs/.github/workflows/ci.yml", "workflows/x"]
    {
        let body = tree(path);
        assert!(!request("POST /repos/o/r/git/trees", &body).effects.contains(Effect::Run), "{path}");
        assert!(is_allowed(&pass, "POST /repos/o/r/git/trees", &body), "{path}");
    }
    // An action runs from any folder, and so does the file that defines a codespace.
    for path in ["action.yml", "tools/build/Action.YAML", ".devcontainer/devcontainer.json"] {
        let body = tree(path);
        assert!(request("POST /repos/o/r/git/trees", &body).effects.contains(Effect::Run), "{path}");
    }
    assert_eq!(
        resources("POST /repos/o/r/git/trees", &tree("src/main.rs"), "file"),
        ["o/r/README.md", "o/r/src/main.rs"],
        "every file of a tree is a resource"
    );
}

#[test]
fn commits_may_be_allowed_and_workflow_files_not() {
    let pass = verified(
        &args(
            &["github.repos/create-or-update-file-contents"],
            &[],
            &[
                "github.repos/create-or-update-file-contents: path, message, content, branch starts_with agent/",
            ],
            &[r#"check all resource($kind, $id), $kind != "workflow-file""#],
        ),
        &[known()],
    );
    let put = |path: &str, branch: &str| {
        let body = format!(r#"{{"message":"m","content":"","branch":"{branch}"}}"#);
        is_allowed(&pass, &format!("PUT /repos/o/r/contents/{path}"), &body)
    };
    assert!(put("docs/a.md", "agent/x"));
    assert!(!put("docs/a.md", "main"));
    assert!(!put(".github/workflows/ci.yml", "agent/x"));
    assert!(!put(".GitHub/workflows/ci.yml", "agent/x"));
}

#[test]
fn what_is_said_of_an_issue_runs_what_waits_for_it() {
    for (line, body) in [
        ("POST /repos/o/r/issues/7/labels", r#"{"labels":["safe to test"]}"#),
        ("PUT /repos/o/r/issues/7/labels", r#"["safe to test"]"#),
        ("PATCH /repos/o/r/issues/7", r#"{"labels":["safe to test"]}"#),
        ("POST /repos/o/r/issues", r#"{"title":"t","labels":[{"name":"safe to test"}]}"#),
        ("PATCH /repos/o/r/issues/7", r#"{"title":"t"}"#),
        ("DELETE /repos/o/r/issues/7/labels/bug", ""),
        ("DELETE /repos/o/r/issues/comments/7", ""),
        ("POST /repos/o/r/issues/7/comments", r#"{"body":"/deploy"}"#),
        ("DELETE /repos/o/r/git/refs/heads/x", ""),
    ] {
        assert!(request(line, body).effects.contains(Effect::Run), "{line}");
    }
    for (line, body) in [
        ("POST /repos/o/r/issues/7/reactions", r#"{"content":"+1"}"#),
        ("PUT /notifications/threads/7/subscription", "{}"),
        ("GET /repos/o/r/issues/7", ""),
    ] {
        assert!(!request(line, body).effects.contains(Effect::Run), "{line}");
    }
}
