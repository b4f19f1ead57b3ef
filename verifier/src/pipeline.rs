//! The pipeline: admit, verify, classify, look, decide, reserve, lease, forward, answer, record.
//!
//! `Worker::steps` is the whole of it, in order. Every step before `forward` can only stop the request; none of
//! them repairs it. What stops it becomes one answer and one audit record, in `Worker::handle`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datalog::catalog::Dialect;
use datalog::lookup::Observed;
use datalog::{Context, Decided, Permitted, Refused, Request, VerifiedPass, decide};
use http::request::Parts;
use http::{Method, Response};
use hyper::body::Incoming;
use tokio::sync::watch;

use crate::admit::{Admitted, admit};
use crate::answer::{self, Shows, Treatment};
use crate::ask::{self, Waiting};
use crate::body::{AnswerBody, Leave};
use crate::classify::classify;
use crate::credential::lease;
use crate::dialect::Reads;
use crate::entrance::{Entrance, Load};
use crate::forward::{Arrival, Departure, Forwarder};
use crate::framing::{self, OwnHost};
use crate::gateway::Gateway;
use crate::heads::Chunked;
use crate::intake::{discard, take_in};
use crate::look::{Looked, Looker};
use crate::pages::{self, Page};
use crate::ports::{Connection, Warrant};
use crate::provenance;
use crate::record::{Recorder, Recording};
use crate::refusal::{Fault, FaultCode, Refusal, Stop};
use crate::reserve;
use crate::rewrite::Origins;
use crate::rooms::Room;
use crate::scrub::Scrubber;
use crate::upstream;

/// Serves requests on one thread.
pub(crate) struct Worker {
    pub gateway: Arc<Gateway>,
    pub forwarder: Forwarder,
    pub recorder: Recorder,
    /// Set when the gateway is to end: nothing is held open then.
    pub ending: watch::Receiver<bool>,
}

/// What a decision comes to, but for a no.
enum Answered {
    Yes(Permitted),
    Asks(Refused),
}

/// What is known of a request beside its record.
struct Passage {
    recording: Recording,
    dialect: Dialect,
    /// Set when nobody waits for the answer any more.
    gone: Arc<AtomicBool>,
    /// How long it was agreed to hold the request open for.
    waited: Option<Duration>,
}

impl Worker {
    /// Answers one request, whatever becomes of it, and ends its record.
    pub(crate) async fn handle(
        &self,
        parts: Parts,
        body: Incoming,
        entrance: Entrance,
        gone: Arc<AtomicBool>,
    ) -> Response<AnswerBody> {
        let now = self.gateway.clock.now();
        let recording = Recording::open(self.recorder.clone(), &parts, entrance.peer, now);
        let dialect = self.gateway.dialect_of(&entrance.scope);
        let reads = Reads::of(&parts.headers);
        let is_chunked = parts.extensions.get::<Chunked>().is_some();
        let mut passage = Passage { recording, dialect, gone, waited: None };
        let answered = match self.enter(&parts, &entrance) {
            Err(stop) => Err(stop),
            Ok(host) => match pages::page_for(&self.gateway, &parts, &entrance.scope, &host) {
                None => self.steps(parts, body, &entrance, &host, &mut passage).await,
                Some(page) => self.page(page, parts, &host).await,
            },
        };
        let mut answer = match answered {
            Ok(answer) => {
                passage.recording.close();
                answer
            }
            Err(stop) => {
                let (stop, id) = passage.recording.stop(stop).await;
                answer::stopped(&stop, passage.dialect, reads, id)
            }
        };
        if let Some(waited) = passage.waited {
            answer::preference_applied(&mut answer, waited);
        }
        if is_chunked {
            answer::last_of_its_connection(&mut answer);
        }
        answer
    }

    fn enter(&self, parts: &Parts, entrance: &Entrance) -> Result<OwnHost, Stop> {
        if entrance.load == Load::TooMuch {
            return Err(Fault::before(
                FaultCode::Overloaded,
                "the gateway has as many connections as it may",
            )
            .into());
        }
        Ok(framing::check(parts, &self.gateway.config.names, entrance.local)?)
    }

    /// A request's life.
    async fn steps(
        &self,
        parts: Parts,
        mut body: Incoming,
        entrance: &Entrance,
        host: &OwnHost,
        passage: &mut Passage,
    ) -> Result<Response<AnswerBody>, Stop> {
        let (authority, limits) = (self.gateway.authority.as_ref(), &self.gateway.config.limits);

        let (admitted, pass, connection) = match self.present(parts, entrance, host, passage) {
            Ok(presented) => presented,
            Err(stop) => {
                discard(body, limits).await;
                return Err(stop);
            }
        };
        let body = match take_in(&mut body, &self.gateway).await {
            Ok(taken) => taken,
            Err(stop) => {
                discard(body, limits).await;
                return Err(stop);
            }
        };
        let request = classify(&connection, &admitted, &body.bytes)?;
        passage.recording.classified(&request);
        let looked = self.look(&pass, &connection, &admitted, request, passage).await?;
        let (request, context, _rooms) = (looked.request, looked.context, looked.rooms);
        let permitted = match self.decide(&pass, request, &context, passage)? {
            Answered::Yes(permitted) => permitted,
            Answered::Asks(refused) => self.ask(&admitted, &pass, (refused, context), host, passage).await?,
        };
        let room = self.gateway.rooms.for_answer(&permitted).await?;
        let departure = Departure::of(permitted, &connection, &admitted.pass)?;
        passage.recording.reserve(departure.permitted()).await?;
        let credential = lease(authority, limits, Warrant::Permitted(departure.permitted())).await?;
        // Waiting for a provider takes seconds, in which a person may have ended the pass; from here on, whoever ends
        // it waits for this request.
        let mut under_way = authority.departures().begin();
        self.gateway.still_trusts(&admitted.pass, &connection)?;
        passage.still_awaited()?;
        passage.recording.departs();
        let stands = || self.gateway.still_trusts(&admitted.pass, &connection).is_ok();
        let sent = self.forwarder.forward(authority, limits, &departure, credential);
        let arrival = under_way.unless_recalled(stands, sent).await??;
        drop(under_way);
        let treatment = self.treatment(&arrival, &admitted, &connection, (pass, room));
        answer::pass_on(arrival.answer, &departure, treatment, &mut passage.recording, limits).await
    }

    /// Admit and verify: all that is looked at before a byte of the body.
    fn present(
        &self,
        parts: Parts,
        entrance: &Entrance,
        host: &OwnHost,
        passage: &mut Passage,
    ) -> Result<(Admitted, Arc<VerifiedPass>, Arc<Connection>), Stop> {
        let admitted = admit(parts, &entrance.scope, host)?;
        let pass = self.gateway.verify(&admitted.pass)?;
        passage.recording.verified(&pass);
        let connection = self.gateway.covered(&pass, &admitted)?;
        passage.dialect = connection.service.dialect;
        Ok((admitted, pass, connection))
    }

    /// What the decision depends on beside pass and request, and what the request refers to and does not say.
    async fn look(
        &self,
        pass: &VerifiedPass,
        connection: &Connection,
        admitted: &Admitted,
        request: Request,
        passage: &mut Passage,
    ) -> Result<Looked, Stop> {
        let (gateway, forwarder) = (self.gateway.as_ref(), &self.forwarder);
        let (authority, limits, now) =
            (gateway.authority.as_ref(), &gateway.config.limits, gateway.clock.now());
        let used = reserve::used(authority, limits, pass.claims(&request, &Observed::default(), now)).await?;
        let known = provenance::known(authority, limits, pass, &request).await?;
        let context = Context { used, known, ..Context::default() };
        let (text, named) = (&admitted.pass, request.resources.clone());
        let looker = Looker { gateway, forwarder, connection, pass, text };
        let mut looked = looker.look(request, context, &mut passage.recording).await?;
        if looked.request.resources != named {
            looked.context.known = provenance::known(authority, limits, pass, &looked.request).await?;
        }
        Ok(looked)
    }

    fn decide(
        &self,
        pass: &Arc<VerifiedPass>,
        request: Request,
        context: &Context,
        passage: &mut Passage,
    ) -> Result<Answered, Stop> {
        let now = self.gateway.clock.now();
        let decided = decide(pass, request, context, now);
        passage.recording.judged(pass, &decided, context, now);
        let refused = match decided {
            Decided::Allow(permitted) => return Ok(Answered::Yes(permitted)),
            Decided::Ask(refused) => return Ok(Answered::Asks(refused)),
            Decided::Deny(refused) => refused,
        };
        passage.recording.refused(&refused);
        Err(Refusal::of_decision(&refused).into())
    }

    /// Waits for a person's answer, and decides again with it: the pass, its end and its budgets are looked at
    /// when the approval is there.
    async fn ask(
        &self,
        admitted: &Admitted,
        pass: &Arc<VerifiedPass>,
        (refused, context): (Refused, Context),
        host: &OwnHost,
        passage: &mut Passage,
    ) -> Result<Permitted, Stop> {
        passage.recording.refused(&refused);
        // Beyond the most that are held, an agent is told to come back.
        let held = ask::patience(&admitted.headers)
            .and_then(|patience| Some((patience, self.gateway.held.try_acquire().ok()?)));
        let patience = held.as_ref().map(|(patience, _)| *patience);
        passage.waited = patience;
        let gone = passage.gone.clone();
        let mut waiting = Waiting {
            gateway: &self.gateway,
            admitted,
            pass,
            host: host.as_str(),
            patience,
            gone: &gone,
            ending: self.ending.clone(),
        };
        let approved = waiting.answer((refused.request(), &context.observed), refused.reasons()).await?;
        let pass = self.gateway.verify(&admitted.pass)?;
        self.gateway.covered(&pass, admitted)?;
        passage.recording.approved(&approved);
        let (authority, limits) = (self.gateway.authority.as_ref(), &self.gateway.config.limits);
        let (request, now) = (refused.into_request(), self.gateway.clock.now());
        let used = reserve::used(authority, limits, pass.claims(&request, &context.observed, now)).await?;
        let context = Context { used, approved: Some(approved.digest()), ..context };
        match self.decide(&pass, request, &context, passage)? {
            Answered::Yes(permitted) => Ok(permitted),
            Answered::Asks(refused) => Err(Refusal::of_decision(&refused).into()),
        }
    }

    fn treatment(
        &self,
        arrival: &Arrival,
        admitted: &Admitted,
        connection: &Connection,
        (pass, room): (Arc<VerifiedPass>, Option<Room>),
    ) -> Treatment {
        let needles = self.gateway.needles.of(&connection.name, &arrival.credential.token);
        Treatment {
            scrubber: Scrubber::new(needles),
            origins: Origins::new(upstream::origins(connection), &admitted.base),
            service: connection.service.clone(),
            shows: if admitted.method == Method::HEAD { Shows::Head } else { Shows::Everything },
            room,
            leave: Leave {
                authority: self.gateway.authority.clone(),
                clock: self.gateway.clock.clone(),
                pass,
                connection: connection.name.clone(),
            },
        }
    }

    async fn page(&self, page: Page, mut parts: Parts, host: &OwnHost) -> Result<Response<AnswerBody>, Stop> {
        match page {
            Page::WellKnown => Ok(answer::page(&pages::well_known(&self.gateway, host))),
            Page::Discovery(document) => Ok(answer::page(&document)),
            Page::Pass => {
                let pass = self.pass_of(&mut parts)?;
                Ok(answer::page(&pages::pass(&self.gateway, &pass, host).await?))
            }
            Page::Approval(id) => {
                let pass = self.pass_of(&mut parts)?;
                let found = pages::approval(&self.gateway, &pass, &id, host).await?;
                Ok(found.map_or_else(answer::not_found, |page| answer::page(&page)))
            }
            Page::GiveUp => {
                let pass = self.pass_of(&mut parts)?;
                Ok(answer::page(&pages::give_up(&self.gateway, &pass).await?))
            }
        }
    }

    fn pass_of(&self, parts: &mut Parts) -> Result<Arc<VerifiedPass>, Stop> {
        self.gateway.verify(&crate::admit::take_pass(&mut parts.headers)?)
    }
}

impl Passage {
    /// Nothing is sent for an agent that has gone: it could not learn what came of it.
    fn still_awaited(&self) -> Result<(), Fault> {
        if self.gone.load(Ordering::Acquire) {
            return Err(Fault::before(FaultCode::Abandoned, "the agent went away before anything was sent"));
        }
        Ok(())
    }
}
