//! How a command ends when it does not end well: the exit code, what is said, and the hint.
//!
//! Errors of the layers below arrive as data; here they get the exit code, and `Term` writes them.

use std::fmt;

use datalog::Message;
use serde::Serialize;

/// The exit code of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FailureKind {
    /// Something did not work.
    Failed,
    /// The answer is no.
    Refused,
    /// The command was not understood.
    Usage,
    /// The reader of standard output stopped reading: there is nobody to tell.
    Closed,
}

impl FailureKind {
    /// Returns the exit code. 64 is EX_USAGE of sysexits.h.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Usage => 64,
            Self::Closed => 0,
        }
    }
}

/// The failed end of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    #[serde(rename = "outcome")]
    pub kind: FailureKind,
    #[serde(rename = "error")]
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    pub(super) fn failed(message: impl Into<Message>) -> Self {
        Self::of(FailureKind::Failed, message)
    }

    pub(super) fn refused(message: impl Into<Message>) -> Self {
        Self::of(FailureKind::Refused, message)
    }

    pub(super) fn usage(message: impl Into<Message>) -> Self {
        Self::of(FailureKind::Usage, message)
    }

    pub(super) fn of(kind: FailureKind, message: impl Into<Message>) -> Self {
        let Message { says, hint } = message.into();
        Self { kind, message: says, hint }
    }

    /// Adds a hint where the layer below had none.
    #[must_use]
    pub(super) fn or_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint.get_or_insert_with(|| hint.to_string());
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let hint = error.chain().find_map(|one| one.downcast_ref::<Message>()?.hint.clone());
        Self { kind: FailureKind::Failed, message: format!("{error:#}"), hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_comes_along_and_another_is_added_where_there_is_none() {
        let failure = Failure::failed(Message::new("the store is locked").hint("stop the other process"));
        assert_eq!(failure.message, "the store is locked");
        assert_eq!(failure.hint.as_deref(), Some("stop the other process"));
        assert_eq!(failure.or_hint("another").hint.as_deref(), Some("stop the other process"));
        assert_eq!(Failure::failed("it is gone").or_hint("another").hint.as_deref(), Some("another"));
    }

    #[test]
    fn a_hint_is_found_beneath_what_was_said_above_it() {
        let below = anyhow::Error::new(Message::new("it is locked").hint("stop the other process"));
        let failure = Failure::from(below.context("the store did not open"));
        assert_eq!(failure.message, "the store did not open: it is locked");
        assert_eq!(failure.hint.as_deref(), Some("stop the other process"));
    }
}
