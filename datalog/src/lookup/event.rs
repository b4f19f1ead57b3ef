//! Whom a change of an event reaches beside those whom the request names: the guests that it has, and who organises it.
//!
//! Only of an event that says all of it: not of a series, whose single events may have other guests, nor of one that
//! anybody can join. The version that was read becomes part of the request, so that no other is changed.

use std::sync::Arc;

use super::Unfound;
use crate::decode::Address;
use crate::json::Json;
use crate::request::Request;

const IF_MATCH: &str = "if-match";

pub(super) fn reached(answer: &Json, request: &mut Request) -> Result<Vec<Address>, Unfound> {
    if super::plan::argument(request, "eventId") != answer.field("id").and_then(Json::as_str) {
        return Err(Unfound::Unreadable);
    }
    let is_series = match answer.field("recurrence") {
        None => false,
        Some(Json::Array(rules)) => !rules.is_empty(),
        Some(_) => return Err(Unfound::Unreadable),
    };
    let is_default = answer.field("eventType").is_none_or(|kind| kind.as_str() == Some("default"));
    if is_series || !is_default || flag(answer, "attendeesOmitted")? || flag(answer, "anyoneCanAddSelf")? {
        return Err(Unfound::Partial);
    }
    let mut found = Vec::new();
    found.extend(other(answer.field("organizer").ok_or(Unfound::Partial)?)?);
    match answer.field("attendees") {
        None => {}
        Some(Json::Array(guests)) => {
            for guest in guests {
                found.extend(other(guest)?);
            }
        }
        Some(_) => return Err(Unfound::Unreadable),
    }
    found.sort();
    found.dedup();
    pin(answer, request)?;
    Ok(found)
}

/// The address of somebody other than the account.
fn other(person: &Json) -> Result<Option<Address>, Unfound> {
    if flag(person, "self")? {
        return Ok(None);
    }
    let email = person.field("email").and_then(Json::as_str).ok_or(Unfound::Partial)?;
    email.parse().map(Some).map_err(|_| Unfound::Unreadable)
}

fn flag(object: &Json, name: &str) -> Result<bool, Unfound> {
    match object.field(name) {
        None => Ok(false),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Unfound::Unreadable),
    }
}

/// The change is of this version alone, where the service names versions.
fn pin(answer: &Json, request: &mut Request) -> Result<(), Unfound> {
    let Some(version) = answer.field("etag") else { return Ok(()) };
    let is_tag =
        |tag: &&str| (1..=200).contains(&tag.len()) && tag.bytes().all(|b| (0x21..=0x7e).contains(&b));
    let version = version.as_str().filter(is_tag).ok_or(Unfound::Unreadable)?;
    match request.headers.iter().find(|(name, _)| &**name == IF_MATCH) {
        Some((_, given)) if given != version => Err(Unfound::Beside),
        Some(_) => Ok(()),
        None => {
            request.headers.push((Arc::from(IF_MATCH), version.to_owned()));
            request.headers.sort();
            Ok(())
        }
    }
}
