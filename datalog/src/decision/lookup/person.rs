//! The organization that a person belongs to, as Slack says it. Any organization but the account's own counts as
//! outside.
//!
//! A guest counts as outside, because a workspace lets outsiders in by guest accounts.

use crate::catalog::finds::Finds;
use crate::decision::lookup::conversation::{flag, is_ok};
use crate::decision::lookup::{Found, Side};
use crate::request::canonical::Request;
use crate::request::found::Unfound;
use crate::request::target::argument;
use crate::words::json::Json;

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
    // Only the account's own person tells which organization is the account's own.
    let points = vec![(Finds::Person, asked.account.as_str().to_owned())];
    Ok(Found { points, side: Some(side), ..Found::default() })
}
