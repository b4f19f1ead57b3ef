//! Would: how a pass would answer one request. Its holder asks before it tries.
//!
//! It sends nothing, looks nothing up, takes nothing from a budget and asks nobody. Its answer is the decision with its
//! reasons, so a holder learns no more than by trying. The question is recorded, but is no refusal, so the circuit
//! breaker does not count it.
//!
//! - Invariant: `POST /pass/can` sends nothing, takes nothing from a budget, asks nobody, and gives the decision that
//!   the request would get (`a_holder_asks_before_it_tries_and_nothing_is_sent_taken_or_refused`).
//! - Invariant: It tells a holder no more than trying would (`a_question_tells_no_more_than_the_pass_and_needs_one`).

use datalog::lookup::{Inquiry, Observed};
use datalog::{Context, Decided, Effects, OperationId, Reason, Request, decide};

use crate::pipeline::{RequestState, Worker};
use crate::ports::RecordId;
use crate::refusal::unanswered::Unanswered;
use crate::steps::arrived::Arrived;
use crate::steps::classify::classify;

/// The answer to the question, with the operation that it is about.
pub(crate) struct Would {
    pub answer: Conditional,
    pub operation: OperationId,
    pub effects: Effects,
    pub reasons: Vec<Reason>,
    pub record: Option<RecordId>,
}

/// The answer that a request would get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conditional {
    Allow,
    Ask,
    Deny,
    /// The answer depends on things that are looked up only for a request that is sent.
    Depends,
}

impl Conditional {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
            Self::Depends => "depends",
        }
    }

    /// Returns the word for this answer in the record.
    fn decision(self) -> &'static str {
        match self {
            Self::Allow => "would-allow",
            Self::Ask => "would-ask",
            Self::Deny => "would-deny",
            Self::Depends => "would-depend",
        }
    }
}

/// A decision on a request that is not sent.
struct Unmade {
    answer: Conditional,
    reasons: Vec<Reason>,
}

impl Worker {
    /// Returns how the pass would answer. Its record is written.
    pub(crate) async fn would(
        &self,
        arrived: &Arrived,
        state: &mut RequestState,
    ) -> Result<Would, Unanswered> {
        let request = classify(arrived)?;
        state.recording.classified(&request, &arrived.trusted.connection().service);
        let (operation, effects) = (request.operation.id.clone(), request.effects);
        let Unmade { answer, reasons } = self.unmade(arrived, request, state).await?;
        let record = state.recording.question(answer.decision(), &reasons).await?;
        Ok(Would { answer, operation, effects, reasons, record })
    }

    async fn unmade(
        &self,
        arrived: &Arrived,
        request: Request,
        state: &mut RequestState,
    ) -> Result<Unmade, Unanswered> {
        let (in_time, now) = (&self.gateway.in_time, self.gateway.clock.now());
        let pass = arrived.trusted.pass();
        let used = in_time.used(pass.claims(&request, &Observed::default(), now)).await?;
        let known = in_time.known(pass, &request).await?;
        let context = Context { used, known, ..Context::default() };
        let mut inquiry = Inquiry::about(request, context);
        if inquiry.next(pass, &arrived.trusted.connection().service, now).is_some() {
            return Ok(Unmade { answer: Conditional::Depends, reasons: Vec::new() });
        }
        let (request, context) = inquiry.into_parts();
        let decided = decide(pass, request, &context, now);
        state.recording.judged(pass, &decided, &context, now);
        Ok(match decided {
            Decided::Allow(permitted) => {
                Unmade { answer: Conditional::Allow, reasons: permitted.reasons().to_vec() }
            }
            Decided::Ask(refused) => Unmade { answer: Conditional::Ask, reasons: refused.reasons().to_vec() },
            Decided::Deny(refused) => {
                Unmade { answer: Conditional::Deny, reasons: refused.reasons().to_vec() }
            }
        })
    }
}
