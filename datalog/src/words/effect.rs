//! Effects: eight words for what an operation does to an account and to other people, and sets of these words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::words::names::NameError;

/// One effect. This is also the order in which effects are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes the account's own data.
    Write,
    /// Reaches other people.
    Send,
    /// Gives lasting access or a standing flow out.
    Share,
    /// Removes.
    Delete,
    /// Starts code, now or later.
    Run,
    /// The answer holds a usable credential.
    Secret,
    /// Changes the settings of the account.
    Admin,
}

impl Effect {
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::Send,
        Self::Share,
        Self::Delete,
        Self::Run,
        Self::Secret,
        Self::Admin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Send => "send",
            Self::Share => "share",
            Self::Delete => "delete",
            Self::Run => "run",
            Self::Secret => "secret",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Effect {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == text).ok_or_else(|| NameError {
            what: "an effect",
            expected: "one of read, write, send, share, delete, run, secret, admin",
            got: text.chars().take(80).flat_map(char::escape_debug).collect(),
        })
    }
}

/// A set of effects.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Effects(u8);

impl Effects {
    pub const NONE: Self = Self(0);

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn contains(self, effect: Effect) -> bool {
        self.0 & effect.bit() != 0
    }

    pub fn with(self, effect: Effect) -> Self {
        Self(self.0 | effect.bit())
    }

    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether doing it twice does no more than doing it once: it only reads, or shows a usable credential.
    pub fn changes_nothing(self) -> bool {
        self.is_subset(Self::NONE.with(Effect::Read).with(Effect::Secret)) && self.contains(Effect::Read)
    }

    pub fn iter(self) -> impl Iterator<Item = Effect> {
        Effect::ALL.into_iter().filter(move |effect| self.contains(*effect))
    }
}

impl FromIterator<Effect> for Effects {
    fn from_iter<I: IntoIterator<Item = Effect>>(effects: I) -> Self {
        effects.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, effect) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(effect.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl Serialize for Effects {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Effects {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Effect>::deserialize(deserializer)?.into_iter().collect())
    }
}
