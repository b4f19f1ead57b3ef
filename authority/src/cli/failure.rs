//! How a command ends when it does not end well: the exit code, what is said, and the hint.
//!
//! Errors of the layers below arrive as text whose second line may be `hint: …`; it is split off here once.

use std::fmt;

use serde::Serialize;

/// Which of the exit codes a failure ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something did not work.
    Failed,
    /// The answer is no.
    Refused,
    /// The command was not understood.
    Usage,
    /// Whoever read standard output stopped reading: nothing to say, and nobody to say it to.
    Closed,
}

impl Kind {
    /// The exit code; 64 is EX_USAGE of sysexits.h.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Usage => 64,
            Self::Closed => 0,
        }
    }
}

/// The end of a command that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    #[serde(rename = "outcome")]
    pub kind: Kind,
    #[serde(rename = "error")]
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::of(Kind::Failed, message)
    }

    pub fn refused(message: impl fmt::Display) -> Self {
        Self::of(Kind::Refused, message)
    }

    pub fn usage(message: impl fmt::Display) -> Self {
        Self::of(Kind::Usage, message)
    }

    pub fn of(kind: Kind, message: impl fmt::Display) -> Self {
        let text = message.to_string();
        match text.split_once("\nhint: ") {
            Some((message, hint)) => Self { kind, message: message.into(), hint: Some(hint.into()) },
            None => Self { kind, message: text, hint: None },
        }
    }

    /// Adds a hint where the layer below had none.
    #[must_use]
    pub fn or_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint.get_or_insert_with(|| hint.to_string());
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format_args!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_on_the_second_line_is_told_apart() {
        let failure = Failure::failed("the store is locked\nhint: stop the other process");
        assert_eq!(failure.message, "the store is locked");
        assert_eq!(failure.hint.as_deref(), Some("stop the other process"));
        assert_eq!(failure.or_hint("another").hint.as_deref(), Some("stop the other process"));
    }
}
