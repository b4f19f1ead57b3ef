//! The values in facts and caveats: strings, integers, dates, bytes, booleans, and sets of them.
//!
//! Biscuit has more (arrays, maps, null). A pass that uses those is refused, so they are absent here.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use biscuit_auth::builder::Term;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::words::visible::misleads;

/// A string that is cheap to clone: a word of the program, or a shared one.
#[derive(Debug, Clone)]
pub enum Text {
    Word(&'static str),
    Shared(Arc<str>),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Shared(text) => text,
        }
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Shared(Arc::from(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Shared(Arc::from(text))
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Int(i64),
    Str(Text),
    /// Seconds since 1970, UTC.
    Date(u64),
    Bytes(Arc<[u8]>),
    Bool(bool),
    Set(Arc<BTreeSet<Value>>),
}

/// The terms of one fact: nearly always one or two, which need no allocation.
#[derive(Debug, Clone)]
pub enum Terms {
    One([Value; 1]),
    Two([Value; 2]),
    Many(Vec<Value>),
}

impl Deref for Terms {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        match self {
            Self::One(terms) => terms,
            Self::Two(terms) => terms,
            Self::Many(terms) => terms,
        }
    }
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Terms {}

impl From<[Value; 1]> for Terms {
    fn from(terms: [Value; 1]) -> Self {
        Self::One(terms)
    }
}

impl From<[Value; 2]> for Terms {
    fn from(terms: [Value; 2]) -> Self {
        Self::Two(terms)
    }
}

impl From<Vec<Value>> for Terms {
    fn from(terms: Vec<Value>) -> Self {
        Self::Many(terms)
    }
}

/// A kind of term that a pass may not use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pass may not use {0}")]
pub struct Unsupported(pub &'static str);

impl Value {
    pub fn str(text: impl Into<Text>) -> Self {
        Self::Str(text.into())
    }

    /// A word of the program itself.
    pub(crate) fn word(word: &'static str) -> Self {
        Self::Str(Text::Word(word))
    }

    pub(crate) fn set(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Set(Arc::new(items.into_iter().collect()))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// A number of things, as an integer.
    pub(crate) fn count(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// The strings of a set of strings.
    pub fn as_strings(&self) -> Option<Vec<&str>> {
        match self {
            Self::Set(items) => items.iter().map(Self::as_str).collect(),
            _ => None,
        }
    }

    pub(crate) fn from_term(term: &Term) -> Result<Self, Unsupported> {
        Ok(match term {
            Term::Integer(value) => Self::Int(*value),
            Term::Str(text) => Self::str(text.as_str()),
            Term::Date(seconds) => Self::Date(*seconds),
            Term::Bytes(bytes) => Self::Bytes(Arc::from(bytes.as_slice())),
            Term::Bool(value) => Self::Bool(*value),
            Term::Set(items) => {
                Self::Set(Arc::new(items.iter().map(Self::from_term).collect::<Result<_, _>>()?))
            }
            Term::Variable(_) => return Err(Unsupported("a variable in a fact or a set")),
            Term::Parameter(_) => return Err(Unsupported("a parameter")),
            Term::Null => return Err(Unsupported("null")),
            Term::Array(_) => return Err(Unsupported("an array")),
            Term::Map(_) => return Err(Unsupported("a map")),
        })
    }

    pub(crate) fn to_term(&self) -> Term {
        match self {
            Self::Int(value) => Term::Integer(*value),
            Self::Str(text) => Term::Str(text.to_string()),
            Self::Date(seconds) => Term::Date(*seconds),
            Self::Bytes(bytes) => Term::Bytes(bytes.to_vec()),
            Self::Bool(value) => Term::Bool(*value),
            Self::Set(items) => Term::Set(items.iter().map(Self::to_term).collect()),
        }
    }
}

/// Seconds since 1970 as RFC 3339, or as a bare number beyond the calendar's range.
pub fn date_text(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}

/// A string literal that reads back as itself and misleads nobody: quotes, backslashes, control and bidirectional
/// characters are escaped.
pub fn quote(text: &str, f: &mut impl fmt::Write) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            c if misleads(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Str(text) => quote(text, f),
            Self::Date(seconds) => f.write_str(&date_text(*seconds)),
            Self::Bytes(bytes) => {
                f.write_str("hex:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Bool(value) => write!(f, "{value}"),
            Self::Set(items) if items.is_empty() => f.write_str("{,}"),
            Self::Set(items) => {
                for (position, item) in items.iter().enumerate() {
                    f.write_str(if position == 0 { "{" } else { ", " })?;
                    item.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_shown_as_one_literal_whatever_it_holds() {
        let hostile = Value::str("x\"); admin(true); b(\"\\\n\u{202e}\u{0}");
        assert_eq!(hostile.to_string(), r#""x\"); admin(true); b(\"\\\n\u{202e}\u{0}""#);
    }
}
