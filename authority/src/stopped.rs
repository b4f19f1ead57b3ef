//! A stop, and the input and output of the verbs that stop and resume: plain values that are also the API's JSON.
//!
//! There is one noun and there are two verbs: a *stop* holds from when something is *stopped* until a person *resumes*
//! it. The emergency stop is the stop of everything. A *refusal* is something else, and other things lift it.
//!
//! - Invariant: A pass, a connection and their pages say by what they are stopped
//!   (`a_pass_and_a_connection_tell_by_what_they_are_stopped`).

use std::fmt;

use datalog::{ConnectionName, RevocationId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A single thing to stop or to resume.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "stop", content = "name", rename_all = "kebab-case")]
pub enum StopTarget {
    /// A pass or a delegated block, with everything attenuated from it.
    Pass(RevocationId),
    /// Every pass for this task, including future ones.
    Task(String),
    Connection(ConnectionName),
}

/// In words: `connection gmail`.
impl fmt::Display for StopTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass(id) => write!(f, "pass {id}"),
            Self::Task(task) => write!(f, "task `{task}`"),
            Self::Connection(name) => write!(f, "connection {name}"),
        }
    }
}

/// Stops everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopArgs {
    #[serde(default)]
    pub because: Option<String>,
}

/// Stops something by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopOneArgs {
    #[serde(flatten)]
    pub target: StopTarget,
    #[serde(default)]
    pub because: Option<String>,
}

/// What a stop affected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// How many passes count, or would count without another stop.
    #[serde(default)]
    pub passes: usize,
    /// How many requests were on their way, and were dropped.
    #[serde(default)]
    pub called_back: usize,
    /// How many requests did not end in time. The service may still carry them out.
    #[serde(default)]
    pub not_recalled: usize,
}

/// The result of stopping a single thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopOneReport {
    #[serde(flatten)]
    pub stopped: Stop,
    #[serde(flatten)]
    pub hit: Hit,
    /// A note for the person: for example that no pass has this task now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A single thing that is stopped until a person resumes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    #[serde(flatten)]
    pub target: StopTarget,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// The stop of everything, while it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyStop {
    /// None for an old stop, whose time was not stored.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// All stops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllStops {
    pub everything: Option<EmergencyStop>,
    /// The single things that are stopped, the oldest first.
    pub stops: Vec<Stop>,
}

/// The result of stopping or resuming everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopReport {
    /// Whether the emergency stop holds now.
    pub stopped: bool,
    /// Whether the emergency stop began or ended by this.
    #[serde(default)]
    pub changed: bool,
    #[serde(flatten)]
    pub hit: Hit,
    /// The things that were resumed as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<StopTarget>,
    /// The single things that are still stopped.
    #[serde(default)]
    pub stops: Vec<Stop>,
}

/// The result of resuming a single thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResumeReport {
    #[serde(flatten)]
    pub resumed: StopTarget,
    /// What is still stopped.
    pub still: AllStops,
}

/// The thing whose stop applies to a pass or a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "name", rename_all = "kebab-case")]
pub enum StoppedBy {
    Everything,
    Pass(RevocationId),
    Task(String),
    Connection(ConnectionName),
}

/// A stop that applies to a pass or a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    #[serde(flatten)]
    pub by: StoppedBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
}

impl From<Stop> for Stopped {
    fn from(Stop { target, because, since }: Stop) -> Self {
        let by = match target {
            StopTarget::Pass(id) => StoppedBy::Pass(id),
            StopTarget::Task(task) => StoppedBy::Task(task),
            StopTarget::Connection(name) => StoppedBy::Connection(name),
        };
        Self { by, because, since: Some(since) }
    }
}

impl From<EmergencyStop> for Stopped {
    fn from(EmergencyStop { since, because }: EmergencyStop) -> Self {
        Self { by: StoppedBy::Everything, because, since }
    }
}

/// In words: `everything is stopped`, `its task is stopped: because`.
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            StoppedBy::Everything => f.write_str("everything is stopped")?,
            StoppedBy::Pass(id) if id.as_str().starts_with("p_") => f.write_str("the pass is stopped")?,
            StoppedBy::Pass(id) => write!(f, "{} is stopped", id.as_str())?,
            StoppedBy::Task(_) => f.write_str("its task is stopped")?,
            StoppedBy::Connection(name) => write!(f, "the connection {name} is stopped")?,
        }
        match &self.because {
            Some(because) => write!(f, ": {because}"),
            None => Ok(()),
        }
    }
}
