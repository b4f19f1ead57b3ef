//! Changes of events and permissions reach the people who already have them: looked up, counted, and judged together
//! with the new ones.

use std::sync::Arc;

use crate::common::{args, classified, decided, known_service, verified, word};
use datalog::flags;
use datalog::*;

fn limited_to(service: &str, domain: &str) -> Arc<VerifiedPass> {
    let allow = format!("{service}.*");
    let args = MintArgs {
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, [domain]),
        ..args(&[&allow], &[], &[])
    };
    verified(&args, &[known_service(service, "me@example.com")])
}

fn change(service: &str, line: &str, body: &str) -> Request {
    let known = known_service(service, "me@example.com");
    classified(&known, line, "application/json", body.as_bytes()).unwrap()
}

const EVENT: &str = "/calendar/v3/calendars/primary/events/e1";

/// An event of mine, with these fields in addition to the usual ones.
fn event(more: &str) -> String {
    format!(
        r#"{{"kind":"calendar#event","id":"e1","etag":"\"33\"","status":"confirmed","eventType":"default",
        "organizer":{{"email":"me@example.com","self":true}}{more}}}"#
    )
}

fn guests(emails: &[&str]) -> String {
    let guests: Vec<String> = emails.iter().map(|email| format!(r#"{{"email":"{email}"}}"#)).collect();
    format!(r#","attendees":[{{"email":"me@example.com","self":true}},{}]"#, guests.join(","))
}

#[test]
fn a_change_of_an_event_reaches_the_guests_that_it_has_and_the_new_ones() {
    let pass = limited_to("google-calendar", "partner.test");
    let new = |email: &str| format!(r#"{{"attendees":[{{"email":"{email}"}}]}}"#);
    for (method, body, held, expected) in [
        ("PATCH", r#"{"summary":"x"}"#.to_owned(), event(""), "allow"),
        ("PATCH", r#"{"summary":"x"}"#.to_owned(), event(&guests(&["bob@partner.test"])), "allow"),
        (
            "PATCH",
            r#"{"summary":"x"}"#.to_owned(),
            event(&guests(&["bob@partner.test", "eve@outside.test"])),
            "deny",
        ),
        ("PATCH", new("bob@partner.test"), event(&guests(&["carol@partner.test"])), "allow"),
        ("PATCH", new("bob@partner.test"), event(&guests(&["eve@outside.test"])), "deny"),
        ("PATCH", new("eve@outside.test"), event(&guests(&["bob@partner.test"])), "deny"),
        ("PUT", new("bob@partner.test"), event(&guests(&["eve@outside.test"])), "deny"),
        ("DELETE", String::new(), event(&guests(&["bob@partner.test"])), "allow"),
        ("DELETE", String::new(), event(&guests(&["eve@outside.test"])), "deny"),
    ] {
        let request = change("google-calendar", &format!("{method} {EVENT}"), &body);
        let (targets, decided) = decided(&pass, request, &|_| Ok(held.clone()));
        assert_eq!(word(&decided), expected, "{method} {body} {held}");
        assert_eq!(targets, [EVENT]);
        if let Decided::Allow(permitted) = decided {
            let headers = &permitted.request().headers;
            assert!(
                headers.iter().any(|(name, value)| &**name == "if-match" && value == "\"33\""),
                "{headers:?}"
            );
        }
    }
    // In somebody else's event, an answer goes to the organizer.
    let theirs =
        event("").replace(r#""email":"me@example.com","self":true"#, r#""email":"eve@outside.test""#);
    let request = change("google-calendar", &format!("PATCH {EVENT}"), r#"{"summary":"x"}"#);
    assert_eq!(word(&decided(&pass, request, &|_| Ok(theirs.clone())).1), "deny");
}

#[test]
fn an_event_that_does_not_say_whom_it_reaches_is_unevaluable() {
    let pass = limited_to("google-calendar", "partner.test");
    let patch = |line: &str| change("google-calendar", line, r#"{"summary":"x"}"#);
    for held in [
        "{}".to_owned(),
        event("").replace("e1", "e2"),
        event("").replace("organizer", "x"),
        event(r#","attendeesOmitted":true"#),
        event(r#","attendeesOmitted":"true""#),
        event(r#","anyoneCanAddSelf":true"#),
        event(r#","attendees":[{"displayName":"Bob"}]"#),
        event(r#","attendees":[{"email":"Bob <bob@partner.test>"}]"#),
        event(r#","attendees":{}"#),
        event("").replace(r#""eventType":"default""#, r#""eventType":"outOfOffice""#),
        event("").replace(r#""\"33\"""#, "33"),
    ] {
        let (_, decided) = decided(&pass, patch(&format!("PATCH {EVENT}")), &|_| Ok(held.clone()));
        assert_eq!(word(&decided), "unevaluable", "{held}");
    }
}

#[test]
fn a_change_of_a_permission_reaches_whom_it_is_for() {
    let pass = limited_to("google-drive", "partner.test");
    let change = || change("google-drive", "PATCH /drive/v3/files/f1/permissions/p1", r#"{"role":"writer"}"#);
    for (held, expected) in [
        (r#"{"id":"p1","type":"user","emailAddress":"bob@partner.test"}"#, "allow"),
        (r#"{"id":"p1","type":"group","emailAddress":"all@partner.test"}"#, "allow"),
        (r#"{"id":"p1","type":"user","emailAddress":"eve@outside.test"}"#, "deny"),
        (r#"{"id":"p2","type":"user","emailAddress":"bob@partner.test"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"anyone"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"domain","domain":"partner.test"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"user"}"#, "unevaluable"),
        (r#"{"id":"p1","emailAddress":"bob@partner.test"}"#, "unevaluable"),
        (r#"{"id":"p1","type":"user","emailAddress":"bob@partner.test","domain":"x"}"#, "unevaluable"),
    ] {
        let (targets, decided) = decided(&pass, change(), &|_| Ok(held.into()));
        assert_eq!(word(&decided), expected, "{held}");
        assert!(targets[0].starts_with("/drive/v3/files/f1/permissions/p1?"), "{targets:?}");
    }
}
