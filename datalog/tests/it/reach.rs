//! Whom an event on a shared calendar, a series, and a file in a shared folder reach. Look-ups tell this. If they do
//! not tell all of it, the request is denied.

use std::sync::Arc;

use crate::common::{args, classified, decided, known_service, verified, word};
use datalog::flags;
use datalog::lookup::Unfound;
use datalog::*;

const CALENDAR: &str = "google-calendar";
const DRIVE: &str = "google-drive";
const TEAM: &str = "/calendar/v3/calendars/team@group.calendar.google.com";

fn limited(service: &str) -> Arc<VerifiedPass> {
    let allow = format!("{service}.*");
    let args = MintArgs {
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]),
        ..args(&[&allow], &[], &[])
    };
    verified(&args, &[known_service(service, "me@example.com")])
}

fn request(service: &str, line: &str, body: &str) -> Request {
    classified(&known_service(service, "me@example.com"), line, "application/json", body.as_bytes()).unwrap()
}

/// The decision on each request of one service, with every look-up answered by `answers`.
#[track_caller]
fn is(
    service: &str,
    (line, body): (&str, &str),
    answers: &dyn Fn(&str) -> Result<String, Unfound>,
    expected: &str,
) {
    let (targets, decided) = decided(&limited(service), request(service, line, body), answers);
    assert_eq!(word(&decided), expected, "{line} {body} after {targets:?}");
}

fn rules(rules: &[(&str, &str, &str)]) -> String {
    let rule = |(role, kind, value): &(&str, &str, &str)| serde_json::json!({"id": format!("{kind}:{value}"), "role": role, "scope": {"type": kind, "value": value}});
    serde_json::json!({"kind": "calendar#acl", "items": rules.iter().map(rule).collect::<Vec<_>>()})
        .to_string()
}

const ME: (&str, &str, &str) = ("owner", "user", "me@example.com");
const ITSELF: (&str, &str, &str) = ("owner", "user", "team@group.calendar.google.com");

#[test]
fn an_event_on_a_shared_calendar_reaches_whoever_reads_that() {
    let shared = |with: &[(&str, &str, &str)]| rules(&[&[ME, ITSELF], with].concat());
    for (with, expected) in [
        (shared(&[]), "allow"),
        (shared(&[("reader", "user", "bob@partner.test")]), "allow"),
        (shared(&[("freeBusyReader", "group", "all@partner.test")]), "allow"),
        (shared(&[("none", "user", "eve@outside.test")]), "allow"),
        (shared(&[("reader", "user", "eve@outside.test")]), "deny"),
        (shared(&[("freeBusyReader", "user", "eve@outside.test")]), "deny"),
        (shared(&[("somethingNew", "user", "eve@outside.test")]), "deny"),
        (shared(&[("reader", "domain", "partner.test")]), "unevaluable"),
        (shared(&[("freeBusyReader", "default", "")]), "unevaluable"),
        (shared(&[("reader", "robot", "bob@partner.test")]), "unevaluable"),
        (shared(&[("reader", "user", "Bob <bob@partner.test>")]), "unevaluable"),
        (rules(&[]), "unevaluable"),
        ("{}".into(), "unevaluable"),
        (shared(&[]).replace("\"items\"", "\"nextPageToken\":\"x\",\"items\""), "unevaluable"),
        (shared(&[]).replace("\"role\"", "\"rank\""), "unevaluable"),
        (shared(&[]).replace("\"scope\"", "\"reach\""), "unevaluable"),
    ] {
        for body in [r#"{"summary":"x"}"#, r#"{"attendees":[{"email":"bob@partner.test"}]}"#] {
            let (targets, decided) =
                decided(&limited(CALENDAR), request(CALENDAR, &format!("POST {TEAM}/events"), body), &|_| {
                    Ok(with.clone())
                });
            assert_eq!(word(&decided), expected, "{with}");
            assert_eq!(targets, [format!("{}/acl?maxResults=250", TEAM.replace('@', "%40"))]);
        }
    }
    let guest = r#"{"attendees":[{"email":"eve@outside.test"}]}"#;
    is(CALENDAR, (&format!("POST {TEAM}/events"), guest), &|_| Ok(shared(&[])), "deny");
    is(CALENDAR, (&format!("POST {TEAM}/events"), "{}"), &|_| Err(Unfound::Refused), "unevaluable");
    // Only the account reads its own calendar, so nothing is looked up.
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    is(CALENDAR, ("POST /calendar/v3/calendars/primary/events", "{}"), &never, "allow");
}

fn event(more: &str) -> String {
    format!(r#"{{"id":"e1","etag":"\"33\"","organizer":{{"email":"me@example.com","self":true}}{more}}}"#)
}

fn guests(emails: &[&str]) -> String {
    let all: Vec<_> = emails.iter().map(|email| serde_json::json!({"email": email})).collect();
    format!(r#","attendees":{}"#, serde_json::Value::from(all))
}

#[test]
fn a_moved_event_reaches_its_guests_and_the_readers_of_both_calendars() {
    let line =
        "POST /calendar/v3/calendars/primary/events/e1/move?destination=team@group.calendar.google.com";
    for (guest, reader, expected) in [
        ("bob@partner.test", "carol@partner.test", "allow"),
        ("eve@outside.test", "carol@partner.test", "deny"),
        ("bob@partner.test", "eve@outside.test", "deny"),
    ] {
        let answers = |target: &str| match target.contains("/acl") {
            true => Ok(rules(&[ME, ("reader", "user", reader)])),
            false => Ok(event(&guests(&[guest]))),
        };
        let (targets, decided) = decided(&limited(CALENDAR), request(CALENDAR, line, ""), &answers);
        assert_eq!(word(&decided), expected, "{guest} {reader}");
        assert_eq!(targets.len(), 2, "{targets:?}");
    }
    let back = format!("POST {TEAM}/events/e1/move?destination=primary");
    let outside = |target: &str| match target.contains("/acl") {
        true => Ok(rules(&[ME, ("reader", "user", "eve@outside.test")])),
        false => Ok(event("")),
    };
    is(CALENDAR, (&back, ""), &outside, "deny");
}

#[test]
fn a_change_of_a_series_reaches_the_guests_of_each_of_its_events() {
    const EVENT: &str = "/calendar/v3/calendars/primary/events/e1";
    let single = |id: &str, of: &str, more: &str| {
        event(more).replace("e1", id).replacen('{', &format!(r#"{{"recurringEventId":"{of}","#), 1)
    };
    let series = event(&format!(r#","recurrence":["RRULE:FREQ=DAILY"]{}"#, guests(&["bob@partner.test"])));
    let page = |items: &[String]| format!(r#"{{"items":[{}]}}"#, items.join(","));
    let same = single("e1_1", "e1", &guests(&["bob@partner.test"]));
    for (instances, expected) in [
        (page(std::slice::from_ref(&same)), "allow"),
        (page(&[]), "allow"),
        (page(&[same.clone(), single("e1_2", "e1", &guests(&["eve@outside.test"]))]), "deny"),
        (page(std::slice::from_ref(&same)).replacen('{', r#"{"nextPageToken":"x","#, 1), "unevaluable"),
        (page(&[single("e2_1", "e2", "")]), "unevaluable"),
        (page(&[event("")]), "unevaluable"),
        (page(&[single("e1_2", "e1", r#","attendeesOmitted":true"#)]), "unevaluable"),
        (page(&[single("e1_2", "e1", r#","attendees":[{"displayName":"x"}]"#)]), "unevaluable"),
        (page(&[same.replace("organizer", "x")]), "unevaluable"),
        ("{}".into(), "unevaluable"),
        (r#"{"items":{}}"#.into(), "unevaluable"),
    ] {
        for (method, body) in [("PATCH", r#"{"summary":"x"}"#), ("PUT", r#"{"summary":"x"}"#), ("DELETE", "")]
        {
            let answers = |target: &str| match target.contains("/instances") {
                true => Ok(instances.clone()),
                false => Ok(series.clone()),
            };
            let line = format!("{method} {EVENT}");
            let (targets, decided) = decided(&limited(CALENDAR), request(CALENDAR, &line, body), &answers);
            assert_eq!(word(&decided), expected, "{method} {instances}");
            assert_eq!(targets.len(), 2, "{targets:?}");
        }
    }
    // A change of a single event of a series reaches only its own guests.
    let (targets, decided) = decided(
        &limited(CALENDAR),
        request(CALENDAR, &format!("PATCH {EVENT}"), r#"{"summary":"x"}"#),
        &|_| Ok(single("e1", "master", &guests(&["bob@partner.test"]))),
    );
    assert_eq!((word(&decided), targets.len()), ("allow", 1));
}

#[test]
fn an_event_that_is_read_and_written_back_is_judged_by_what_it_says() {
    let line = "PUT /calendar/v3/calendars/primary/events/e1";
    let held = event(&guests(&["bob@partner.test"]));
    let back = |more: &str| {
        format!(
            r#"{{"kind":"calendar#event","id":"e1","etag":"\"33\"","status":"confirmed","anyoneCanAddSelf":false,
            "creator":{{"email":"me@example.com","self":true}},"organizer":{{"email":"me@example.com","self":true}},
            "attendees":[{{"email":"me@example.com","self":true,"organizer":true}},{{"email":"bob@partner.test"}}],
            "start":{{"dateTime":"2026-11-23T10:00:00Z"}},"end":{{"dateTime":"2026-11-23T11:00:00Z"}}{more}}}"#
        )
    };
    for (more, expected) in [
        ("", "allow"),
        (r#","eventType":"default""#, "allow"),
        (r#","eventType":"outOfOffice""#, "unevaluable"),
        (r#","eventType":"workingLocation""#, "unevaluable"),
        (r#","outOfOfficeProperties":{"declineMessage":"x"}"#, "unevaluable"),
    ] {
        is(CALENDAR, (line, &back(more)), &|_| Ok(held.clone()), expected);
    }
    let open = back("").replace(r#""anyoneCanAddSelf":false"#, r#""anyoneCanAddSelf":true"#);
    is(CALENDAR, (line, &open), &|_| Ok(held.clone()), "unevaluable");
}

#[test]
fn an_imported_event_reaches_its_guests_and_who_organises_it() {
    let line = "POST /calendar/v3/calendars/primary/events/import";
    let never = |_: &str| Ok(r#"{"items":[]}"#.to_owned());
    for (organizer, expected) in
        [("bob@partner.test", "allow"), ("eve@outside.test", "deny"), ("me@example.com", "allow")]
    {
        let body = format!(r#"{{"iCalUID":"x@y","organizer":{{"email":"{organizer}"}}}}"#);
        is(CALENDAR, (line, &body), &never, expected);
    }
    is(CALENDAR, (line, r#"{"iCalUID":"x@y","organizer":{"displayName":"Eve"}}"#), &never, "unevaluable");
}

#[test]
fn a_rule_of_a_calendar_is_for_whom_it_says() {
    let held = |kind: &str, value: &str| {
        Ok(format!(
            r#"{{"id":"user:x@y.test","role":"reader","scope":{{"type":"{kind}","value":"{value}"}}}}"#
        ))
    };
    for (method, body) in [("PATCH", r#"{"role":"writer"}"#), ("DELETE", "")] {
        let line = format!("{method} {TEAM}/acl/user%3Ax@y.test");
        is(CALENDAR, (&line, body), &|_| held("user", "bob@partner.test"), "allow");
        is(CALENDAR, (&line, body), &|_| held("user", "eve@outside.test"), "deny");
        is(CALENDAR, (&line, body), &|_| held("domain", "partner.test"), "unevaluable");
        is(CALENDAR, (&line, body), &|_| held("default", ""), "unevaluable");
        let other = |_: &str| {
            held("user", "bob@partner.test").map(|text| text.replace("user:x@y.test", "user:z@y.test"))
        };
        is(CALENDAR, (&line, body), &other, "unevaluable");
    }
    let line = |value: &str| format!("PUT {TEAM}/acl/user%3A{value}");
    let named =
        |value: &str| held("user", value).map(|text| text.replace("user:x@y.test", &format!("user:{value}")));
    let body = |value: &str| format!(r#"{{"role":"writer","scope":{{"type":"user","value":"{value}"}}}}"#);
    for (value, expected) in [("bob@partner.test", "allow"), ("eve@outside.test", "deny")] {
        is(CALENDAR, (&line(value), &body(value)), &|_| named(value), expected);
    }
}

fn permissions(all: &[(&str, &str)]) -> String {
    let one =
        |(kind, email): &(&str, &str)| serde_json::json!({"id": email, "type": kind, "emailAddress": email});
    serde_json::json!({"permissions": all.iter().map(one).collect::<Vec<_>>()}).to_string()
}

#[test]
fn what_is_put_into_a_folder_reaches_whoever_may_open_the_folder() {
    let mine = ("user", "me@example.com");
    let ways = [
        ("POST /drive/v3/files", r#"{"name":"x","parents":["shared"]}"#),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["root","shared"]}"#),
        ("POST /drive/v3/files/f1/copy", r#"{"parents":["shared"]}"#),
        // Without a folder of its own, a copy goes where the original is.
        ("POST /drive/v3/files/shared/copy", r#"{"name":"x"}"#),
    ];
    for (held, expected) in [
        (permissions(&[mine]), "allow"),
        (permissions(&[mine, ("user", "bob@partner.test"), ("group", "all@partner.test")]), "allow"),
        (permissions(&[mine, ("user", "eve@outside.test")]), "deny"),
        (permissions(&[mine, ("anyone", "")]), "unevaluable"),
        (permissions(&[mine, ("domain", "")]), "unevaluable"),
        (permissions(&[mine, ("user", "")]), "unevaluable"),
        (permissions(&[mine, ("new", "bob@partner.test")]), "unevaluable"),
        (permissions(&[]), "unevaluable"),
        (permissions(&[mine]).replacen('{', r#"{"nextPageToken":"x","#, 1), "unevaluable"),
        (permissions(&[mine]).replace("emailAddress", "address"), "unevaluable"),
        (permissions(&[mine]).replace("\"type\"", "\"kind\""), "unevaluable"),
        (permissions(&[mine]).replacen("\"id\"", "\"deleted\":\"no\",\"id\"", 1), "unevaluable"),
        ("{}".into(), "unevaluable"),
    ] {
        for (line, body) in ways {
            let (targets, decided) =
                decided(&limited(DRIVE), request(DRIVE, line, body), &|_| Ok(held.clone()));
            assert_eq!(word(&decided), expected, "{line} {body} {held}");
            assert_eq!(targets.len(), 1, "{targets:?}");
            assert!(targets[0].starts_with("/drive/v3/files/shared/permissions?"), "{targets:?}");
        }
    }
    // Each of several folders counts.
    let one_outside = |target: &str| match target.contains("/b/") {
        true => Ok(permissions(&[mine, ("user", "eve@outside.test")])),
        false => Ok(permissions(&[mine])),
    };
    is(DRIVE, ("POST /drive/v3/files", r#"{"parents":["a","b"]}"#), &one_outside, "deny");
    is(DRIVE, ("PATCH /drive/v3/files/f1?addParents=a,b", ""), &one_outside, "deny");
    is(DRIVE, ("PATCH /drive/v3/files/f1?addParents=a,../b", ""), &one_outside, "unevaluable");
    is(
        DRIVE,
        ("POST /drive/v3/files", r#"{"parents":["a"],"writersCanShare":true}"#),
        &|_| Ok(permissions(&[mine])),
        "unevaluable",
    );
    let never = |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up") };
    for (line, body) in [
        ("POST /drive/v3/files", r#"{"name":"x"}"#),
        ("POST /drive/v3/files", r#"{"name":"x","parents":["root"]}"#),
    ] {
        is(DRIVE, (line, body), &never, "allow");
    }
}

#[test]
fn more_folders_than_are_looked_up_for_one_request_are_unevaluable() {
    let many: Vec<String> = (0..40).map(|number| format!("f{number}")).collect();
    let line = format!("PATCH /drive/v3/files/f1?addParents={}", many.join(","));
    let answers = |_: &str| Ok(permissions(&[("user", "me@example.com")]));
    let (targets, decided) = decided(&limited(DRIVE), request(DRIVE, &line, ""), &answers);
    assert_eq!((word(&decided), targets.len()), ("unevaluable", 16));
}

#[test]
fn who_loses_access_is_whom_the_permission_is_for() {
    let line = "DELETE /drive/v3/files/f1/permissions/p1";
    let held =
        |kind: &str, email: &str| Ok(format!(r#"{{"id":"p1","type":"{kind}","emailAddress":"{email}"}}"#));
    is(DRIVE, (line, ""), &|_| held("user", "bob@partner.test"), "allow");
    is(DRIVE, (line, ""), &|_| held("user", "eve@outside.test"), "deny");
    is(DRIVE, (line, ""), &|_| held("anyone", ""), "unevaluable");
    is(
        DRIVE,
        (line, ""),
        &|_| held("user", "bob@partner.test").map(|text| text.replace("p1", "p2")),
        "unevaluable",
    );
}
