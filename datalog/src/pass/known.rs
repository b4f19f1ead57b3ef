//! The things that the lineage of a pass has seen and made.

use std::collections::BTreeSet;

use crate::request::canonical::Resource;

/// What is known about the things of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Things that an earlier answer has shown; created things are among them.
    pub seen: BTreeSet<Resource>,
    pub created: BTreeSet<Resource>,
}

/// Which of the two a flag asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProvenanceKind {
    Seen,
    Created,
}

impl ProvenanceKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Seen => "unseen_count",
            Self::Created => "uncreated_count",
        }
    }
}
