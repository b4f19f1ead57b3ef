//! Whom a change of a permission reaches: the one person or group that it is for. A domain, or everybody, is no address.

use super::Unfound;
use crate::decode::Address;
use crate::json::Json;
use crate::request::Request;

pub(super) fn grantee(answer: &Json, request: &Request) -> Result<Vec<Address>, Unfound> {
    let text = |name| answer.field(name).and_then(Json::as_str);
    if super::plan::argument(request, "permissionId") != text("id") || answer.field("domain").is_some() {
        return Err(Unfound::Unreadable);
    }
    if !matches!(text("type"), Some("user" | "group")) {
        return Err(Unfound::Partial);
    }
    let address = text("emailAddress").ok_or(Unfound::Partial)?;
    Ok(vec![address.parse().map_err(|_| Unfound::Unreadable)?])
}
