//! Whether people outside the organization would read a message: what Slack says about the conversation it goes into.
//!
//! An open invitation to another organization counts like an accepted one. Slack names the partner of a direct message
//! and the members of a group; these are looked up in turn. Everything else that Slack does not say is unknown.
//!
//! - Invariant: A direct message is outside the organization if its partner is. Of several conversations, each one
//!   counts (`a_direct_message_is_as_far_outside_as_whom_it_is_with`,
//!   `every_conversation_and_everybody_invited_counts`).

use crate::catalog::finds::Finds;
use crate::decision::lookup::{Found, Side};
use crate::request::canonical::Request;
use crate::request::found::Unfound;
use crate::request::target::{argument, is_plain};
use crate::words::json::Json;

/// A larger group does not count as people who write to each other directly.
const MAX_MEMBERS: usize = 20;

/// `asked`: the look-up that was answered.
pub(super) fn standing(answer: &Json, asked: &Request) -> Result<Found, Unfound> {
    is_ok(answer)?;
    let conversation = answer.field("channel").ok_or(Unfound::Unreadable)?;
    let id = conversation.field("id").and_then(Json::as_str).ok_or(Unfound::Unreadable)?;
    if Some(id) != argument(asked, "channel") {
        return Err(Unfound::Unreadable);
    }
    let flag = |name| flag(conversation, name);
    let (shared, pending) = (flag("is_ext_shared")?, flag("is_pending_ext_shared")?);
    let (direct, group) = (flag("is_im")? == Some(true), flag("is_mpim")? == Some(true));
    let outside = shared == Some(true) || pending == Some(true) || invites(conversation)?;
    let points = match (direct, group) {
        (true, true) => return Err(Unfound::Unreadable),
        (true, false) => {
            let with = conversation.field("user").and_then(Json::as_str).ok_or(Unfound::Partial)?;
            vec![(Finds::Person, with.to_owned())]
        }
        (false, true) => vec![(Finds::Members, id.to_owned())],
        (false, false) if shared.is_none() => return Err(Unfound::Partial),
        (false, false) => Vec::new(),
    };
    let side = Some(Side::Conversation { id: id.to_owned(), outside });
    Ok(Found { points, side, ..Found::default() })
}

/// All members of a group, each to be looked up.
pub(super) fn members(answer: &Json) -> Result<Found, Unfound> {
    is_ok(answer)?;
    let Some(Json::Array(members)) = answer.field("members") else { return Err(Unfound::Partial) };
    let next = answer.field("response_metadata").and_then(|more| more.field("next_cursor"));
    if members.is_empty() || members.len() > MAX_MEMBERS || next.is_some_and(|next| next.as_str() != Some(""))
    {
        return Err(Unfound::Partial);
    }
    let point = |member: &Json| {
        let id = member.as_str().filter(|id| is_plain(id)).ok_or(Unfound::Unreadable)?;
        Ok((Finds::Person, id.to_owned()))
    };
    Ok(Found { points: members.iter().map(point).collect::<Result<_, _>>()?, ..Found::default() })
}

pub(super) fn is_ok(answer: &Json) -> Result<(), Unfound> {
    if answer.field("ok") == Some(&Json::Bool(true)) { Ok(()) } else { Err(Unfound::Refused) }
}

pub(super) fn flag(object: &Json, name: &str) -> Result<Option<bool>, Unfound> {
    match object.field(name) {
        None => Ok(None),
        Some(Json::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Unfound::Unreadable),
    }
}

/// Whether other organizations are invited to the conversation.
fn invites(conversation: &Json) -> Result<bool, Unfound> {
    let any = |name: &str| match conversation.field(name) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Array(teams)) => Ok(!teams.is_empty()),
        Some(_) => Err(Unfound::Unreadable),
    };
    Ok(any("pending_shared")? || any("pending_connected_team_ids")?)
}
