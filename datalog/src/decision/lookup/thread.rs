//! Who takes part in a thread: the senders and recipients of its letters.
//!
//! One participant too few is the safe side. A field that does not parse strictly adds nobody. Drafts do not count,
//! because the agent writes them. Of the letters that the account sent, only the recipients count. The account itself
//! counts like anybody: if its address stands in a letter.

use crate::decision::lookup::Found;
use crate::request::decode::{self, Address};
use crate::request::found::Unfound;
use crate::words::json::Json;

/// More participants than this are no conversation, and no fact.
const MAX_PARTICIPANTS: usize = 1_000;

/// Labels of letters that do not count: not sent yet, or thrown away.
const LEFT_OUT: [&str; 3] = ["DRAFT", "SPAM", "TRASH"];

pub(super) fn participants(answer: &Json) -> Result<Found, Unfound> {
    let Some(Json::Array(messages)) = answer.field("messages") else { return Err(Unfound::Partial) };
    if messages.is_empty() || answer.field("nextPageToken").is_some() {
        return Err(Unfound::Partial);
    }
    let mut found: Vec<Address> = Vec::new();
    for message in messages {
        let labels = labels(message)?;
        let has = |label: &str| labels.contains(&label);
        if LEFT_OUT.into_iter().any(has) {
            continue;
        }
        let fields: &[&str] = if has("SENT") { &["to", "cc"] } else { &["to", "cc", "from", "reply-to"] };
        for (name, value) in headers(message)? {
            if fields.contains(&name.to_ascii_lowercase().as_str()) {
                found.extend(decode::addresses(value).unwrap_or_default());
            }
        }
    }
    found.sort();
    found.dedup();
    if found.len() > MAX_PARTICIPANTS { Err(Unfound::Partial) } else { Ok(Found::of(found)) }
}

fn labels(message: &Json) -> Result<Vec<&str>, Unfound> {
    match message.field("labelIds") {
        None => Ok(Vec::new()),
        Some(Json::Array(labels)) => {
            labels.iter().map(|label| label.as_str().ok_or(Unfound::Unreadable)).collect()
        }
        Some(_) => Err(Unfound::Unreadable),
    }
}

fn headers(message: &Json) -> Result<Vec<(&str, &str)>, Unfound> {
    let Some(Json::Array(headers)) = message.field("payload").and_then(|payload| payload.field("headers"))
    else {
        return Err(Unfound::Partial);
    };
    headers
        .iter()
        .map(|header| {
            let text = |name| header.field(name).and_then(Json::as_str).ok_or(Unfound::Unreadable);
            Ok((text("name")?, text("value")?))
        })
        .collect()
}
