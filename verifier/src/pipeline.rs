//! The pipeline: admit, verify, classify, look, decide, ask, reserve, lease, forward, answer, record.
//!
//! A surface admits a request and verifies its pass. `Worker::prepare` and `Worker::go` do all the rest, in order, for
//! every surface. Before `forward` a step can only stop the request; no step repairs it. `Worker::end` turns a stop
//! into one audit record, and the surface turns it into an answer.

use std::sync::Arc;

use datalog::lookup::Observed;
use datalog::{Context, Decided, Permitted, Refused, Request, VerifiedPass, decide};
use tokio::sync::watch;

use crate::answer::pass_on;
use crate::answer::permit::StreamPermit;
use crate::answer::reply::Reply;
use crate::answer::treatment::Treatment;
use crate::caller::Caller;
use crate::filter::rewrite::Origins;
use crate::filter::scrub::Scrubber;
use crate::gateway::Gateway;
use crate::in_flight::Recalled;
use crate::memory::MemoryShare;
use crate::ports::{Credential, Warrant};
use crate::record::{Came, Ended, Recorder, Recording};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Circumstances, Fault, FaultCode, Refusal};
use crate::steps::arrived::{Arrived, Patience};
use crate::steps::ask::{Question, Waiting};
use crate::steps::classify::classify;
use crate::steps::look::{LookUps, Looker};
use crate::steps::verify::Trusted;
use crate::tasks::Tasks;
use crate::upstream::forward::{Departure, Forwarder};
use crate::upstream::{address, signs};

/// Serves requests on one thread.
pub(crate) struct Worker {
    pub gateway: Arc<Gateway>,
    forwarder: Forwarder,
    recorder: Recorder,
    /// True when the gateway is about to end. Then it holds no request open.
    ending: watch::Receiver<bool>,
}

/// The state of a request on its way, beside its content.
pub(crate) struct RequestState {
    pub recording: Recording,
    caller: Caller,
    /// How long the gateway agreed to hold the request open; none if it did not agree.
    pub waited: Option<Patience>,
}

/// A request that may leave, with everything that its answer needs.
pub(crate) struct Ready<'a> {
    arrived: &'a Arrived,
    departure: Departure,
    /// Memory for the answer, if it is reviewed.
    room: Option<MemoryShare>,
}

/// A request that the service did not answer: the reason, and what else to tell the agent. Its record is written.
pub(crate) struct Stopped {
    pub unanswered: Unanswered,
    pub about: Circumstances,
}

/// A decision that allows or asks.
enum Answered {
    Yes(Permitted),
    Asks(Refused),
}

impl Worker {
    pub(crate) fn new(gateway: Arc<Gateway>, tasks: Arc<Tasks>, ending: watch::Receiver<bool>) -> Self {
        let limits = &gateway.config.limits;
        let forwarder = Forwarder::new(limits);
        let recorder = Recorder { in_time: gateway.in_time.clone(), tasks, limits: Arc::new(limits.clone()) };
        Self { gateway, forwarder, recorder, ending }
    }

    /// Returns the owner of work that outlives its request.
    pub(crate) fn tasks(&self) -> &Arc<Tasks> {
        &self.recorder.tasks
    }

    /// Whether the gateway is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Opens the record of a request. So far the surface knows only that it came.
    pub(crate) fn begin(&self, came: &Came<'_>, caller: Caller) -> RequestState {
        let now = self.gateway.clock.now();
        let recording = Recording::open(self.recorder.clone(), came, now);
        RequestState { recording, caller, waited: None }
    }

    /// Ends the record of a request, whatever its outcome.
    pub(crate) async fn end(
        &self,
        state: RequestState,
        answered: Result<Reply, Unanswered>,
    ) -> Result<Reply, Stopped> {
        match answered {
            Ok(reply) => {
                state.recording.close();
                Ok(reply)
            }
            Err(unanswered) => {
                let Ended { unanswered, record, does } = state.recording.stop(unanswered).await;
                Err(Stopped {
                    unanswered,
                    about: Circumstances { does, record, now: self.gateway.clock.now() },
                })
            }
        }
    }

    /// Takes a request to the point where it may leave: its budgets are taken, and its intent is durable.
    pub(crate) async fn prepare<'a>(
        &self,
        arrived: &'a Arrived,
        state: &mut RequestState,
    ) -> Result<Ready<'a>, Unanswered> {
        let request = classify(arrived)?;
        state.recording.classified(&request, &arrived.trusted.connection().service);
        let LookUps { request, context, memory: _memory } = self.look(arrived, request, state).await?;
        let pass = arrived.trusted.pass();
        let permitted = match self.decide(pass, request, &context, state)? {
            Answered::Yes(permitted) => permitted,
            Answered::Asks(refused) => self.ask(arrived, Question { refused, context }, state).await?,
        };
        let room = self.gateway.memory.for_answer(&permitted).await?;
        let departure = Departure::of(permitted, arrived.trusted.connection())?;
        state.recording.reserve(departure.permitted()).await?;
        Ok(Ready { arrived, departure, room })
    }

    /// Does the rest: sends the request with the credential, and returns its answer.
    pub(crate) async fn go(&self, ready: Ready<'_>, state: &mut RequestState) -> Result<Reply, Unanswered> {
        let Ready { arrived, departure, room } = ready;
        let (in_time, trusted) = (&self.gateway.in_time, &arrived.trusted);
        let credential = in_time.lease(Warrant::Permitted(departure.permitted())).await?;
        // Waiting for a provider takes seconds, and a person may have ended the pass meanwhile. From here on, ending
        // the pass waits for this request.
        let mut under_way = in_time.authority().in_flight().begin();
        trusted.stands(&self.gateway)?;
        state.still_awaited()?;
        state.recording.departs();
        let stands = || trusted.stands(&self.gateway).is_ok();
        let sent = self.forwarder.forward(in_time, &departure, credential);
        let arrival =
            under_way.unless_recalled(stands, sent).await.map_err(|Recalled| self.recalled(trusted))??;
        drop(under_way);
        let request = departure.permitted().request();
        let told = signs::notice(in_time.authority(), trusted.connection(), request, &arrival);
        let treatment = self.treatment(&arrival.credential, arrived, room);
        let limits = &self.gateway.config.limits;
        let passed = pass_on::pass_on(arrival.answer, &departure, treatment, &mut state.recording, limits);
        let mut reply = passed.await?;
        signs::tell(&mut reply.headers, told.as_deref());
        Ok(reply)
    }

    /// Returns why a request under way was called back. It checks everything trusted again.
    fn recalled(&self, trusted: &Trusted) -> Unanswered {
        let stands = trusted.stands(&self.gateway);
        stands.err().unwrap_or_else(|| Refusal::stopped().into()).on_its_way()
    }

    /// Fetches what the decision needs: its context, and the things that the request refers to without saying them.
    async fn look(
        &self,
        arrived: &Arrived,
        request: Request,
        state: &mut RequestState,
    ) -> Result<LookUps, Unanswered> {
        let (gateway, forwarder, trusted) = (self.gateway.as_ref(), &self.forwarder, &arrived.trusted);
        let (in_time, pass, now) = (&gateway.in_time, trusted.pass(), gateway.clock.now());
        let used = in_time.used(pass.claims(&request, &Observed::default(), now)).await?;
        let known = in_time.known(pass, &request).await?;
        let context = Context { used, known, ..Context::default() };
        let named = request.resources.clone();
        let looker = Looker { gateway, forwarder, trusted };
        let mut looked = looker.look(request, context, &mut state.recording).await?;
        if looked.request.resources != named {
            looked.context.known = in_time.known(pass, &looked.request).await?;
        }
        Ok(looked)
    }

    fn decide(
        &self,
        pass: &Arc<VerifiedPass>,
        request: Request,
        context: &Context,
        state: &mut RequestState,
    ) -> Result<Answered, Unanswered> {
        let now = self.gateway.clock.now();
        let decided = decide(pass, request, context, now);
        state.recording.judged(pass, &decided, context, now);
        let refused = match decided {
            Decided::Allow(permitted) => return Ok(Answered::Yes(permitted)),
            Decided::Ask(refused) => return Ok(Answered::Asks(refused)),
            Decided::Deny(refused) => refused,
        };
        state.recording.refused(&refused);
        Err(Refusal::of_decision(&refused).into())
    }

    /// Waits for a person's answer, and decides again with it. The pass, its end and its budgets are checked at that
    /// moment.
    async fn ask(
        &self,
        arrived: &Arrived,
        question: Question,
        state: &mut RequestState,
    ) -> Result<Permitted, Unanswered> {
        state.recording.refused(&question.refused);
        let (in_time, now) = (&self.gateway.in_time, self.gateway.clock.now());
        let trusted = &arrived.trusted;
        in_time.not_sent_before(trusted.pass(), &question.refused, &question.context.observed, now).await?;
        // If too many requests are held, the agent is told to come back.
        let held =
            arrived.patience.and_then(|patience| Some((patience, self.gateway.held.try_acquire().ok()?)));
        let patience = held.as_ref().map(|(patience, _)| *patience);
        state.waited = patience;
        let (gateway, caller, ending) = (self.gateway.as_ref(), &state.caller, self.ending.clone());
        let mut waiting = Waiting { gateway, trusted, patience, caller, ending };
        let approved = waiting.answer(&question).await?;
        let pass = trusted.again(gateway)?;
        state.recording.approved(&approved);
        let Question { refused, context } = question;
        let (request, now) = (refused.into_request(), self.gateway.clock.now());
        let used = in_time.used(pass.claims(&request, &context.observed, now)).await?;
        let context = Context { used, approved: Some(approved.digest()), ..context };
        match self.decide(&pass, request, &context, state)? {
            Answered::Yes(permitted) => Ok(permitted),
            Answered::Asks(refused) => Err(Refusal::of_decision(&refused).into()),
        }
    }

    fn treatment(&self, credential: &Credential, arrived: &Arrived, room: Option<MemoryShare>) -> Treatment {
        let connection = arrived.trusted.connection();
        let needles = self.gateway.needles.of(&connection.name, &credential.token);
        Treatment {
            scrubber: Scrubber::new(needles),
            origins: Origins::new(address::origins(connection), &arrived.base),
            service: connection.service.clone(),
            shows: arrived.shows,
            room,
            permit: StreamPermit {
                in_time: self.gateway.in_time.clone(),
                clock: self.gateway.clock.clone(),
                pass: arrived.trusted.pass().clone(),
                connection: connection.name.clone(),
            },
        }
    }
}

impl Ready<'_> {
    pub(crate) fn request(&self) -> &Request {
        self.departure.permitted().request()
    }
}

impl RequestState {
    /// Stops the request if its agent has gone, because the agent could not learn the outcome.
    fn still_awaited(&self) -> Result<(), Fault> {
        if self.caller.has_left() {
            return Err(Fault::before(FaultCode::Abandoned, "the agent went away before anything was sent"));
        }
        Ok(())
    }
}
