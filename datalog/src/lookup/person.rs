//! Which organization somebody belongs to, as Slack says it: somebody else's where it is not the account's own.
//!
//! A guest counts as somebody else's, because a guest's account is how a workspace lets an outsider in.

use super::conversation::{flag, is_ok};
use super::plan::argument;
use super::{Finds, Found, Side, Unfound};
use crate::json::Json;
use crate::request::Request;

/// `asked`: the look-up that was answered.
pub(super) fn standing(answer: &Json, asked: &Request) -> Result<Found, Unfound> {
    is_ok(answer)?;
    let user = answer.field("user").ok_or(Unfound::Unreadable)?;
    let text = |name| user.field(name).and_then(Json::as_str);
    let id = text("id").ok_or(Unfound::Unreadable)?;
    if Some(id) != argument(asked, "user") {
        return Err(Unfound::Unreadable);
    }
    let team = text("team_id").filter(|team| !team.is_empty()).ok_or(Unfound::Partial)?;
    let flags = ["is_restricted", "is_ultra_restricted", "is_stranger"].map(|name| flag(user, name));
    let mut guest = false;
    for flag in flags {
        guest |= flag? == Some(true);
    }
    let side = Side::Person { id: id.to_owned(), team: team.to_owned(), guest };
    // Whether the organization is the account's own only the account's own person tells.
    let points = vec![(Finds::Person, asked.account.as_str().to_owned())];
    Ok(Found { points, side: Some(side), ..Found::default() })
}
