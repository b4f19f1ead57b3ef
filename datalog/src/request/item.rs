//! One item of an answer, as far as a pass can ask about it.

use time::OffsetDateTime;

/// How much of an item may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    Content,
    /// Only its ids; the rest of it is taken out.
    Ids,
}

impl Shows {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Ids => "ids",
        }
    }
}

/// One item of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// None if the item does not state its time.
    pub time: Option<OffsetDateTime>,
    /// None if the item does not state its labels; empty if it has none.
    pub labels: Option<Vec<String>>,
    /// How many items the answer has.
    pub count: usize,
    pub shows: Shows,
}

impl Item {
    /// The item reduced to its ids: it states nothing else.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { time: None, labels: None, shows: Shows::Ids, ..*self }
    }
}
