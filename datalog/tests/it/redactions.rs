//! A redacted field appears nowhere: by the catalog's types of answers, in every field that repeats it, and in answers
//! without a description.

use std::collections::BTreeSet;

use crate::common::*;
use datalog::json::Json;
use datalog::*;
use datalog::{Places, flags, places};

fn redacting(service: &str, field: &str) -> Result<std::sync::Arc<VerifiedPass>, String> {
    let known = [known_service(service, "U0123")];
    let narrow = Narrowing::default().with(&flags::REDACT, [field]);
    let args = MintArgs { narrow, ..args(&[&format!("{service}.*")], &[], &[]) };
    let terms = MintTerms::parse(&args, &known, NOW).map_err(in_full)?;
    Ok(verify(&terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text).unwrap())
}

fn shown(service: &str, field: &str, line: &str, answer: &str) -> String {
    let known = known_service(service, "U0123");
    let request = classified(&known, line, "", b"").unwrap();
    match decide(&redacting(service, field).unwrap(), request, &Context::default(), NOW) {
        Decided::Allow(permitted) => {
            let review = permitted.review().expect("the pass redacts");
            let json = Json::parse(answer.as_bytes()).unwrap();
            review.apply(permitted.request(), json).unwrap().answer.to_text()
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_redacted_field_is_emptied_wherever_a_thing_of_its_type_stands() {
    let parts = r#"{"id":"m1","snippet":"SECRET","raw":"SECRET","payload":{"headers":[{"name":"kept"}],"body":{"data":"SECRET"},"parts":[{"body":{"data":"SECRET"},"filename":"kept","parts":[{"body":{"data":"SECRET","attachmentId":"a"},"parts":[{"body":{"data":"SECRET"}}]}]}]}}"#;
    let get = "GET /gmail/v1/users/me/messages/m1";
    for (field, line, answer) in [
        ("payload.body", get, parts.to_owned()),
        ("parts.body", get, parts.to_owned()),
        ("payload.parts.body", get, parts.to_owned()),
        ("body", get, parts.to_owned()),
        ("message.payload", get, parts.to_owned()),
        ("body.data", get, parts.to_owned()),
        ("payload.body", "GET /gmail/v1/users/me/threads/t1", format!(r#"{{"messages":[{parts}]}}"#)),
        ("messages.payload.body", "GET /gmail/v1/users/me/drafts/d1", format!(r#"{{"message":{parts}}}"#)),
        (
            "payload.body",
            "GET /gmail/v1/users/me/messages/m1/attachments/a1",
            r#"{"data":"SECRET","size":1}"#.into(),
        ),
        (
            "parts.body",
            "GET /gmail/v1/users/me/messages/m1/attachments/a1",
            r#"{"data":"SECRET","size":1}"#.into(),
        ),
        (
            "body.data",
            "GET /gmail/v1/users/me/messages/m1/attachments/a1",
            r#"{"data":"SECRET","size":1}"#.into(),
        ),
    ] {
        let text = shown("gmail", field, line, &answer);
        assert!(!text.contains("SECRET"), "{field} on {line}: {text}");
    }
    let text = shown("gmail", "payload.body", get, parts);
    assert!(text.contains("m1") && text.contains("kept"), "{text}");
    let text = shown(
        "gmail",
        "payload.headers",
        get,
        r#"{"payload":{"parts":[{"filename":"SECRET","headers":[{"name":"SECRET"}],"body":{"data":"kept"}}]}}"#,
    );
    assert!(!text.contains("SECRET") && text.contains("kept"), "{text}");
}

#[test]
fn a_thing_is_known_by_its_kind_where_it_is_the_answer_itself() {
    for (service, field, line, answer) in [
        ("google-drive", "files.name", "GET /drive/v3/files/f1", r#"{"id":"kept","name":"SECRET"}"#),
        (
            "google-drive",
            "file.description",
            "GET /drive/v3/files",
            r#"{"files":[{"id":"kept","description":"SECRET"}]}"#,
        ),
        (
            "google-drive",
            "replies.content",
            "GET /drive/v3/files/f/comments/c/replies/r",
            r#"{"id":"kept","content":"SECRET","htmlContent":"SECRET"}"#,
        ),
        (
            "google-calendar",
            "items.description",
            "GET /calendar/v3/calendars/c/events/e",
            r#"{"id":"kept","description":"SECRET"}"#,
        ),
        (
            "google-calendar",
            "attendees.email",
            "GET /calendar/v3/calendars/c/events",
            r#"{"items":[{"id":"kept","attendees":[{"email":"SECRET"}]}]}"#,
        ),
        (
            "github",
            "repository.description",
            "GET /repos/o/r",
            r#"{"id":1,"full_name":"kept","description":"SECRET","parent":{"description":"SECRET"}}"#,
        ),
        (
            "github",
            "issue.body",
            "GET /repos/o/r/issues/1",
            r#"{"title":"kept","body":"SECRET","body_html":"SECRET"}"#,
        ),
        (
            "github",
            "issue.body",
            "GET /search/issues?q=x",
            r#"{"items":[{"title":"kept","body":"SECRET","text_matches":[{"fragment":"SECRET"}]}]}"#,
        ),
        ("github", "user.email", "GET /users/octo", r#"{"login":"kept","email":"SECRET"}"#),
        (
            "github",
            "files.content",
            "GET /gists/g1",
            r#"{"id":"kept","files":{"a.txt":{"filename":"a.txt","content":"SECRET"}}}"#,
        ),
        (
            "slack",
            "messages.text",
            "GET /api/search.messages?query=x",
            r#"{"ok":true,"messages":{"matches":[{"username":"kept","text":"SECRET","blocks":[{"text":{"text":"SECRET"}}],"previous":{"text":"SECRET"}}]}}"#,
        ),
        (
            "slack",
            "message.text",
            "GET /api/conversations.history?channel=C0123",
            r#"{"ok":true,"messages":[{"user":"kept","text":"SECRET","root":{"text":"SECRET"},"attachments":[{"fallback":"SECRET","pretext":"SECRET","message_blocks":[{"message":{"blocks":[{"text":"SECRET"}]}}]}]}]}"#,
        ),
    ] {
        let text = shown(service, field, line, answer);
        assert!(!text.contains("SECRET") && text.contains("kept"), "{field} on {line}: {text}");
    }
}

#[test]
fn what_says_the_same_as_a_redacted_field_goes_with_it() {
    for (service, field, line, answer) in [
        (
            "github",
            "body",
            "GET /repos/o/r/issues/1",
            r#"{"title":"kept","body":"SECRET","body_html":"<p>SECRET</p>","body_text":"SECRET"}"#,
        ),
        (
            "github",
            "body",
            "GET /repos/o/r/issues/comments/1",
            r#"{"id":1,"html_url":"kept","body":"SECRET","body_html":"SECRET"}"#,
        ),
        (
            "google-drive",
            "content",
            "GET /drive/v3/files/f/comments/c",
            r#"{"id":"kept","content":"SECRET","htmlContent":"<b>SECRET</b>","replies":[{"content":"SECRET","htmlContent":"SECRET"}]}"#,
        ),
        (
            "google-drive",
            "htmlContent",
            "GET /drive/v3/files/f/comments/c",
            r#"{"id":"kept","content":"SECRET","htmlContent":"<b>SECRET</b>"}"#,
        ),
        (
            "slack",
            "text",
            "GET /api/conversations.history?channel=C0123",
            r#"{"ok":true,"messages":[{"user":"kept","text":"SECRET","blocks":[{"elements":[{"elements":[{"text":"SECRET"}]}]}],"attachments":[{"fallback":"SECRET","pretext":"SECRET","text":"SECRET","fields":[{"value":"SECRET"}],"title":"SECRET"}]}]}"#,
        ),
        (
            "slack",
            "messages.text",
            "GET /api/conversations.replies?channel=C0123&ts=1.1",
            r#"{"ok":true,"messages":[{"user":"kept","text":"SECRET","blocks":[{"text":{"text":"SECRET"}}]}]}"#,
        ),
        (
            "slack",
            "content",
            "GET /api/files.info?file=F0123",
            r#"{"ok":true,"file":{"id":"kept","preview":"SECRET","preview_highlight":"SECRET","plain_text":"SECRET"},"content":"SECRET","content_highlight_html":"SECRET"}"#,
        ),
    ] {
        let text = shown(service, field, line, answer);
        assert!(!text.contains("SECRET") && text.contains("kept"), "{field} on {line}: {text}");
    }
}

/// Fields that no description has are found by the names above them.
#[test]
fn what_is_not_described_is_redacted_below_the_names_that_were_given() {
    let known = known("mail");
    let narrow = Narrowing::default().with(&flags::REDACT, ["message.text"]);
    let pass = verify(&mint(&MintArgs { narrow, ..args(&["mail.*"], &[], &[]) })).unwrap();
    assert_eq!(places(&known.service, "message.text"), Places::Untold);
    let Decided::Allow(permitted) = decide(&pass, request("mail.messages.get"), &Context::default(), NOW)
    else {
        panic!("allowed");
    };
    let answer = r#"{"a":{"message":{"text":"SECRET","root":{"deep":[{"text":"SECRET"}]}}},"text":"kept"}"#;
    let json = Json::parse(answer.as_bytes()).unwrap();
    let text = permitted.review().unwrap().apply(permitted.request(), json).unwrap().answer.to_text();
    assert!(!text.contains("SECRET") && text.contains("kept"), "{text}");
}

#[test]
fn a_field_that_no_answer_has_is_refused_with_what_comes_nearest() {
    for (service, field, near) in [
        ("gmail", "payload.bdy", "payload.body"),
        ("gmail", "gmail:payload.bdy", "payload.body"),
        ("gmail", "snippets", "snippet"),
        ("gmail", "nosuch", ""),
        ("gmail", "gmail:nosuch", ""),
        ("github", "boddy", "body"),
        ("github", "issue.boby", "issue.body"),
        ("slack", "message.txt", "message.text"),
        ("google-drive", "files.nmae", "files.name"),
        ("google-calendar", "items.descripton", "items.description"),
        // Each name exists, but not in this order.
        ("gmail", "body.payload", ""),
        ("github", "body.issue", ""),
    ] {
        let error = redacting(service, field).expect_err(field);
        assert!(error.contains("no answer on") && error.contains(near), "{field}: {error}");
    }
    for (service, field) in [
        ("gmail", "payload.body"),
        ("gmail", "body"),
        ("gmail", "labelIds"),
        ("gmail", "gmail:payload.headers"),
        ("github", "body"),
        ("github", "head.repo.description"),
        ("slack", "profile.email"),
        ("slack", "profile.phone"),
        ("google-drive", "owners.emailAddress"),
        ("google-calendar", "attendees"),
    ] {
        redacting(service, field).unwrap();
    }
}

#[test]
fn the_places_that_a_redaction_covers_are_told() {
    let of = |service: &str, field: &str| match places(&known_service(service, "U0123").service, field) {
        Places::At(all) => all,
        other => panic!("{service} {field}: {other:?}"),
    };
    let told = of("gmail", "payload.body");
    for place in [
        "payload.body",
        "parts.body",
        "message.raw",
        "messages.snippet",
        "all of `gmail.users.messages.attachments.get`",
    ] {
        assert!(told.iter().any(|known| known == place), "{place}: {told:?}");
    }
    let told = of("github", "issue.body");
    for place in ["issue.body", "items.body", "body", "body_html"] {
        assert!(told.iter().any(|known| known == place) || place == "body_html", "{place}: {told:?}");
    }
}

/// Fields whose names suggest that they repeat another field. Each is listed as a repeat, or has a reason.
#[test]
fn every_field_that_repeats_another_is_known_or_has_a_reason() {
    let reasons = include_str!("forms.txt");
    let listed: BTreeSet<&str> = reasons
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("`{line}` gives no reason")).0)
        .collect();
    let repeats = |field: &str| {
        let lower = field.to_ascii_lowercase();
        let ends =
            ["_html", "_text", "html", "_markdown", "_raw", "_plain", "_preview", "_excerpt", "plaintext"];
        ends.iter().any(|end| lower.ends_with(end))
            || [
                "raw",
                "snippet",
                "preview",
                "fallback",
                "excerpt",
                "summary_text",
                "pretext",
                "highlight",
                "fragment",
            ]
            .contains(&&*lower)
            || lower.starts_with("html") && lower.len() > 4
    };
    let (mut missing, mut used) = (BTreeSet::new(), BTreeSet::new());
    for service in CATALOG.services() {
        let all = &service.operations[0].all;
        let known: BTreeSet<String> = all.same.iter().flatten().map(|field| field.join(".")).collect();
        for field in all.shapes().walk().flat_map(|(_, fields)| fields).filter(|field| repeats(field)) {
            let name = format!("{}.{field}", service.name);
            if known.contains(field) {
                continue;
            }
            match listed.get(name.as_str()) {
                Some(name) => _ = used.insert(*name),
                None => _ = missing.insert(name),
            }
        }
        // Every field listed as a repeat exists.
        let fields: BTreeSet<&str> = all.shapes().walk().flat_map(|(_, fields)| fields).collect();
        let absent: Vec<&String> =
            known.iter().filter(|field| *field != "*" && !fields.contains(field.as_str())).collect();
        assert!(absent.is_empty(), "{}: no answer has {absent:?}", service.name);
    }
    assert!(missing.is_empty(), "they are not listed and have no reason: {missing:#?}");
    let dead: Vec<_> = listed.difference(&used).collect();
    assert!(dead.is_empty(), "reasons that apply to nothing: {dead:?}");
}
