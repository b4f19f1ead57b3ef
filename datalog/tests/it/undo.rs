//! What an approver reads about undoing: from the catalog, and from the people the request reaches.

use crate::common::{NOW, args, classified, known_service, verified};
use datalog::lookup::Inquiry;
use datalog::*;

/// The request as an approver sees it, if `answer` answers every look-up.
fn shown(service: &str, line: &str, body: &str, answer: &str) -> RequestView {
    let known = known_service(service, "me@example.com");
    let pass = verified(&args(&[], &[&format!("{service}.*")], &[]), std::slice::from_ref(&known));
    let request = classified(&known, line, "application/json", body.as_bytes()).unwrap();
    let mut inquiry = Inquiry::about(request, Context::default());
    while let Some(needed) = inquiry.next(&pass, &known.service, NOW) {
        inquiry.learn(&needed, Ok(answer.as_bytes()));
    }
    let (request, context) = inquiry.into_parts();
    RequestView::of(&request, &context.observed, NOW)
}

#[test]
fn what_another_request_brings_back_is_nothing_final() {
    let mail = "/gmail/v1/users/me";
    let trash = r#"{"addLabelIds":["TRASH"]}"#;
    for (service, line, body, by) in [
        ("gmail", format!("POST {mail}/messages/m1/trash"), "", "gmail.users.messages.untrash"),
        ("gmail", format!("POST {mail}/threads/t1/trash"), "", "gmail.users.threads.untrash"),
        ("gmail", format!("POST {mail}/messages/m1/modify"), trash, "gmail.users.messages.modify"),
        (
            "google-drive",
            "PATCH /drive/v3/files/f1".into(),
            r#"{"trashed":true}"#,
            "google-drive.files.update",
        ),
        (
            "google-drive",
            "PATCH /drive/v3/files/f1?removeParents=d1".into(),
            "{}",
            "google-drive.files.update",
        ),
        ("github", "DELETE /user/blocks/bob".into(), "", "github.users/block"),
        (
            "github",
            "DELETE /repos/o/r/vulnerability-alerts".into(),
            "",
            "github.repos/enable-vulnerability-alerts",
        ),
        (
            "github",
            "DELETE /user/packages/npm/p".into(),
            "",
            "github.packages/restore-package-for-authenticated-user",
        ),
        ("slack", "POST /api/pins.remove?channel=C0123&timestamp=1.1".into(), "", "slack.pins.add"),
    ] {
        let undoing = shown(service, &line, body, r#"{"permissions":[]}"#).undoing;
        assert_eq!(undoing.irreversible, None, "{line}");
        assert!(
            undoing.undo.as_ref().is_some_and(|undo| undo.contains(&format!("`{by}`"))),
            "{line}: {undoing:?}"
        );
    }
}

#[test]
fn what_is_gone_is_final_and_what_removes_nothing_is_undone_by_nothing() {
    for (service, line, body, is_final) in [
        ("gmail", "DELETE /gmail/v1/users/me/messages/m1", "", true),
        ("google-drive", "DELETE /drive/v3/files/f1", "", true),
        ("github", "DELETE /repos/o/r", "", true),
        ("slack", "POST /api/chat.delete?channel=C0123&ts=1.1", "", true),
        ("google-drive", "PATCH /drive/v3/files/f1", r#"{"name":"x"}"#, false),
        ("gmail", "POST /gmail/v1/users/me/messages/m1/modify", r#"{"removeLabelIds":["INBOX"]}"#, false),
    ] {
        let undoing = shown(service, line, body, r#"{"permissions":[]}"#).undoing;
        assert_eq!((undoing.irreversible.is_some(), undoing.undo), (is_final, None), "{line}");
    }
}

#[test]
fn a_cancelled_event_is_final_for_its_guests_alone() {
    let event = |guests: &str| {
        format!(
            r#"{{"id":"e1","etag":"\"7\"","organizer":{{"email":"me@example.com","self":true}},"attendees":[{guests}]}}"#
        )
    };
    let cancelled = |guests: &str| {
        let line = "DELETE /calendar/v3/calendars/primary/events/e1";
        shown("google-calendar", line, "", &event(guests)).undoing
    };
    let alone = cancelled("");
    assert_eq!(alone.irreversible, None, "nobody is told");
    assert!(alone.undo.unwrap().contains("google-calendar.events.patch"));
    let told = cancelled(r#"{"email":"bob@partner.test"}"#);
    assert!(told.irreversible.unwrap().contains("what is sent"));
    assert!(told.undo.is_some());
}
