//! Record: one audit record for each request, finished exactly once, on every path.
//!
//! A `Recording` is opened when a request arrives and ends in one of three ways: refused, sent (it becomes a
//! `Sent`, which ends when the answer does), or dropped (a panic, a runtime that stops), which is recorded too.
//! It holds no body, no header and no secret.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use datalog::catalog::Operation;
use datalog::{Approval, Approved, Decided, Permitted, Refused, Request, Reservation, VerifiedPass};
use http::request::Parts;
use time::{Duration, OffsetDateTime};

use crate::allowance::{Allowance, Short};
use crate::config::Limits;
use crate::facts;
use crate::meter;
use crate::ports::{ApprovalUse, Authority, Outcome, Record, RecordId};
use crate::refusal::{Departed, Fault, FaultCode, Refusal, Stop};
use crate::reserve;
use crate::tasks::Tasks;

/// What a recording needs to write itself, also after its request is gone.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub authority: Arc<dyn Authority>,
    pub tasks: Arc<Tasks>,
    pub limits: Arc<Limits>,
}

enum State {
    /// Nothing was written.
    Open,
    /// Budgets are taken and the intent is durable; nothing was sent.
    Intended(RecordId),
    /// It may have reached the upstream, and waits for its outcome.
    Departed(RecordId),
    Closed,
}

/// The record of one request while it runs.
pub(crate) struct Recording {
    recorder: Recorder,
    record: Record,
    /// What was taken from budgets; part of the record only once it is an intent.
    reservations: Vec<Reservation>,
    /// What the answer may take of budgets that count bytes.
    allowance: Option<Allowance>,
    operation: Option<Arc<Operation>>,
    state: State,
    started: Instant,
}

impl Recording {
    pub(crate) fn open(recorder: Recorder, parts: &Parts, peer: IpAddr, at: OffsetDateTime) -> Self {
        meter::began();
        let record = Record {
            at,
            lineage: Vec::new(),
            task: None,
            connection: None,
            operation: None,
            method: parts.method.as_str().chars().take(16).collect(),
            path: shown_path(parts.uri.path()),
            digest: None,
            outline: None,
            looked_up: Vec::new(),
            approval: None,
            decision: "allow",
            reasons: Vec::new(),
            facts: None,
            reservations: Vec::new(),
            peer,
            decided_in: Duration::ZERO,
        };
        Self {
            recorder,
            record,
            reservations: Vec::new(),
            allowance: None,
            operation: None,
            state: State::Open,
            started: Instant::now(),
        }
    }

    pub(crate) fn verified(&mut self, pass: &VerifiedPass) {
        self.record.lineage = pass.lineage().to_vec();
        self.record.task = Some(pass.task().to_owned());
    }

    pub(crate) fn classified(&mut self, request: &Request) {
        self.record.connection = Some(request.connection.clone());
        self.record.operation = Some(request.operation.id.to_string());
        self.record.outline = Some(Arc::new(request.outline()));
        self.operation = Some(request.operation.clone());
    }

    /// The credential is about to be used to find out what the request refers to.
    pub(crate) fn looks_up(&mut self, operation: &Operation) {
        self.record.looked_up.push(operation.id.to_string());
    }

    /// The facts of the decision that the record is of, where they are kept.
    pub(crate) fn judged(
        &mut self,
        pass: &VerifiedPass,
        decided: &Decided,
        context: &datalog::Context,
        at: OffsetDateTime,
    ) {
        self.record.facts = facts::of(self.recorder.authority.keeping(), pass, decided, context, at);
    }

    pub(crate) fn refused(&mut self, refused: &Refused) {
        self.record.digest = Some(refused.digest());
        self.record.reasons = refused.reasons().to_vec();
    }

    /// The approval that this request goes with, which its intent uses up.
    pub(crate) fn approved(&mut self, approved: &Approved) {
        let by = approved.by().iter().cloned().collect();
        self.record.approval = Some(ApprovalUse { id: approved.approval().clone(), by });
    }

    /// Takes what the decision permitted from the budgets and makes the intent durable, together. Without it
    /// nothing may be sent.
    pub(crate) async fn reserve(&mut self, permitted: &Permitted) -> Result<(), Stop> {
        self.record.digest = Some(permitted.digest());
        self.record.reasons = permitted.reasons().to_vec();
        let reservations = permitted.reservations().to_vec();
        if (permitted.approval() == Approval::Given) != self.record.approval.is_some() {
            return Err(Fault::before(FaultCode::AuditUnavailable, "an approval is not accounted for").into());
        }
        let Recorder { authority, limits, .. } = &self.recorder;
        let decided_in = took(self.started);
        let intent = Record { reservations: reservations.clone(), decided_in, ..self.record.clone() };
        let id = reserve::reserve(authority.as_ref(), limits, intent).await?;
        let length = || permitted.request().body_length();
        self.allowance = Allowance::of(authority, limits.authority, &reservations, length);
        self.reservations = reservations;
        self.state = State::Intended(id);
        Ok(())
    }

    /// Takes so many bytes of an answer that is whole, before any of it is sent.
    pub(crate) async fn take(&mut self, bytes: usize) -> Result<(), Stop> {
        let Some(allowance) = &mut self.allowance else { return Ok(()) };
        allowance.take(bytes as u64).await.map_err(|Short| Refusal::too_much_answered().into())
    }

    /// From here on the upstream may act.
    pub(crate) fn departs(&mut self) {
        if let State::Intended(id) = self.state {
            self.state = State::Departed(id);
        }
    }

    /// Ends the recording with a refusal or a fault; answers what the agent is to be told.
    pub(crate) async fn stop(mut self, stop: Stop) -> (Stop, Option<RecordId>) {
        meter::decided(stop.code(), self.service(), self.started.elapsed());
        let state = std::mem::replace(&mut self.state, State::Closed);
        let never_left = matches!(&stop, Stop::Broke(fault) if fault.departed == Departed::Never);
        let release = match state {
            State::Intended(_) => true,
            State::Departed(_) => never_left,
            State::Open | State::Closed => false,
        };
        if release {
            self.recorder.release(&self.reservations, self.record.approval.as_ref()).await;
            if let Some(allowance) = self.allowance.take() {
                allowance.forget();
            }
        }
        self.say(&stop);
        match state {
            State::Intended(id) | State::Departed(id) => {
                let outcome = Outcome::Failed { code: stop.code(), took: took(self.started) };
                self.recorder.authority.outcome(id, outcome);
                (stop, Some(id))
            }
            State::Open => self.write_refusal(stop).await,
            State::Closed => (stop, None),
        }
    }

    fn service(&self) -> Option<&str> {
        self.operation.as_ref().map(|operation| operation.id.service())
    }

    fn say(&self, stop: &Stop) {
        let operation = self.operation.as_ref().map_or("none", |operation| operation.id.as_str());
        let code = stop.code();
        match stop {
            Stop::Refused(_) => tracing::debug!(operation, code, "refused"),
            Stop::Broke(fault) => tracing::warn!(operation, code, detail = fault.detail, "not answered"),
        }
    }

    async fn write_refusal(&mut self, stop: Stop) -> (Stop, Option<RecordId>) {
        self.record.decision = stop.code();
        self.record.decided_in = took(self.started);
        let Recorder { authority, limits, .. } = &self.recorder;
        match reserve::in_time(limits, authority.refusal(self.record.clone())).await {
            Ok(id) => (stop, id),
            Err(fault) => {
                tracing::error!(%fault, "the audit log did not take a refusal");
                (Fault::audit().into(), None)
            }
        }
    }

    /// The answer is on its way: from here on the outcome ends the record.
    pub(crate) fn sent(&mut self, status: u16) -> Sent {
        let id = match std::mem::replace(&mut self.state, State::Closed) {
            State::Intended(id) | State::Departed(id) => Some(id),
            _ => None,
        };
        meter::decided("allow", self.service(), self.started.elapsed());
        Sent {
            authority: self.recorder.authority.clone(),
            allowance: self.allowance.take(),
            id,
            status,
            bytes: 0,
            started: self.started,
        }
    }

    /// The answer was given: what is still to be said, `Sent` says. The gateway's own pages are not recorded.
    pub(crate) fn close(mut self) {
        self.state = State::Closed;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        meter::ended();
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed => {}
            State::Departed(id) => {
                self.recorder.authority.outcome(id, Outcome::Aborted { bytes: 0, took: took(self.started) });
            }
            State::Intended(id) => {
                self.recorder.authority.outcome(id, Outcome::Aborted { bytes: 0, took: took(self.started) });
                let (recorder, reservations) =
                    (self.recorder.clone(), std::mem::take(&mut self.reservations));
                let approval = self.record.approval.take();
                self.recorder
                    .tasks
                    .spawn(async move { recorder.release(&reservations, approval.as_ref()).await });
                if let Some(allowance) = self.allowance.take() {
                    allowance.forget();
                }
            }
            State::Open => {
                let recorder = self.recorder.clone();
                let record = Record { decision: FaultCode::Abandoned.as_str(), ..self.record.clone() };
                self.recorder.tasks.spawn(async move { recorder.abandon(record).await });
            }
        }
    }
}

impl Recorder {
    async fn release(&self, reservations: &[Reservation], approval: Option<&ApprovalUse>) {
        reserve::release(self.authority.as_ref(), &self.limits, reservations).await;
        if let Some(approval) = approval
            && let Err(fault) = reserve::in_time(&self.limits, self.authority.give_back(approval)).await
        {
            tracing::error!(%fault, "an approval could not be given back, and stays used");
        }
    }

    async fn abandon(&self, record: Record) {
        if let Err(fault) = reserve::in_time(&self.limits, self.authority.refusal(record)).await {
            tracing::error!(%fault, "the audit log did not take an abandoned request");
        }
    }
}

/// An answer on its way to the agent. It ends once: whole, or cut off.
pub(crate) struct Sent {
    authority: Arc<dyn Authority>,
    allowance: Option<Allowance>,
    id: Option<RecordId>,
    status: u16,
    bytes: u64,
    started: Instant,
}

impl Sent {
    /// Takes so many bytes of the budgets that count them, before they are sent.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<Result<(), Short>> {
        match &mut self.allowance {
            Some(allowance) => allowance.poll_take(cx, bytes as u64),
            None => Poll::Ready(Ok(())),
        }
    }

    pub(crate) fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The whole answer was handed on.
    pub(crate) fn whole(&mut self) {
        let outcome = Outcome::Answered { status: self.status, bytes: self.bytes, took: took(self.started) };
        self.end(outcome);
    }

    /// The gateway cut it off, or the upstream went away.
    pub(crate) fn failed(&mut self, code: &'static str) {
        let outcome = Outcome::Failed { code, took: took(self.started) };
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(id) = self.id.take() {
            self.authority.outcome(id, outcome);
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let outcome = Outcome::Aborted { bytes: self.bytes, took: took(self.started) };
        self.end(outcome);
    }
}

fn took(started: Instant) -> Duration {
    started.elapsed().try_into().unwrap_or(Duration::MAX)
}

/// The path as it may be kept: cut, and without anything that looks like a pass.
pub(crate) fn shown_path(path: &str) -> String {
    let end = path.find("hallpass_").unwrap_or(path.len());
    path.chars().take(end.min(512)).collect()
}
