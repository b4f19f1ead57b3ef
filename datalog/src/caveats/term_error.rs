//! What is wrong with what a person wants on a pass.
//!
//! A flag says in its own file what is wrong with its values. The other errors are those of a whole pass, and of what
//! every flag may name: a connection, an operation.

use crate::caveats::said::listed;
use crate::words::hours::HoursError;
use crate::words::message::{Hinted, Message};

/// What is wrong with a flag, or with all of them together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    #[error("{0}")]
    Name(#[from] crate::words::names::NameError),
    /// A value that its flag does not take, in the words of the flag.
    #[error("{0}")]
    Value(#[from] Message),
    #[error("no connection is called `{got}`; there is {known}")]
    UnknownConnection { got: String, known: String },
    #[error("`{target}` means no operation of {services}")]
    MeansNothing { target: String, services: String, nearest: Vec<String> },
    #[error("`{target}` could mean {connections}: expected one")]
    Ambiguous { target: String, connections: String },
    #[error("`{text}` is not what may be done: expected an effect, an operation or a glob")]
    Target { text: String, hint: String },
    #[error("a pass asks 1 to {max} approvers, and no more than it names, got {got}")]
    Approvers { got: u32, max: usize },
    #[error("the template is for {0}, and there is no connection to it")]
    NoService(String),
    #[error("this pass would allow nothing: {why}")]
    AllowsNothing { why: String, instead: Option<String> },
    #[error("this pass would never hold: it begins at {begins} and ends at {ends}")]
    NeverHolds { begins: String, ends: String },
    #[error("the pass would allow nothing: expected at least one --allow or --ask")]
    NoGrant,
    #[error("{0}")]
    Missing(&'static str),
    #[error("the pass would be longer than {max} characters: {got}")]
    TooLong { got: usize, max: usize },
    #[error("{0}")]
    Internal(String),
}

impl From<HoursError> for TermError {
    fn from(why: HoursError) -> Self {
        Self::Value(Message::new(why.to_string()))
    }
}

impl Hinted for TermError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Value(message) => return message.hint.clone(),
            Self::UnknownConnection { got, .. } => format!("`hallpass connect SERVICE --as {got}` makes one"),
            Self::MeansNothing { nearest, .. } => {
                did_you_mean(nearest, "`hallpass services show SERVICE` lists them")
            }
            Self::Ambiguous { target, .. } => {
                format!("write `CONNECTION:{target}`, or choose with --connection")
            }
            Self::Target { hint, .. } => hint.clone(),
            Self::AllowsNothing { instead, .. } => {
                let table = "`hallpass can` shows what a pass would answer to each operation";
                instead.as_ref().map_or_else(|| table.into(), |instead| format!("{instead}; {table}"))
            }
            Self::NoService(_) => "`hallpass connect SERVICE` makes one".into(),
            Self::NoGrant => "`--allow gmail:read` allows reading on the connection `gmail`".into(),
            Self::TooLong { .. } => "use globs or effects instead of many operations".into(),
            Self::Name(_)
            | Self::Approvers { .. }
            | Self::NeverHolds { .. }
            | Self::Missing(_)
            | Self::Internal(_) => return None,
        })
    }
}

/// A value that its flag does not take: the value, then `says`.
pub(crate) fn wrong(value: &str, says: &str) -> Message {
    Message::new(format!("`{}` {says}", beginning(value)))
}

/// As much of a value as an error shows.
pub(crate) fn beginning(value: &str) -> String {
    value.chars().take(120).collect()
}

pub(crate) fn did_you_mean(nearest: &[String], otherwise: &str) -> String {
    if nearest.is_empty() {
        return otherwise.into();
    }
    format!("did you mean {}?", listed(nearest.iter().map(String::as_str)))
}
