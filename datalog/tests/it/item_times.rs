//! The time of an item is never one that the pass could change itself, and each thing within an item has its own
//! time.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::*;
use datalog::catalog::{Showing, Writing};
use datalog::flags;
use datalog::json::Json;
use datalog::*;

const FRESH: &str = "2026-11-22T08:00:00Z";
const OLD: &str = "2020-01-01T00:00:00Z";

fn known(service: &str) -> KnownConnection {
    known_service(service, "U0123")
}

fn day(service: &str, allow: &[&str], ask: &[&str]) -> Arc<VerifiedPass> {
    let newer_than = strings(&[&format!("{service}:24h")]);
    let narrow = Narrowing::default().with(&flags::NEWER_THAN, newer_than);
    verified(&MintArgs { narrow, ..args(allow, ask, &[]) }, &[known(service)])
}

/// The answer as it is shown, or why it is refused.
fn shown(pass: &Arc<VerifiedPass>, service: &str, line: &str, answer: &str) -> Result<String, String> {
    let request = classified(&known(service), line, "", b"").unwrap();
    match decide(pass, request, &Context::default(), NOW) {
        Decided::Allow(permitted) => {
            let json = Json::parse(answer.as_bytes()).unwrap();
            let review = permitted.review().expect("the pass asks for times");
            review
                .apply(permitted.request(), json)
                .map(|one| one.answer.to_text())
                .map_err(|unfit| unfit.reason.got)
        }
        Decided::Deny(refused) => Err(refused.reasons()[0].got.clone()),
        Decided::Ask(_) => panic!("{line} is asked"),
    }
}

/// Old things that were touched just now. If the pass may write, the touch does not make them new.
const TOUCHED: &[(&str, &str, &str)] = &[
    (
        "github",
        "GET /repos/o/r/issues/1",
        r#"{"number":1,"body":"SECRET","updated_at":"FRESH","created_at":"OLD"}"#,
    ),
    (
        "github",
        "GET /repos/o/r/issues",
        r#"[{"number":1,"body":"SECRET","updated_at":"FRESH","created_at":"OLD"}]"#,
    ),
    (
        "github",
        "GET /repos/o/r/pulls/1",
        r#"{"number":1,"body":"SECRET","updated_at":"FRESH","created_at":"OLD"}"#,
    ),
    (
        "github",
        "GET /repos/o/r/issues/comments/1",
        r#"{"id":1,"body":"SECRET","updated_at":"FRESH","created_at":"OLD"}"#,
    ),
    (
        "github",
        "GET /repos/o/r/milestones/1",
        r#"{"number":1,"title":"SECRET","updated_at":"FRESH","created_at":"OLD"}"#,
    ),
    (
        "github",
        "GET /repos/o/r/releases/1",
        r#"{"id":1,"body":"SECRET","published_at":"FRESH","created_at":"FRESH"}"#,
    ),
    (
        "github",
        "GET /repos/o/r/commits/main",
        r#"{"sha":"a","files":["SECRET"],"commit":{"committer":{"date":"FRESH"}}}"#,
    ),
    (
        "github",
        "GET /repos/o/r",
        r#"{"full_name":"o/r","description":"SECRET","updated_at":"FRESH","created_at":"FRESH"}"#,
    ),
    (
        "github",
        "GET /gists/g",
        r#"{"id":"g","files":{"a":{"content":"SECRET"}},"updated_at":"FRESH","created_at":"FRESH"}"#,
    ),
    ("github", "GET /notifications", r#"[{"id":"1","subject":{"title":"SECRET"},"updated_at":"FRESH"}]"#),
    (
        "google-calendar",
        "GET /calendar/v3/calendars/c/events/e",
        r#"{"id":"e","summary":"SECRET","updated":"FRESH","created":"OLD"}"#,
    ),
    (
        "google-calendar",
        "GET /calendar/v3/calendars/c/events",
        r#"{"items":[{"id":"e","summary":"SECRET","updated":"FRESH","created":"OLD"}]}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/files/f",
        r#"{"id":"f","description":"SECRET","modifiedTime":"FRESH","createdTime":"OLD"}"#,
    ),
    // A copy is new, but its content is not.
    (
        "google-drive",
        "GET /drive/v3/files/f",
        r#"{"id":"f","description":"SECRET","modifiedTime":"FRESH","createdTime":"FRESH"}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/files",
        r#"{"files":[{"id":"f","description":"SECRET","modifiedTime":"FRESH"}]}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/changes?pageToken=1",
        r#"{"changes":[{"fileId":"f","time":"FRESH","file":{"name":"SECRET","modifiedTime":"FRESH"}}]}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/files/f/comments/c",
        r#"{"id":"c","content":"SECRET","modifiedTime":"FRESH","createdTime":"OLD"}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/files/f/revisions/1",
        r#"{"id":"1","originalFilename":"SECRET","modifiedTime":"FRESH"}"#,
    ),
];

fn dated(text: &str) -> String {
    text.replace("FRESH", FRESH).replace("OLD", OLD)
}

#[test]
fn a_time_that_the_pass_could_change_is_none() {
    for (service, line, answer) in TOUCHED {
        let read = format!("{service}:read");
        let reading = shown(&day(service, &[&read], &[]), service, line, &dated(answer));
        assert!(reading.is_ok_and(|text| text.contains("SECRET")), "{line}: a pass that only reads sees it");
        for (allow, ask) in [
            (vec![format!("{service}:read"), format!("{service}:write")], vec![]),
            (vec![format!("{service}.*")], vec![]),
            (vec![format!("{service}:read"), format!("{service}:send")], vec![]),
            // A write that a person must approve can touch it, too.
            (vec![format!("{service}:read")], vec![format!("{service}:write")]),
        ] {
            let [allow, ask] = [&allow, &ask].map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
            let pass = day(service, &allow, &ask);
            let text = shown(&pass, service, line, &dated(answer)).unwrap_or_default();
            assert!(!text.contains("SECRET"), "{line} under {allow:?} {ask:?}: {text}");
        }
    }
}

/// A holder that gives up writing still has the pass with which it wrote.
#[test]
fn a_pass_that_gave_writing_up_is_judged_as_one_that_could() {
    for (service, line, answer) in TOUCHED {
        let all = format!("{service}.*");
        let known = [known(service)];
        let services = [known[0].service.clone()];
        let terms = MintTerms::parse(&args(&[&all], &[], &[]), &known, NOW).unwrap();
        let text = terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
        let narrow = Narrowing::default().with(&flags::NEWER_THAN, [&format!("{service}:24h")]);
        let own = AttenuateArgs {
            only: strings(&[&format!("{service}:read")]),
            narrow,
            ..AttenuateArgs::default()
        };
        let pass = verify(&attenuate(&text, &own, &services, NOW).unwrap().text).unwrap();
        let got = shown(&pass, service, line, &dated(answer)).unwrap_or_default();
        assert!(!got.contains("SECRET"), "{line}: {got}");
    }
}

#[test]
fn what_was_made_today_is_shown_to_a_pass_that_may_write() {
    for (service, line, answer) in [
        (
            "github",
            "GET /repos/o/r/issues/1",
            r#"{"number":1,"body":"shown","updated_at":"FRESH","created_at":"FRESH"}"#,
        ),
        (
            "google-calendar",
            "GET /calendar/v3/calendars/c/events/e",
            r#"{"id":"e","summary":"shown","updated":"FRESH","created":"FRESH"}"#,
        ),
        (
            "google-drive",
            "GET /drive/v3/files/f/comments/c",
            r#"{"id":"c","content":"shown","modifiedTime":"FRESH","createdTime":"FRESH"}"#,
        ),
        (
            "gmail",
            "GET /gmail/v1/users/me/messages/m",
            r#"{"id":"m","snippet":"shown","internalDate":"1795334400000"}"#,
        ),
        (
            "slack",
            "GET /api/conversations.history?channel=C0123",
            r#"{"ok":true,"messages":[{"ts":"1795334400.000100","text":"shown"}]}"#,
        ),
    ] {
        let all = format!("{service}.*");
        let text = shown(&day(service, &[&all], &[]), service, line, &dated(answer)).unwrap();
        assert!(text.contains("shown"), "{line}: {text}");
    }
    let reason = shown(
        &day("google-drive", &["google-drive.*"], &[]),
        "google-drive",
        "GET /drive/v3/files/f",
        r#"{"id":"f","modifiedTime":"2026-11-22T08:00:00Z"}"#,
    );
    assert!(
        reason.as_ref().is_err_and(|got| got.contains("which the pass could change itself")),
        "{reason:?}"
    );
}

/// Items that are shown, and old things within them.
const WITHIN: &[(&str, &str, &str)] = &[
    (
        "slack",
        "GET /api/conversations.history?channel=C0123",
        r#"{"ok":true,"messages":[{"ts":"YOUNG","text":"kept","subtype":"thread_broadcast","root":{"ts":"AGED","text":"SECRET"}}]}"#,
    ),
    (
        "slack",
        "GET /api/conversations.history?channel=C0123",
        r#"{"ok":true,"messages":[{"ts":"YOUNG","text":"kept","attachments":[{"ts":"AGED","text":"SECRET","fallback":"SECRET","message_blocks":[{"message":{"blocks":["SECRET"]}}]}]}]}"#,
    ),
    (
        "slack",
        "GET /api/conversations.replies?channel=C0123&ts=1.1",
        r#"{"ok":true,"messages":[{"ts":"YOUNG","text":"kept","attachments":[{"text":"kept","message_blocks":[{"ts":"AGED","message":{"text":"SECRET"}}]}]}]}"#,
    ),
    (
        "slack",
        "GET /api/conversations.history?channel=C0123",
        r#"{"ok":true,"messages":[{"ts":"YOUNG","text":"kept","root":{"ts":"YOUNG","text":"kept","root":{"ts":"AGED","text":"SECRET"}}}]}"#,
    ),
    (
        "slack",
        "GET /api/conversations.history?channel=C0123",
        r#"{"ok":true,"messages":[{"ts":"YOUNG","text":"kept","root":{"ts":17.5,"text":"SECRET"}}]}"#,
    ),
    (
        "slack",
        "GET /api/conversations.history?channel=C0123",
        r#"{"ok":true,"messages":[{"ts":"YOUNG","text":"kept","files":[{"timestamp":1577836800,"preview":"SECRET"}]}]}"#,
    ),
    (
        "slack",
        "GET /api/search.messages?query=x",
        r#"{"ok":true,"messages":{"matches":[{"ts":"YOUNG","text":"kept","previous":{"ts":"AGED","text":"SECRET"},"previous_2":{"ts":"AGED","text":"SECRET"},"next":{"ts":"AGED","text":"SECRET"}}],"refinements":["SECRET"]}}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/files/f/comments",
        r#"{"comments":[{"id":"c","content":"kept","modifiedTime":"FRESH","replies":[{"content":"SECRET","modifiedTime":"OLD"}]}]}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/files/f/comments",
        r#"{"comments":[{"id":"c","content":"kept","modifiedTime":"FRESH","replies":[{"content":"SECRET","createdTime":"OLD"}]}]}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/changes?pageToken=1",
        r#"{"changes":[{"fileId":"kept","time":"FRESH","file":{"name":"SECRET","modifiedTime":"OLD"}}]}"#,
    ),
    (
        "google-drive",
        "GET /drive/v3/changes?pageToken=1",
        r#"{"changes":[{"fileId":"kept","time":"FRESH","file":{"name":"SECRET","createdTime":"OLD"}}]}"#,
    ),
    (
        "github",
        "GET /repos/o/r/events",
        r#"[{"id":"kept","created_at":"FRESH","payload":{"issue":{"body":"SECRET","updated_at":"OLD","created_at":"OLD"},"comment":{"body":"SECRET","updated_at":"OLD"}}}]"#,
    ),
    (
        "github",
        "GET /repos/o/r/events",
        r#"[{"id":"kept","created_at":"FRESH","payload":{"release":{"body":"SECRET","published_at":"OLD"}}}]"#,
    ),
    (
        "github",
        "GET /repos/o/r/issues/events",
        r#"[{"id":1,"event":"kept","created_at":"FRESH","issue":{"body":"SECRET","updated_at":"OLD"}}]"#,
    ),
    (
        "github",
        "GET /repos/o/r/issues/1/timeline",
        r#"[{"event":"kept","created_at":"FRESH","source":{"type":"issue","issue":{"body":"SECRET","updated_at":"OLD"}}}]"#,
    ),
    (
        "github",
        "GET /repos/o/r/issues/1",
        r#"{"title":"kept","updated_at":"FRESH","milestone":{"description":"SECRET","updated_at":"OLD"}}"#,
    ),
    (
        "github",
        "GET /repos/o/r/actions/runs/1",
        r#"{"id":1,"name":"kept","updated_at":"FRESH","head_commit":{"message":"SECRET","timestamp":"OLD"}}"#,
    ),
];

#[test]
fn what_stands_in_an_item_is_judged_by_its_own_time() {
    let (young, old) = ("1795334400.000100", "1577836800.000100");
    for (service, line, answer) in WITHIN {
        let answer = dated(answer).replace("YOUNG", young).replace("AGED", old);
        let read = format!("{service}:read");
        let text = shown(&day(service, &[&read], &[]), service, line, &answer)
            .unwrap_or_else(|got| panic!("{line}: {got}"));
        assert!(
            !text.contains("SECRET") && text.contains("kept") && text.contains("hallpass"),
            "{line}: {text}"
        );
    }
}

#[test]
fn what_says_where_a_thing_belongs_is_shown_with_it() {
    let answer = dated(
        r#"{"title":"kept","updated_at":"FRESH","repository":{"full_name":"o/r","updated_at":"OLD"},"performed_via_github_app":{"slug":"app","updated_at":"OLD"}}"#,
    );
    let text =
        shown(&day("github", &["github:read"], &[]), "github", "GET /repos/o/r/issues/1", &answer).unwrap();
    assert!(text.contains("o/r") && text.contains("app") && !text.contains("hallpass"), "{text}");
}

/// Every rule says whether a request could change its time, or is listed here.
#[test]
fn every_time_is_lasting_or_has_one_that_is_or_has_a_reason() {
    let reasons = include_str!("moving.txt");
    let listed: BTreeSet<&str> = reasons
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("`{line}` gives no reason")).0)
        .collect();
    let (mut missing, mut used) = (Vec::new(), BTreeSet::new());
    for operation in CATALOG.services().flat_map(|service| &service.operations) {
        let Some(dated) = operation.answer.as_ref().and_then(|rule| rule.time.as_ref()) else { continue };
        if dated.by(Writing::Possible).is_some() {
            continue;
        }
        match listed.get(operation.id.as_str()) {
            Some(name) => _ = used.insert(*name),
            None => missing.push(operation.id.to_string()),
        }
    }
    assert!(missing.is_empty(), "they have no lasting time and no reason: {missing:#?}");
    let dead: Vec<_> = listed.difference(&used).collect();
    assert!(dead.is_empty(), "reasons that apply to nothing: {dead:?}");
    // If an answer shows nothing with a time, it contains no messages.
    let has_messages = |operation: &catalog::Operation| {
        operation.answer.as_ref().is_some_and(|rule| rule.shows == Showing::Nothing) && {
            let shapes = operation.all.shapes();
            let mut pending = shapes.answer(operation.own_id()).to_vec();
            let mut seen = BTreeSet::new();
            let mut found = false;
            while let Some(shape) = pending.pop() {
                if seen.insert(shape) {
                    found |= shapes.has(shape, "text") && shapes.has(shape, "ts");
                    pending.extend(shapes.inside(shape));
                }
            }
            found
        }
    };
    let silent: Vec<String> = CATALOG
        .services()
        .flat_map(|service| &service.operations)
        .filter(|one| has_messages(one))
        .map(|one| one.id.to_string())
        .collect();
    assert!(silent.is_empty(), "they show messages: {silent:#?}");
}
