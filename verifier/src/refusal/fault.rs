//! A fault: something broke. It knows whether waiting helps, and whether the service may have acted.

use std::fmt;

use datalog::value::date_text;
use time::OffsetDateTime;

use crate::ports::{CarriedOut, Fate, SentBefore};
use crate::refusal::not_admitted::NotAdmitted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultCode {
    NeedsReconnect,
    /// The provider refuses Hallpass as its OAuth client. Connecting again does not help.
    ClientRefused,
    /// The service refuses a credential that its provider accepts.
    CredentialRefused,
    UpstreamUnreachable,
    /// The service's name leads to an address that may not be dialled.
    AddressRefused,
    UpstreamTimeout,
    /// A request that does more than read was sent, and its outcome is unknown.
    OutcomeUnknown,
    /// The service answered, but such an answer is never passed on.
    UnusableAnswer,
    AuditUnavailable,
    Overloaded,
    /// The agent went away before anything was sent. Only the audit log has it.
    Abandoned,
}

impl FaultCode {
    pub(crate) const ALL: [Self; 11] = [
        Self::NeedsReconnect,
        Self::ClientRefused,
        Self::CredentialRefused,
        Self::UpstreamUnreachable,
        Self::AddressRefused,
        Self::UpstreamTimeout,
        Self::OutcomeUnknown,
        Self::UnusableAnswer,
        Self::AuditUnavailable,
        Self::Overloaded,
        Self::Abandoned,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NeedsReconnect => "connection-needs-reconnect",
            Self::ClientRefused => "client-refused",
            Self::CredentialRefused => "credential-refused",
            Self::UpstreamUnreachable => "upstream-unreachable",
            Self::AddressRefused => "upstream-address-refused",
            Self::UpstreamTimeout => "upstream-timeout",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::UnusableAnswer => "unusable-answer",
            Self::AuditUnavailable => "audit-unavailable",
            Self::Overloaded => "overloaded",
            Self::Abandoned => "abandoned",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NeedsReconnect => "The account has to be connected again",
            Self::ClientRefused => "The provider refuses Hallpass's OAuth client",
            Self::CredentialRefused => "The service refuses the account's credential",
            Self::UpstreamUnreachable => "The service could not be reached",
            Self::AddressRefused => "The service's name leads to an address that is not allowed",
            Self::UpstreamTimeout => "The service did not answer in time",
            Self::OutcomeUnknown => "Nobody knows whether the service carried this out",
            Self::UnusableAnswer => "The service's answer cannot be passed on",
            Self::AuditUnavailable => "The audit record could not be written, so nothing was sent",
            Self::Overloaded => "The gateway has too much to do",
            Self::Abandoned => "The agent went away",
        }
    }

    /// Whether the connection's credential is at fault, and not the request or the way to the service.
    pub(crate) fn is_of_credential(self) -> bool {
        matches!(self, Self::NeedsReconnect | Self::ClientRefused | Self::CredentialRefused)
    }
}

/// Whether the fault ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passes {
    /// The same request may succeed in a moment.
    Soon,
    /// The fault stays until somebody does something.
    Never,
}

/// The cause, for the log and for the connection's owner. Agents do not get it, because it may hold an address of
/// this network.
#[derive(Debug, Clone)]
pub(crate) enum Because {
    Said(String),
    NotAdmitted(NotAdmitted),
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => f.write_str(text),
            Self::NotAdmitted(refused) => refused.fmt(f),
        }
    }
}

/// What broke. The detail is for the agent: it holds no secret and no internal address.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub code: FaultCode,
    pub detail: String,
    pub carried_out: CarriedOut,
    pub passes: Passes,
    /// The earlier request with the same content.
    pub first: Option<SentBefore>,
    pub because: Option<Box<Because>>,
}

impl Fault {
    fn new(code: FaultCode, detail: impl Into<String>, carried_out: CarriedOut) -> Self {
        let passes = match code {
            FaultCode::NeedsReconnect
            | FaultCode::ClientRefused
            | FaultCode::CredentialRefused
            | FaultCode::AddressRefused
            | FaultCode::OutcomeUnknown
            | FaultCode::UnusableAnswer => Passes::Never,
            _ => Passes::Soon,
        };
        Self { code, detail: detail.into(), carried_out, passes, first: None, because: None }
    }

    /// Returns a fault before anything was sent.
    pub(crate) fn before(code: FaultCode, detail: impl Into<String>) -> Self {
        Self::new(code, detail, CarriedOut::NotSent)
    }

    /// Returns a fault after the service may have acted.
    pub(crate) fn after(code: FaultCode, detail: impl Into<String>) -> Self {
        Self::new(code, detail, CarriedOut::Perhaps)
    }

    /// Returns a fault after the service answered that it did nothing.
    pub(crate) fn of_nothing_done(code: FaultCode, detail: impl Into<String>) -> Self {
        Self::new(code, detail, CarriedOut::No)
    }

    /// Returns the fault for an answer that is not passed on. The status of the answer says what the service did with
    /// the request.
    pub(crate) fn unusable(carried_out: CarriedOut, detail: impl Into<String>) -> Self {
        Self::new(FaultCode::UnusableAnswer, detail, carried_out)
    }

    /// Returns the fault for a request that was already sent, and whose sender does not know the outcome.
    pub(crate) fn sent_before(first: SentBefore) -> Self {
        let (at, free) = (iso(first.at), iso(first.free_at));
        let detail = match first.fate {
            Fate::OnItsWay => {
                format!("the same request has been on its way since {at}; it is not sent twice")
            }
            Fate::Unknown => {
                format!(
                    "the same request was sent at {at}, and its outcome is unknown; it is not sent again before {free}"
                )
            }
            Fate::CarriedOut => {
                format!(
                    "the same request was sent at {at}, and its answer was lost; it is not sent again before {free}"
                )
            }
        };
        Self { first: Some(first), ..Self::before(FaultCode::OutcomeUnknown, detail) }
    }

    /// Returns the same fault for a second attempt, after the first one left.
    pub(crate) fn again(mut self) -> Self {
        if self.carried_out == CarriedOut::NotSent {
            self.carried_out = CarriedOut::Perhaps;
        }
        self
    }

    /// Marks the fault as one that does not end by itself.
    pub(crate) fn for_good(mut self) -> Self {
        self.passes = Passes::Never;
        self
    }

    /// Adds the cause, which only the log gets.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.because = Some(Box::new(Because::Said(why.into())));
        self
    }

    /// Returns the fault for a name that leads to addresses that may not be dialled. Nothing was dialled.
    pub(crate) fn not_admitted(refused: NotAdmitted) -> Self {
        let detail = "the service's name leads to an address that Hallpass does not connect to";
        let because = Some(Box::new(Because::NotAdmitted(refused)));
        Self { because, ..Self::before(FaultCode::AddressRefused, detail) }
    }

    pub(crate) fn audit() -> Self {
        Self::before(FaultCode::AuditUnavailable, "the authority's store did not take the record")
    }
}

/// Returns a time that people and programs read the same way: `2026-11-30T05:23:49Z`.
pub(crate) fn iso(time: OffsetDateTime) -> String {
    date_text(u64::try_from(time.unix_timestamp()).unwrap_or(0))
}
