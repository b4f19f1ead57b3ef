//! Checks on things, if a request names a thing in two places, or by a parameter of every operation.

use crate::common::*;
use crate::things::{are, checking, classified, minted, request};
use datalog::flags;
use datalog::*;

#[test]
fn what_a_body_calls_by_another_name_says_the_same_as_the_path() {
    let refused = [
        ("google-drive", "PATCH /drive/v3/files/F1", r#"{"id":"F2"}"#),
        ("google-drive", "PATCH /drive/v3/files/F1", r#"{"name":"x","id":""}"#),
        ("google-drive", "PATCH /drive/v3/files/F1/permissions/P1", r#"{"id":"P2","role":"reader"}"#),
        ("google-drive", "PATCH /drive/v3/files/F1/comments/C1", r#"{"id":"C2","content":"x"}"#),
        ("google-drive", "PATCH /drive/v3/files/F1/comments/C1/replies/R1", r#"{"id":"R2","content":"x"}"#),
        ("google-drive", "PATCH /drive/v3/files/F1/revisions/R1", r#"{"id":"R2"}"#),
        ("google-drive", "PATCH /drive/v3/drives/D1", r#"{"id":"D2"}"#),
        ("google-calendar", "PATCH /calendar/v3/calendars/c1/events/e1", r#"{"id":"e2"}"#),
        ("google-calendar", "PUT /calendar/v3/calendars/c1/events/e1", r#"{"id":"e2","start":{},"end":{}}"#),
        ("google-calendar", "PATCH /calendar/v3/calendars/c1/events/e1", r#"{"recurringEventId":"e2"}"#),
        ("google-calendar", "PATCH /calendar/v3/calendars/c1", r#"{"id":"c2"}"#),
        ("google-calendar", "PATCH /calendar/v3/users/me/calendarList/c1", r#"{"id":"c2"}"#),
        ("google-calendar", "PATCH /calendar/v3/calendars/primary", r#"{"id":"bob@example.com"}"#),
        (
            "google-calendar",
            "PATCH /calendar/v3/calendars/c1/acl/user%3Abob@x.test",
            r#"{"id":"user:eve@x.test"}"#,
        ),
        (
            "google-calendar",
            "PATCH /calendar/v3/calendars/c1/acl/user%3Abob@x.test",
            r#"{"scope":{"type":"user","value":"eve@x.test"}}"#,
        ),
        ("gmail", "PUT /gmail/v1/users/me/labels/L1", r#"{"id":"L2","name":"x"}"#),
    ];
    for (service, line, body) in refused {
        let error =
            classified(service, line, body).err().unwrap_or_else(|| panic!("{line} {body} was taken"));
        assert_eq!(error.code(), "ambiguous-request", "{line} {body}");
    }
    for (service, line, body) in [
        ("google-drive", "PATCH /drive/v3/files/F1", r#"{"id":"F1","name":"x"}"#),
        ("google-drive", "POST /drive/v3/files/F1/copy", r#"{"id":"F2"}"#),
        ("google-drive", "POST /drive/v3/files/F1/watch", r#"{"id":"channel"}"#),
        ("google-calendar", "PATCH /calendar/v3/calendars/primary", r#"{"id":"alice@example.com"}"#),
        (
            "google-calendar",
            "PATCH /calendar/v3/calendars/c1/events/e1_20261201T090000Z",
            r#"{"recurringEventId":"e1"}"#,
        ),
        (
            "google-calendar",
            "PUT /calendar/v3/calendars/c1/acl/user%3Abob@x.test",
            r#"{"id":"user:bob@x.test","role":"reader","scope":{"type":"user","value":"bob@x.test"}}"#,
        ),
    ] {
        request(service, line, body);
    }
}

#[test]
fn what_every_operation_takes_is_seen_where_it_holds_any_text() {
    for service in ["gmail", "google-calendar", "google-drive"] {
        let line = match service {
            "gmail" => "GET /gmail/v1/users/me/messages",
            "google-calendar" => "GET /calendar/v3/calendars/c1/events",
            _ => "GET /drive/v3/files",
        };
        for name in ["quotaUser", "userIp"] {
            let error = classified(service, &format!("{line}?{name}=SECRET"), "").unwrap_err();
            assert_eq!(error.code(), "ambiguous-request", "{service} {name}");
        }
        let operation = request(service, line, "").operation.id.to_string();
        let narrow = Narrowing::default().with(&flags::ARG, [&format!("{operation}: q?")]);
        let pass = minted(service, narrow).unwrap();
        are(&pass, service, "allow", &[(line, ""), (&format!("{line}?prettyPrint=false&alt=json"), "")]);
        are(&pass, service, "deny", &[(&format!("{line}?fields=SECRET"), "")]);
        let narrow = Narrowing::default().with(&flags::ARG, [&format!("{operation}: q?, fields?")]);
        are(&minted(service, narrow).unwrap(), service, "allow", &[(&format!("{line}?fields=kind"), "")]);
    }
}

#[test]
fn a_check_on_things_that_no_request_could_name_is_refused() {
    let told = |service: &str, check: &str| {
        let narrow = Narrowing::default().with(&flags::CHECK, [check]);
        minted(service, narrow).err().unwrap_or_else(|| panic!("{check} was taken")).to_string()
    };
    for (service, check, right) in [
        ("github", r#"reject if resource("rep", "octo/hello")"#, "there are"),
        ("github", r#"reject if resource("repo", "hello")"#, "`{owner}/{repo}`"),
        ("github", r#"reject if resource("team", "17")"#, "`{org}/{team_slug}`"),
        ("github", r#"reject if resource("issue", "7")"#, "`{owner}/{repo}#{issue_number}`"),
        ("github", r#"reject if resource("branch", "o/r/refs/heads/main")"#, "`o/r/main`"),
        ("github", r#"reject if resource("repo", "o/r.git")"#, "`o/r`"),
        ("github", r#"reject if resource("label", "o/r/Bug")"#, "`o/r/bug`"),
        ("github", r#"check if unseen_count("mesage", 0)"#, "there are"),
        ("slack", r#"reject if resource("message", "C0123")"#, "`{channel}/{thread_ts}`"),
        ("gmail", r#"reject if resource("send-as", "Boss@example.com")"#, "`boss@example.com`"),
    ] {
        let said = told(service, check);
        assert!(said.contains(right), "{check}: {said}");
    }
}

#[test]
fn only_what_was_seen_is_touched_by_another_name_either() {
    let seen = |only: &str| Narrowing::default().with(&flags::ONLY_SEEN, [only]);
    let pass = minted("github", seen("issue")).unwrap();
    are(
        &pass,
        "github",
        "deny",
        &[
            ("POST /repos/o/r/issues/1/sub_issues", r#"{"sub_issue_id":5}"#),
            ("PATCH /repos/o/r/pulls/1", r#"{"state":"closed"}"#),
        ],
    );
    // The agent comments on an issue that an earlier list showed as a pull request.
    let twin = Resource { kind: "pull".into(), id: "o/r#1".into() };
    let context = Context {
        known: Known { seen: [twin].into_iter().collect(), ..Known::default() },
        ..Context::default()
    };
    let comment = request("github", "POST /repos/o/r/issues/1/comments", r#"{"body":"x"}"#);
    assert!(matches!(decide(&pass, comment, &context, NOW), Decided::Allow(_)));
    let branch = checking("github", r#"check if uncreated_count("branch", 0)"#);
    are(&branch, "github", "deny", &[("PUT /repos/o/r/contents/a", r#"{"message":"m","content":""}"#)]);
}
