//! What a request refers to and does not say: planned here as requests of the catalog, fetched by the gateway with the
//! real credential, and read here.
//!
//! Pure: nothing in this folder sends anything. What cannot be looked up, or read with certainty, is noted as
//! unknown, and is a denial where a pass asks for it.

mod conversation;
mod draft;
mod event;
mod permission;
mod plan;
mod thread;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::decode::Address;
use crate::request::Request;

pub(crate) use plan::names;
pub use plan::{Inquiry, could_need};

/// What a look-up finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finds {
    /// A draft: the message that would be sent, which from then on is part of the request.
    Draft,
    /// A thread: whom its letters came from and went to.
    Thread,
    /// An event: whom a change of it reaches.
    Event,
    /// A permission: whom it is for.
    Permission,
    /// A conversation: whether another organization takes part in it.
    Conversation,
}

impl Finds {
    pub const ALL: [Self; 5] = [Self::Draft, Self::Thread, Self::Event, Self::Permission, Self::Conversation];
}

impl fmt::Display for Finds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft => "draft",
            Self::Thread => "thread",
            Self::Event => "event",
            Self::Permission => "permission",
            Self::Conversation => "conversation",
        })
    }
}

/// A request that only reads, to be sent with the connection's credential. Only a plan makes one.
#[derive(Debug)]
pub struct Needed {
    finds: Finds,
    request: Request,
}

impl Needed {
    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn finds(&self) -> Finds {
        self.finds
    }
}

/// Why a look-up found nothing. Says nothing of what exists upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfound {
    #[error("the request's id of it is not one that can be looked up")]
    Id,
    #[error("the pass may not read it itself, and what its authority block says does not ask for it")]
    NotReadable,
    #[error("the request says something of it that may not be what it holds")]
    Beside,
    #[error("the service was not reached for the look-up, or did not answer it in time")]
    NoAnswer,
    #[error("the service did not answer the look-up with what was asked for")]
    Refused,
    #[error("the service's answer to the look-up is too large")]
    TooLarge,
    #[error("the service's answer to the look-up cannot be read with certainty")]
    Unreadable,
    #[error("the service's answer to the look-up does not say everything")]
    Partial,
}

/// What was looked up for one request. Only this folder puts anything in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    found: BTreeMap<Finds, Result<Vec<Address>, Unfound>>,
    /// The message that a draft holds, where the request sends another in its place.
    replaced: Option<Vec<u8>>,
    /// Whether another organization takes part in the conversation, where it was found.
    external: bool,
}

impl Observed {
    /// The addresses that were found; none where it was not looked up.
    pub(crate) fn of(&self, finds: Finds) -> Option<Result<&[Address], Unfound>> {
        self.found.get(&finds).map(|found| found.as_ref().map(Vec::as_slice).map_err(|error| *error))
    }

    /// Whether it was looked up and found.
    pub(crate) fn has(&self, finds: Finds) -> bool {
        matches!(self.found.get(&finds), Some(Ok(_)))
    }

    /// The message that would be sent if the service did not take the request's own in its place.
    pub(crate) fn replaced(&self) -> Option<&[u8]> {
        self.replaced.as_deref()
    }

    /// Whether another organization takes part in the conversation that was looked up, if one was.
    pub(crate) fn external(&self) -> Option<Result<bool, Unfound>> {
        self.of(Finds::Conversation).map(|found| found.map(|_| self.external))
    }

    fn note(&mut self, finds: Finds, found: Result<Vec<Address>, Unfound>) {
        self.found.insert(finds, found);
    }
}
