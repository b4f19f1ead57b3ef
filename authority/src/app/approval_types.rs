//! The input and output of the verbs of approvals: plain values that are also the API's JSON.
//!
//! They hold what an approver sees of a request. They never hold the text of a pass or a private key.

use datalog::{ApprovalId, ApproverName, ConnectionName, RequestView, RevocationId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A request that a person is, or was, asked about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalInfo {
    pub id: ApprovalId,
    pub status: ApprovalStanding,
    /// The lineage of the asking pass. The approval is only for its last block.
    pub lineage: Vec<RevocationId>,
    pub task: String,
    pub connection: ConnectionName,
    pub operation: String,
    /// The digest of the canonical request, in hexadecimal.
    pub digest: String,
    /// The decoded request; it is forgotten once the question is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<RequestView>,
    /// How many different approvers are needed, and who may approve. If nobody is named, anybody may.
    pub needed: u32,
    pub approvers: Vec<ApproverName>,
    /// The people whose yes still counts.
    pub answers: Vec<ApprovalAnswer>,
    /// Everything that people said, in order, including what no longer counts.
    #[serde(default)]
    pub history: Vec<ApprovalSaid>,
    /// Counts what people said. If an answer names another version, it is refused.
    #[serde(default)]
    pub version: u32,
    /// Why nothing would be sent even after a yes: the pass is revoked, stopped or over, or everything is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// How many requests are held open for the answer right now.
    #[serde(default)]
    pub waiting_now: usize,
    /// How many times the approval may still be used; none without a limit, or before a grant.
    pub uses_left: Option<u32>,
    pub uses: u32,
    /// The reason of a denial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub asked: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

impl ApprovalInfo {
    /// Returns the question in one line, the same at a terminal and in the console.
    pub fn title(&self) -> String {
        self.or_operation(|shown| &shown.title)
    }

    /// Returns the beginning of that line, for notices that other services deliver. It names no people and quotes
    /// nothing from the message.
    pub fn deed(&self) -> String {
        self.or_operation(|shown| &shown.deed)
    }

    fn or_operation(&self, text: impl Fn(&RequestView) -> &String) -> String {
        let shown = self.shown.as_ref().map(text).filter(|text| !text.is_empty());
        shown.cloned().unwrap_or_else(|| format!("{} on {}", self.operation, self.connection))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalStanding {
    Pending,
    Approved,
    Denied,
    /// It was approved, and the approval is used up.
    Used,
    /// The answer to a similar request covers it.
    Covered,
    Expired,
}

/// One approver's yes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalAnswer {
    pub by: ApproverName,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The signed third-party block, base64url. Anybody who has the pass can verify it.
    pub block: String,
}

/// One statement of a person about a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalSaid {
    /// None for an old no, whose name was not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ApproverName>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub said: SaidWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether the statement still counts.
    pub stands: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaidWord {
    Yes,
    No,
    /// A no that came after the approval was used.
    TooLate,
    /// A person took back their no, and the question waits again.
    Reopened,
}

/// Which approvals to list, newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApprovalFilter {
    #[serde(default)]
    pub status: Option<ApprovalStanding>,
    /// A pass, with everything attenuated from it.
    #[serde(default)]
    pub pass: Option<RevocationId>,
    /// 100 by default.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A yes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApproveArgs {
    /// `owner` by default.
    #[serde(default)]
    pub by: Option<ApproverName>,
    #[serde(default)]
    pub scope: ApprovalScope,
    /// The version that the person saw.
    #[serde(default)]
    pub version: Option<u32>,
}

/// How much a yes covers. A yes to more than one request also covers similar ones; `RequestView::alike` says which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "kebab-case")]
pub enum ApprovalScope {
    /// This request, once.
    #[default]
    Once,
    /// This many times.
    Times { times: u32 },
    /// Without a limit, for this long: `2h`.
    Until { duration: String },
    /// Without a limit, until the pass ends.
    Task,
}

/// A no.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DenyArgs {
    #[serde(default)]
    pub by: Option<ApproverName>,
    /// The reason, which the agent reads.
    #[serde(default)]
    pub because: Option<String>,
    #[serde(default)]
    pub scope: DenialScope,
    /// The version that the person saw.
    #[serde(default)]
    pub version: Option<u32>,
}

/// How much a no covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DenialScope {
    /// Every request of the pass by this operation to the same people, until the pass ends or the no is taken back.
    #[default]
    People,
    /// Only this request. The agent may ask about another text to the same people.
    ThisOne,
}

/// Takes back a no: the question waits again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReopenArgs {
    /// Who said no; `owner` by default.
    #[serde(default)]
    pub by: Option<ApproverName>,
    /// The version that the person saw.
    #[serde(default)]
    pub version: Option<u32>,
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
    /// Signatures already given no longer count.
    Retired,
}
