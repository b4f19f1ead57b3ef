//! Look: what a request refers to and does not say, fetched before it is decided on.
//!
//! Which look-up is needed, and what its answer means, is planned and read in `datalog`; this carries it out, with a
//! credential leased for that look-up alone, bounded in time and size, and in number for each lineage. An answer that is not had is told as such: it becomes
//! a denial. Nothing of an answer goes to the agent.

use datalog::lookup::{Inquiry, Needed, Unfound, could_need};
use datalog::{Context, Request, VerifiedPass};
use http::StatusCode;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use crate::credential::lease;
use crate::forward::Forwarder;
use crate::gateway::Gateway;
use crate::outgoing::Outgoing;
use crate::ports::{Connection, Warrant};
use crate::record::Recording;
use crate::refusal::{FaultCode, Stop};
use crate::reserve;
use crate::rooms::Room;

/// Who looks, and on whose behalf.
pub(crate) struct Looker<'a> {
    pub gateway: &'a Gateway,
    pub forwarder: &'a Forwarder,
    pub connection: &'a Connection,
    pub pass: &'a VerifiedPass,
    /// The text of the pass, which is verified again after every wait.
    pub text: &'a SecretString,
}

/// A request with what was looked up for it.
pub(crate) struct Looked {
    pub request: Request,
    pub context: Context,
    /// Room for what was fetched, which may be part of the request now.
    pub rooms: Vec<Room>,
}

/// What a look-up brought: bytes and the room that they take, or why there are none.
type Fetched = Result<(Vec<u8>, Option<Room>), Unfound>;

impl Looker<'_> {
    /// Makes the look-ups that the decision lacks; for nearly every request there are none.
    pub(crate) async fn look(
        &self,
        request: Request,
        context: Context,
        recording: &mut Recording,
    ) -> Result<Looked, Stop> {
        let mut rooms = Vec::new();
        if !could_need(self.pass, &request) {
            return Ok(Looked { request, context, rooms });
        }
        let deadline = Instant::now() + self.gateway.config.limits.look;
        let mut inquiry = Inquiry::about(request, context);
        while let Some(needed) = inquiry.next(self.pass, &self.connection.service, self.gateway.clock.now()) {
            self.one_more().await?;
            let fetched = match timeout_at(deadline, self.fetch(&needed, recording)).await {
                Ok(fetched) => fetched?,
                Err(_) => Err(Unfound::NoAnswer),
            };
            let operation = &needed.request().operation.id;
            match fetched {
                Ok((bytes, room)) => {
                    tracing::debug!(%operation, "looked up");
                    inquiry.learn(&needed, Ok(&bytes));
                    rooms.extend(room);
                }
                Err(unfound) => {
                    tracing::debug!(%operation, %unfound, "not found");
                    inquiry.learn(&needed, Err(unfound));
                }
            }
        }
        let (request, context) = inquiry.into_parts();
        Ok(Looked { request, context, rooms })
    }

    /// Durable before the look-up leaves: where nothing can be written, nothing is looked up.
    async fn one_more(&self) -> Result<(), Stop> {
        let (gateway, now) = (self.gateway, self.gateway.clock.now());
        reserve::look_up(gateway.authority.as_ref(), &gateway.config.limits, self.pass, now).await
    }

    async fn fetch(&self, needed: &Needed, recording: &mut Recording) -> Result<Fetched, Stop> {
        let (authority, limits) = (self.gateway.authority.as_ref(), &self.gateway.config.limits);
        let warrant = Warrant::Needed(needed);
        let outgoing = Outgoing::of(warrant, self.connection, self.text)?;
        let credential = lease(authority, limits, warrant).await?;
        // Waiting for a provider takes seconds, in which a person may have ended the pass.
        let mut under_way = authority.departures().begin();
        self.gateway.still_trusts(self.text, self.connection)?;
        recording.looks_up(&warrant.request().operation);
        let stands = || self.gateway.still_trusts(self.text, self.connection).is_ok();
        let sent = self.forwarder.send(authority, limits, warrant, &outgoing, credential);
        let answer = match under_way.unless_recalled(stands, sent).await? {
            Ok(arrival) => arrival.answer,
            Err(fault) if fault.code == FaultCode::NeedsReconnect => return Err(fault.into()),
            Err(_) => return Ok(Err(Unfound::NoAnswer)),
        };
        let plain = answer.headers().get(CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
        if answer.status() != StatusCode::OK || !plain {
            return Ok(Err(Unfound::Refused));
        }
        let length = answer.body().size_hint().exact().map(usize::try_from);
        let length = length.map_or(limits.body, |length| length.unwrap_or(usize::MAX));
        if length > limits.body {
            return Ok(Err(Unfound::TooLarge));
        }
        let room = self.gateway.rooms.for_body(length)?;
        Ok(match Limited::new(answer.into_body(), limits.body).collect().await {
            Ok(whole) => Ok((whole.to_bytes().to_vec(), room)),
            Err(error) if error.is::<LengthLimitError>() => Err(Unfound::TooLarge),
            Err(_) => Err(Unfound::NoAnswer),
        })
    }
}
