//! The people that a change of an event reaches, beside those that the request names: the event's guests and organizer.
//!
//! The event must name all of them, so an event that anybody can join does not count. Single events of a series may
//! have other guests, and are looked up too. A change of a single event reaches only that event's guests. The version
//! that was read becomes part of the request, so that no other version is changed.
//!
//! - Invariant: A change of an event counts its present guests and its new ones, and changes only the version that was
//!   read (`a_change_of_an_event_reaches_the_guests_that_it_has_and_the_new_ones`,
//!   `an_event_that_does_not_say_whom_it_reaches_is_unevaluable`).

use std::sync::Arc;

use crate::catalog::finds::Finds;
use crate::decision::lookup::Found;
use crate::request::canonical::Request;
use crate::request::decode::Address;
use crate::request::found::Unfound;
use crate::words::json::Json;

const IF_MATCH: &str = "if-match";

pub(super) fn reached(answer: &Json, request: &mut Request) -> Result<Found, Unfound> {
    let id = answer.field("id").and_then(Json::as_str).ok_or(Unfound::Unreadable)?;
    if crate::request::target::argument(request, "eventId") != Some(id) {
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

/// The people of all single events of a series, including changed ones. `asked`: the look-up that was answered.
pub(super) fn of_series(answer: &Json, asked: &Request) -> Result<Found, Unfound> {
    all(answer, "recurringEventId", crate::request::target::argument(asked, "eventId"))
}

/// The people of the events that an import would change: those that already have its `iCalUID`. A series is among
/// them, with each changed event of it.
pub(super) fn of_import(answer: &Json, asked: &Request, request: &Request) -> Result<Found, Unfound> {
    let uid = crate::request::target::argument(request, "iCalUID");
    // Ids in a list are looked up one by one, so an id with a comma finds nothing.
    if crate::request::target::argument(asked, "iCalUID") != uid {
        return Err(Unfound::Id);
    }
    all(answer, "iCalUID", uid)
}

/// The people of all these events. Each must have this `id`.
fn all(answer: &Json, name: &str, id: Option<&str>) -> Result<Found, Unfound> {
    let Some(Json::Array(events)) = answer.field("items") else { return Err(Unfound::Partial) };
    if answer.field("nextPageToken").is_some() {
        return Err(Unfound::Partial);
    }
    let mut found = Vec::new();
    for event in events {
        if id.is_none() || event.field(name).and_then(Json::as_str) != id {
            return Err(Unfound::Unreadable);
        }
        found.extend(people(event)?);
    }
    found.sort();
    found.dedup();
    Ok(Found::of(found))
}

/// The organizer and the guests of an event, without the account.
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

/// The address of a person other than the account.
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

/// The change is for this version alone, if the service names versions.
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
