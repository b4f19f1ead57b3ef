//! The line by which a person recognizes a request: every operation has one in plain words, from the catalog alone.

use crate::common::letters::letter;
use crate::common::{CATALOG, NOW, args, classified, known_service, verified};
use base64::Engine;
use datalog::flags;
use datalog::lookup::Inquiry;
use datalog::*;

/// The line of a request, if `answer` answers every look-up.
fn title(service: &str, line: &str, body: &str, answer: &str) -> String {
    let known = known_service(service, "me@example.com");
    let pass = verified(&args(&[], &[&format!("{service}.*")], &[]), std::slice::from_ref(&known));
    let content = if service == "slack" { "application/x-www-form-urlencoded" } else { "application/json" };
    let request = classified(&known, line, content, body.as_bytes()).unwrap();
    let mut inquiry = Inquiry::about(request, Context::default());
    while let Some(needed) = inquiry.next(&pass, &known.service, NOW) {
        inquiry.learn(&needed, Ok(answer.as_bytes()));
    }
    let (request, context) = inquiry.into_parts();
    RequestView::of(&request, &context.observed, NOW).title
}

#[test]
fn a_line_says_what_is_done_to_what_and_for_whom() {
    let mail = "/gmail/v1/users/me";
    let send = format!(r#"{{"raw":"{}"}}"#, letter("bob@partner.test, carol@partner.test, dave@example.com"));
    let event = r#"{"id":"e1","etag":"\"7\"","organizer":{"email":"me@example.com","self":true},"attendees":[{"email":"bob@partner.test"}]}"#;
    let access = r#"{"role":"reader","type":"user","emailAddress":"bob@partner.test"}"#;
    for (service, line, body, answer, expected) in [
        ("gmail", format!("POST {mail}/messages/m1/trash"), "", "", "Move the letter m1 to the trash"),
        ("gmail", format!("DELETE {mail}/threads/t1"), "", "", "Delete the conversation t1"),
        (
            "gmail",
            format!("POST {mail}/messages/batchDelete"),
            r#"{"ids":["m1"]}"#,
            "",
            "Delete several letters on message m1",
        ),
        (
            "google-calendar",
            "DELETE /calendar/v3/calendars/primary/events/e1".into(),
            "",
            event,
            "Delete the event e1, which reaches bob@partner.test",
        ),
        (
            "google-calendar",
            "POST /calendar/v3/calendars/primary/events".into(),
            r#"{"summary":"Lunch"}"#,
            "",
            "Create an event on calendar primary: Lunch",
        ),
        (
            "google-drive",
            "POST /drive/v3/files/f1/permissions".into(),
            access,
            "",
            "Give access on file f1 to bob@partner.test",
        ),
        ("google-drive", "DELETE /drive/v3/files/f1".into(), "", "", "Delete the file f1"),
        (
            "slack",
            "POST /api/chat.postMessage".into(),
            "channel=C0123&text=hello",
            "",
            "Post a message on channel C0123: hello",
        ),
        (
            "slack",
            "POST /api/conversations.archive".into(),
            "channel=C0123",
            "",
            "Archive a conversation on channel C0123",
        ),
        ("github", "DELETE /repos/octo/hello".into(), "", "", "Delete the repository octo/hello"),
        (
            "github",
            "POST /repos/octo/hello/issues".into(),
            r#"{"title":"It breaks"}"#,
            "",
            "Create an issue on repo octo/hello: It breaks",
        ),
        (
            "github",
            "PUT /repos/octo/hello/pulls/7/merge".into(),
            "",
            "",
            "Merge the pull request octo/hello#7",
        ),
    ] {
        assert_eq!(title(service, &line, body, answer), expected, "{line}");
    }
    let sent = title("gmail", &format!("POST {mail}/messages/send"), &send, "");
    assert_eq!(sent, "Send a letter to bob@partner.test, carol@partner.test and 1 more: Re: lunch");
}

#[test]
fn nothing_in_a_line_misleads_or_has_no_end() {
    let hidden = base64::engine::general_purpose::STANDARD.encode("Hi\u{202e}gro.live");
    let subject = format!("=?utf-8?B?{hidden}?= {}", "x ".repeat(300));
    let text = format!("To: bob@partner.test\r\nSubject: {subject}\r\n\r\nyes\r\n");
    let raw = base64::engine::general_purpose::URL_SAFE.encode(text);
    let line = title("gmail", "POST /gmail/v1/users/me/messages/send", &format!(r#"{{"raw":"{raw}"}}"#), "");
    assert!(line.starts_with("Send a letter to bob@partner.test: Hi"), "{line}");
    assert!(
        line.chars().count() < 200 && !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{line:?}"
    );
}

#[test]
fn every_operation_of_the_catalog_has_a_line_in_plain_words() {
    let mut odd = Vec::new();
    for operation in CATALOG.operations() {
        let title = &operation.title;
        let is_called = title.phrase.starts_with("call ");
        let is_bare = title.phrase.contains("{}") && title.object.is_empty();
        let letters =
            title.phrase.chars().chain(title.object.chars()).any(|c| c.is_ascii_uppercase() || c == '_');
        let known = ["IMAP", "POP"].iter().any(|word| title.object.contains(word));
        if is_called || is_bare || (letters && !known) {
            odd.push(format!("{}: {} / {}", operation.id, title.phrase, title.object));
        }
    }
    assert!(odd.is_empty(), "{odd:#?}");
}

#[test]
fn who_is_outside_of_what_the_pass_and_the_account_name_is_marked() {
    let to = "bob@partner.test, carol@example.com, eve@outside.test";
    let outside = |account: &str, narrow: Narrowing| {
        let known = known_service("gmail", account);
        let pass = MintArgs { narrow, ..args(&[], &["gmail:send"], &[]) };
        let pass = verified(&pass, std::slice::from_ref(&known));
        let body = format!(r#"{{"raw":"{}"}}"#, letter(to));
        let line = "POST /gmail/v1/users/me/messages/send";
        let request = classified(&known, line, "application/json", body.as_bytes()).unwrap();
        let circle = view::Circle::of(pass.content(), &request.account);
        RequestView::of(&request, &Context::default().observed, NOW).within(&circle).outside
    };
    let none = Narrowing::default;
    assert_eq!(outside("me@example.com", none()), ["bob@partner.test", "eve@outside.test"]);
    assert!(
        outside("me@gmail.com", none()).is_empty(),
        "nobody is named, and a mark on everybody would tell nothing"
    );
    let checks = |text: &str| none().with(&flags::CHECK, [text]);
    let named = r#"check all recipient_domain($d), {"partner.test"}.contains($d) or recipient_count(0)"#;
    assert_eq!(outside("me@example.com", checks(named)), ["eve@outside.test"]);
    assert_eq!(outside("me@gmail.com", checks(named)), ["carol@example.com", "eve@outside.test"]);
    let denied = r#"reject if recipient_domain("partner.test")"#;
    assert_eq!(outside("me@example.com", checks(denied)), ["bob@partner.test", "eve@outside.test"]);
}
