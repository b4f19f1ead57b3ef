//! A change of something that others already read reaches them. Every way to change a file, a calendar or a shared
//! drive is tried on passes that limit people, and the thing's own list of readers decides.

use std::sync::Arc;

use crate::common::{args, classified, decided, known_service, verified, word};
use datalog::lookup::Unfound;
use datalog::*;
use datalog::{RawRequest, flags};

const CALENDAR: &str = "google-calendar";
const DRIVE: &str = "google-drive";

fn known(service: &str) -> KnownConnection {
    known_service(service, "me@example.com")
}

/// The passes of a service that limit people: by domain, by address, by number.
fn speaking(service: &str) -> [Arc<VerifiedPass>; 3] {
    let allow = format!("{service}:*");
    let narrow = |narrow| MintArgs { narrow, ..args(&[&allow], &[], &[]) };
    [
        Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]),
        Narrowing::default().with(&flags::TO, ["bob@partner.test"]),
        Narrowing::default().with(&flags::LIMIT, ["recipients=1"]),
    ]
    .map(|one| verified(&narrow(one), &[known(service)]))
}

fn request(service: &str, line: &str, body: &str) -> Request {
    classified(&known(service), line, "application/json", body.as_bytes()).unwrap()
}

fn upload(line: &str, content_type: &str, body: &str) -> Request {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap();
    let raw = RawRequest {
        host: Some("www.googleapis.com"),
        query: Some(query),
        content_type: Some(content_type),
        body: body.as_bytes(),
        ..RawRequest::new(method, path)
    };
    let known = known(DRIVE);
    known.service.classify(&known.name, &known.account, &raw).unwrap()
}

fn permissions(all: &[(&str, &str)]) -> String {
    let one =
        |(kind, email): &(&str, &str)| serde_json::json!({"id": email, "type": kind, "emailAddress": email});
    serde_json::json!({"permissions": all.iter().map(one).collect::<Vec<_>>()}).to_string()
}

const ME: (&str, &str) = ("user", "me@example.com");
const BOB: (&str, &str) = ("user", "bob@partner.test");
const EVE: (&str, &str) = ("user", "eve@outside.test");

/// Every way to change an existing file, its name, its description and what is attached to it.
fn changes_of_a_file() -> Vec<Request> {
    let mut all: Vec<Request> = [
        ("PATCH /drive/v3/files/f1", r#"{"name":"x"}"#),
        ("PATCH /drive/v3/files/f1", r#"{"description":"x"}"#),
        ("PATCH /drive/v3/files/f1", r#"{"properties":{"a":"x"}}"#),
        ("PATCH /drive/v3/files/f1", r#"{"contentHints":{"indexableText":"x"}}"#),
        ("PATCH /drive/v3/files/f1", r#"{"contentRestrictions":[{"readOnly":true,"reason":"x"}]}"#),
        ("PATCH /drive/v3/files/f1", r#"{"starred":true}"#),
        ("PATCH /drive/v3/files/f1", r#"{"trashed":false}"#),
        ("PATCH /drive/v3/files/f1", ""),
        ("PATCH /drive/v3/files/f1?addParents=root", ""),
        ("PATCH /drive/v3/files/f1?removeParents=f2", ""),
        ("POST /drive/v3/files/f1/modifyLabels", r#"{"labelModifications":[{"labelId":"l"}]}"#),
        ("PATCH /drive/v3/files/f1/revisions/1", r#"{"keepForever":true}"#),
        ("POST /drive/v3/files/f1/copy", r#"{"name":"x"}"#),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["f1"]}"#),
    ]
    .iter()
    .map(|(line, body)| request(DRIVE, line, body))
    .collect();
    let related =
        "--b\nContent-Type: application/json\n\n{\"name\":\"x\"}\n--b\nContent-Type: text/plain\n\nx\n--b--";
    all.push(upload("PATCH /upload/drive/v3/files/f1?uploadType=media", "text/plain", "x"));
    all.push(upload(
        "PATCH /upload/drive/v3/files/f1?uploadType=multipart",
        "multipart/related; boundary=b",
        related,
    ));
    all
}

#[test]
fn a_change_of_a_file_reaches_whoever_may_open_it() {
    let by_number = permissions(&[ME, BOB, ("user", "carol@partner.test")]);
    for (held, expected) in [
        (permissions(&[ME]), ["allow"; 3]),
        (permissions(&[ME, BOB]), ["allow"; 3]),
        (permissions(&[ME, EVE]), ["deny", "deny", "allow"]),
        (permissions(&[ME, BOB, EVE]), ["deny"; 3]),
        (by_number, ["allow", "deny", "deny"]),
        (permissions(&[ME, ("anyone", "")]), ["unevaluable"; 3]),
        (permissions(&[ME, ("domain", "")]), ["unevaluable"; 3]),
        ("{}".into(), ["unevaluable"; 3]),
    ] {
        for (pass, expected) in speaking(DRIVE).iter().zip(expected) {
            for request in changes_of_a_file() {
                let asked = format!("{} {:?}", request.path, request.arguments);
                let (targets, decided) = decided(pass, request, &|_| Ok(held.clone()));
                assert_eq!(word(&decided), expected, "{asked} {held}");
                assert_eq!(targets.len(), 1, "{asked} {targets:?}");
                assert!(targets[0].starts_with("/drive/v3/files/f1/permissions?"), "{targets:?}");
            }
        }
    }
}

#[test]
fn a_file_whose_readers_nobody_may_know_is_not_changed() {
    for pass in speaking(DRIVE) {
        for request in changes_of_a_file() {
            assert_eq!(word(&decided(&pass, request, &|_| Err(Unfound::Refused)).1), "unevaluable");
        }
    }
}

#[test]
fn a_moved_file_reaches_the_readers_of_the_file_and_of_the_folder() {
    let [by_domain, ..] = speaking(DRIVE);
    for (file, folder, expected) in
        [(BOB, BOB, "allow"), (EVE, BOB, "deny"), (BOB, EVE, "deny"), (("anyone", ""), BOB, "unevaluable")]
    {
        let answers = |target: &str| {
            Ok(permissions(&[ME, if target.starts_with("/drive/v3/files/f1/") { file } else { folder }]))
        };
        for line in ["PATCH /drive/v3/files/f1?addParents=f9", "PATCH /drive/v3/files/f1?addParents=root,f9"]
        {
            let (targets, decided) = decided(&by_domain, request(DRIVE, line, ""), &answers);
            assert_eq!(word(&decided), expected, "{file:?} {folder:?} {targets:?}");
        }
    }
}

#[test]
fn a_change_of_a_shared_drive_reaches_its_members() {
    let [by_domain, ..] = speaking(DRIVE);
    for (member, expected) in [(BOB, "allow"), (EVE, "deny")] {
        for line in ["PATCH /drive/v3/drives/d1", "PATCH /drive/v3/teamdrives/d1"] {
            let (targets, decided) = decided(&by_domain, request(DRIVE, line, r#"{"name":"x"}"#), &|_| {
                Ok(permissions(&[ME, member]))
            });
            assert_eq!(word(&decided), expected, "{line}");
            assert!(targets[0].starts_with("/drive/v3/files/d1/permissions?"), "{targets:?}");
        }
    }
}

#[test]
fn a_change_of_a_calendar_reaches_whoever_reads_it() {
    let rules = |reader: &str| {
        let rule = |kind: &str, value: &str| serde_json::json!({"id": format!("{kind}:{value}"), "role": "reader", "scope": {"type": kind, "value": value}});
        serde_json::json!({"items": [rule("user", "me@example.com"), rule("user", reader)]}).to_string()
    };
    let [by_domain, ..] = speaking(CALENDAR);
    for (reader, expected) in [("bob@partner.test", "allow"), ("eve@outside.test", "deny")] {
        for method in ["PATCH", "PUT"] {
            let line = format!("{method} /calendar/v3/calendars/c1");
            for body in [r#"{"description":"x"}"#, r#"{"summary":"x"}"#, r#"{"location":"x"}"#] {
                let (targets, decided) =
                    decided(&by_domain, request(CALENDAR, &line, body), &|_| Ok(rules(reader)));
                assert_eq!(word(&decided), expected, "{line} {body}");
                assert_eq!(targets, ["/calendar/v3/calendars/c1/acl?maxResults=250"]);
            }
        }
    }
    // The account's own calendar, and its own view of others.
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    for (line, body) in [
        ("PATCH /calendar/v3/calendars/primary", r#"{"description":"x"}"#),
        ("PATCH /calendar/v3/users/me/calendarList/c1", r#"{"colorId":"1"}"#),
        ("POST /calendar/v3/calendars", r#"{"summary":"x"}"#),
    ] {
        assert_eq!(word(&decided(&by_domain, request(CALENDAR, line, body), &never).1), "allow", "{line}");
    }
}

#[test]
fn an_import_reaches_the_guests_of_the_event_that_is_there_already() {
    let event = |guest: &str, uid: &str| {
        format!(
            r#"{{"id":"e1","iCalUID":"{uid}","organizer":{{"email":"me@example.com","self":true}},"attendees":[{{"email":"{guest}"}}]}}"#
        )
    };
    let page = |event: &str| format!(r#"{{"items":[{event}]}}"#);
    let [by_domain, ..] = speaking(CALENDAR);
    let line = "POST /calendar/v3/calendars/primary/events/import";
    for (held, expected) in [
        (page(""), "allow"),
        (page(&event("bob@partner.test", "x@y")), "allow"),
        (page(&event("eve@outside.test", "x@y")), "deny"),
        (page(&event("bob@partner.test", "z@y")), "unevaluable"),
        (page("").replacen('{', r#"{"nextPageToken":"p","#, 1), "unevaluable"),
        (page(r#"{"id":"e1","iCalUID":"x@y"}"#), "unevaluable"),
        ("{}".into(), "unevaluable"),
    ] {
        let body = r#"{"iCalUID":"x@y","organizer":{"email":"me@example.com"}}"#;
        let (targets, decided) = decided(&by_domain, request(CALENDAR, line, body), &|_| Ok(held.clone()));
        assert_eq!(word(&decided), expected, "{held} {targets:?}");
    }
    // A list of ids would be looked up one by one, and none of them would be found.
    for uid in ["x@y,z@y", "x y", "x@y?", "x/y", "\u{e9}"] {
        let body = format!(r#"{{"iCalUID":"{uid}"}}"#);
        let (_, decided) = decided(&by_domain, request(CALENDAR, line, &body), &|_| Ok(page("")));
        assert_eq!(word(&decided), "unevaluable", "{uid}");
    }
}

/// Every way to change something with unknown readers, with and without `send`.
#[test]
fn what_others_read_is_not_changed_where_nobody_can_say_who_they_are() {
    for (service, lines) in [
        (
            "github",
            [
                ("PUT /repos/o/r/contents/a", r#"{"message":"m","content":"eA=="}"#),
                ("POST /repos/o/r/labels", r#"{"name":"x"}"#),
                ("PUT /repos/o/r/topics", r#"{"names":["x"]}"#),
                ("POST /repos/o/r/git/blobs", r#"{"content":"x"}"#),
                ("PATCH /repos/o/r", r#"{"description":"x"}"#),
                ("POST /user/repos", r#"{"name":"x","private":true}"#),
                ("PATCH /user", r#"{"bio":"x"}"#),
            ]
            .as_slice(),
        ),
        (
            "slack",
            &[("POST /api/usergroups.create?name=x", ""), ("POST /api/files.remote.update?title=x", "")],
        ),
        (DRIVE, &[("POST /drive/v3/files/f1/comments", r#"{"content":"x"}"#)]),
        ("gmail", &[("PUT /gmail/v1/users/me/settings/sendAs/a@example.com", r#"{"displayName":"x"}"#)]),
    ] {
        let allow = format!("{service}:*");
        let narrow = Narrowing::default().with(&flags::TO_DOMAIN, ["example.com"]);
        let pass = verified(&MintArgs { narrow, ..args(&[&allow], &[], &[]) }, &[known(service)]);
        let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
        for (line, body) in lines {
            let (_, decided) = decided(&pass, request(service, line, body), &never);
            assert_eq!(word(&decided), "unevaluable", "{line} {body}");
        }
    }
}

#[test]
fn what_only_the_account_reads_reaches_nobody() {
    for (service, lines) in [
        ("github", [("PUT /notifications", "{}"), ("GET /repos/o/r/issues", "")].as_slice()),
        ("slack", &[("POST /api/stars.add?file=F0123ABCD", ""), ("POST /api/canvases.create?title=x", "")]),
        (DRIVE, &[("POST /drive/v3/files", r#"{"name":"x"}"#), ("DELETE /drive/v3/files/f1", "")]),
        (
            "gmail",
            &[
                ("POST /gmail/v1/users/me/labels", r#"{"name":"x"}"#),
                ("POST /gmail/v1/users/me/messages/m1/modify", r#"{"addLabelIds":["STARRED"]}"#),
            ],
        ),
    ] {
        let allow = format!("{service}:*");
        let narrow = Narrowing::default().with(&flags::TO_DOMAIN, ["example.com"]);
        let pass = verified(&MintArgs { narrow, ..args(&[&allow], &[], &[]) }, &[known(service)]);
        let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
        for (line, body) in lines {
            let (_, decided) = decided(&pass, request(service, line, body), &never);
            assert_eq!(word(&decided), "allow", "{line} {body}");
        }
    }
}
