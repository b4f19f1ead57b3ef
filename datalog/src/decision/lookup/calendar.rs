//! Who reads a calendar: everybody to whom one of its rules gives any access, because they see its events.
//!
//! A domain, or everybody, is no address. The account itself and the calendar's own address count as nobody else.

use crate::decision::lookup::Found;
use crate::request::canonical::Request;
use crate::request::decode::Address;
use crate::request::found::Unfound;
use crate::request::target::argument;
use crate::words::json::Json;

/// `asked`: the look-up that was answered.
pub(super) fn readers(answer: &Json, asked: &Request) -> Result<Found, Unfound> {
    let Some(Json::Array(rules)) = answer.field("items") else { return Err(Unfound::Partial) };
    // Every calendar has an owner, so an empty list is an error.
    if rules.is_empty() || answer.field("nextPageToken").is_some() {
        return Err(Unfound::Partial);
    }
    let calendar = argument(asked, "calendarId");
    let mut found = Vec::new();
    for rule in rules {
        match rule.field("role").and_then(Json::as_str) {
            Some("none") => continue,
            Some(_) => {}
            None => return Err(Unfound::Partial),
        }
        let value = rule.field("scope").and_then(|scope| scope.field("value")).and_then(Json::as_str);
        let address = person_of(rule)?;
        if value != calendar {
            found.push(address);
        }
    }
    found.sort();
    found.dedup();
    Ok(Found::of(found))
}

/// The person of the one rule that the request names.
pub(super) fn of_rule(answer: &Json, request: &Request) -> Result<Found, Unfound> {
    if argument(request, "ruleId") != answer.field("id").and_then(Json::as_str) {
        return Err(Unfound::Unreadable);
    }
    Ok(Found::of(vec![person_of(answer)?]))
}

fn person_of(rule: &Json) -> Result<Address, Unfound> {
    let scope = rule.field("scope").ok_or(Unfound::Partial)?;
    let text = |name| scope.field(name).and_then(Json::as_str);
    match text("type") {
        Some("user" | "group") => {}
        Some("default" | "domain") => return Err(Unfound::Anybody),
        _ => return Err(Unfound::Partial),
    }
    text("value").ok_or(Unfound::Partial)?.parse().map_err(|_| Unfound::Unreadable)
}
