//! Readers of JSON, of answers, and of descriptions of services.

use std::sync::{Arc, LazyLock};

use datalog::RawRequest;
use datalog::catalog::Service;
use datalog::catalog::import::{Options, import};
use datalog::json::Json;
use datalog::{Context, Decided, MintArgs, Narrowing, VerifiedPass, decide, flags};

use crate::{NOW, connection, verified};

/// If JSON is accepted, it is written back as it was understood.
pub fn json(bytes: &[u8]) {
    let Ok(value) = Json::parse(bytes) else { return };
    let text = value.to_text();
    assert_eq!(Json::parse(text.as_bytes()).as_ref(), Ok(&value), "{text}");
}

/// The pass under which answers are judged. It redacts `snippet`, so no shown message has one.
static PASS: LazyLock<Arc<VerifiedPass>> = LazyLock::new(|| {
    verified(&MintArgs {
        task: "read".into(),
        allow: vec!["gmail:read".into()],
        narrow: Narrowing::default()
            .with(&flags::REDACT, ["snippet"])
            .with(&flags::NEWER_THAN, ["24h"])
            .with(&flags::MAX_ITEMS, ["20"]),
        ..MintArgs::default()
    })
});

/// An answer of Gmail's under a pass that judges it.
pub fn answer(bytes: &[u8]) {
    let Ok(value) = Json::parse(bytes) else { return };
    let known = connection("gmail");
    for path in ["/gmail/v1/users/me/messages/m1", "/gmail/v1/users/me/threads/t1"] {
        let raw = RawRequest::new("GET", path);
        let request = known.service.classify(&known.name, &known.account, &raw);
        let request = request.unwrap_or_else(|error| panic!("{error}"));
        let Decided::Allow(permitted) = decide(&PASS, request, &Context::default(), NOW) else {
            panic!("the pass allows to read");
        };
        let Some(review) = permitted.review() else { panic!("the pass judges answers") };
        let Ok(reviewed) = review.apply(permitted.request(), value.clone()) else { continue };
        for name in ["messages", "snippet"] {
            assert!(!shows_text(&reviewed.answer, name, name == "snippet"), "{}", reviewed.answer.to_text());
        }
    }
}

/// Whether a message within the value has a text in the field of this name; always false unless `asked`.
fn shows_text(value: &Json, name: &str, asked: bool) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| shows_text(item, name, asked)),
        Json::Object(fields) => fields.iter().any(|(key, field)| {
            let is_text = matches!(field, Json::String(text) if !text.is_empty());
            (asked && key == name && is_text && is_message(value)) || shows_text(field, name, asked)
        }),
        _ => false,
    }
}

/// Whether this is a message of Gmail's: its snippet is redacted.
fn is_message(value: &Json) -> bool {
    value.field("id").and_then(Json::as_str).is_some() && value.field("internalDate").is_some()
}

/// A description of a service. If it is imported, the service loads.
pub fn description(bytes: &[u8]) {
    let name = "described".parse().unwrap_or_else(|_| panic!("it is a name"));
    let Ok(imported) = import(bytes, Options::named(name)) else { return };
    let loaded = Service::load(&imported.facts_text, None);
    assert!(loaded.is_ok(), "{:?}", loaded.err());
}
