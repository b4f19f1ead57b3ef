//! Limits on arguments of the real Gmail and GitHub: requests are classified from an agent's bytes.

use std::sync::Arc;

use crate::common::{CATALOG, NOW, classified, in_full, known_service, root, roots, strings};
use datalog::flags;
use datalog::*;

fn known() -> Vec<KnownConnection> {
    vec![known_service("gmail", "me@example.com"), known_service("github", "octo")]
}

fn terms(args: &[&str]) -> Result<MintTerms, TermError> {
    let args = MintArgs {
        task: "t".into(),
        allow: strings(&["gmail.*", "github.*"]),
        narrow: Narrowing::default().with(&flags::ARG, strings(args)),
        ..MintArgs::default()
    };
    MintTerms::parse(&args, &known(), NOW)
}

fn pass(args: &[&str]) -> Arc<VerifiedPass> {
    let text = terms(args).unwrap().mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
    PassCache::new(4).verify(&text, &roots(), &|_| false, NOW).unwrap()
}

fn request(line: &str, body: &str) -> Request {
    let (connection, rest) = line.split_once(' ').unwrap();
    let known = known().into_iter().find(|one| one.name.as_str() == connection).unwrap();
    classified(&known, rest, "application/json", body.as_bytes())
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[track_caller]
fn check(pass: &Arc<VerifiedPass>, expected: &str, requests: &[(&str, &str)]) {
    for (line, body) in requests {
        let decided = decide(pass, request(line, body), &Context::default(), NOW);
        let answer = match &decided {
            Decided::Allow(_) => "allow",
            Decided::Ask(_) => "ask",
            Decided::Deny(_) => "deny",
        };
        assert_eq!(answer, expected, "{line} {body}");
    }
}

const LIST: &str = "gmail GET /gmail/v1/users/me/messages";

#[test]
fn the_ten_latest_unread_is_what_can_be_read() {
    let pass = pass(&[r#"gmail.users.messages.list: maxResults<=10, q contains "is:unread""#]);
    let list = |query: &str| format!("{LIST}?{query}");
    for allowed in ["maxResults=10&q=is:unread", "q=is%3Aunread+from%3Aboss&maxResults=1&alt=json"] {
        check(&pass, "allow", &[(&list(allowed), "")]);
    }
    for denied in [
        "maxResults=11&q=is:unread",
        "maxResults=10&q=is:read",
        "maxResults=10",
        "q=is:unread",
        "maxResults=10&q=is:unread&includeSpamTrash=true",
        "maxResults=10&q=is:unread&pageToken=abc",
        "maxResults=10&q=is:unread&labelIds=TRASH",
    ] {
        check(&pass, "deny", &[(&list(denied), "")]);
    }
    check(&pass, "deny", &[(LIST, "")]);
    // Other operations stay as free as before.
    check(&pass, "allow", &[("gmail GET /gmail/v1/users/me/messages/18f?format=full", "")]);
}

#[test]
fn an_optional_argument_may_be_absent_and_is_tested_when_it_is_there() {
    let pass = pass(&["gmail.users.messages.list: maxResults?<=10, labelIds? in (INBOX, UNREAD)"]);
    let list = |query: &str| format!("{LIST}?{query}");
    check(
        &pass,
        "allow",
        &[
            (LIST, ""),
            (&list("maxResults=3"), ""),
            (&list("labelIds=INBOX"), ""),
            (&list("labelIds=INBOX&labelIds=UNREAD&maxResults=10"), ""),
        ],
    );
    check(
        &pass,
        "deny",
        &[(&list("maxResults=11"), ""), (&list("labelIds=INBOX&labelIds=TRASH"), ""), (&list("q=x"), "")],
    );
}

#[test]
fn no_condition_leaves_no_argument() {
    let pass = pass(&["gmail.users.messages.list:"]);
    check(&pass, "allow", &[(LIST, "")]);
    check(&pass, "deny", &[(&format!("{LIST}?maxResults=1"), "")]);
}

#[test]
fn body_fields_and_path_parameters_are_arguments_too() {
    let pass = pass(&[
        "github.repos/create-or-update-file-contents: owner = o, repo = r, path under docs/, branch = drafts, message, content",
        "github.issues/update: state? = open, title?",
        "github.repos/update: description",
    ]);
    let put = "github PUT /repos/o/r/contents/docs/a.md";
    let body = r#"{"message":"m","content":"YQ==","branch":"drafts"}"#;
    check(&pass, "allow", &[(put, body), ("github PUT /repos/o/r/contents/docs%2Fsub%2Fa.md", body)]);
    check(
        &pass,
        "deny",
        &[
            ("github PUT /repos/o/r/contents/docsy/a.md", body),
            ("github PUT /repos/o/r/contents/src/a.md", body),
            ("github PUT /repos/o/other/contents/docs/a.md", body),
            (put, r#"{"message":"m","content":"YQ=="}"#),
            (put, r#"{"message":"m","content":"YQ==","branch":"main"}"#),
            (
                put,
                r#"{"message":"m","content":"YQ==","branch":"drafts","committer":{"name":"n","email":"e"}}"#,
            ),
        ],
    );
    let issue = "github PATCH /repos/o/r/issues/1";
    check(
        &pass,
        "allow",
        &[(issue, r#"{"state":"open"}"#), (issue, r#"{"title":"x"}"#), (issue, r#"{"title":7}"#)],
    );
    check(&pass, "deny", &[(issue, r#"{"state":"closed"}"#), (issue, r#"{"title":"x","assignees":["y"]}"#)]);
    let repo = "github PATCH /repos/o/r";
    check(&pass, "allow", &[(repo, r#"{"description":"d"}"#)]);
    check(&pass, "deny", &[(repo, r#"{"description":"d","private":false}"#), (repo, r#"{"private":false}"#)]);
}

#[test]
fn a_value_of_another_type_is_denied() {
    let pass = pass(&["github.issues/update: title? contains ok, milestone? <= 3"]);
    let issue = "github PATCH /repos/o/r/issues/1";
    check(&pass, "allow", &[(issue, r#"{"title":"ok"}"#), (issue, r#"{"milestone":3}"#)]);
    check(
        &pass,
        "deny",
        &[
            (issue, r#"{"title":5}"#),
            (issue, r#"{"milestone":"4"}"#),
            (issue, r#"{"milestone":null}"#),
            (issue, r#"{"milestone":4}"#),
        ],
    );
}

#[test]
fn several_flags_on_one_operation_are_one_world() {
    let pass = pass(&["gmail.users.messages.list: maxResults<=10", "gmail.users.messages.list: q?"]);
    check(
        &pass,
        "allow",
        &[(&format!("{LIST}?maxResults=2&q=x"), ""), (&format!("{LIST}?maxResults=2"), "")],
    );
    check(&pass, "deny", &[(&format!("{LIST}?q=x"), "")]);
}

#[test]
fn a_child_constrains_further_and_never_less() {
    let wide = terms(&["gmail.users.messages.list: maxResults<=10, q?"]).unwrap();
    let parent = wide.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let narrow = AttenuateArgs {
        narrow: Narrowing::default()
            .with(&flags::ARG, ["gmail.users.messages.list: maxResults<=50, labelIds?"]),
        ..AttenuateArgs::default()
    };
    let child = attenuate(&parent, &narrow, &services, NOW).unwrap().text;
    let child = PassCache::new(4).verify(&child, &roots(), &|_| false, NOW).unwrap();
    let list = |query: &str| format!("{LIST}?{query}");
    check(&child, "allow", &[(&list("maxResults=10"), "")]);
    check(
        &child,
        "deny",
        &[
            (&list("maxResults=11"), ""),
            (&list("maxResults=1&q=x"), ""),
            (&list("maxResults=1&labelIds=A"), ""),
        ],
    );
}

#[test]
fn constraints_are_told_in_words() {
    let text = terms(&[
        r#"gmail:gmail.users.messages.list: maxResults<=10, q contains "is:unread", labelIds? in (INBOX, UNREAD)"#,
        "github.repos/create-or-update-file-contents: path under docs, branch = drafts, message, content",
    ])
    .unwrap()
    .mint(&PassId::from_random([9; 16]), &root())
    .unwrap()
    .text;
    let caveats = inspect(&text).unwrap().blocks.remove(0).caveats;
    let lines: Vec<String> =
        caveats.iter().skip(2).map(|one| format!("{}\n    {}", one.plain, one.datalog)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn an_operation_that_some_arguments_make_worse_is_possible_without_them() {
    let args = MintArgs { task: "t".into(), allow: strings(&["gmail:write"]), ..MintArgs::default() };
    let terms = MintTerms::parse(&args, &known(), NOW).unwrap();
    let minted = terms.mint(&PassId::from_random([9; 16]), &root()).unwrap();
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let rows = can::table(&minted.content, &services);
    let modify = rows.iter().find(|row| row.operation == "gmail.users.messages.modify").unwrap();
    assert_eq!(modify.possible, can::Possible::Allow, "{modify:?}");
    assert_eq!(modify.conditions.last().unwrap(), "no arguments that make it delete");
    let delete = rows.iter().find(|row| row.operation == "gmail.users.messages.delete").unwrap();
    assert_eq!(delete.possible, can::Possible::Deny);
}

#[test]
fn mistakes_in_constraints_are_told() {
    let told = |text: &str| in_full(terms(&[text]).unwrap_err());
    let errors = [
        told("maxResults<=10"),
        told("gmail:read: maxResults<=10"),
        told("gmail.users.messages.lst: maxResults<=10"),
        told("gmail.users.messages.list: maxResult<=10"),
        told("gmail.users.messages.list: maxResults<=ten"),
        told("gmail.users.messages.list: maxResults contains x"),
        told("gmail.users.messages.list: q <= 10"),
        told("gmail.users.messages.list: q ~ x"),
        told("gmail.users.messages.list: q = \"x"),
        told("gmail.users.messages.list: q in x"),
        told("gmail.users.messages.list: q = a b"),
        told("gmail.users.messages.list: q contains \"\""),
        told("gmail.users.messages.list: , q"),
    ];
    insta::assert_snapshot!(errors.join("\n--\n"));
}
