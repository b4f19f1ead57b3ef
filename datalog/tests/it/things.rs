//! Which thing a request touches: each thing has one name, and a caveat finds a thing even if the request names it by
//! something other than its id.

use std::sync::Arc;

use crate::common::*;
use datalog::*;
use datalog::{ClassifyError, RawRequest, flags};

const ME: &str = "alice@example.com";

pub(crate) fn classified(service: &str, line: &str, body: &str) -> Result<Request, ClassifyError> {
    let known = known_service(service, ME);
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let kind = if service == "slack" { "application/x-www-form-urlencoded" } else { "application/json" };
    let raw = RawRequest {
        query,
        content_type: (!body.is_empty()).then_some(kind),
        body: body.as_bytes(),
        ..RawRequest::new(method, path)
    };
    known.service.classify(&known.name, &known.account, &raw)
}

pub(crate) fn request(service: &str, line: &str, body: &str) -> Request {
    classified(service, line, body).unwrap_or_else(|error| panic!("{line} {body}: {error}"))
}

pub(crate) fn minted(service: &str, narrow: Narrowing) -> Result<Arc<VerifiedPass>, TermError> {
    let allow = vec![format!("{service}.*")];
    let args = MintArgs { task: "try".into(), allow, narrow, ..MintArgs::default() };
    let terms = MintTerms::parse(&args, &[known_service(service, ME)], NOW)?;
    Ok(verify(&terms.mint(&PassId::from_random([7; 16]), &root())?.text).unwrap())
}

pub(crate) fn checking(service: &str, check: &str) -> Arc<VerifiedPass> {
    let narrow = Narrowing::default().with(&flags::CHECK, [check]);
    minted(service, narrow).unwrap_or_else(|error| panic!("{check}: {error}"))
}

pub(crate) fn confined(service: &str, resource: &str) -> Arc<VerifiedPass> {
    minted(service, Narrowing::default().with(&flags::RESOURCE, [resource])).unwrap()
}

pub(crate) fn verdict(pass: &Arc<VerifiedPass>, request: Request) -> &'static str {
    match decide(pass, request, &Context::default(), NOW) {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    }
}

/// Each of these requests gets this answer.
pub(crate) fn are(pass: &Arc<VerifiedPass>, service: &str, expected: &str, requests: &[(&str, &str)]) {
    for (line, body) in requests {
        assert_eq!(verdict(pass, request(service, line, body)), expected, "{line} {body}");
    }
}

#[test]
fn a_pass_for_one_repository_reaches_no_other_by_any_argument() {
    let pass = confined("github", "repo=octo/hello");
    let at = "/repos/octo/hello";
    are(
        &pass,
        "github",
        "deny",
        &[
            (&format!("GET {at}/compare/main...octo:secret:main"), ""),
            (&format!("GET {at}/compare/octo:secret:a..main"), ""),
            (
                &format!("POST {at}/pulls"),
                r#"{"title":"x","base":"main","head":"octo:x","head_repo":"secret"}"#,
            ),
            (&format!("POST {at}/pulls"), r#"{"title":"x","base":"main","head":"x","head_repo":"secret"}"#),
            (&format!("POST {at}/pulls"), r#"{"title":"x","base":"main","head":"evil:fork:x"}"#),
            (
                &format!("POST {at}/code-scanning/codeql/variant-analyses"),
                r#"{"language":"go","query_pack":"x","repositories":["Octo/Secret.git"]}"#,
            ),
            ("POST /repos/octo/hello/generate", r#"{"owner":"octo","name":"other"}"#),
            (&format!("PATCH {at}"), r#"{"name":"other"}"#),
            ("GET /user/repos", ""),
            ("GET /search/issues?q=repo%3Aocto%2Fsecret", ""),
        ],
    );
    are(
        &pass,
        "github",
        "unevaluable",
        &[
            (&format!("GET {at}/compare/main...evil:main"), ""),
            (&format!("GET {at}/compare/beef...main"), ""),
            (&format!("GET {at}/contents/a?ref=beef1"), ""),
            (&format!("POST {at}/pulls"), r#"{"title":"x","base":"main","head":"evil:x"}"#),
            (&format!("POST {at}/issues/1/sub_issues"), r#"{"sub_issue_id":5}"#),
            (&format!("DELETE {at}/issues/1/sub_issue"), r#"{"sub_issue_id":5}"#),
            (&format!("PATCH {at}/issues/1/sub_issues/priority"), r#"{"sub_issue_id":5,"after_id":6}"#),
            (&format!("POST {at}/issues/1/dependencies/blocked_by"), r#"{"issue_id":5}"#),
            (&format!("DELETE {at}/issues/1/dependencies/blocked_by/5"), ""),
            (&format!("PATCH {at}/issues/1"), r#"{"duplicate_issue_id":5}"#),
            (&format!("GET {at}/issues/1/sub_issues"), ""),
            (&format!("GET {at}/issues/1/parent"), ""),
            (&format!("GET {at}/issues/1/timeline"), ""),
            (&format!("GET {at}/forks"), ""),
            (&format!("POST {at}/forks"), "{}"),
            (&format!("POST {at}/merge-upstream"), r#"{"branch":"main"}"#),
            (&format!("POST {at}/transfer"), r#"{"new_owner":"evil"}"#),
            ("GET /networks/octo/hello/events", ""),
            (
                &format!("POST {at}/code-scanning/codeql/variant-analyses"),
                r#"{"language":"go","query_pack":"x","repository_owners":["octo"]}"#,
            ),
            (
                &format!("POST {at}/rulesets"),
                r#"{"name":"r","enforcement":"active","rules":[{"type":"workflows","parameters":{"workflows":[{"path":"a","repository_id":9}]}}]}"#,
            ),
        ],
    );
    are(
        &pass,
        "github",
        "allow",
        &[
            ("GET /repos/Octo/Hello.git", ""),
            (&format!("GET {at}/compare/main...dev"), ""),
            (&format!("GET {at}/compare/main...octo:dev"), ""),
            (&format!("GET {at}/compare/main...heads/beef"), ""),
            (&format!("GET {at}/commits/{}", "a".repeat(40)), ""),
            (&format!("GET {at}/contents/a?ref=refs%2Fheads%2Fdev"), ""),
            (&format!("POST {at}/pulls"), r#"{"title":"x","base":"main","head":"dev"}"#),
            (&format!("POST {at}/pulls"), r#"{"title":"x","base":"main","head":"Octo:dev"}"#),
            (&format!("POST {at}/issues"), r#"{"title":"x"}"#),
            (&format!("PATCH {at}/issues/1"), r#"{"state":"closed"}"#),
            (&format!("PATCH {at}"), r#"{"name":"hello","description":"x"}"#),
            (&format!("PUT {at}/pulls/1/merge"), ""),
        ],
    );
}

#[test]
fn a_deny_on_a_repository_is_not_evaded_by_another_name_of_it() {
    let pass = checking("github", r#"reject if resource("repo", "acme/secret")"#);
    are(
        &pass,
        "github",
        "deny",
        &[
            ("GET /repos/acme/secret.git", ""),
            ("GET /repos/Acme/Secret.GIT/issues", ""),
            ("GET /repos/acme/hello/compare/main...acme:secret:main", ""),
            ("PUT /orgs/acme/teams/t/repos/acme/secret", "{}"),
            ("POST /repos/acme/secret/generate", r#"{"owner":"acme","name":"x"}"#),
            ("POST /orgs/acme/repos", r#"{"name":"Secret"}"#),
        ],
    );
    are(
        &pass,
        "github",
        "unevaluable",
        &[
            ("PUT /orgs/acme/actions/secrets/S/repositories/17", ""),
            ("PUT /orgs/acme/actions/permissions/repositories", r#"{"selected_repository_ids":[17]}"#),
            ("POST /user/codespaces", r#"{"repository_id":17}"#),
            ("GET /user/repos", ""),
            ("GET /search/code?q=repo%3Aacme%2Fsecret", ""),
            ("GET /notifications", ""),
            ("POST /markdown", r##"{"text":"#1","mode":"gfm","context":"acme/secret"}"##),
        ],
    );
    are(&pass, "github", "allow", &[("GET /repos/acme/hello", ""), ("GET /user", ""), ("GET /gists", "")]);
}

#[test]
fn a_deny_on_a_branch_holds_where_no_branch_is_named() {
    let pass = checking("github", r#"reject if resource("branch", "o/r/main")"#);
    let body = r#"{"message":"m","content":"","sha":"x"}"#;
    are(
        &pass,
        "github",
        "unevaluable",
        &[
            ("PUT /repos/o/r/contents/a", body),
            ("DELETE /repos/o/r/contents/a", r#"{"message":"m","sha":"x"}"#),
            ("PUT /repos/o/r/contents/a", r#"{"message":"m","content":"","branch":"HEAD"}"#),
            ("POST /repos/o/r/merges", r#"{"base":"HEAD","head":"dev"}"#),
            ("POST /repos/o/r/releases", r#"{"tag_name":"v1","target_commitish":"HEAD"}"#),
            ("PUT /repos/o/r/pulls/1/merge", ""),
            ("PUT /repos/o/r/pulls/1/update-branch", "{}"),
            ("PATCH /repos/o/r/pulls/1", r#"{"state":"closed"}"#),
            ("POST /repos/o/r/dispatches", r#"{"event_type":"x"}"#),
            ("POST /repos/o/r/releases", r#"{"tag_name":"v1"}"#),
            ("GET /repos/o/r/contents/a", ""),
            ("GET /repos/o/r/readme", ""),
            ("GET /repos/o/r/commits/HEAD", ""),
            ("GET /repos/o/r/contents/a?ref=dev~1", ""),
            ("GET /repos/o/r/tarball/HEAD", ""),
            ("POST /repos/o/r/forks", "{}"),
        ],
    );
    are(
        &pass,
        "github",
        "deny",
        &[
            ("PUT /repos/o/r/contents/a", r#"{"message":"m","content":"","branch":"main"}"#),
            ("GET /repos/o/r/contents/a?ref=main", ""),
            ("GET /repos/o/r/contents/a?ref=heads%2Fmain", ""),
            ("POST /repos/o/r/merges", r#"{"base":"dev","head":"main"}"#),
            ("PATCH /repos/o/r", r#"{"default_branch":"main"}"#),
            ("POST /repos/o/r/branches/x/rename", r#"{"new_name":"main"}"#),
        ],
    );
    are(
        &pass,
        "github",
        "allow",
        &[
            ("PUT /repos/o/r/contents/a", r#"{"message":"m","content":"","branch":"dev"}"#),
            ("POST /repos/o/r/issues/1/comments", r#"{"body":"x"}"#),
            ("GET /repos/o/r", ""),
            ("GET /repos/o/r/contents/a?ref=dev", ""),
        ],
    );
    // A pass that checks the branch only for writes may still read.
    let writes = checking("github", r#"reject if effect("write"), resource("branch", "o/r/main")"#);
    are(&writes, "github", "allow", &[("GET /repos/o/r/readme", "")]);
    are(&writes, "github", "unevaluable", &[("PUT /repos/o/r/contents/a", body)]);
}

#[test]
fn a_pull_request_is_the_issue_of_its_number() {
    for (check, other) in [
        (r#"reject if resource("pull", "o/r#1")"#, ("PATCH /repos/o/r/issues/1", r#"{"state":"closed"}"#)),
        (r#"reject if resource("issue", "o/r#1")"#, ("PATCH /repos/o/r/pulls/1", r#"{"state":"closed"}"#)),
    ] {
        let pass = checking("github", check);
        are(&pass, "github", "deny", &[other]);
        are(&pass, "github", "allow", &[("PATCH /repos/o/r/issues/2", r#"{"state":"closed"}"#)]);
        are(&pass, "github", "unevaluable", &[("GET /repos/o/r/issues", ""), ("GET /search/issues?q=x", "")]);
    }
    let pass = confined("github", "pull=o/r#1");
    are(&pass, "github", "allow", &[("POST /repos/o/r/issues/1/comments", r#"{"body":"x"}"#)]);
    are(&pass, "github", "deny", &[("POST /repos/o/r/issues/2/comments", r#"{"body":"x"}"#)]);
}

#[test]
fn the_accounts_calendar_has_one_name() {
    let names = ["primary", "alice@example.com", "Alice@Example.com", "ALICE@EXAMPLE.COM"];
    for denied in ["primary"] {
        let pass = checking("google-calendar", &format!(r#"reject if resource("calendar", "{denied}")"#));
        for name in names {
            are(
                &pass,
                "google-calendar",
                "deny",
                &[
                    (&format!("GET /calendar/v3/calendars/{name}/events"), ""),
                    (&format!("GET /calendar/v3/users/me/calendarList/{name}"), ""),
                    (
                        "POST /calendar/v3/freeBusy",
                        &format!(
                            r#"{{"timeMin":"a","timeMax":"b","items":[{{"id":"c1@group.calendar.google.com"}},{{"id":"{name}"}}]}}"#
                        ),
                    ),
                    (&format!("POST /calendar/v3/calendars/c1/events/e1/move?destination={name}"), ""),
                    ("POST /calendar/v3/users/me/calendarList", &format!(r#"{{"id":"{name}"}}"#)),
                ],
            );
        }
        are(&pass, "google-calendar", "allow", &[("GET /calendar/v3/calendars/c1/events", "")]);
        are(&pass, "google-calendar", "unevaluable", &[("GET /calendar/v3/users/me/calendarList", "")]);
    }
    for named in names {
        let pass = confined("google-calendar", &format!("calendar={named}"));
        for name in names {
            let line = format!("GET /calendar/v3/calendars/{name}/events");
            are(&pass, "google-calendar", "allow", &[(&line, "")]);
        }
        are(&pass, "google-calendar", "deny", &[("GET /calendar/v3/calendars/bob@example.com/events", "")]);
    }
    let narrow =
        Narrowing::default().with(&flags::CHECK, [r#"reject if resource("calendar", "Alice@example.com")"#]);
    let told = minted("google-calendar", narrow).err().unwrap().to_string();
    assert!(told.contains("`primary`"), "{told}");
}

#[test]
fn what_an_alias_or_a_folder_stands_for_is_not_overlooked() {
    let pass = checking("google-drive", r#"reject if resource("file", "F2")"#);
    are(
        &pass,
        "google-drive",
        "unevaluable",
        &[
            ("GET /drive/v3/files/root", ""),
            ("POST /drive/v3/files", r#"{"name":"x"}"#),
            ("POST /drive/v3/files", r#"{"name":"x","parents":["root"]}"#),
            ("POST /drive/v3/files/F1/copy", r#"{"name":"x"}"#),
            ("PATCH /drive/v3/files/F1?addParents=root", ""),
            ("PATCH /drive/v3/files/F1", r#"{"trashed":true}"#),
            ("DELETE /drive/v3/files/F1", ""),
            (
                "POST /drive/v3/files/F1/permissions",
                r#"{"role":"reader","type":"user","emailAddress":"b@x.test"}"#,
            ),
            ("GET /drive/v3/files?q=%27F2%27%20in%20parents", ""),
            ("DELETE /drive/v3/files/trash", ""),
        ],
    );
    are(
        &pass,
        "google-drive",
        "allow",
        &[
            ("GET /drive/v3/files/F1", ""),
            ("PATCH /drive/v3/files/F1", r#"{"name":"x"}"#),
            ("POST /drive/v3/files/F1/copy", r#"{"name":"x","parents":["F3"]}"#),
        ],
    );
    let own = confined("google-drive", "file=F1");
    are(
        &own,
        "google-drive",
        "allow",
        &[
            ("DELETE /drive/v3/files/F1", ""),
            ("PATCH /drive/v3/files/F1", r#"{"trashed":true}"#),
            (
                "POST /drive/v3/files/F1/permissions",
                r#"{"role":"reader","type":"user","emailAddress":"b@x.test"}"#,
            ),
        ],
    );
    are(&own, "google-drive", "unevaluable", &[("POST /drive/v3/files/F1/copy", r#"{"name":"x"}"#)]);
    let root = confined("google-drive", "file=root");
    are(&root, "google-drive", "allow", &[("GET /drive/v3/files/root", "")]);
    let drive = checking("google-drive", r#"reject if resource("drive", "D1")"#);
    are(
        &drive,
        "google-drive",
        "unevaluable",
        &[("GET /drive/v3/files/D1", ""), ("GET /drive/v3/files", "")],
    );
}

#[test]
fn a_person_a_conversation_and_a_file_of_slack_are_not_overlooked_under_another_name() {
    let dm = checking("slack", r#"reject if resource("channel", "D0123")"#);
    are(
        &dm,
        "slack",
        "unevaluable",
        &[
            ("POST /api/chat.postMessage", "channel=U0123&text=x"),
            ("POST /api/conversations.open", "users=U0123"),
            ("POST /api/search.messages", "query=x"),
            ("POST /api/conversations.list", ""),
        ],
    );
    are(
        &dm,
        "slack",
        "allow",
        &[("POST /api/chat.postMessage", "channel=C0123&text=x"), ("POST /api/users.info", "user=U0123")],
    );
    let person = checking("slack", r#"reject if resource("user", "U0123")"#);
    are(&person, "slack", "deny", &[("POST /api/chat.postMessage", "channel=U0123&text=x")]);
    are(
        &person,
        "slack",
        "unevaluable",
        &[
            ("POST /api/users.lookupByEmail", "email=bob%40example.com"),
            ("POST /api/conversations.inviteShared", "channel=C0123&emails=bob%40example.com"),
            ("POST /api/users.profile.get", ""),
        ],
    );
    let canvas = checking("slack", r#"reject if resource("canvas", "F0123")"#);
    are(&canvas, "slack", "deny", &[("POST /api/files.delete", "file=F0123")]);
    are(&canvas, "slack", "unevaluable", &[("POST /api/files.remote.remove", "external_id=x")]);
}

#[test]
fn a_message_is_not_reached_through_its_thread_nor_a_thread_through_a_message() {
    let pass = checking("gmail", r#"reject if resource("message", "m1")"#);
    are(
        &pass,
        "gmail",
        "unevaluable",
        &[
            ("GET /gmail/v1/users/me/threads/t1", ""),
            ("POST /gmail/v1/users/me/threads/t1/trash", ""),
            ("GET /gmail/v1/users/me/messages?q=x", ""),
            ("GET /gmail/v1/users/me/drafts/r1", ""),
        ],
    );
    are(
        &pass,
        "gmail",
        "allow",
        &[("GET /gmail/v1/users/me/messages/m2", ""), ("GET /gmail/v1/users/me/labels", "")],
    );
    let thread = checking("gmail", r#"reject if resource("thread", "t1")"#);
    are(&thread, "gmail", "unevaluable", &[("GET /gmail/v1/users/me/messages/m2", "")]);
}
