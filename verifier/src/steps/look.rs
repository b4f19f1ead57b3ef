//! Look: fetches the things that a request refers to without saying them, before the decision.
//!
//! `datalog` plans which look-up is needed and reads its answer. This step carries it out, with a credential leased
//! for that look-up alone, within limits of time and size, and of number for each lineage. A look-up without an
//! answer is reported as such and leads to a denial. The agent gets nothing of an answer.
//!
//! - Invariant: An agent never learns what was looked up, even if Hallpass could not read it
//!   (`what_a_draft_holds_is_not_told_where_it_cannot_be_read_either`).
//! - Invariant: Each lineage has a limit of look-ups a minute. No look-up leaves while the store cannot write
//!   (`as_much_is_looked_up_for_a_lineage_in_a_minute_as_may_be`,
//!   `nothing_is_looked_up_while_the_store_takes_nothing`).
//! - Invariant: A look-up that fails leads to a denial. Each look-up has a limit of time and of size
//!   (`a_look_up_that_fails_is_unevaluable`, `a_look_up_is_bounded_in_time_and_size`).

use datalog::lookup::{Inquiry, Needed, Unfound, could_need};
use datalog::{Context, Request};
use http::StatusCode;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, timeout_at};

use crate::gateway::Gateway;
use crate::in_flight::Recalled;
use crate::memory::MemoryShare;
use crate::ports::{CarriedOut, Warrant};
use crate::record::Recording;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Fault, Refusal};
use crate::steps::verify::Trusted;
use crate::upstream::forward::Forwarder;
use crate::upstream::outgoing::Outgoing;

/// The caller of the look-ups, and its request.
pub(crate) struct Looker<'a> {
    pub gateway: &'a Gateway,
    pub forwarder: &'a Forwarder,
    /// The pass, which is verified again after every wait.
    pub trusted: &'a Trusted,
}

/// A request with the results of its look-ups.
pub(crate) struct LookUps {
    pub request: Request,
    pub context: Context,
    /// The memory of the fetched bytes, which may be part of the request now.
    pub memory: Vec<MemoryShare>,
}

/// The result of a look-up: bytes and their memory, or why there are none.
type Fetched = Result<(Vec<u8>, Option<MemoryShare>), Unfound>;

impl Looker<'_> {
    /// Makes the look-ups that the decision lacks. Nearly every request needs none.
    pub(crate) async fn look(
        &self,
        request: Request,
        context: Context,
        recording: &mut Recording,
    ) -> Result<LookUps, Unanswered> {
        let mut memory = Vec::new();
        if !could_need(self.trusted.pass(), &request) {
            return Ok(LookUps { request, context, memory });
        }
        let deadline = Instant::now() + self.gateway.config.limits.look;
        let mut inquiry = Inquiry::about(request, context);
        while let Some(needed) =
            inquiry.next(self.trusted.pass(), &self.trusted.connection().service, self.gateway.clock.now())
        {
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
                    memory.extend(room);
                }
                Err(unfound) => {
                    tracing::debug!(%operation, %unfound, "not found");
                    inquiry.learn(&needed, Err(unfound));
                }
            }
        }
        let (request, context) = inquiry.into_parts();
        Ok(LookUps { request, context, memory })
    }

    /// Returns why a look-up was called back. Only the look-up was on its way, so the request was not sent.
    fn recalled(&self) -> Unanswered {
        self.trusted.stands(self.gateway).err().unwrap_or_else(|| Refusal::stopped().into())
    }

    /// Counts one more look-up durably, before it leaves. If nothing can be written, nothing is looked up.
    async fn one_more(&self) -> Result<(), Unanswered> {
        let (gateway, now) = (self.gateway, self.gateway.clock.now());
        gateway.in_time.look_up(self.trusted.pass(), gateway.config.limits.look_ups, now).await
    }

    async fn fetch(&self, needed: &Needed, recording: &mut Recording) -> Result<Fetched, Unanswered> {
        let (in_time, limits) = (&self.gateway.in_time, &self.gateway.config.limits);
        let warrant = Warrant::Needed(needed);
        let outgoing = Outgoing::of(warrant, self.trusted.connection())?;
        let credential = in_time.lease(warrant).await?;
        // Waiting for a provider takes seconds, and a person may have ended the pass meanwhile.
        let mut under_way = in_time.authority().in_flight().begin();
        self.trusted.stands(self.gateway)?;
        recording.looks_up(&warrant.request().operation);
        let stands = || self.trusted.stands(self.gateway).is_ok();
        let sent = self.forwarder.send(in_time, warrant, &outgoing, credential);
        let answer =
            match under_way.unless_recalled(stands, sent).await.map_err(|Recalled| self.recalled())? {
                Ok(arrival) => arrival.answer,
                // The request itself has not left.
                Err(fault) if fault.code.is_of_credential() => {
                    return Err(Fault { carried_out: CarriedOut::NotSent, ..fault }.into());
                }
                Err(_) => return Ok(Err(Unfound::NoAnswer)),
            };
        let plain = answer.headers().get(CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
        if answer.status().is_server_error() {
            return Ok(Err(Unfound::NoAnswer));
        }
        if answer.status() != StatusCode::OK || !plain {
            return Ok(Err(Unfound::Refused));
        }
        let length = answer.body().size_hint().exact().map(usize::try_from);
        let length = length.map_or(limits.body, |length| length.unwrap_or(usize::MAX));
        if length > limits.body {
            return Ok(Err(Unfound::TooLarge));
        }
        let room = self.gateway.memory.for_body(length)?;
        Ok(match Limited::new(answer.into_body(), limits.body).collect().await {
            Ok(whole) => Ok((whole.to_bytes().to_vec(), room)),
            Err(error) if error.is::<LengthLimitError>() => Err(Unfound::TooLarge),
            Err(_) => Err(Unfound::NoAnswer),
        })
    }
}
