//! Slack's conversations: a pass that keeps messages inside the organization has each one looked up, and denies unknown
//! ones.

use std::sync::Arc;

use crate::common::{NOW, args, classified, known_service, strings, verified, word};
use datalog::flags;
use datalog::lookup::{Inquiry, Unfound, could_need};
use datalog::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn known() -> KnownConnection {
    known_service("slack", "U0123")
}

/// A pass that posts and reads, but only inside the organization.
fn inside() -> Arc<VerifiedPass> {
    let checks = strings(&["check if channel_external(false)"]);
    verified(
        &MintArgs {
            narrow: Narrowing::default().with(&flags::CHECK, checks),
            ..args(&["slack.*"], &[], &[])
        },
        &[known()],
    )
}

fn request(method: &str, body: &str) -> Request {
    classified(&known(), &format!("POST /api/{method}"), FORM, body.as_bytes()).unwrap()
}

/// The forms that were sent to look something up, and the answer.
fn decided(request: Request, answer: &Result<String, Unfound>) -> (Vec<String>, &'static str) {
    decided_by(request, &|_| answer.clone())
}

/// Answers each look-up by its target.
fn decided_by(
    request: Request,
    answers: &dyn Fn(&str) -> Result<String, Unfound>,
) -> (Vec<String>, &'static str) {
    let (pass, service) = (inside(), known().service);
    let mut inquiry = Inquiry::about(request, Context::default());
    let mut asked = Vec::new();
    while let Some(needed) = inquiry.next(&pass, &service, NOW) {
        let form = String::from_utf8(needed.request().wire_body().unwrap().1).unwrap();
        let line = format!("{}?{form}", needed.request().upstream_target());
        let answer = answers(&line);
        asked.push(line);
        inquiry.learn(&needed, answer.as_deref().map(str::as_bytes).map_err(|error| *error));
        assert!(asked.len() < 20, "a plan must end");
    }
    let (request, context) = inquiry.into_parts();
    (asked, word(&decide(&pass, request, &context, NOW)))
}

fn info(fields: &str) -> Result<String, Unfound> {
    Ok(format!(r#"{{"ok":true,"channel":{{"id":"C0123"{fields}}}}}"#))
}

#[test]
fn a_message_goes_into_a_conversation_of_the_organization_and_no_other() {
    for (answer, expected) in [
        (info(r#","is_ext_shared":false"#), "allow"),
        (info(r#","is_ext_shared":false,"is_pending_ext_shared":false"#), "allow"),
        (info(r#","is_ext_shared":true"#), "deny"),
        (info(r#","is_ext_shared":false,"is_pending_ext_shared":true"#), "deny"),
        (info(""), "unevaluable"),
        (info(r#","is_ext_shared":"no""#), "unevaluable"),
        (Ok(r#"{"ok":true,"channel":{"id":"C0999","is_ext_shared":false}}"#.into()), "unevaluable"),
        (Ok(r#"{"ok":false,"error":"channel_not_found"}"#.into()), "unevaluable"),
        (Ok("not JSON".into()), "unevaluable"),
        (Err(Unfound::NoAnswer), "unevaluable"),
    ] {
        let (asked, word) = decided(request("chat.postMessage", "channel=C0123&text=x"), &answer);
        assert_eq!(asked, ["/api/conversations.info?channel=C0123"], "{answer:?}");
        assert_eq!(word, expected, "{answer:?}");
    }
    let bookmark = "channel_id=C0123&type=link&title=t&link=https%3A%2F%2Fexample.com";
    assert_eq!(decided(request("bookmarks.add", bookmark), &info(r#","is_ext_shared":true"#)).1, "deny");
}

#[test]
fn who_reads_writes_into_no_conversation_and_what_names_none_is_unknown() {
    let nothing = Err(Unfound::NoAnswer);
    for (method, body, expected) in [
        ("conversations.history", "channel=C0123", "allow"),
        ("search.messages", "query=x", "allow"),
        ("users.setPresence", "presence=away", "allow"),
        // These reach people without naming a conversation or a person.
        ("canvases.edit", "canvas_id=F0123&changes=%5B%5D", "unevaluable"),
        ("chat.unfurl", "unfurl_id=x&source=composer&unfurls=%7B%7D", "unevaluable"),
        ("files.sharedPublicURL", "file=F0123", "unevaluable"),
        ("conversations.inviteShared", "channel=C0123&emails=eve@outside.test", "unevaluable"),
    ] {
        let (asked, word) = decided(request(method, body), &nothing);
        assert_eq!((asked.len(), word), (0, expected), "{method}");
    }
}

#[test]
fn a_pass_that_does_not_ask_looks_nothing_up() {
    let pass = verified(&args(&["slack:send"], &[], &[]), &[known()]);
    assert!(!could_need(&pass, &request("chat.postMessage", "channel=C0123&text=x")));
}

/// A workspace: U0123 is the account, U0200 a colleague, U0300 a guest, U0400 of another organization.
fn workspace(line: &str) -> Result<String, Unfound> {
    let (path, form) = line.split_once('?').unwrap();
    let id = form.split(['=', '&']).nth(1).unwrap();
    let person = |team: &str, more: &str| {
        Ok(format!(r#"{{"ok":true,"user":{{"id":"{id}","team_id":"{team}"{more}}}}}"#))
    };
    let conversation = |more: &str| Ok(format!(r#"{{"ok":true,"channel":{{"id":"{id}"{more}}}}}"#));
    match (path, id) {
        ("/api/users.info", "U0123" | "U0200") => person("T1", r#","is_restricted":false"#),
        ("/api/users.info", "U0300") => person("T1", r#","is_restricted":true"#),
        ("/api/users.info", "U0400") => person("T2", ""),
        ("/api/users.info", "U0500") => Ok(r#"{"ok":true,"user":{"id":"U0500"}}"#.into()),
        ("/api/users.info", "U0600") => person("T1", r#","is_stranger":"no""#),
        ("/api/users.info", "U0700") => Ok(r#"{"ok":true,"user":{"id":"U0200","team_id":"T1"}}"#.into()),
        ("/api/conversations.info", "C0001") => conversation(r#","is_ext_shared":false"#),
        ("/api/conversations.info", "C0002") => conversation(r#","is_ext_shared":true"#),
        ("/api/conversations.info", "C0003") => {
            conversation(r#","is_ext_shared":false,"pending_connected_team_ids":["T2"]"#)
        }
        ("/api/conversations.info", "D0200") => conversation(r#","is_im":true,"user":"U0200""#),
        ("/api/conversations.info", "D0300") => conversation(r#","is_im":true,"user":"U0300""#),
        ("/api/conversations.info", "D0400") => conversation(r#","is_im":true,"user":"U0400""#),
        ("/api/conversations.info", "D0500") => conversation(r#","is_im":true,"user":"U0500""#),
        ("/api/conversations.info", "D0900") => conversation(r#","is_im":true"#),
        ("/api/conversations.info", "D0901") => conversation(r#","is_im":true,"user":"../U0200""#),
        ("/api/conversations.info", group) if group.starts_with('G') => {
            conversation(r#","is_mpim":true,"is_ext_shared":false"#)
        }
        ("/api/conversations.members", "G0001") => {
            Ok(r#"{"ok":true,"members":["U0123","U0200"],"response_metadata":{"next_cursor":""}}"#.into())
        }
        ("/api/conversations.members", "G0002") => Ok(r#"{"ok":true,"members":["U0123","U0400"]}"#.into()),
        ("/api/conversations.members", "G0003") => {
            Ok(r#"{"ok":true,"members":["U0123"],"response_metadata":{"next_cursor":"x"}}"#.into())
        }
        ("/api/conversations.members", "G0004") => Ok(r#"{"ok":true,"members":[]}"#.into()),
        ("/api/conversations.members", "G0005") => Ok(r#"{"ok":true,"members":["U0123",7]}"#.into()),
        _ => Ok(r#"{"ok":false,"error":"not_found"}"#.into()),
    }
}

#[test]
fn a_direct_message_is_as_far_outside_as_whom_it_is_with() {
    for (channel, expected) in [
        ("D0200", "allow"),
        ("D0300", "deny"),
        ("D0400", "deny"),
        ("D0500", "unevaluable"),
        ("D0900", "unevaluable"),
        ("D0901", "unevaluable"),
        ("U0200", "allow"),
        ("U0300", "deny"),
        ("U0400", "deny"),
        ("U0500", "unevaluable"),
        ("U0600", "unevaluable"),
        ("U0700", "unevaluable"),
        ("U0999", "unevaluable"),
        ("G0001", "allow"),
        ("G0002", "deny"),
        ("G0003", "unevaluable"),
        ("G0004", "unevaluable"),
        ("G0005", "unevaluable"),
        ("C0003", "deny"),
    ] {
        for method in ["chat.postMessage", "chat.scheduleMessage"] {
            let more = if method == "chat.scheduleMessage" { "&post_at=1900000000" } else { "" };
            let (asked, word) =
                decided_by(request(method, &format!("channel={channel}&text=x{more}")), &workspace);
            assert_eq!(word, expected, "{method} {channel} after {asked:?}");
        }
    }
}

#[test]
fn every_conversation_and_everybody_invited_counts() {
    for (method, body, expected) in [
        ("files.upload", "channels=C0001&content=x", "allow"),
        ("files.upload", "channels=C0001,C0002&content=x", "deny"),
        ("files.upload", "channels=C0001,C0999&content=x", "unevaluable"),
        ("files.remote.share", "channels=C0001,D0400&file=F0123", "deny"),
        ("files.completeUploadExternal", "files=%5B%5D&channel_id=C0001", "allow"),
        ("files.completeUploadExternal", "files=%5B%5D&channel_id=D0400", "deny"),
        ("files.completeUploadExternal", "files=%5B%5D", "allow"),
        ("conversations.invite", "channel=C0001&users=U0200", "allow"),
        ("conversations.invite", "channel=C0001&users=U0200,U0400", "deny"),
        ("conversations.invite", "channel=C0001&users=U0300", "deny"),
        ("conversations.invite", "channel=C0002&users=U0200", "deny"),
        ("canvases.access.set", "canvas_id=F0123&access_level=read&channel_ids=C0001", "allow"),
        ("canvases.access.set", "canvas_id=F0123&access_level=read&channel_ids=C0002", "deny"),
        ("canvases.access.set", "canvas_id=F0123&access_level=read&user_ids=U0400", "deny"),
        ("canvases.access.set", "canvas_id=F0123&access_level=read&user_ids=U0200", "allow"),
        ("reminders.add", "text=x&time=60&user=U0400", "deny"),
        ("reminders.add", "text=x&time=60&user=U0200", "allow"),
    ] {
        let (asked, word) = decided_by(request(method, body), &workspace);
        assert_eq!(word, expected, "{method} {body} after {asked:?}");
    }
}
