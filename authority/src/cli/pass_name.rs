//! How a person names a minted pass: by its text, by its id, or by a beginning of its id that no other id has.
//!
//! The text tells by itself which pass it is, offline. The store knows the rest.

use datalog::inspect::{self, Inspection};
use datalog::{PREFIX, RevocationId};
use url::form_urlencoded::byte_serialize;

use super::client::Client;
use super::failure::Failure;
use crate::app::PassDetail;

/// Whether a text is the id of a pass, or its beginning, and not a pass.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with("p_") && text.len() < 64
}

/// Whether a text is a pass, and not a name of one.
pub(super) fn is_text(text: &str) -> bool {
    text.trim().starts_with(PREFIX) || (text.len() >= 64 && text.parse::<RevocationId>().is_err())
}

/// Refuses a text that names no pass in any way.
pub(super) fn check(text: &str) -> Result<(), Failure> {
    let text = text.trim();
    match is_name(text) || is_text(text) || text.parse::<RevocationId>().is_ok() {
        true => Ok(()),
        false => {
            Err(Failure::usage("this is not a pass: expected its text, its id, or the beginning of its id")
                .or_hint("`hallpass passes` lists them"))
        }
    }
}

/// Returns the pass of this name.
pub(super) async fn detail(client: &Client, name: &str) -> Result<PassDetail, Failure> {
    let name: String = byte_serialize(name.as_bytes()).collect();
    client.read(&format!("/v1/passes/{name}")).await
}

/// Returns the words of the pass with this name.
pub(super) async fn says(client: &Client, name: &str) -> Result<Inspection, Failure> {
    let detail = detail(client, name).await?;
    detail.says.ok_or_else(|| {
        Failure::failed(format!("the words of pass `{}` were not stored when it was minted", detail.info.id))
            .or_hint("give the text of the pass")
    })
}

/// Returns the id that revokes or stops a pass, or a block added to it.
pub(super) async fn revocation_id(client: &Client, text: &str) -> Result<RevocationId, Failure> {
    let text = text.trim();
    if let Ok(id) = text.parse::<RevocationId>()
        && !text.starts_with("p_")
    {
        return Ok(id);
    }
    if is_text(text) {
        let content = inspect::read(text).map_err(|error| not_a_pass(&error))?;
        let last = content.blocks.last().map(|block| block.revocation.clone());
        return last.ok_or_else(|| Failure::usage("the pass has no block"));
    }
    Ok(RevocationId::from(&detail(client, text).await?.info.id))
}

/// Returns the error for a text that is no pass. It does not repeat the text, which may be another secret.
pub(crate) fn not_a_pass(error: &datalog::ReadError) -> Failure {
    Failure::usage(format!("this is not a pass: {error}"))
        .or_hint("a pass is the one line that `hallpass mint` prints; it begins with `hallpass_`")
}
