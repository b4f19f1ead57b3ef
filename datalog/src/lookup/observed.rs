//! What was looked up for one request, by what was asked. Only this folder puts anything in.

use std::collections::BTreeMap;

use super::{Finds, Unfound};
use crate::decode::Address;

/// What one look-up found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Whom it reaches, or who takes part.
    pub(crate) addresses: Vec<Address>,
    /// What else has to be looked up before it is known, by id.
    pub(crate) points: Vec<(Finds, String)>,
    /// On which side of the organization's edge it is.
    pub(crate) side: Option<Side>,
}

/// Where a conversation or a person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// A conversation: whether another organization takes part as far as it says itself.
    Conversation { id: String, outside: bool },
    /// A person of an organization; somebody else's where that is not the account's own.
    Person { id: String, team: String, guest: bool },
}

impl Found {
    pub(super) fn of(addresses: Vec<Address>) -> Self {
        Self { addresses, ..Self::default() }
    }
}

/// What was looked up for one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// By what was sought and the path and query that it was asked with.
    found: BTreeMap<(Finds, String), Result<Found, Unfound>>,
    /// The message that a draft holds, where the request sends another in its place.
    pub(super) replaced: Option<Vec<u8>>,
}

impl Observed {
    /// What was found there; none where it was not looked up.
    pub(crate) fn at(&self, finds: Finds, target: &str) -> Option<Result<&Found, Unfound>> {
        let found = self.found.get(&(finds, target.to_owned()))?;
        Some(found.as_ref().map_err(|error| *error))
    }

    /// Whether anything of the kind was looked up and found.
    pub(crate) fn has(&self, finds: Finds) -> bool {
        self.found.iter().any(|((known, _), found)| *known == finds && found.is_ok())
    }

    /// Whether any of the kind was looked up.
    pub(super) fn tried(&self, finds: Finds) -> bool {
        self.found.keys().any(|(known, _)| *known == finds)
    }

    /// The ids that what was found points to, each once.
    pub(super) fn pointed(&self, finds: Finds) -> Vec<&str> {
        let points = self.found.values().flatten().flat_map(|found| &found.points);
        let mut ids: Vec<&str> = points.filter(|(to, _)| *to == finds).map(|(_, id)| id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The message that would be sent if the service did not take the request's own in its place.
    pub(crate) fn replaced(&self) -> Option<&[u8]> {
        self.replaced.as_deref()
    }

    /// How many look-ups there were.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn note(&mut self, finds: Finds, target: String, found: Result<Found, Unfound>) {
        self.found.insert((finds, target), found);
    }
}
