//! Who may open a file or folder, and who has one permission. A domain, or everybody, is no address.
//!
//! A request that puts something into a folder reaches everybody who may open the folder.
//!
//! - Invariant: A request that adds to a shared calendar, series or folder reaches everyone who reads it already. So
//!   does one that changes something shared (`a_change_of_a_file_reaches_whoever_may_open_it`,
//!   `a_change_of_a_calendar_reaches_whoever_reads_it`,
//!   `every_operation_that_changes_something_has_a_rule_on_who_reads_it`,
//!   `an_event_on_a_shared_calendar_reaches_whoever_reads_that`,
//!   `a_change_of_a_series_reaches_the_guests_of_each_of_its_events`,
//!   `what_is_put_into_a_folder_reaches_whoever_may_open_the_folder`).

use crate::decision::lookup::Found;
use crate::request::canonical::Request;
use crate::request::decode::Address;
use crate::request::found::Unfound;
use crate::request::target::argument;
use crate::words::json::Json;

/// The one person or group of the permission that the request names.
pub(super) fn grantee(answer: &Json, request: &Request) -> Result<Found, Unfound> {
    if argument(request, "permissionId") != answer.field("id").and_then(Json::as_str) {
        return Err(Unfound::Unreadable);
    }
    Ok(Found::of(vec![holder_of(answer)?]))
}

/// Everybody who has a permission on the file or folder.
pub(super) fn all(answer: &Json) -> Result<Found, Unfound> {
    let Some(Json::Array(permissions)) = answer.field("permissions") else { return Err(Unfound::Partial) };
    // Every thing has an owner, so an empty list is an error.
    if permissions.is_empty() || answer.field("nextPageToken").is_some() {
        return Err(Unfound::Partial);
    }
    let mut found = Vec::new();
    for permission in permissions {
        match permission.field("deleted") {
            Some(Json::Bool(true)) => {}
            None | Some(Json::Bool(false)) => found.push(holder_of(permission)?),
            Some(_) => return Err(Unfound::Unreadable),
        }
    }
    found.sort();
    found.dedup();
    Ok(Found::of(found))
}

fn holder_of(permission: &Json) -> Result<Address, Unfound> {
    let text = |name| permission.field(name).and_then(Json::as_str);
    match text("type") {
        Some("user" | "group") if permission.field("domain").is_none() => {}
        Some("user" | "group") => return Err(Unfound::Unreadable),
        Some("anyone" | "domain") => return Err(Unfound::Anybody),
        _ => return Err(Unfound::Partial),
    }
    let address = text("emailAddress").ok_or(Unfound::Partial)?;
    address.parse().map_err(|_| Unfound::Unreadable)
}
