//! Ask: a request that needs an approval waits for its answer.
//!
//! The authority keeps the question. The gateway finds it again for the same request, holds the request open as long
//! as the agent prefers, and accepts a yes only as blocks that trusted approvers signed for this pass and this
//! request. Then `decide` decides once more, and the intent uses up the approval.
//!
//! - Invariant: A stop ends every held-open request at once (`a_stop_or_a_revocation_ends_the_wait_at_once`,
//!   `a_stop_drops_what_is_held_at_once`).

use std::time::Duration;

use datalog::view::Circle;
use datalog::{ApprovalError, ApprovalId, Approved, Context, LookedUp, Reason, Refused, RequestView};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::ports::{Ask, AskError, Asked, Opinion, StoreFault};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Fault, FaultCode, Refusal, RefusalCode};
use crate::steps::arrived::Patience;
use crate::steps::verify::Trusted;

/// How often a held request checks that somebody still waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A question for a person: a request that the pass asks about, and what was known about it then.
pub(crate) struct Question {
    pub refused: Refused,
    pub context: Context,
}

impl Question {
    fn about(&self) -> LookedUp<'_> {
        LookedUp { request: self.refused.request(), observed: &self.context.observed }
    }
}

/// Everything needed to wait for an answer.
pub(crate) struct Waiting<'a> {
    pub gateway: &'a Gateway,
    pub trusted: &'a Trusted,
    pub patience: Option<Patience>,
    pub caller: &'a Caller,
    /// Set when the gateway is about to end.
    pub ending: watch::Receiver<bool>,
}

impl Waiting<'_> {
    /// Waits for the approval of this request, and returns it.
    pub(crate) async fn answer(&mut self, question: &Question) -> Result<Approved, Unanswered> {
        let mut ask = self.put_as(question)?;
        let reasons = question.refused.reasons();
        let authority = &self.gateway.authority;
        let mut changes = authority.changes();
        let until = self.patience.map(|patience| Instant::now() + patience.lasts());
        loop {
            changes.mark_unchanged();
            let asked = self.put(&ask).await?;
            match &asked.opinion {
                Opinion::Approved { blocks } => return self.approved(question, blocks, &asked.id),
                Opinion::Denied { because } => return Err(denied(because.as_deref()).into()),
                Opinion::DeniedBefore { because } => return Err(denied_before(because.as_deref()).into()),
                Opinion::Used => return Err(Refusal::approval_used().into()),
                Opinion::Pending => {}
            }
            let Some(until) = until else { return Err(required(&asked.id, reasons).into()) };
            ask.waits_for = Some(asked.id.clone());
            let _held_open = authority.held_open(&asked.id);
            match self.wait(until, &mut changes).await? {
                News::Perhaps => {}
                News::None => return Err(required(&asked.id, reasons).into()),
            }
        }
    }

    fn put_as(&self, question: &Question) -> Result<Ask, Unanswered> {
        let (LookedUp { request, observed }, pass) = (question.about(), self.trusted.pass());
        let sealed = |error: ApprovalError| {
            Unanswered::from(Refusal::new(RefusalCode::Unevaluable, error.to_string()))
        };
        let quorum = pass.quorum();
        Ok(Ask {
            at: self.gateway.clock.now(),
            lineage: pass.lineage().to_vec(),
            task: pass.task().to_owned(),
            pass_ends: pass.expires(),
            connection: request.connection.clone(),
            operation: request.operation.id.clone(),
            digest: request.question(observed, self.gateway.clock.now()),
            alike: request.envelope(observed),
            people: request.people(observed),
            shown: RequestView::of(request, observed, self.gateway.clock.now())
                .within(&Circle::of(pass.content(), &request.account)),
            request: pass.approval_request().map_err(sealed)?,
            quorum,
            waits_for: None,
        })
    }

    async fn put(&self, ask: &Ask) -> Result<Asked, Unanswered> {
        let in_time = &self.gateway.in_time;
        match in_time.answer(in_time.authority().ask(ask.clone())).await {
            Ok(asked) => Ok(asked),
            Err(AskError::TooMany { waiting }) => Err(Fault::before(
                FaultCode::Overloaded,
                format!("{waiting} requests already wait for a person, who must answer some of them first"),
            )
            .into()),
            Err(AskError::Fault(fault)) => Err(broken(&fault)),
        }
    }

    /// Verifies the approval. The signatures count, not the authority's word.
    fn approved(
        &self,
        question: &Question,
        blocks: &[Vec<u8>],
        id: &ApprovalId,
    ) -> Result<Approved, Unanswered> {
        let keys = self.gateway.authority.approver_keys();
        Approved::verify(self.trusted.pass(), question.about(), blocks, &keys, self.gateway.clock.now())
            .and_then(
                |approved| if approved.approval() == id { Ok(approved) } else { Err(ApprovalError::Other) },
            )
            .map_err(|error| {
                tracing::warn!(%id, %error, "an approval does not hold");
                Refusal::new(
                    RefusalCode::ApprovalRequired,
                    format!("the approval {id} does not hold: {error}"),
                )
                .into()
            })
    }

    /// Waits until something changes, the time is over, or nobody waits any longer.
    async fn wait(
        &mut self,
        until: Instant,
        changes: &mut watch::Receiver<crate::ports::Changes>,
    ) -> Result<News, Unanswered> {
        loop {
            let look = (Instant::now() + LOOK_EVERY).min(until);
            let changed = tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                () = sleep_until(look) => false,
            };
            if self.caller.has_left() {
                return Err(Fault::before(FaultCode::Abandoned, "the agent went away while it waited").into());
            }
            // A stop, a revocation or the end of the pass ends the wait at once.
            self.trusted.again(self.gateway)?;
            if changed {
                return Ok(News::Perhaps);
            }
            if Instant::now() >= until || *self.ending.borrow() {
                return Ok(News::None);
            }
        }
    }
}

fn required(id: &ApprovalId, reasons: &[Reason]) -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::ApprovalRequired, "a person is asked about this request");
    refusal.reasons = reasons.to_vec();
    refusal.approval = Some(id.clone());
    refusal.hint(
        "send the same request again once it is approved, or with `Prefer: wait=60` to wait for the answer",
    )
}

enum News {
    Perhaps,
    None,
}

fn denied(because: Option<&str>) -> Refusal {
    let detail = match because {
        Some(because) => format!("a person said no: {because}"),
        None => "a person said no".into(),
    };
    Refusal::new(RefusalCode::ApprovalDenied, detail)
}

fn denied_before(because: Option<&str>) -> Refusal {
    let detail = "a person said no to the same request of this pass, or to these people";
    let detail = match because {
        Some(because) => format!("{detail}: {because}"),
        None => detail.into(),
    };
    Refusal::new(RefusalCode::ApprovalDenied, detail)
        .hint("other words do not ask again; only the person who said no can take it back")
}

fn broken(fault: &StoreFault) -> Unanswered {
    Fault::audit().because(format!("a question for a person was not taken: {fault}")).into()
}
