//! Who may open a file or folder, and whom one permission is for. A domain, or everybody, is no address.
//!
//! What is put into a folder reaches everybody who may open the folder.

use super::plan::argument;
use super::{Found, Unfound};
use crate::decode::Address;
use crate::json::Json;
use crate::request::Request;

/// The one person or group that the permission is for which the request names.
pub(super) fn grantee(answer: &Json, request: &Request) -> Result<Found, Unfound> {
    if argument(request, "permissionId") != answer.field("id").and_then(Json::as_str) {
        return Err(Unfound::Unreadable);
    }
    Ok(Found::of(vec![of(answer)?]))
}

/// Everybody who has a permission on it.
pub(super) fn all(answer: &Json) -> Result<Found, Unfound> {
    let Some(Json::Array(permissions)) = answer.field("permissions") else { return Err(Unfound::Partial) };
    // Nobody may open nothing: a thing has an owner.
    if permissions.is_empty() || answer.field("nextPageToken").is_some() {
        return Err(Unfound::Partial);
    }
    let mut found = Vec::new();
    for permission in permissions {
        match permission.field("deleted") {
            Some(Json::Bool(true)) => {}
            None | Some(Json::Bool(false)) => found.push(of(permission)?),
            Some(_) => return Err(Unfound::Unreadable),
        }
    }
    found.sort();
    found.dedup();
    Ok(Found::of(found))
}

fn of(permission: &Json) -> Result<Address, Unfound> {
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
