//! The record of a request when it is decided.

use std::net::IpAddr;
use std::sync::Arc;

use datalog::{
    ApprovalId, ApproverName, ConnectionName, EnvelopeDigest, QuestionDigest, Reason, RequestDigest,
    RequestSummary, Reservation, RevocationId,
};
use time::{Duration, OffsetDateTime};

use crate::facts::Facts;
use crate::ports::mode::Mode;
use crate::ports::once::Once;

/// The sequence number of an audit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

/// What is known about a request when it is decided. Never a body, never a secret.
#[derive(Debug, Clone)]
pub struct Record {
    pub at: OffsetDateTime,
    /// The lineage of the pass; empty if there was no valid one.
    pub lineage: Vec<RevocationId>,
    pub task: Option<String>,
    pub connection: Option<ConnectionName>,
    pub operation: Option<String>,
    pub method: String,
    /// The path without its query, cut to 512 characters.
    pub path: String,
    pub digest: Option<RequestDigest>,
    /// For a request that does more than read and is sent. A letter that is built again has the same digest.
    pub question: Option<QuestionDigest>,
    /// The request as it was understood, without argument values.
    pub outline: Option<Arc<RequestSummary>>,
    /// The operations for which the credential was used in look-ups.
    pub looked_up: Vec<String>,
    /// The approval that an intent uses up, in the same durable step.
    pub approval: Option<ApprovalUse>,
    /// `allow`, or the code of the refusal.
    pub decision: &'static str,
    pub reasons: Vec<Reason>,
    /// The facts of the decision, if they are stored. They are sealed beside the record and are never part of it.
    pub facts: Option<Arc<Facts>>,
    pub reservations: Vec<Reservation>,
    /// For a request that does more than read: how long an identical one is not sent while the outcome is unknown.
    pub once: Option<Once>,
    pub mode: Mode,
    /// The agent's address. Its port is left out on purpose.
    pub peer: IpAddr,
    /// The time from the request's arrival to its decision.
    pub decided_in: Duration,
}

/// An approval that lets one request go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalUse {
    pub id: ApprovalId,
    pub by: Vec<ApproverName>,
    /// The digest of the question about the request.
    pub digest: QuestionDigest,
    pub alike: Option<EnvelopeDigest>,
}
