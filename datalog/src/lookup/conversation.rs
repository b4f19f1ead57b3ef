//! Whether a message would be read outside the organization: what Slack says of the conversation that it goes into.
//!
//! An invitation to another organization that is not answered yet counts as one that is. What Slack does not say of a
//! conversation (of a direct message, for one) is unknown here.

use super::Unfound;
use crate::json::Json;
use crate::request::Request;

/// `asked`: the look-up that was answered.
pub(super) fn is_external(answer: &Json, asked: &Request) -> Result<bool, Unfound> {
    if answer.field("ok") != Some(&Json::Bool(true)) {
        return Err(Unfound::Refused);
    }
    let conversation = answer.field("channel").ok_or(Unfound::Unreadable)?;
    let id = conversation.field("id").and_then(Json::as_str);
    if id.is_none() || id != super::plan::argument(asked, "channel") {
        return Err(Unfound::Unreadable);
    }
    match (conversation.field("is_ext_shared"), conversation.field("is_pending_ext_shared")) {
        (Some(Json::Bool(shared)), None) => Ok(*shared),
        (Some(Json::Bool(shared)), Some(Json::Bool(pending))) => Ok(*shared || *pending),
        (None, _) => Err(Unfound::Partial),
        _ => Err(Unfound::Unreadable),
    }
}
