//! Why the pipeline stopped before the service answered.

use std::fmt;

use datalog::ApprovalId;

use crate::ports::{CarriedOut, StoreFault};
use crate::refusal::fault::Fault;
use crate::refusal::refused::Refusal;

/// Why the pipeline stopped before the service answered.
#[derive(Debug, Clone)]
pub(crate) enum Unanswered {
    Refused(Refusal),
    Broke(Fault),
}

impl Unanswered {
    /// Returns the cause, as the log has it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::Broke(fault) => fault.code.as_str(),
        }
    }

    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.detail,
            Self::Broke(fault) => &fault.detail,
        }
    }

    /// Returns the question for a person.
    pub(crate) fn approval(&self) -> Option<&ApprovalId> {
        match self {
            Self::Refused(refusal) => refusal.approval.as_ref(),
            Self::Broke(_) => None,
        }
    }

    pub(crate) fn carried_out(&self) -> CarriedOut {
        match self {
            Self::Refused(refusal) => refusal.carried_out,
            Self::Broke(fault) => fault.carried_out,
        }
    }

    /// Returns the answer for a request that was called back before its own answer began.
    pub(crate) fn on_its_way(self) -> Self {
        let detail =
            |why: String| format!("it was stopped on its way, the service may have got it or not: {why}");
        match self {
            Self::Refused(refusal) => {
                let detail = detail(refusal.detail);
                Self::Refused(Refusal { detail, carried_out: CarriedOut::Perhaps, ..refusal })
            }
            Self::Broke(fault) => {
                let detail = detail(fault.detail);
                Self::Broke(Fault { detail, carried_out: CarriedOut::Perhaps, ..fault })
            }
        }
    }

    /// Returns the refusal of a request that had left. Unless the refusal says more, the service may have acted.
    pub(crate) fn after_departure(mut self) -> Self {
        if let Self::Refused(refusal) = &mut self
            && refusal.carried_out == CarriedOut::NotSent
        {
            refusal.carried_out = CarriedOut::Perhaps;
        }
        self
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail())
    }
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}

impl From<StoreFault> for Unanswered {
    fn from(fault: StoreFault) -> Self {
        Fault::audit().because(fault.to_string()).into()
    }
}
