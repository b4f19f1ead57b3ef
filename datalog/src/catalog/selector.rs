//! Selects operations: all with an effect, one by its id, or a glob over ids.
//!
//! A selected operation is selected with all its effects, including those that its arguments cause. So a pass can allow
//! one operation without allowing its effect in general. `Warning::Brings` says so when the pass is minted. A grant of
//! the effect itself (`--ask`, `--deny`) wins over the operation's grant.

use std::fmt;
use std::str::FromStr;

use crate::words::effect::{Effect, Effects};
use crate::words::names::{ConnectionName, NameError, OperationId};

/// What a grant or a budget is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    Effect(Effect),
    Operation(OperationId),
    /// Ids that start with one text and end with the other, written with one `*` between the two.
    Glob {
        prefix: String,
        suffix: String,
    },
}

impl Selector {
    /// Whether it selects the operation of this id with these effects.
    pub(crate) fn means(&self, operation: &OperationId, effects: Effects) -> bool {
        match self {
            Self::Effect(effect) => effects.contains(*effect),
            Self::Operation(id) => id == operation,
            Self::Glob { prefix, suffix } => {
                let id = operation.as_str();
                id.starts_with(prefix.as_str()) && id.ends_with(suffix.as_str())
            }
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effect(effect) => effect.fmt(f),
            Self::Operation(id) => id.fmt(f),
            Self::Glob { prefix, suffix } => write!(f, "{prefix}*{suffix}"),
        }
    }
}

impl FromStr for Selector {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Ok(effect) = text.parse() {
            return Ok(Self::Effect(effect));
        }
        if let Some((prefix, suffix)) = text.split_once('*') {
            let plain = |part: &str| part.bytes().all(|b| b.is_ascii_graphic() && !b"*,=:\"\\".contains(&b));
            if plain(prefix) && plain(suffix) && text.len() <= 200 {
                return Ok(Self::Glob { prefix: prefix.to_owned(), suffix: suffix.to_owned() });
            }
        } else if let Ok(id) = text.parse() {
            return Ok(Self::Operation(id));
        }
        Err(NameError {
            what: "an effect, an operation or a glob",
            expected: "one of read, write, send, share, delete, run, secret, admin; an id such as \
                       gmail.users.messages.list; or one `*` within an id",
            got: text.chars().take(80).flat_map(char::escape_debug).collect(),
        })
    }
}

/// A selector on one connection or on any: `gmail:read`, `send`, `gmail.users.settings.*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub connection: Option<ConnectionName>,
    pub selector: Selector,
}

impl FromStr for Target {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once(':') {
            Some((connection, rest)) => {
                Ok(Self { connection: Some(connection.parse()?), selector: rest.parse()? })
            }
            None => Ok(Self { connection: None, selector: text.parse()? }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.connection {
            Some(connection) => write!(f, "{connection}:{}", self.selector),
            None => self.selector.fmt(f),
        }
    }
}

/// Whether the selector means everything.
pub(crate) fn is_anything(selector: &Selector) -> bool {
    matches!(selector, Selector::Glob { prefix, suffix } if prefix.is_empty() && suffix.is_empty())
}
