//! The events of the log: what a person or the authority itself changed.

use datalog::{ApproverName, ConnectionName, RevocationId};
use serde::{Deserialize, Serialize};

use time::OffsetDateTime;

use crate::audit::line::plain;

/// A change of the authority, by a person or by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventEntry {
    pub event: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The pass or block that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_key: Option<u32>,
    /// The last record that was moved to a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upto: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// A question for a person, or an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Box<ApprovalEntry>>,
    /// The person whose key it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
}

/// An approval by its subject. It never holds what a person saw of the request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApprovalEntry {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
    /// How often it may be used; none for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The third-party block that the approver signed, in base64url. With the pass it verifies anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    Connected,
    Refreshed,
    NeedsReconnect,
    /// The provider refuses the OAuth client of a connection.
    ClientRefused,
    /// The announced end of a grant is near.
    GrantEnds,
    /// A connection lacks scopes that it needs.
    ScopesMissing,
    /// A service wants a connection's owner to sign on.
    SignOnWanted,
    Disconnecting,
    Disconnected,
    Minted,
    Revoked,
    /// Everything was stopped, or the one pass, task or connection that the event names.
    #[serde(alias = "suspended")]
    Stopped,
    #[serde(alias = "lifted")]
    Resumed,
    RootCreated,
    RootRetired,
    /// A database that may not be the newest was accepted, and every pass ended.
    Restored,
    /// The oldest records were moved to a file.
    LogRotated,
    SignedIn,
    SignedOut,
    /// A person is asked about a request.
    Asked,
    Approved,
    ApprovalDenied,
    /// A person took back their no: the question waits again.
    ApprovalReopened,
    /// A no that came after the approval was used.
    ApprovalDeniedLate,
    ApproverCreated,
    ApproverRetired,
}

impl EventEntry {
    fn of(event: Event) -> Self {
        Self {
            event,
            connection: None,
            lineage: Vec::new(),
            task: None,
            root_key: None,
            upto: None,
            detail: None,
            approval: None,
            approver: None,
        }
    }

    pub(crate) fn on_connection(event: Event, name: &ConnectionName) -> Self {
        Self { connection: Some(name.to_string()), ..Self::of(event) }
    }

    pub(crate) fn on_lineage(event: Event, id: &str) -> Self {
        Self { lineage: vec![id.to_owned()], ..Self::of(event) }
    }

    pub(crate) fn on_root_key(event: Event, id: u32) -> Self {
        Self { root_key: Some(id), ..Self::of(event) }
    }

    pub(crate) fn on_log(event: Event, upto: u64) -> Self {
        Self { upto: Some(upto), ..Self::of(event) }
    }

    pub(crate) fn on_approver(event: Event, name: &ApproverName) -> Self {
        Self { approver: Some(name.to_string()), ..Self::of(event) }
    }

    pub(crate) fn of_lineage(self, lineage: &[RevocationId]) -> Self {
        Self { lineage: lineage.iter().map(ToString::to_string).collect(), ..self }
    }

    pub(crate) fn approval(self, approval: ApprovalEntry) -> Self {
        Self { approval: Some(Box::new(approval)), ..self }
    }

    pub(crate) fn on_everything(event: Event) -> Self {
        Self::of(event)
    }

    /// Returns the subject of the event in words.
    pub(crate) fn subject(&self) -> String {
        let is_stop = matches!(self.event, Event::Stopped | Event::Resumed);
        let has_name = !self.lineage.is_empty() || self.connection.is_some();
        let of_itself = match &self.task {
            _ if !is_stop || has_name => None,
            Some(task) => Some(format!("task `{task}`")),
            None => Some("everything".to_owned()),
        };
        let called =
            |kind: &str, name: &str| if is_stop { format!("{kind} {name}") } else { name.to_owned() };
        let subjects = [
            of_itself,
            self.connection.as_deref().map(|name| called("connection", name)),
            self.lineage.last().map(|id| called("pass", id)),
            self.approver.as_ref().map(|name| format!("approver {name}")),
            self.root_key.map(|id| format!("root key {id}")),
            self.upto.map(|seq| format!("up to record {seq}")),
        ];
        subjects.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn detail(self, detail: &str) -> Self {
        Self { detail: Some(plain(detail)), ..self }
    }

    pub(crate) fn task(self, task: &str) -> Self {
        Self { task: Some(plain(task)), ..self }
    }
}
