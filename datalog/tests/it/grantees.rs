//! Whom a calendar invitation and a share of a file reach, by passes on the real services.

use std::sync::Arc;

use crate::common::{NOW, classified, known_service, strings, verified};
use datalog::*;
use datalog::{RawRequest, flags};

fn known(service: &str) -> KnownConnection {
    known_service(service, "me@example.com")
}

fn pass(service: &str, allow: &[&str], to_domains: &[&str]) -> Arc<VerifiedPass> {
    let args = MintArgs {
        task: "t".into(),
        allow: strings(allow),
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, strings(to_domains)),
        ..MintArgs::default()
    };
    verified(&args, &[known(service)])
}

fn request(service: &str, line: &str, body: &str) -> Result<Request, String> {
    classified(&known(service), line, "application/json", body.as_bytes())
        .map_err(|error| error.code().to_owned())
}

fn answer(service: &str, pass: &Arc<VerifiedPass>, line: &str, body: &str) -> &'static str {
    let request = request(service, line, body).unwrap_or_else(|code| panic!("{line} {body}: {code}"));
    match decide(pass, request, &Context::default(), NOW) {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    }
}

const CALENDAR: &str = "google-calendar";
const DRIVE: &str = "google-drive";
const EVENTS: &str = "POST /calendar/v3/calendars/primary/events";
const PERMISSIONS: &str = "POST /drive/v3/files/f1/permissions";

#[test]
fn an_invitation_goes_to_nobody_outside() {
    let pass = pass(CALENDAR, &["google-calendar.*"], &["example.com"]);
    for line in [EVENTS] {
        for (body, expected) in [
            (r#"{"summary":"alone"}"#, "allow"),
            (r#"{"attendees":[]}"#, "allow"),
            (
                r#"{"attendees":[{"email":"a@example.com"},{"email":"B@Example.COM","optional":true}]}"#,
                "allow",
            ),
            (r#"{"attendees":[{"email":"a@example.com"},{"email":"evil@outside.test"}]}"#, "deny"),
            (r#"{"attendees":[{"email":"a@notexample.com"}]}"#, "deny"),
            (r#"{"attendees":[{"email":"a@example.com.outside.test"}]}"#, "deny"),
        ] {
            assert_eq!(answer(CALENDAR, &pass, line, body), expected, "{line} {body}");
        }
    }
    let body = r#"{"attendees":[{"email":"evil@outside.test"}]}"#;
    assert_eq!(answer(CALENDAR, &pass, &format!("{EVENTS}?sendUpdates=none"), body), "deny");
}

#[test]
fn a_guest_that_is_not_exactly_an_address_is_unevaluable() {
    let pass = pass(CALENDAR, &["google-calendar.*"], &["example.com"]);
    for guest in [
        r#"{}"#,
        r#"{"id":"117"}"#,
        r#"{"displayName":"a@example.com"}"#,
        r#"{"email":""}"#,
        r#"{"email":"example.com"}"#,
        r#"{"email":" a@example.com"}"#,
        r#"{"email":"a@example.com,evil@outside.test"}"#,
        r#"{"email":"A <a@example.com>"}"#,
        r#"{"email":"evil@outside.test <a@example.com>"}"#,
        r#"{"email":"mailto:evil@outside.test?x=a@example.com"}"#,
        r#"{"email":"a@ex\u0430mple.com"}"#,
        r#"{"email":"a@example.com\nevil@outside.test"}"#,
        r#"{"email":"\"evil@outside.test\"@example.com"}"#,
    ] {
        let alone = format!(r#"{{"attendees":[{guest}]}}"#);
        let beside = format!(r#"{{"attendees":[{{"email":"a@example.com"}},{guest}]}}"#);
        for body in [alone, beside] {
            assert_eq!(answer(CALENDAR, &pass, EVENTS, &body), "unevaluable", "{body}");
        }
    }
}

#[test]
fn whom_an_event_reaches_beside_its_guests_is_unevaluable() {
    let pass = pass(CALENDAR, &["google-calendar.*"], &["example.com"]);
    let guest = r#"{"attendees":[{"email":"a@example.com"}]}"#;
    let event = "/calendar/v3/calendars/primary/events/e1";
    for (line, body) in [
        // Guests whom the event already has.
        (format!("PUT {event}"), guest),
        (format!("PATCH {event}"), guest),
        (format!("PATCH {event}"), r#"{"summary":"x"}"#),
        (format!("PATCH {event}?sendUpdates=none"), r#"{"summary":"x"}"#),
        (format!("DELETE {event}"), ""),
        (format!("POST {event}/move?destination=other"), ""),
        (format!("{EVENTS}/quickAdd?text=lunch%20with%20evil@outside.test"), ""),
        // Readers of another calendar, and guests who are declined.
        ("POST /calendar/v3/calendars/team@group.calendar.google.com/events".into(), r#"{"summary":"x"}"#),
        ("POST /calendar/v3/calendars/team@group.calendar.google.com/events".into(), guest),
        (EVENTS.into(), r#"{"eventType":"outOfOffice"}"#),
        (EVENTS.into(), r#"{"outOfOfficeProperties":{"declineMessage":"x"}}"#),
        (EVENTS.into(), r#"{"focusTimeProperties":{"declineMessage":"x"}}"#),
        (EVENTS.into(), r#"{"anyoneCanAddSelf":true}"#),
        // A standing flow out of the account, and requests that take events away.
        (format!("{EVENTS}/watch"), r#"{"address":"https://outside.test/"}"#),
        ("POST /calendar/v3/calendars/primary/clear".into(), ""),
        ("DELETE /calendar/v3/calendars/c1".into(), ""),
        ("PATCH /calendar/v3/calendars/c1/acl/r1".into(), r#"{"role":"owner"}"#),
    ] {
        assert_eq!(answer(CALENDAR, &pass, &line, body), "unevaluable", "{line} {body}");
    }
    let looks = ["GET /calendar/v3/calendars/primary/events", "GET /calendar/v3/users/me/calendarList"];
    for line in looks {
        assert_eq!(answer(CALENDAR, &pass, line, ""), "allow", "{line}");
    }
    assert_eq!(
        answer(CALENDAR, &pass, "POST /calendar/v3/freeBusy", r#"{"items":[{"id":"b@x.test"}]}"#),
        "allow"
    );
}

#[test]
fn access_to_a_calendar_is_given_to_those_who_may_be_reached() {
    let pass = pass(CALENDAR, &["google-calendar.*"], &["example.com"]);
    let line = "POST /calendar/v3/calendars/primary/acl";
    for (scope, expected) in [
        (r#"{"type":"user","value":"a@example.com"}"#, "allow"),
        (r#"{"type":"group","value":"g@example.com"}"#, "allow"),
        (r#"{"type":"user","value":"evil@outside.test"}"#, "deny"),
        (r#"{"type":"domain","value":"example.com"}"#, "unevaluable"),
        (r#"{"type":"domain","value":"a@example.com"}"#, "unevaluable"),
        (r#"{"type":"default"}"#, "unevaluable"),
        (r#"{"type":"default","value":"a@example.com"}"#, "unevaluable"),
        (r#"{"value":"a@example.com"}"#, "unevaluable"),
        (r#"{"type":"user"}"#, "unevaluable"),
        (r#"{}"#, "unevaluable"),
    ] {
        let body = format!(r#"{{"role":"reader","scope":{scope}}}"#);
        assert_eq!(answer(CALENDAR, &pass, line, &body), expected, "{body}");
    }
    assert_eq!(answer(CALENDAR, &pass, line, r#"{"role":"reader"}"#), "unevaluable");
    assert_eq!(answer(CALENDAR, &pass, line, ""), "unevaluable");
}

#[test]
fn a_file_is_shared_with_nobody_outside() {
    let pass = pass(DRIVE, &["google-drive.*"], &["example.com"]);
    for (body, expected) in [
        (r#"{"role":"reader","type":"user","emailAddress":"a@example.com"}"#, "allow"),
        (r#"{"role":"writer","type":"group","emailAddress":"G@example.com"}"#, "allow"),
        (r#"{"role":"reader","type":"user","emailAddress":"evil@outside.test"}"#, "deny"),
        (r#"{"role":"reader","type":"user","emailAddress":"a@example.com.outside.test"}"#, "deny"),
        (
            r#"{"role":"reader","type":"user","emailAddress":"a@example.com, evil@outside.test"}"#,
            "unevaluable",
        ),
        (r#"{"role":"reader","type":"user","emailAddress":"A <a@example.com>"}"#, "unevaluable"),
        (r#"{"role":"reader","type":"user"}"#, "unevaluable"),
        (r#"{"role":"reader","type":"anyone"}"#, "unevaluable"),
        (r#"{"role":"reader","type":"anyone","emailAddress":"a@example.com"}"#, "unevaluable"),
        (r#"{"role":"reader","type":"domain","domain":"example.com"}"#, "unevaluable"),
        (r#"{"role":"reader","type":"domain","emailAddress":"a@example.com"}"#, "unevaluable"),
        (r#"{"role":"reader","type":"User","emailAddress":"a@example.com"}"#, "unevaluable"),
        (r#"{"role":"reader","emailAddress":"a@example.com"}"#, "unevaluable"),
        (
            r#"{"role":"reader","type":"user","emailAddress":"a@example.com","domain":"outside.test"}"#,
            "unevaluable",
        ),
        (r#"{"role":"reader","type":"user","emailAddress":"a@example.com","id":"117"}"#, "unevaluable"),
        ("{}", "unevaluable"),
        ("", "unevaluable"),
    ] {
        assert_eq!(answer(DRIVE, &pass, PERMISSIONS, body), expected, "{body}");
    }
}

#[test]
fn whom_a_file_reaches_by_another_way_is_unevaluable() {
    let pass = pass(DRIVE, &["google-drive.*"], &["example.com"]);
    for (line, body) in [
        ("PATCH /drive/v3/files/f1/permissions/p1", r#"{"role":"writer"}"#),
        ("DELETE /drive/v3/files/f1/permissions/p1", ""),
        ("PATCH /drive/v3/files/f1?addParents=shared", ""),
        ("PATCH /drive/v3/files/f1", r#"{"name":"y"}"#),
        ("PATCH /drive/v3/files/f1?addParents=root&removeParents=p1", ""),
        ("PATCH /drive/v3/files/f1", r#"{"writersCanShare":true}"#),
        ("PATCH /drive/v3/files/f1", r#"{"permissions":[{"type":"anyone"}]}"#),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["shared"]}"#),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["root","shared"]}"#),
        ("POST /drive/v3/files", r#"{"name":"x","parents":[]}"#),
        ("POST /drive/v3/files/f1/copy", r#"{"parents":["shared"]}"#),
        ("PATCH /drive/v3/files/f1/revisions/1", r#"{"published":true}"#),
        ("POST /drive/v3/files/f1/watch", r#"{"address":"https://outside.test/"}"#),
        ("POST /drive/v3/files/f1/comments", r#"{"content":"+evil@outside.test look"}"#),
        ("POST /drive/v3/files/f1/approvals:start", r#"{"reviewerEmails":["a@example.com"]}"#),
        ("POST /drive/v3/files/f1/accessproposals/p1:resolve", r#"{"action":"ACCEPT"}"#),
    ] {
        assert_eq!(answer(DRIVE, &pass, line, body), "unevaluable", "{line} {body}");
    }
    for (line, body) in [
        ("GET /drive/v3/files/f1?alt=media", ""),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["root"]}"#),
        ("POST /drive/v3/files", r#"{"name":"x"}"#),
    ] {
        assert_eq!(answer(DRIVE, &pass, line, body), "allow", "{line} {body}");
    }
}

#[test]
fn writing_alone_invites_nobody_and_shares_nothing() {
    let calendar = pass(CALENDAR, &["google-calendar:read", "google-calendar:write"], &[]);
    for (line, body, expected) in [
        (EVENTS, r#"{"summary":"focus"}"#, "allow"),
        (EVENTS, r#"{"attendees":[{"email":"a@example.com"}]}"#, "deny"),
        (EVENTS, r#"{"attendees":[]}"#, "deny"),
        (EVENTS, r#"{"eventType":"outOfOffice"}"#, "deny"),
        ("POST /calendar/v3/calendars/team/events", r#"{"summary":"x"}"#, "deny"),
        ("PATCH /calendar/v3/calendars/primary/events/e1", r#"{"summary":"x"}"#, "deny"),
        ("POST /calendar/v3/calendars/primary/events/import", r#"{"iCalUID":"x@y"}"#, "deny"),
        ("POST /calendar/v3/users/me/calendarList", r#"{"id":"c"}"#, "allow"),
    ] {
        assert_eq!(answer(CALENDAR, &calendar, line, body), expected, "{line} {body}");
    }
    let drive = pass(DRIVE, &["google-drive:read", "google-drive:write"], &[]);
    for (line, body, expected) in [
        ("POST /drive/v3/files", r#"{"name":"x"}"#, "allow"),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["f9"]}"#, "deny"),
        ("PATCH /drive/v3/files/f1", r#"{"name":"y"}"#, "allow"),
        ("PATCH /drive/v3/files/f1", r#"{"trashed":false}"#, "deny"),
        ("PATCH /drive/v3/files/f1", r#"{"trashed":true}"#, "deny"),
        ("PATCH /drive/v3/files/f1?addParents=f9", "", "deny"),
        ("PATCH /drive/v3/files/f1?removeParents=f9", "", "deny"),
        ("PATCH /drive/v3/files/f1?addParents=root&enforceSingleParent=true", "", "deny"),
        ("PATCH /drive/v3/files/f1", r#"{"mimeType":"application/vnd.google-apps.script"}"#, "deny"),
        ("POST /drive/v3/files/f1/copy", "", "deny"),
        ("POST /drive/v3/files/f1/copy", r#"{"name":"x"}"#, "deny"),
        ("POST /drive/v3/files/f1/copy", r#"{"parents":["root"]}"#, "allow"),
        (PERMISSIONS, r#"{"type":"user","emailAddress":"a@example.com"}"#, "deny"),
        ("GET /drive/v3/files/generateCseToken", "", "deny"),
    ] {
        assert_eq!(answer(DRIVE, &drive, line, body), expected, "{line} {body}");
    }
    let sharing = pass(DRIVE, &["google-drive:send", "google-drive:share"], &[]);
    for (target, role, expected) in [
        (PERMISSIONS, "reader", "allow"),
        (PERMISSIONS, "owner", "deny"),
        ("POST /drive/v3/files/f1/permissions?transferOwnership=true", "writer", "deny"),
    ] {
        let body = format!(r#"{{"type":"user","role":"{role}","emailAddress":"a@example.com"}}"#);
        assert_eq!(answer(DRIVE, &sharing, target, &body), expected, "{target} {role}");
    }
}

#[test]
fn what_an_upload_says_of_its_file_is_read_like_a_body() {
    let known = known(DRIVE);
    let writing = pass(DRIVE, &["google-drive:write"], &[]);
    let answer = |method: &str, path: &str, query: &str, kind: &str, body: String| {
        let raw = RawRequest {
            host: Some("www.googleapis.com"),
            query: Some(query),
            content_type: Some(kind),
            body: body.as_bytes(),
            ..RawRequest::new(method, path)
        };
        let request = known.service.classify(&known.name, &known.account, &raw).unwrap();
        matches!(decide(&writing, request, &Context::default(), NOW), Decided::Allow(_))
    };
    let (create, update) = ("/upload/drive/v3/files", "/upload/drive/v3/files/f1");
    let related = |metadata: &str| {
        format!(
            "--b\nContent-Type: application/json\n\n{metadata}\n--b\nContent-Type: text/plain\n\nx\n--b--"
        )
    };
    let packed = |method, path, query, metadata| {
        answer(method, path, query, "multipart/related; boundary=b", related(metadata))
    };
    assert!(answer("POST", create, "uploadType=media", "text/plain", "x".into()));
    assert!(packed("POST", create, "uploadType=multipart", r#"{"name":"x"}"#));
    assert!(!packed("POST", create, "uploadType=multipart", r#"{"name":"x","parents":["shared"]}"#));
    assert!(packed("PATCH", update, "uploadType=multipart", r#"{"name":"x"}"#));
    assert!(!packed("PATCH", update, "uploadType=multipart", r#"{"trashed":true}"#));
    assert!(!packed("PATCH", update, "uploadType=multipart&addParents=shared", r#"{"name":"x"}"#));
    assert!(!answer("PATCH", update, "uploadType=media&addParents=shared", "text/plain", "x".into()));
}

#[test]
fn nobody_acts_as_the_administrator_of_a_domain() {
    for (service, line) in [
        (DRIVE, "GET /drive/v3/drives?useDomainAdminAccess="),
        (DRIVE, "GET /drive/v3/files/f1/permissions?useDomainAdminAccess="),
        (
            CALENDAR,
            "POST /calendar/v3/calendars/c1/transferOwnership?newDataOwner=a@example.com&useAdminAccess=",
        ),
    ] {
        for word in ["true", "True"] {
            assert_eq!(request(service, &format!("{line}{word}"), "").unwrap_err(), "ambiguous-request");
        }
        let request = request(service, &format!("{line}False"), "").unwrap();
        assert!(
            request.query.ends_with("AdminAccess=false")
                || request.query.ends_with("DomainAdminAccess=false")
        );
        assert!(request.arguments.iter().all(|argument| !argument.name.contains("Admin")));
    }
}
