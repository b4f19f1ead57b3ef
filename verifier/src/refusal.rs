//! Why a request was not answered by the upstream: a refusal (the answer is no) or a fault (something broke).
//!
//! The one place with status codes. It does not render anything: `answer` and `dialect` do.

use std::fmt;
use std::time::Duration;

use datalog::response::Unfit;
use datalog::{ApprovalId, Ground, LiftableBy, OperationId, PassRefusal, Reason, Refused};
use http::StatusCode;

use crate::departures::Recalled;
use crate::ports::Held;

/// The answer is no. Stable words for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalCode {
    PassMissing,
    PassInvalid,
    PassExpired,
    PassRevoked,
    Denied,
    UnknownOperation,
    ForeignCredential,
    ApprovalRequired,
    ApprovalDenied,
    AmbiguousRequest,
    /// An ambiguous request whose length was not declared; the same code with the status that says so.
    LengthRequired,
    UnsupportedMediaType,
    BodyTooLarge,
    BudgetExhausted,
    Unevaluable,
}

impl RefusalCode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PassMissing => "pass-missing",
            Self::PassInvalid => "pass-invalid",
            Self::PassExpired => "pass-expired",
            Self::PassRevoked => "pass-revoked",
            Self::Denied => "denied",
            Self::UnknownOperation => "unknown-operation",
            Self::ForeignCredential => "foreign-credential",
            Self::ApprovalRequired => "approval-required",
            Self::ApprovalDenied => "approval-denied",
            Self::AmbiguousRequest | Self::LengthRequired => "ambiguous-request",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::BodyTooLarge => "body-too-large",
            Self::BudgetExhausted => "budget-exhausted",
            Self::Unevaluable => "unevaluable",
        }
    }

    /// 401 is for passes only, never for policy: SDKs answer a 401 by refreshing, and lose the reason.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::PassMissing | Self::PassInvalid | Self::PassExpired | Self::PassRevoked => {
                StatusCode::UNAUTHORIZED
            }
            Self::Denied
            | Self::UnknownOperation
            | Self::ForeignCredential
            | Self::ApprovalRequired
            | Self::ApprovalDenied
            | Self::BudgetExhausted
            | Self::Unevaluable => StatusCode::FORBIDDEN,
            Self::AmbiguousRequest => StatusCode::BAD_REQUEST,
            Self::LengthRequired => StatusCode::LENGTH_REQUIRED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::PassMissing => "The request has no pass",
            Self::PassInvalid => "The pass is not valid",
            Self::PassExpired => "The pass has ended",
            Self::PassRevoked => "The pass was revoked",
            Self::Denied => "The pass does not allow this",
            Self::UnknownOperation => "This is no operation that the catalog knows",
            Self::ForeignCredential => "The request carries a credential of its own",
            Self::ApprovalRequired => "A person has to approve this",
            Self::ApprovalDenied => "A person denied this",
            Self::AmbiguousRequest | Self::LengthRequired => "The request can be read in more than one way",
            Self::UnsupportedMediaType => "The body is of a kind that cannot be checked",
            Self::BodyTooLarge => "The body is too large to be checked",
            Self::BudgetExhausted => "A budget of the pass is used up",
            Self::Unevaluable => "It cannot be told whether the pass allows this",
        }
    }

    /// Who could lift it, where the decision did not say.
    pub(crate) fn liftable_by(self) -> LiftableBy {
        match self {
            Self::ApprovalRequired => LiftableBy::Approval,
            Self::PassMissing
            | Self::PassInvalid
            | Self::PassExpired
            | Self::PassRevoked
            | Self::Denied
            | Self::BudgetExhausted => LiftableBy::Parent,
            _ => LiftableBy::Nobody,
        }
    }
}

/// What was expected in place of what came.
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
    /// From the decision; the first is the one to show.
    pub reasons: Vec<Reason>,
    /// When the same request may be tried again, where nothing but time stands against it.
    pub wait: Option<Duration>,
    /// What waits for a person.
    pub approval: Option<Box<Pending>>,
}

/// An approval that a person is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub id: ApprovalId,
    /// Where the pass that asked learns what became of it.
    pub status: String,
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

    /// The emergency stop holds: no pass is good for anything.
    pub(crate) fn stopped() -> Self {
        Self::new(RefusalCode::PassRevoked, "every pass is stopped")
            .hint("the person who runs Hallpass stopped it; `hallpass resume` lifts that")
    }

    /// Another request that is the same was faster.
    pub(crate) fn approval_used() -> Self {
        Self::new(
            RefusalCode::ApprovalRequired,
            "this request was approved once, and another one that is the same has used that",
        )
        .hint("to do it once more, send it again: a person is asked again")
    }

    /// Stopped after it was sent and before its answer began.
    pub(crate) fn recalled() -> Self {
        Self::new(RefusalCode::PassRevoked, "it was stopped on its way: the service may have got it or not")
            .hint("a person lifts that with `hallpass resume`")
    }

    /// Stopped by a person or the circuit breaker, until it is resumed.
    pub(crate) fn held(held: &Held) -> Self {
        let (code, detail) = match held {
            Held::Pass(None) => (RefusalCode::PassRevoked, "the pass is suspended".into()),
            Held::Pass(Some(because)) => {
                (RefusalCode::PassRevoked, format!("the pass is suspended: {because}"))
            }
            Held::Task => (RefusalCode::PassRevoked, "every pass for this task is suspended".into()),
            Held::Connection(name) => {
                (RefusalCode::Denied, format!("the connection `{name}` is stopped for every pass"))
            }
        };
        Self::new(code, detail).hint("a person lifts that with `hallpass resume`")
    }

    /// The pass ended between the request and its answer.
    pub(crate) fn ended(code: RefusalCode) -> Self {
        Self::new(code, "the pass ended while the answer was on its way: the service carried the request out")
    }

    /// The request was carried out, and its answer is more than is left.
    pub(crate) fn too_much_answered() -> Self {
        Self::new(
            RefusalCode::BudgetExhausted,
            "the request was carried out, and its answer is larger than what is left of a budget of bytes",
        )
        .hint("`GET /pass` shows what is left of each budget")
    }

    /// One answer for a connection that the pass does not cover, whether it exists or not.
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
                format!("a caveat of the pass has no answer for this `{operation}`"),
            ),
        };
        let mut refusal = Self::new(code, detail);
        refusal.reasons = refused.reasons().to_vec();
        refusal.wait = refused.wait();
        refusal
    }

    /// The request was carried out, and the pass does not show its answer.
    pub(crate) fn of_answer(operation: &OperationId, unfit: Unfit) -> Self {
        let (code, detail) = match unfit.ground {
            Ground::Unevaluable => (
                RefusalCode::Unevaluable,
                format!("whether the pass shows this answer of `{operation}` cannot be told"),
            ),
            _ => (RefusalCode::Denied, format!("the pass does not show this answer of `{operation}`")),
        };
        let mut refusal = Self::new(code, detail);
        refusal.reasons = vec![*unfit.reason];
        refusal
    }

    /// What was expected, and what came: by the decision, or else by the check that refused.
    pub(crate) fn expected_and_got(&self) -> Option<(&str, &str)> {
        match (self.reasons.first(), &self.misfit) {
            (Some(reason), _) => Some((&reason.expected, &reason.got)),
            (None, Some(misfit)) => Some((&misfit.expected, &misfit.got)),
            (None, None) => None,
        }
    }

    /// The reason to show.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}

impl From<PassRefusal> for Refusal {
    fn from(refused: PassRefusal) -> Self {
        let code = match &refused {
            PassRefusal::Expired(_) => RefusalCode::PassExpired,
            PassRefusal::Revoked(_) => RefusalCode::PassRevoked,
            _ => RefusalCode::PassInvalid,
        };
        Self::new(code, refused.to_string())
    }
}

/// Something broke. Worth a retry, unlike a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultCode {
    NeedsReconnect,
    UpstreamUnreachable,
    UpstreamTimeout,
    AuditUnavailable,
    Overloaded,
    /// The agent went away before anything was sent. Nobody hears of it but the audit log.
    Abandoned,
}

impl FaultCode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NeedsReconnect => "connection-needs-reconnect",
            Self::UpstreamUnreachable => "upstream-unreachable",
            Self::UpstreamTimeout => "upstream-timeout",
            Self::AuditUnavailable => "audit-unavailable",
            Self::Overloaded => "overloaded",
            Self::Abandoned => "abandoned",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NeedsReconnect | Self::AuditUnavailable | Self::Overloaded | Self::Abandoned => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::UpstreamUnreachable => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NeedsReconnect => "The account has to be connected again",
            Self::UpstreamUnreachable => "The service could not be reached",
            Self::UpstreamTimeout => "The service did not answer in time",
            Self::AuditUnavailable => "The audit record could not be written, so nothing was sent",
            Self::Overloaded => "The gateway has too much to do",
            Self::Abandoned => "The agent went away",
        }
    }

    /// Whether the same request may succeed later without a person doing anything.
    pub(crate) fn is_retryable(self) -> bool {
        self != Self::NeedsReconnect
    }
}

/// Whether the request can have reached the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departed {
    /// Certainly not: what was reserved for it is given back.
    Never,
    Perhaps,
}

/// Something broke, and this is what. The detail is for the agent: no secret, no internal address.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub code: FaultCode,
    pub detail: String,
    pub departed: Departed,
}

impl Fault {
    /// A fault before anything was sent.
    pub(crate) fn before(code: FaultCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), departed: Departed::Never }
    }

    /// A fault when the upstream may have acted already.
    pub(crate) fn after(code: FaultCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), departed: Departed::Perhaps }
    }

    /// The same fault of a second attempt: the first one had left.
    pub(crate) fn again(mut self) -> Self {
        self.departed = Departed::Perhaps;
        self
    }

    pub(crate) fn audit() -> Self {
        Self::before(FaultCode::AuditUnavailable, "the authority's store did not take the record")
    }
}

/// Why the pipeline stopped before the upstream's answer.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    Refused(Refusal),
    Broke(Fault),
}

impl Stop {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::Broke(fault) => fault.code.as_str(),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) if refusal.wait.is_some() => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(refusal) => refusal.code.status(),
            Self::Broke(fault) => fault.code.status(),
        }
    }

    /// Whole seconds after which the same request may succeed, where that is known.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Refused(refusal) => refusal.wait.map(|wait| wait.as_millis().div_ceil(1_000).max(1) as u64),
            Self::Broke(fault) => fault.code.is_retryable().then_some(1),
        }
    }

    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.title(),
            Self::Broke(fault) => fault.code.title(),
        }
    }

    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.detail,
            Self::Broke(fault) => &fault.detail,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}

impl From<Recalled> for Stop {
    fn from(_: Recalled) -> Self {
        Self::Refused(Refusal::recalled())
    }
}

impl From<PassRefusal> for Stop {
    fn from(refused: PassRefusal) -> Self {
        Self::Refused(refused.into())
    }
}
