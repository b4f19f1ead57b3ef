//! A refusal: the answer is no, with the reason.

use std::time::Duration;

use datalog::response::Unfit;
use datalog::{ApprovalId, Ground, OperationId, PassRefusal, Reason, Refused};
use time::OffsetDateTime;

use super::code::RefusalCode;
use crate::ports::{CarriedOut, StoppedBy};

/// The expected value, and the one that came instead.
#[derive(Debug, Clone)]
pub(crate) struct Misfit {
    pub expected: String,
    pub got: String,
}

/// The answer is no, and this is why.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub code: RefusalCode,
    pub detail: String,
    pub hint: Option<String>,
    pub misfit: Option<Box<Misfit>>,
    /// From the decision; the first one is shown.
    pub reasons: Vec<Reason>,
    /// When to try the same request again, if only time stands against it.
    pub wait: Option<Duration>,
    /// The question for a person.
    pub approval: Option<ApprovalId>,
    /// Whether the service may have acted before the answer was refused.
    pub carried_out: CarriedOut,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            hint: None,
            misfit: None,
            reasons: Vec::new(),
            approval: None,
            wait: None,
            carried_out: CarriedOut::NotSent,
        }
    }

    pub(crate) fn ambiguous(detail: impl Into<String>) -> Self {
        Self::new(RefusalCode::AmbiguousRequest, detail)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>, got: impl Into<String>) -> Self {
        self.misfit = Some(Box::new(Misfit { expected: expected.into(), got: got.into() }));
        self
    }

    /// Notes what the service did, because it already has the request.
    pub(crate) fn after(mut self, carried_out: CarriedOut) -> Self {
        self.carried_out = carried_out;
        self
    }

    /// Returns the refusal of a pass that cannot be used at this time.
    pub(crate) fn of_pass(refused: &PassRefusal, now: OffsetDateTime) -> Self {
        let mut wait = None;
        let code = match refused {
            PassRefusal::Expired(_) => RefusalCode::PassExpired,
            PassRefusal::Revoked(_) => RefusalCode::PassRevoked,
            PassRefusal::NotYet(from) => {
                wait = Duration::try_from(*from - now).ok();
                RefusalCode::PassNotYet
            }
            PassRefusal::Invalid(_) | PassRefusal::Untrusted => RefusalCode::PassInvalid,
        };
        Self { wait, ..Self::new(code, refused.to_string()) }
    }

    /// Returns the refusal during the emergency stop, which refuses every pass.
    pub(crate) fn stopped() -> Self {
        Self::new(RefusalCode::Stopped, "every pass is stopped")
            .hint("the person who runs Hallpass stopped it; `hallpass resume` lifts that")
    }

    /// Returns the refusal for an approval that an identical request has already used.
    pub(crate) fn approval_used() -> Self {
        Self::new(
            RefusalCode::ApprovalRequired,
            "this request was approved once, and an identical request has used that approval",
        )
        .hint("to do it once more, send it again: a person is asked again")
    }

    /// Returns the refusal for something that a person or the circuit breaker stopped, until it is resumed.
    pub(crate) fn stopped_by(held: &StoppedBy) -> Self {
        let detail = match held {
            StoppedBy::Pass(None) => "the pass is stopped".into(),
            StoppedBy::Pass(Some(because)) => format!("the pass is stopped: {because}"),
            StoppedBy::Task => "every pass for this task is stopped".into(),
            StoppedBy::Connection(name) => format!("the connection `{name}` is stopped for every pass"),
        };
        Self::new(RefusalCode::Stopped, detail).hint("a person lifts that with `hallpass resume`")
    }

    /// Returns the refusal for a pass that ended, or was stopped, between the request and its answer.
    pub(crate) fn ended(code: RefusalCode, carried_out: CarriedOut) -> Self {
        let detail = match code {
            RefusalCode::Stopped => "it was stopped while the answer was on its way",
            _ => "the pass ended while the answer was on its way",
        };
        Self::new(code, detail).after(carried_out)
    }

    /// Returns the refusal for an answer that is larger than the rest of a budget.
    pub(crate) fn too_much_answered(carried_out: CarriedOut) -> Self {
        let detail = "the answer is larger than what is left of a budget of bytes";
        Self::new(RefusalCode::BudgetExhausted, detail)
            .hint("`GET /pass` shows what is left of each budget")
            .after(carried_out)
    }

    /// Returns the same refusal for any connection that the pass does not cover, whether it exists or not.
    pub(crate) fn not_covered(name: &str) -> Self {
        Self::new(RefusalCode::Denied, format!("the pass does not cover the connection `{name}`"))
            .expected("a connection that the pass names", format!("`{name}`"))
            .hint("`GET /pass` lists the connections of this pass")
    }

    pub(crate) fn of_decision(refused: &Refused) -> Self {
        let operation = &refused.request().operation.id;
        let (code, detail) = match refused.ground() {
            Ground::Denied => (RefusalCode::Denied, format!("the pass does not allow `{operation}`")),
            Ground::Ask => {
                (RefusalCode::ApprovalRequired, format!("`{operation}` needs a person's approval"))
            }
            Ground::Exhausted => {
                (RefusalCode::BudgetExhausted, format!("a budget that `{operation}` takes from is used up"))
            }
            Ground::Unevaluable => (
                RefusalCode::Unevaluable,
                format!("a caveat of the pass cannot be evaluated for this `{operation}`"),
            ),
        };
        let mut refusal = Self::new(code, detail);
        refusal.reasons = refused.reasons().to_vec();
        refusal.wait = refused.wait();
        refusal
    }

    /// Returns the refusal for an answer that the pass hides. The service has already answered.
    pub(crate) fn of_answer(operation: &OperationId, unfit: Unfit, carried_out: CarriedOut) -> Self {
        let (code, detail) = match unfit.ground {
            Ground::Unevaluable => (
                RefusalCode::Unevaluable,
                format!("Hallpass cannot tell whether the pass shows this answer of `{operation}`"),
            ),
            _ => (RefusalCode::Denied, format!("the pass does not show this answer of `{operation}`")),
        };
        let mut refusal = Self::new(code, detail).after(carried_out);
        refusal.reasons = vec![*unfit.reason];
        refusal
    }

    /// Returns the expected value and the one that came, from the decision or from the check that refused.
    pub(crate) fn expected_and_got(&self) -> Option<(&str, &str)> {
        match (self.reasons.first(), &self.misfit) {
            (Some(reason), _) => Some((&reason.expected, &reason.got)),
            (None, Some(misfit)) => Some((&misfit.expected, &misfit.got)),
            (None, None) => None,
        }
    }

    /// Returns the reason to show.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}
