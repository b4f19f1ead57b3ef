//! A draft that is sent by its id. The message in it becomes part of the request, so that the judged message is the one
//! that is sent, even if the draft changes meanwhile.
//!
//! Gmail's `drafts.send` takes the id together with a message, and sends that message instead of the draft's.
//!
//! - Invariant: A draft is sent as it was judged, even if it changes meanwhile
//!   (`a_draft_is_sent_as_it_was_judged_whatever_becomes_of_it_meanwhile`).

use crate::request::canonical::{Body, Request};
use crate::request::decode;
use crate::request::found::Unfound;
use crate::words::json::Json;

/// Whether the request itself holds the message that it sends.
pub(super) fn holds_message(request: &Request) -> bool {
    match &request.body {
        Body::Json(json) => json.field("message").and_then(|message| message.field("raw")).is_some(),
        Body::Media { .. } | Body::Related { .. } => true,
        Body::Empty | Body::Form(_) => false,
    }
}

/// Puts message and thread of the draft into the request. A thread that the request names must be the draft's. If the
/// request holds a message, the service sends that one; the draft's message is then returned, to be judged as well.
pub(super) fn pin(answer: &Json, request: &mut Request) -> Result<Option<Vec<u8>>, Unfound> {
    let asked = crate::request::target::argument(request, "id");
    if asked.is_none() || answer.field("id").and_then(Json::as_str) != asked {
        return Err(Unfound::Unreadable);
    }
    let message = answer.field("message").ok_or(Unfound::Partial)?;
    let text = |name| message.field(name).and_then(Json::as_str).ok_or(Unfound::Partial);
    let (thread, raw) = (text("threadId")?, text("raw")?);
    let bytes = decode::base64url(raw).filter(|bytes| !bytes.is_empty()).ok_or(Unfound::Unreadable)?;
    if !crate::request::target::is_plain(thread) {
        return Err(Unfound::Unreadable);
    }
    let replaced = holds_message(request).then_some(bytes);
    let pinned = [("raw", replaced.is_none().then_some(raw)), ("threadId", Some(thread))];
    let json = match &mut request.body {
        Body::Json(json) | Body::Related { metadata: json, .. } => json,
        Body::Empty | Body::Form(_) | Body::Media { .. } => return Err(Unfound::Beside),
    };
    put(json, &pinned)?;
    Ok(replaced)
}

fn put(draft: &mut Json, pinned: &[(&str, Option<&str>)]) -> Result<(), Unfound> {
    let Json::Object(fields) = draft else { return Err(Unfound::Beside) };
    if !fields.iter().any(|(name, _)| name == "message") {
        fields.push(("message".into(), Json::Object(Vec::new())));
    }
    let message = fields.iter_mut().find(|(name, _)| name == "message").map(|(_, value)| value);
    let Some(Json::Object(message)) = message else { return Err(Unfound::Beside) };
    // Gmail computes every other field, or another reader could take it for the message.
    if message.iter().any(|(name, _)| name != "raw" && name != "threadId") {
        return Err(Unfound::Beside);
    }
    for (name, value) in pinned.iter().filter_map(|(name, value)| Some((*name, (*value)?))) {
        match message.iter().find(|(known, _)| known == name) {
            Some((_, known)) if known.as_str() != Some(value) => return Err(Unfound::Beside),
            Some(_) => {}
            None => message.push((name.to_owned(), Json::String(value.to_owned()))),
        }
    }
    Ok(())
}
