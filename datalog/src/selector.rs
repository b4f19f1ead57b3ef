//! Which operations are meant: all of an effect, one by its id, or a glob over ids.

use std::fmt;
use std::str::FromStr;

use crate::catalog::Operation;
use crate::effect::{Effect, Effects};
use crate::names::{ConnectionName, NameError, OperationId};
use crate::request::Request;

/// What a grant or a budget is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    Effect(Effect),
    Operation(OperationId),
    /// Ids that start and end so, without overlap: one `*` between the two.
    Glob {
        prefix: String,
        suffix: String,
    },
}

impl Selector {
    /// Whether it could mean the operation.
    pub fn matches(&self, operation: &Operation) -> bool {
        self.matches_with(operation, operation.effects)
    }

    /// Whether it means the operation when it has these effects.
    fn matches_with(&self, operation: &Operation, effects: Effects) -> bool {
        match self {
            Self::Effect(effect) => effects.contains(*effect),
            Self::Operation(id) => *id == operation.id,
            Self::Glob { prefix, suffix } => {
                let id = operation.id.as_str();
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

impl Target {
    /// Whether it means this very request.
    pub fn means(&self, request: &Request) -> bool {
        self.connection.as_ref().is_none_or(|own| *own == request.connection)
            && self.selector.matches_with(&request.operation, request.effects)
    }
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
