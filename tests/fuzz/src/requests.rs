//! Readers of requests: targets, forms, JSON bodies, letters.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use datalog::RawRequest;
use datalog::lookup::Observed;
use datalog::{Context, Decided, MintArgs, Narrowing, Request, RequestView, VerifiedPass, decide, flags};
use serde_json::json;

use crate::{NOW, connection, verified};

const SERVICES: [&str; 5] = ["gmail", "google-calendar", "google-drive", "github", "slack"];

/// `METHOD TARGET` for each service. An understood target has one spelling, and that spelling is understood as the
/// same.
pub fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((method, target)) = text.split_once(' ') else { return };
    let (path, query) = split(target);
    for service in SERVICES {
        let raw = RawRequest { query, ..RawRequest::new(method, path) };
        if let Some(request) = understood(service, &raw) {
            is_canonical(service, method, &request);
        }
    }
}

/// A form of Slack's.
pub fn form(bytes: &[u8]) {
    for path in ["/api/chat.postMessage", "/api/conversations.list", "/api/files.info"] {
        let raw = RawRequest {
            content_type: Some("application/x-www-form-urlencoded"),
            body: bytes,
            ..RawRequest::new("POST", path)
        };
        if let Some(request) = understood("slack", &raw) {
            read_again("slack", &raw, &request);
        }
    }
}

/// A body in JSON, for operations whose bodies differ most.
pub fn json_body(bytes: &[u8]) {
    for (service, path) in [
        ("gmail", "/gmail/v1/users/me/drafts"),
        ("google-calendar", "/calendar/v3/calendars/primary/events"),
        ("google-drive", "/drive/v3/files"),
        ("github", "/repos/octo/hello/issues"),
        ("slack", "/api/chat.postMessage"),
    ] {
        let raw = RawRequest {
            content_type: Some("application/json"),
            body: bytes,
            ..RawRequest::new("POST", path)
        };
        if let Some(request) = understood(service, &raw) {
            read_again(service, &raw, &request);
        }
    }
}

/// A letter that is to be sent. Whom it reaches and what an approver sees come from the same message.
pub fn letter(bytes: &[u8]) {
    let body = json!({ "raw": URL_SAFE.encode(bytes) }).to_string();
    let raw = RawRequest {
        content_type: Some("application/json"),
        body: body.as_bytes(),
        ..RawRequest::new("POST", "/gmail/v1/users/me/messages/send")
    };
    let Some(request) = understood("gmail", &raw) else { return };
    let shown = RequestView::of(&request, &Observed::default(), NOW);
    let misleads = |text: &String| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!shown.letters.iter().any(|letter| misleads(&letter.subject)));
    for address in &shown.recipients {
        assert!(address.contains('@') && !address.contains(char::is_whitespace), "an address: {address:?}");
    }
    if let Decided::Allow(_) = decide(&COLLEAGUES, request, &Context::default(), NOW) {
        assert_eq!(shown.recipients_unknown, None, "whom it reaches is known");
        let is_colleague = |address: &String| address.ends_with("@example.com");
        assert!(shown.recipients.iter().all(is_colleague), "{:?}", shown.recipients);
    }
}

/// A pass to write to colleagues.
static COLLEAGUES: LazyLock<Arc<VerifiedPass>> = LazyLock::new(|| {
    verified(&MintArgs {
        task: "write to colleagues".into(),
        allow: vec!["gmail:send".into(), "gmail:write".into()],
        narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["example.com"]),
        ..MintArgs::default()
    })
});

fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

fn understood(service: &str, raw: &RawRequest<'_>) -> Option<Request> {
    let known = connection(service);
    known.service.classify(&known.name, &known.account, raw).ok()
}

/// Checks that the target to send is plain, and reads as the operation and arguments that it was made from.
fn is_canonical(service: &str, method: &str, request: &Request) {
    let sent = request.upstream_target();
    assert!(sent.starts_with('/') && !sent.starts_with("//"), "{sent:?}");
    assert!(sent.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\'), "{sent:?}");
    let (path, query) = split(&sent);
    let has_dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    assert!(!has_dots, "{sent:?}");
    let again = understood(service, &RawRequest { query, ..RawRequest::new(method, path) });
    // The target to send has the host's own prefix, which the agent may have left out.
    let Some(again) = again else { return };
    assert_eq!(again.operation.id, request.operation.id, "{sent:?}");
    assert_eq!(again.arguments, request.arguments, "{sent:?}");
    assert_eq!(again.upstream_target(), sent, "it has one spelling");
}

/// Checks that the body to send reads as the same arguments.
fn read_again(service: &str, raw: &RawRequest<'_>, request: &Request) {
    let (kind, sent) = request.wire_body().unwrap_or_default();
    let content_type = (!kind.is_empty()).then_some(&*kind);
    let again = RawRequest { body: &sent, content_type, ..*raw };
    let again = understood(service, &again);
    let again =
        again.unwrap_or_else(|| panic!("what is sent is understood: {}", String::from_utf8_lossy(&sent)));
    assert_eq!(again.arguments, request.arguments);
    assert_eq!(again.wire_body().map(|(_, bytes)| bytes).unwrap_or_default(), sent, "it has one spelling");
}
