//! The MCP surface: an agent's client sees a pass as tools, and a call becomes the request that its tool stands for.
//!
//! It is stateless: `POST /mcp` for every connection of a pass, `POST /CONNECTION/mcp` for one, and `POST /mcp` on a
//! connection's own port. The pass stands in the Authorization header. A decision is always a result: a refusal is a
//! text that the model reads, and a question for a person holds the call. Only a pass that has ended is a 401, so that a
//! client's helper can get another one.
//!
//! - Invariant: The name of a tool decides nothing: a call gets the decision that its request gets by the base URL
//!   (`every_case_that_tools_can_make_comes_out_the_same_over_mcp`).
//! - Invariant: A header that says something else than the body is refused, and nothing is on record as allowed
//!   (`headers_that_contradict_the_body_are_refused_and_nothing_is_sent`).

mod call;
mod era;
pub(crate) mod place;
mod reply;
mod respond;
mod result;
mod rpc;
mod shown;

use std::sync::Arc;

use http::Method;
use http::header::{CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use hyper::body::Incoming;

use crate::answer::reply::Reply;
use crate::caller::Caller;
use crate::entrance::Entrance;
use crate::filter::inflate;
use crate::pipeline::Worker;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Refusal, RefusalCode};
use crate::surface::admit::{no_other_credential, take_pass};
use crate::surface::framing::OwnHost;
use crate::surface::intake::{discard, take_in};
use place::McpPlace;
use reply::{json_reply, not_allowed};
use respond::Session;
use rpc::Rpc;

/// Everything about the one who asks.
pub(crate) struct Visitor<'a> {
    pub worker: &'a Arc<Worker>,
    pub entrance: &'a Entrance,
    pub caller: Caller,
    pub host: &'a OwnHost,
}

/// Answers one MCP message.
pub(crate) async fn answer(
    visitor: Visitor<'_>,
    mut parts: Parts,
    mut body: Incoming,
    place: McpPlace,
) -> Result<Reply, Unanswered> {
    if parts.method != Method::POST {
        return Ok(not_allowed());
    }
    let gateway = &visitor.worker.gateway;
    let checked = head(&parts, visitor.host);
    let pass = match checked.and_then(|()| Ok(take_pass(&mut parts.headers)?)) {
        Ok(pass) => pass,
        Err(unanswered) => {
            discard(body, &gateway.config.limits).await;
            return Err(unanswered);
        }
    };
    let read = async {
        let verified = gateway.verify(&pass)?;
        Ok((verified, take_in(&mut body, inflate::coding(&parts.headers)?, gateway).await?))
    };
    let (verified, text) = match read.await {
        Ok(read) => read,
        Err(unanswered) => {
            discard(body, &gateway.config.limits).await;
            return Err(unanswered);
        }
    };
    let rpc = match Rpc::read(&text.bytes) {
        Ok(rpc) => rpc,
        Err((id, error)) => return Ok(json_reply(error.status, &error.answer(id.as_ref()))),
    };
    let session = Session {
        worker: visitor.worker.clone(),
        pass,
        verified,
        place,
        scope: visitor.entrance.scope.clone(),
        host: visitor.host.clone(),
        peer: visitor.entrance.peer,
        caller: visitor.caller,
    };
    session.respond(&parts.headers, rpc).await
}

/// Checks a head before the pass is looked at. A page on another origin must not speak for the person who reads it.
fn head(parts: &Parts, host: &OwnHost) -> Result<(), Unanswered> {
    let own = format!("http://{}", host.as_str());
    if let Some(origin) = parts.headers.get(ORIGIN)
        && origin.as_bytes() != own.as_bytes()
    {
        return Err(Refusal::new(RefusalCode::Denied, "a page of another site sent this message")
            .hint("an MCP client that is no web page sends no Origin")
            .into());
    }
    if parts.uri.query().is_some() {
        return Err(Refusal::ambiguous("the MCP address has no query")
            .hint("send the pass in the Authorization header")
            .into());
    }
    no_other_credential(&parts.headers)?;
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::ambiguous("an MCP message is not JSON")
            .expected("`Content-Type: application/json`", "another type")
            .into());
    }
    Ok(())
}
