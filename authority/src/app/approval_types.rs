//! What goes into and out of the verbs of approvals and of stopping: plain values that are also the API's JSON.
//!
//! What was shown of a request is among them; the text of a pass and private keys are not.

use datalog::{ApprovalId, ApproverName, ConnectionName, RevocationId, Shown};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// One request that a person is, or was, asked about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalInfo {
    pub id: ApprovalId,
    pub status: ApprovalStanding,
    /// The lineage of the pass that asks; the approval is for its last block alone.
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub connection: ConnectionName,
    pub operation: String,
    /// Of the canonical request, in hexadecimal.
    pub digest: String,
    /// The request, decoded; gone once it is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// How many distinct approvers it takes, and who they may be; anybody where it names none.
    pub needed: u32,
    pub approvers: Vec<ApproverName>,
    pub answers: Vec<ApprovalAnswer>,
    /// How often it may still be used; none where that is not limited, or nothing was granted yet.
    pub uses_left: Option<u32>,
    pub uses: u32,
    /// Why it was denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub asked: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalStanding {
    Pending,
    Approved,
    Denied,
    /// Approved, and used as often as it might be.
    Used,
    /// An answer to a request that is alike covers it.
    Covered,
    Expired,
}

/// One approver's yes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalAnswer {
    pub by: ApproverName,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The signed third-party block, base64url: with the pass it verifies anywhere.
    pub block: String,
}

/// Which approvals to list. The newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApprovalFilter {
    #[serde(default)]
    pub status: Option<ApprovalStanding>,
    /// A pass, with everything attenuated from it.
    #[serde(default)]
    pub pass: Option<RevocationId>,
    /// 100 where it is not said.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A yes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApproveArgs {
    /// `owner` where it is not said.
    #[serde(default)]
    pub by: Option<ApproverName>,
    #[serde(default)]
    pub scope: ApprovalScope,
}

/// How much a yes covers. What is more than once covers requests that are alike, too: `Shown::alike` says which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "kebab-case")]
pub enum ApprovalScope {
    /// This request, once.
    #[default]
    Once,
    /// So often.
    Times { times: u32 },
    /// As often as it likes, so long: `2h`.
    Until { duration: String },
    /// As often as it likes, until the pass ends.
    Task,
}

/// A no.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DenyArgs {
    #[serde(default)]
    pub by: Option<ApproverName>,
    /// Told to the agent.
    #[serde(default)]
    pub because: Option<String>,
}

/// Someone who approves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApproverInfo {
    pub name: ApproverName,
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    pub status: ApproverStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApproverStatus {
    Trusted,
    /// What it signed counts no more.
    Retired,
}

/// What to stop, or to resume, by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stop", content = "name", rename_all = "kebab-case")]
pub enum StopTarget {
    /// A pass or a delegated block, with everything attenuated from it.
    Pass(RevocationId),
    /// Every pass for a task.
    Task(String),
    Connection(ConnectionName),
}

/// Stops something by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SuspendArgs {
    #[serde(flatten)]
    pub target: StopTarget,
    #[serde(default)]
    pub because: Option<String>,
}

/// What stopping something by itself came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SuspendReport {
    #[serde(flatten)]
    pub stopped: Suspension,
    /// Requests that were on their way and did not end in time: what they do may still happen.
    #[serde(default)]
    pub not_recalled: usize,
}

/// Something that is stopped until it is resumed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Suspension {
    #[serde(flatten)]
    pub target: StopTarget,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}
