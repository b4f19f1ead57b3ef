//! The results of look-ups for one request. Only `decision/lookup` adds results.

use std::collections::BTreeMap;

use crate::catalog::finds::Finds;
use crate::request::decode::Address;

/// What one look-up found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The people that the thing reaches, or who take part in it.
    pub(crate) addresses: Vec<Address>,
    /// Other things that must be looked up first, by id.
    pub(crate) points: Vec<(Finds, String)>,
    /// Whether the thing is inside or outside the organization.
    pub(crate) side: Option<Side>,
}

/// The side of a conversation or a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// A conversation, and whether it says itself that another organization takes part.
    Conversation { id: String, outside: bool },
    /// A person and their organization. The person is outside if that is not the account's own.
    Person { id: String, team: String, guest: bool },
}

impl Found {
    pub(crate) fn of(addresses: Vec<Address>) -> Self {
        Self { addresses, ..Self::default() }
    }
}

/// What was looked up for one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// By kind, and by the path and query of the look-up.
    found: BTreeMap<(Finds, String), Result<Found, Unfound>>,
    /// The message in a draft, if the request sends another one instead.
    pub(crate) replaced: Option<Vec<u8>>,
}

impl Observed {
    /// The result of the look-up of this target; none if it was not looked up.
    pub(crate) fn at(&self, finds: Finds, target: &str) -> Option<Result<&Found, Unfound>> {
        let found = self.found.get(&(finds, target.to_owned()))?;
        Some(found.as_ref().map_err(|error| *error))
    }

    /// Whether any look-up of this kind succeeded.
    pub(crate) fn has(&self, finds: Finds) -> bool {
        self.found.iter().any(|((known, _), found)| *known == finds && found.is_ok())
    }

    /// The ids to which the results point, each once.
    pub(crate) fn pointed(&self, finds: Finds) -> Vec<&str> {
        let points = self.found.values().flatten().flat_map(|found| &found.points);
        let mut ids: Vec<&str> = points.filter(|(to, _)| *to == finds).map(|(_, id)| id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The message that would be sent if the service ignored the request's own message.
    pub(crate) fn replaced(&self) -> Option<&[u8]> {
        self.replaced.as_deref()
    }

    /// How many look-ups there were.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn note(&mut self, finds: Finds, target: String, found: Result<Found, Unfound>) {
        self.found.insert((finds, target), found);
    }
}

/// Why a look-up found nothing. It does not tell what exists at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfound {
    #[error("the request's id of it is not one that can be looked up")]
    Id,
    #[error("the pass may not read it itself, and what its authority block says does not ask for it")]
    NotReadable,
    #[error("the request says something of it that may not be what it holds")]
    Beside,
    #[error("the service was not reached for the look-up, failed at it, or did not answer it in time")]
    NoAnswer,
    #[error("the service did not answer the look-up with what was asked for")]
    Refused,
    #[error("the service's answer to the look-up is too large")]
    TooLarge,
    #[error("the service's answer to the look-up cannot be read with certainty")]
    Unreadable,
    #[error("the service's answer to the look-up does not say everything")]
    Partial,
    #[error("it is open to a whole domain, or to anybody, which nobody's address says")]
    Anybody,
    #[error("the request refers to more than is looked up for one request")]
    TooMany,
}
