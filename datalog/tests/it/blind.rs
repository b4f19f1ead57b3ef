//! Nobody is asked about a request if nobody could know what it does, because the thing it names was not found.

use std::collections::BTreeSet;

use crate::common::letters::letter;
use crate::common::{CATALOG, args, classified, decided, known_service, verified, word};
use datalog::lookup::{Finds, Unfound};
use datalog::*;

/// A request for each operation whose meaning depends on a look-up, and the decision if the look-up fails: the
/// readers of a place may stay unknown, but not what the request does.
const ALL: &[(&str, &str, &str, &str)] = &[
    ("gmail", "POST /gmail/v1/users/me/drafts/send", r#"{"id":"r-1"}"#, "unevaluable"),
    ("google-calendar", "DELETE /calendar/v3/calendars/primary/events/e1", "", "unevaluable"),
    (
        "google-calendar",
        "POST /calendar/v3/calendars/primary/events/e1/move?destination=c2",
        "",
        "unevaluable",
    ),
    (
        "google-calendar",
        "PATCH /calendar/v3/calendars/primary/events/e1",
        r#"{"summary":"x"}"#,
        "unevaluable",
    ),
    ("google-calendar", "PUT /calendar/v3/calendars/primary/events/e1", r#"{"summary":"x"}"#, "unevaluable"),
    (
        "google-calendar",
        "POST /calendar/v3/calendars/primary/events/import",
        r#"{"iCalUID":"u1"}"#,
        "unevaluable",
    ),
    ("google-calendar", "POST /calendar/v3/calendars/c1/events", r#"{"summary":"x"}"#, "ask"),
    ("google-calendar", "PATCH /calendar/v3/calendars/c1", r#"{"summary":"x"}"#, "ask"),
    ("google-calendar", "PUT /calendar/v3/calendars/c1", r#"{"summary":"x"}"#, "ask"),
    ("google-calendar", "DELETE /calendar/v3/calendars/c1/acl/user:b@x.test", "", "unevaluable"),
    (
        "google-calendar",
        "PATCH /calendar/v3/calendars/c1/acl/user:b@x.test",
        r#"{"role":"reader"}"#,
        "unevaluable",
    ),
    (
        "google-calendar",
        "PUT /calendar/v3/calendars/c1/acl/user:b@x.test",
        r#"{"role":"reader"}"#,
        "unevaluable",
    ),
    ("google-drive", "DELETE /drive/v3/files/f1/permissions/p1", "", "unevaluable"),
    ("google-drive", "PATCH /drive/v3/files/f1/permissions/p1", r#"{"role":"reader"}"#, "unevaluable"),
    ("google-drive", "POST /drive/v3/files/f1/copy", r#"{"name":"x"}"#, "ask"),
    ("google-drive", "POST /drive/v3/files", r#"{"name":"x","parents":["d1"]}"#, "ask"),
    ("google-drive", "PATCH /drive/v3/files/f1", r#"{"name":"x"}"#, "ask"),
    ("google-drive", "POST /drive/v3/files/f1/modifyLabels", "{}", "ask"),
    ("google-drive", "PATCH /drive/v3/files/f1/revisions/1", r#"{"keepForever":true}"#, "ask"),
    ("google-drive", "PATCH /drive/v3/drives/d1", r#"{"name":"x"}"#, "ask"),
    ("google-drive", "PATCH /drive/v3/teamdrives/d1", r#"{"name":"x"}"#, "ask"),
];

fn asking(service: &str) -> (KnownConnection, std::sync::Arc<VerifiedPass>) {
    let known = known_service(service, "me@example.com");
    let everything = format!("{service}.*");
    let pass = verified(&args(&[], &[&everything], &[]), std::slice::from_ref(&known));
    (known, pass)
}

/// The operations of the catalog whose look-ups tell what they do or whom they reach.
fn hanging() -> BTreeSet<String> {
    let of_people = [Finds::Thread, Finds::Conversation, Finds::Members, Finds::Person];
    let shown = |finds: Finds| !of_people.contains(&finds);
    let all = CATALOG.operations().filter(|one| one.looks.iter().any(|look| shown(look.finds)));
    all.map(|one| one.id.to_string()).collect()
}

#[test]
fn nobody_is_asked_about_what_is_named_by_an_id_and_not_found() {
    let mut walked = BTreeSet::new();
    for (service, line, body, refused) in ALL {
        let (known, pass) = asking(service);
        let request = || classified(&known, line, "application/json", body.as_bytes()).unwrap();
        walked.insert(request().operation.id.to_string());
        for unfound in [Unfound::NoAnswer, Unfound::TooLarge] {
            let (targets, answer) = decided(&pass, request(), &|_| Err(unfound));
            assert_eq!((word(&answer), targets.is_empty()), ("unevaluable", false), "{line} {unfound}");
            let Decided::Deny(denied) = answer else { panic!() };
            assert!(denied.reasons()[0].expected.contains("can be shown"), "{:?}", denied.reasons());
        }
        for junk in ["", "null", "not json", "[]"] {
            let (_, answer) = decided(&pass, request(), &|_| Ok(junk.into()));
            assert_ne!(word(&answer), "allow", "{line} {junk}");
        }
        let (_, answer) = decided(&pass, request(), &|_| Err(Unfound::Refused));
        assert_eq!(word(&answer), *refused, "{line}");
        if let Decided::Ask(asked) = answer {
            let mut inquiry = lookup::Inquiry::about(asked.into_request(), Context::default());
            while let Some(needed) = inquiry.next(&pass, &known.service, crate::common::NOW) {
                inquiry.learn(&needed, Err(Unfound::Refused));
            }
            let (request, context) = inquiry.into_parts();
            let shown = RequestView::of(&request, &context.observed, crate::common::NOW);
            assert!(shown.recipients_unknown.is_some(), "{line}: the approver is told that nobody knows");
        }
    }
    assert_eq!(walked, hanging());
}

#[test]
fn a_message_in_place_of_a_draft_is_asked_about_with_what_the_draft_holds() {
    let (known, pass) = asking("gmail");
    let body = format!(r#"{{"id":"r-1","message":{{"raw":"{}"}}}}"#, letter("bob@partner.test"));
    let send = || {
        let line = "POST /gmail/v1/users/me/drafts/send";
        classified(&known, line, "application/json", body.as_bytes()).unwrap()
    };
    let (targets, answer) = decided(&pass, send(), &|_| Err(Unfound::Refused));
    assert_eq!((word(&answer), targets.len()), ("unevaluable", 1));
    let held = letter("carol@partner.test");
    let draft = format!(r#"{{"id":"r-1","message":{{"threadId":"t1","raw":"{held}"}}}}"#);
    assert_eq!(word(&decided(&pass, send(), &|_| Ok(draft.clone())).1), "ask");
}

#[test]
fn whom_a_change_reaches_is_looked_up_for_the_person_who_is_asked() {
    let (known, pass) = asking("google-calendar");
    let line = "DELETE /calendar/v3/calendars/primary/events/e1";
    let request = classified(&known, line, "", b"").unwrap();
    let mut inquiry = lookup::Inquiry::about(request, Context::default());
    let event = r#"{"id":"e1","etag":"\"7\"","organizer":{"email":"me@example.com","self":true},"attendees":[{"email":"bob@partner.test"}]}"#;
    while let Some(needed) = inquiry.next(&pass, &known.service, crate::common::NOW) {
        inquiry.learn(&needed, Ok(event.as_bytes()));
    }
    let (request, context) = inquiry.into_parts();
    let shown = RequestView::of(&request, &context.observed, crate::common::NOW);
    assert_eq!(shown.recipients, ["bob@partner.test"], "{:?}", shown.recipients_unknown);
}
