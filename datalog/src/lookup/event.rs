//! Whom a change of an event reaches beside those whom the request names: the guests that it has, and who organises it.
//!
//! Only of an event that says all of it: not of one that anybody can join. The single events of a series may have other
//! guests: they are looked up too. A single event of a series is changed alone, and reaches its own guests. The version
//! that was read becomes part of the request, so that no other is changed.

use std::sync::Arc;

use super::{Finds, Found, Unfound};
use crate::decode::Address;
use crate::json::Json;
use crate::request::Request;

const IF_MATCH: &str = "if-match";

pub(super) fn reached(answer: &Json, request: &mut Request) -> Result<Found, Unfound> {
    let id = answer.field("id").and_then(Json::as_str).ok_or(Unfound::Unreadable)?;
    if super::plan::argument(request, "eventId") != Some(id) {
        return Err(Unfound::Unreadable);
    }
    let is_series = match answer.field("recurrence") {
        None => false,
        Some(Json::Array(rules)) => !rules.is_empty(),
        Some(_) => return Err(Unfound::Unreadable),
    };
    let mut found = Found::of(people(answer)?);
    if is_series {
        found.points.push((Finds::Series, id.to_owned()));
    }
    pin(answer, request)?;
    Ok(found)
}

/// Whom the single events of a series reach, all of them. Those that were made to differ are among them.
pub(super) fn of_series(answer: &Json, request: &Request) -> Result<Found, Unfound> {
    let series = super::plan::argument(request, "eventId");
    let Some(Json::Array(events)) = answer.field("items") else { return Err(Unfound::Partial) };
    if answer.field("nextPageToken").is_some() {
        return Err(Unfound::Partial);
    }
    let mut found = Vec::new();
    for event in events {
        if series.is_none() || event.field("recurringEventId").and_then(Json::as_str) != series {
            return Err(Unfound::Unreadable);
        }
        found.extend(people(event)?);
    }
    found.sort();
    found.dedup();
    Ok(Found::of(found))
}

/// Who organises an event and who is invited to it, but for the account.
fn people(event: &Json) -> Result<Vec<Address>, Unfound> {
    let is_default = event.field("eventType").is_none_or(|kind| kind.as_str() == Some("default"));
    if !is_default || flag(event, "attendeesOmitted")? || flag(event, "anyoneCanAddSelf")? {
        return Err(Unfound::Partial);
    }
    let mut found = Vec::new();
    found.extend(other(event.field("organizer").ok_or(Unfound::Partial)?)?);
    match event.field("attendees") {
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
