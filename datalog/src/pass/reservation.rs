//! What a budget counts, over which time, and how much is set aside for one request.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// What a budget counts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    Requests,
    /// The addresses it reaches, each once.
    Recipients,
    /// The bodies of requests and of answers.
    Bytes,
}

/// The time span of a budget. It slides: no minute, hour or day holds more than the budget's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    Minute,
    Hour,
    Day,
}

impl Measure {
    pub(crate) const COUNTED: [Self; 2] = [Self::Recipients, Self::Bytes];

    /// Used to read a budget's state; it reserves nothing.
    pub(crate) fn of_nothing(self) -> Counts {
        match self {
            Self::Requests => Counts::Each,
            Self::Recipients => Counts::Once(Vec::new()),
            Self::Bytes => Counts::Stream,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Recipients => "recipients",
            Self::Bytes => "bytes",
        }
    }
}

impl Window {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    pub fn seconds(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Minute => "a minute",
            Self::Hour => "an hour",
            Self::Day => "a day",
        }
    }
}

/// How much one request takes from one budget, before it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The name of the budget across the lineage: the revocation id of the block that set it, and the budget's name.
    pub budget: String,
    pub max: u64,
    pub cost: u64,
    pub counts: Counts,
    pub window: Option<Window>,
    /// The time of the decision in milliseconds since 1970: its place in the window.
    pub at: u64,
    /// Seconds since 1970, after which nothing can take from the budget.
    pub ends: u64,
}

/// How a budget adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// Every use counts.
    Each,
    /// Each of these things counts once. They are hashes, so that the store lists nobody.
    Once(Vec<String>),
    /// Bytes count. More are taken while the answer comes, and the unused part is given back.
    Stream,
}

/// The state of a budget before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    pub used: u64,
    /// The cost of the request, if the store knows it better: of things that count once, it counts only the new ones.
    pub cost: Option<u64>,
    /// Milliseconds until enough is left again, if waiting helps.
    pub wait: Option<u64>,
    /// Milliseconds until the oldest use leaves the window.
    pub refills: Option<u64>,
}

impl Spent {
    /// When the oldest use leaves the window, for an answer that was asked for now.
    pub fn refills_at(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        now.checked_add(Duration::milliseconds(i64::try_from(self.refills?).ok()?))
    }
}

impl From<u64> for Spent {
    fn from(used: u64) -> Self {
        Self { used, ..Self::default() }
    }
}
