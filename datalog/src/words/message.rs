//! Messages to people: what is wrong, and apart from it what people can do about it.
//!
//! An error or a warning says what is wrong by `Display`. Its hint is a field or a method of its own. The code that
//! shows both decides how. No code searches a text for its hint.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::names::NameError;

/// A sentence, and what to do about it where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub says: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// An error or a warning that may know what to do about it.
pub trait Hinted: fmt::Display {
    fn hint(&self) -> Option<String> {
        None
    }
}

impl Message {
    pub fn new(says: impl Into<String>) -> Self {
        Self { says: says.into(), hint: None }
    }

    /// The message with this hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The message with this hint, unless it has one already.
    #[must_use]
    pub fn or_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: self.hint.or_else(|| Some(hint.into())), ..self }
    }

    /// The sentence and the hint as plain text. The hint has its own line.
    pub fn in_full(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}\nhint: {hint}", self.says),
            None => self.says.clone(),
        }
    }

    /// The message with its sentence changed by `words`.
    #[must_use]
    pub fn map(self, words: impl FnOnce(String) -> String) -> Self {
        Self { says: words(self.says), ..self }
    }

    /// The message after words that say where: `words: sentence`.
    #[must_use]
    pub fn after(self, words: impl fmt::Display) -> Self {
        self.map(|says| format!("{words}: {says}"))
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for Message {}

impl Hinted for NameError {}

impl Hinted for serde_json::Error {}

impl<T: Hinted> Hinted for &T {
    fn hint(&self) -> Option<String> {
        (**self).hint()
    }
}

impl<T: Hinted> From<T> for Message {
    fn from(of: T) -> Self {
        Self { says: of.to_string(), hint: of.hint() }
    }
}

impl From<String> for Message {
    fn from(says: String) -> Self {
        Self::new(says)
    }
}

impl From<&str> for Message {
    fn from(says: &str) -> Self {
        Self::new(says)
    }
}
