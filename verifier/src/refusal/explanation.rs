//! Explanation: what an agent hears about a refusal or a fault. This is the one place with status codes.
//!
//! SDKs repeat a request by themselves after a 429 or a 5xx (PyGithub also after a 403 with `Retry-After`). So such a
//! status is used only if nothing can have been carried out, or if doing it twice changes nothing. A request that may
//! have been carried out gets 403, which no SDK repeats and most show. The tests in `table` try every case.

use std::time::Duration;

use datalog::catalog::Service;
use datalog::{Effects, LiftableBy, Reason, Request};
use http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;

use super::fault::{FaultCode, Passes};
use super::next::{self, Next};
use super::{Fault, Refusal, RefusalCode};
use crate::ports::{CarriedOut, Fate, RecordId};
use crate::refusal::fault::iso;
use crate::refusal::spoken::Spoken;
use crate::refusal::unanswered::Unanswered;

/// The longest wait that an SDK is asked for. During a longer one the program would seem to hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether it matters that a request is sent twice. Its reviewed effects tell, never its HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Reads,
    More,
    /// The request does more than read, and has a key under which the service carries it out only once.
    Keyed,
}

impl Does {
    pub(crate) fn of(request: &Request, service: &Service) -> Self {
        match Self::by(request.effects) {
            Self::More if service.does_once_by_key(request) => Self::Keyed,
            does => does,
        }
    }

    pub(crate) fn by(effects: Effects) -> Self {
        if effects.changes_nothing() { Self::Reads } else { Self::More }
    }
}

/// Who could lift a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Lift {
    /// A person's answer to an ask.
    Approval,
    /// The person or agent who attenuated the pass.
    Parent,
    /// The operator of Hallpass, by another pass or by resuming.
    Person,
    Nobody,
}

/// What an agent is told.
#[derive(Debug)]
pub(crate) struct Explanation {
    pub code: &'static str,
    pub title: &'static str,
    pub detail: String,
    /// The status. A dialect may send another one in its place.
    pub status: StatusCode,
    pub retryable: bool,
    /// Whole seconds, if an SDK may wait that long by itself.
    pub retry_after: Option<u64>,
    /// When the refusal or fault ends by itself.
    pub until: Option<OffsetDateTime>,
    pub next: Next,
    pub sentence: String,
    /// `unknown` or `carried-out`, for a request that does more than read.
    pub outcome: Option<&'static str>,
    /// The record to look at.
    pub record: Option<RecordId>,
}

/// What else is known besides the refusal or fault itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub does: Does,
    pub record: Option<RecordId>,
    pub now: OffsetDateTime,
}

/// For a request that does more than read: its outcome, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acted {
    Perhaps,
    Yes,
}

impl Explanation {
    pub(crate) fn of(unanswered: &Unanswered, spoken: Spoken, about: Circumstances) -> Self {
        let acted = acted(unanswered, about.does);
        let first = match unanswered {
            Unanswered::Broke(fault) => fault.first,
            Unanswered::Refused(_) => None,
        };
        let record = first.map(|first| first.record).or(about.record);
        let wait = if acted.is_none() { wait(unanswered) } else { None };
        let until = first.map(|first| first.free_at).or(wait.map(|wait| about.now.saturating_add(up(wait))));
        let retryable = acted.is_none() && is_retryable(unanswered);
        let short = wait.filter(|wait| *wait <= PATIENCE);
        let (next, sentence) = match (acted, until, unanswered) {
            (Some(_), ..) if about.does == Does::Keyed => next::same_key(),
            (Some(_), ..) => next::look_first(),
            (None, Some(until), _) => next::wait_until(&iso(until)),
            (None, None, Unanswered::Refused(refusal)) => next::after_refusal(refusal),
            (None, None, Unanswered::Broke(fault)) => next::after_fault(fault),
        };
        let (code, title) = named(unanswered, acted);
        Self {
            code,
            title,
            detail: detail(unanswered, acted, record),
            status: status(unanswered, acted, short, spoken),
            retryable,
            retry_after: if retryable { retry_after(unanswered, short) } else { None },
            until,
            next,
            sentence,
            outcome: acted.map(|acted| if acted == Acted::Yes { "carried-out" } else { "unknown" }),
            record,
        }
    }
}

impl Refusal {
    /// Returns who could lift the refusal. There is a parent only if a later block of the pass refused the request.
    pub(crate) fn liftable_by(&self) -> Lift {
        let by_reason = |reason: &Reason| match reason.liftable_by {
            LiftableBy::Approval => Lift::Approval,
            LiftableBy::Parent if reason.block.is_some_and(|block| block > 0) => Lift::Parent,
            LiftableBy::Parent => Lift::Person,
            LiftableBy::Nobody => Lift::Nobody,
        };
        self.reason().map_or_else(|| by_code(self.code), by_reason)
    }
}

fn by_code(code: RefusalCode) -> Lift {
    match code {
        RefusalCode::ApprovalRequired => Lift::Approval,
        RefusalCode::PassMissing
        | RefusalCode::PassInvalid
        | RefusalCode::PassExpired
        | RefusalCode::PassRevoked
        | RefusalCode::Stopped
        | RefusalCode::Denied
        | RefusalCode::BudgetExhausted => Lift::Person,
        _ => Lift::Nobody,
    }
}

fn acted(unanswered: &Unanswered, does: Does) -> Option<Acted> {
    if let Unanswered::Broke(Fault { first: Some(first), .. }) = unanswered {
        return Some(if first.fate == Fate::CarriedOut { Acted::Yes } else { Acted::Perhaps });
    }
    match (does, unanswered.carried_out()) {
        (Does::More | Does::Keyed, CarriedOut::Perhaps) => Some(Acted::Perhaps),
        (Does::More | Does::Keyed, CarriedOut::Yes) => Some(Acted::Yes),
        (Does::Reads, _) | (_, CarriedOut::NotSent | CarriedOut::No) => None,
    }
}

fn wait(unanswered: &Unanswered) -> Option<Duration> {
    match unanswered {
        Unanswered::Refused(refusal) => refusal.wait,
        Unanswered::Broke(_) => None,
    }
}

/// Whether the same request may succeed later, without a person doing more than was asked of them.
fn is_retryable(unanswered: &Unanswered) -> bool {
    match unanswered {
        Unanswered::Refused(refusal) => {
            refusal.code == RefusalCode::ApprovalRequired || refusal.wait.is_some()
        }
        Unanswered::Broke(fault) => fault.passes == Passes::Soon,
    }
}

/// Returns after how many seconds to send it again, if that may help.
fn retry_after(unanswered: &Unanswered, short: Option<Duration>) -> Option<u64> {
    match unanswered {
        Unanswered::Refused(_) => {
            short.map(|wait| u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1))
        }
        Unanswered::Broke(_) => Some(1),
    }
}

fn named(unanswered: &Unanswered, acted: Option<Acted>) -> (&'static str, &'static str) {
    let fault = |code: FaultCode| (code.as_str(), code.title());
    match (unanswered, acted) {
        (Unanswered::Refused(refusal), _) => (refusal.code.as_str(), refusal.code.title()),
        (Unanswered::Broke(_), Some(Acted::Perhaps)) => fault(FaultCode::OutcomeUnknown),
        (Unanswered::Broke(_), Some(Acted::Yes)) => fault(FaultCode::UnusableAnswer),
        (Unanswered::Broke(broke), None) => fault(broke.code),
    }
}

fn detail(unanswered: &Unanswered, acted: Option<Acted>, record: Option<RecordId>) -> String {
    let what = unanswered.detail();
    let record = record.map(|RecordId(id)| format!(" (record {id})")).unwrap_or_default();
    match acted {
        None => what.to_owned(),
        Some(Acted::Perhaps) => {
            format!("{what}; it may have been carried out: check before you send it again{record}")
        }
        Some(Acted::Yes) => format!("{what}; it was carried out: do not send it again{record}"),
    }
}

fn status(
    unanswered: &Unanswered,
    acted: Option<Acted>,
    short: Option<Duration>,
    spoken: Spoken,
) -> StatusCode {
    if acted.is_some() {
        return StatusCode::FORBIDDEN;
    }
    let base = match unanswered {
        Unanswered::Refused(refusal) if short.is_some() && refusal.code == RefusalCode::BudgetExhausted => {
            return StatusCode::TOO_MANY_REQUESTS;
        }
        Unanswered::Refused(refusal) => refusal.code.status(),
        Unanswered::Broke(fault) => of_fault(fault.code),
    };
    // Google's clients answer a 401 by refreshing, and report that failure instead.
    let has_a_pass =
        !matches!(unanswered, Unanswered::Refused(Refusal { code: RefusalCode::PassMissing, .. }));
    let is_lost = base == StatusCode::UNAUTHORIZED && spoken == Spoken::Google && has_a_pass;
    // An SDK that repeats a 5xx in vain reports only that it gave up.
    let is_hammered = base.is_server_error() && !is_retryable(unanswered) && spoken != Spoken::Plain;
    if is_lost || is_hammered { StatusCode::FORBIDDEN } else { base }
}

fn of_fault(code: FaultCode) -> StatusCode {
    match code {
        FaultCode::OutcomeUnknown | FaultCode::UnusableAnswer => StatusCode::FORBIDDEN,
        FaultCode::UpstreamUnreachable | FaultCode::AddressRefused => StatusCode::BAD_GATEWAY,
        FaultCode::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        FaultCode::NeedsReconnect
        | FaultCode::ClientRefused
        | FaultCode::CredentialRefused
        | FaultCode::AuditUnavailable
        | FaultCode::Overloaded
        | FaultCode::Abandoned => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Returns the wait, rounded up to whole seconds, so that nobody comes too early.
fn up(wait: Duration) -> time::Duration {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    time::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}
