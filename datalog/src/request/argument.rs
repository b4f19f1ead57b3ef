//! One argument of a request: its name, its place, its value.

use std::sync::Arc;

use crate::catalog::ArgumentType;

/// Where an argument was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    Path,
    Query,
    Body,
}

/// A typed scalar argument value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    String(String),
    Int(i64),
    Bool(bool),
    /// A value without a type of its own here, as JSON text: null, a fraction, an empty list or object, a free-form
    /// part of a body. It is present but cannot be compared, so a caveat on its value is not met.
    Other(String),
}

impl Scalar {
    /// Its type, as in facts.
    pub fn kind(&self) -> ArgumentType {
        match self {
            Self::String(_) => ArgumentType::String,
            Self::Int(_) => ArgumentType::Integer,
            Self::Bool(_) => ArgumentType::Boolean,
            Self::Other(_) => ArgumentType::Other,
        }
    }
}

/// One argument under the provider's own name; body fields use a dotted path (`labelIds`, `committer.name`). A
/// repeated argument appears once per value.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    pub name: Arc<str>,
    pub location: Location,
    pub value: Scalar,
}

impl Argument {
    /// Whether it is the argument `name`, or part of it.
    pub(crate) fn is_within(&self, name: &str) -> bool {
        self.name.strip_prefix(name).is_some_and(|below| below.is_empty() || below.starts_with('.'))
    }
}
