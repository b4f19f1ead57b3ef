//! The record of one request while it runs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use datalog::catalog::{Operation, Service};
use datalog::{
    Approval, Approved, ConnectionName, Decided, Permitted, Reason, Refused, Request, Reservation,
    VerifiedPass,
};
use time::{Duration, OffsetDateTime};

use crate::authority::allowance::{Allowance, Short};
use crate::config::Limits;
use crate::ports::{ApprovalUse, CarriedOut, Mode, Once, Outcome, Record, RecordId, Repeat};
use crate::record::recorder::Recorder;
use crate::record::sent::{Sent, took};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Does, Fault, FaultCode, Refusal};
use crate::{facts, meter};

enum RecordState {
    /// Nothing was written.
    Open,
    /// The budgets are taken and the intent is durable. Nothing was sent.
    Intended(RecordId),
    /// The request may have reached the upstream, and waits for its outcome.
    Departed(RecordId),
    Closed,
}

/// What is visible of a request before it is understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub peer: IpAddr,
    pub mode: Mode,
}

/// The record of one request while it runs.
pub(crate) struct Recording {
    recorder: Recorder,
    record: Record,
    /// The amounts taken from budgets. They become part of the record only with an intent.
    reservations: Vec<Reservation>,
    /// The answer's allowance from budgets that count bytes.
    allowance: Option<Allowance>,
    operation: Option<Arc<Operation>>,
    does: Does,
    state: RecordState,
    started: Instant,
}

/// The end of a request that the service did not answer.
pub(crate) struct Ended {
    pub unanswered: Unanswered,
    pub record: Option<RecordId>,
    pub does: Does,
}

impl Recording {
    pub(crate) fn open(recorder: Recorder, came: &Came<'_>, at: OffsetDateTime) -> Self {
        meter::began();
        let record = Record {
            at,
            lineage: Vec::new(),
            task: None,
            connection: None,
            operation: None,
            method: came.method.chars().take(16).collect(),
            path: shown_path(came.path),
            digest: None,
            question: None,
            outline: None,
            looked_up: Vec::new(),
            approval: None,
            decision: "allow",
            reasons: Vec::new(),
            facts: None,
            reservations: Vec::new(),
            once: None,
            mode: came.mode,
            peer: came.peer,
            decided_in: Duration::ZERO,
        };
        Self {
            recorder,
            record,
            reservations: Vec::new(),
            allowance: None,
            operation: None,
            does: Does::Reads,
            state: RecordState::Open,
            started: Instant::now(),
        }
    }

    pub(crate) fn verified(&mut self, pass: &VerifiedPass) {
        self.record.lineage = pass.lineage().to_vec();
        self.record.task = Some(pass.task().to_owned());
    }

    pub(crate) fn classified(&mut self, request: &Request, service: &Service) {
        self.record.connection = Some(request.connection.clone());
        self.record.operation = Some(request.operation.id.to_string());
        self.record.outline = Some(Arc::new(request.outline()));
        self.operation = Some(request.operation.clone());
        self.does = Does::of(request, service);
    }

    /// Notes that the credential is about to be used for a look-up.
    pub(crate) fn looks_up(&mut self, operation: &Operation) {
        self.record.looked_up.push(operation.id.to_string());
    }

    /// Keeps the facts of the record's decision, if they are stored.
    pub(crate) fn judged(
        &mut self,
        pass: &VerifiedPass,
        decided: &Decided,
        context: &datalog::Context,
        at: OffsetDateTime,
    ) {
        if let Decided::Allow(permitted) = decided
            && self.does != Does::Reads
        {
            self.record.question = Some(permitted.request().question(&context.observed, at));
        }
        self.record.facts =
            facts::of(self.recorder.in_time.authority().keeping(), pass, decided, context, at);
    }

    pub(crate) fn refused(&mut self, refused: &Refused) {
        self.record.digest = Some(refused.digest());
        self.record.reasons = refused.reasons().to_vec();
    }

    /// Notes the approval of this request. The intent uses it up.
    pub(crate) fn approved(&mut self, approved: &Approved) {
        let by = approved.by().iter().cloned().collect();
        self.record.approval = Some(ApprovalUse {
            id: approved.approval().clone(),
            by,
            digest: approved.question(),
            alike: approved.envelope(),
        });
    }

    /// Takes the decision's amounts from the budgets and makes the intent durable, in one step. If this fails, nothing
    /// may be sent.
    pub(crate) async fn reserve(&mut self, permitted: &Permitted) -> Result<(), Unanswered> {
        self.record.digest = Some(permitted.digest());
        self.record.reasons = permitted.reasons().to_vec();
        let reservations = permitted.reservations().to_vec();
        if (permitted.approval() == Approval::Given) != self.record.approval.is_some() {
            return Err(Fault::before(FaultCode::AuditUnavailable, "an approval is not accounted for").into());
        }
        let Recorder { in_time, limits, .. } = &self.recorder;
        let decided_in = took(self.started);
        let once = self.once(limits);
        let intent = Record { reservations: reservations.clone(), once, decided_in, ..self.record.clone() };
        let id = in_time.reserve(intent).await?;
        let length = || permitted.request().body_length();
        self.allowance = Allowance::of(in_time, &reservations, length);
        self.reservations = reservations;
        self.state = RecordState::Intended(id);
        Ok(())
    }

    /// Returns how long an identical request is not sent. A request waits no longer than this for one that is on its
    /// way.
    fn once(&self, limits: &Limits) -> Option<Once> {
        let window = Duration::try_from(limits.once).unwrap_or(Duration::MAX);
        let until = self
            .record
            .at
            .saturating_add(window)
            .saturating_add(Duration::try_from(limits.first_byte).unwrap_or(Duration::MAX));
        let repeat = match self.does {
            Does::Reads => return None,
            Does::More => Repeat::Nothing,
            Does::Keyed => Repeat::UnderItsKey,
        };
        Some(Once { until, window, repeat })
    }

    /// Takes this many bytes of a complete answer, before any of it is sent.
    pub(crate) async fn take(&mut self, bytes: usize, carried_out: CarriedOut) -> Result<(), Unanswered> {
        let Some(allowance) = &mut self.allowance else { return Ok(()) };
        allowance.take(bytes as u64).await.map_err(|Short| Refusal::too_much_answered(carried_out).into())
    }

    /// Notes that from here on the service may act.
    pub(crate) fn departs(&mut self) {
        if let RecordState::Intended(id) = self.state {
            self.state = RecordState::Departed(id);
        }
    }

    /// Ends the recording with a refusal or a fault. Returns what to tell the agent.
    pub(crate) async fn stop(mut self, unanswered: Unanswered) -> Ended {
        meter::decided(unanswered.code(), self.service(), self.started.elapsed());
        let (does, state) = (self.does, std::mem::replace(&mut self.state, RecordState::Closed));
        let unanswered =
            if matches!(state, RecordState::Departed(_)) { unanswered.after_departure() } else { unanswered };
        let release = match state {
            RecordState::Intended(_) => true,
            RecordState::Departed(_) => unanswered.carried_out() == CarriedOut::NotSent,
            RecordState::Open | RecordState::Closed => false,
        };
        if release {
            self.recorder.release(&self.reservations, self.record.approval.as_ref()).await;
            if let Some(allowance) = self.allowance.take() {
                allowance.forget();
            }
        }
        self.say(&unanswered);
        let (unanswered, record) = match state {
            RecordState::Intended(id) | RecordState::Departed(id) => {
                let (code, carried_out) = (unanswered.code(), unanswered.carried_out());
                let outcome = Outcome::Failed { code, carried_out, took: took(self.started) };
                self.recorder.in_time.authority().outcome(id, outcome);
                (unanswered, Some(id))
            }
            RecordState::Open => self.write_refusal(unanswered).await,
            RecordState::Closed => (unanswered, None),
        };
        Ended { unanswered, record, does }
    }

    fn service(&self) -> Option<&str> {
        self.operation.as_ref().map(|operation| operation.id.service())
    }

    fn say(&self, unanswered: &Unanswered) {
        let operation = self.operation.as_ref().map(|operation| operation.id.as_str());
        let connection = self.record.connection.as_ref().map(ConnectionName::as_str);
        let code = unanswered.code();
        match unanswered {
            Unanswered::Refused(_) => tracing::debug!(connection, operation, code, "refused"),
            Unanswered::Broke(fault) => {
                let because = fault.because.as_ref().map(tracing::field::display);
                let detail = &fault.detail;
                if fault.code == FaultCode::AuditUnavailable {
                    tracing::error!(connection, operation, code, detail, because, "not answered");
                } else {
                    tracing::warn!(connection, operation, code, detail, because, "not answered");
                }
            }
        }
    }

    /// Records that a holder asked in advance, with this word. It is no refusal.
    pub(crate) async fn question(
        &mut self,
        would: &'static str,
        reasons: &[Reason],
    ) -> Result<Option<RecordId>, Unanswered> {
        let record = Record {
            decision: would,
            reasons: reasons.to_vec(),
            decided_in: took(self.started),
            ..self.record.clone()
        };
        let in_time = &self.recorder.in_time;
        Ok(in_time.answer(in_time.authority().refusal(record)).await?)
    }

    async fn write_refusal(&mut self, unanswered: Unanswered) -> (Unanswered, Option<RecordId>) {
        self.record.decision = unanswered.code();
        self.record.decided_in = took(self.started);
        let in_time = &self.recorder.in_time;
        match in_time.answer(in_time.authority().refusal(self.record.clone())).await {
            Ok(id) => (unanswered, id),
            Err(fault) => {
                // A store that does not answer was already reported.
                if unanswered.code() != FaultCode::AuditUnavailable.as_str() {
                    tracing::error!(%fault, "the audit log did not take a refusal");
                }
                (Fault::audit().into(), None)
            }
        }
    }

    /// Notes that the answer is on its way. From here on the outcome ends the record.
    pub(crate) fn sent(&mut self, status: u16) -> Sent {
        let id = match std::mem::replace(&mut self.state, RecordState::Closed) {
            RecordState::Intended(id) | RecordState::Departed(id) => Some(id),
            _ => None,
        };
        meter::decided("allow", self.service(), self.started.elapsed());
        Sent {
            in_time: self.recorder.in_time.clone(),
            allowance: self.allowance.take(),
            id,
            status,
            bytes: 0,
            started: self.started,
        }
    }

    fn abort(&self, id: RecordId, carried_out: CarriedOut) {
        let outcome = Outcome::Aborted { bytes: 0, carried_out, took: took(self.started) };
        self.recorder.in_time.authority().outcome(id, outcome);
    }

    /// Ends the recording without a record: `Sent` writes the end of a sent request, and the gateway's own pages are
    /// not recorded.
    pub(crate) fn close(mut self) {
        self.state = RecordState::Closed;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        meter::ended();
        match std::mem::replace(&mut self.state, RecordState::Closed) {
            RecordState::Closed => {}
            RecordState::Departed(id) => self.abort(id, CarriedOut::Perhaps),
            RecordState::Intended(id) => {
                self.abort(id, CarriedOut::NotSent);
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
            RecordState::Open => {
                let recorder = self.recorder.clone();
                let record = Record { decision: FaultCode::Abandoned.as_str(), ..self.record.clone() };
                self.recorder.tasks.spawn(async move { recorder.abandon(record).await });
            }
        }
    }
}

/// Returns the path in the form that a record may keep: cut, and without anything that looks like a pass.
fn shown_path(path: &str) -> String {
    let end = path.find("hallpass_").unwrap_or(path.len());
    path.chars().take(end.min(512)).collect()
}
