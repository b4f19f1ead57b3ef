//! A mailbox with one thread, letters into it, and a pass that only replies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use datalog::flags;
use datalog::*;

use super::{args, classified, known_service};

pub(crate) fn known() -> KnownConnection {
    known_service("gmail", "me@example.com")
}

pub(crate) fn in_thread(allow: &[&str]) -> MintArgs {
    MintArgs {
        narrow: Narrowing::default().with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]),
        ..args(allow, &[], &[])
    }
}

pub(crate) fn letter(to: &str) -> String {
    URL_SAFE.encode(format!("From: me@example.com\r\nTo: {to}\r\nSubject: Re: lunch\r\n\r\nyes\r\n"))
}

pub(crate) fn send(to: &str, thread: Option<&str>) -> Request {
    let thread = thread.map(|id| format!(r#","threadId":"{id}""#)).unwrap_or_default();
    let body = format!(r#"{{"raw":"{}"{thread}}}"#, letter(to));
    classified(&known(), "POST /gmail/v1/users/me/messages/send", "application/json", body.as_bytes())
        .unwrap()
}

pub(crate) fn send_draft(body: &str) -> Request {
    classified(&known(), "POST /gmail/v1/users/me/drafts/send", "application/json", body.as_bytes()).unwrap()
}

/// A thread in which Bob wrote to me with Carol in copy, and I answered Bob.
pub(crate) fn thread() -> String {
    let message = |labels: &str, headers: &[(&str, &str)]| {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| serde_json::json!({"name": name, "value": value}).to_string())
            .collect();
        format!(
            r#"{{"id":"m","threadId":"t1","labelIds":[{labels}],"payload":{{"headers":[{}]}}}}"#,
            headers.join(",")
        )
    };
    format!(
        r#"{{"id":"t1","historyId":"1","messages":[{},{},{}]}}"#,
        message(
            r#""INBOX""#,
            &[
                ("From", "Bob <Bob@partner.test>"),
                ("To", "me@example.com"),
                ("CC", "\"C, Carol\" <carol@partner.test>")
            ]
        ),
        message(
            r#""SENT""#,
            &[("From", "forged@outside.test"), ("To", "bob@partner.test, dave@example.com")]
        ),
        message(r#""DRAFT""#, &[("From", "evil@outside.test"), ("To", "evil@outside.test")]),
    )
}

pub(crate) const THREAD: &str = "/gmail/v1/users/me/threads/t1?format=metadata&metadataHeaders=From&metadataHeaders=To&metadataHeaders=Cc&metadataHeaders=Reply-To";
