//! What a request refers to and does not say: planned here as requests of the catalog, fetched by the gateway with the
//! real credential, and read here.
//!
//! Pure: nothing in this folder sends anything. What cannot be looked up, or read with certainty, is noted as
//! unknown, and is a denial where a pass asks for it.

mod access;
mod calendar;
mod conversation;
mod draft;
mod event;
mod observed;
mod person;
mod plan;
mod thread;

use std::fmt;

use serde::Deserialize;

use crate::request::Request;

pub use observed::Observed;
pub(crate) use observed::{Found, Side};
pub use plan::{Inquiry, could_need};
pub(crate) use plan::{names, targets};

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
    /// The single events of a series: whom they reach beside it.
    Series,
    /// A calendar: who reads it.
    Calendar,
    /// A rule of a calendar: whom it is for.
    Rule,
    /// A permission: whom it is for.
    Permission,
    /// A file or folder: who may open it.
    Access,
    /// A conversation: whether another organization takes part in it.
    Conversation,
    /// The members of a conversation.
    Members,
    /// A person: which organization they belong to.
    Person,
}

impl Finds {
    pub const ALL: [Self; 11] = [
        Self::Draft,
        Self::Thread,
        Self::Event,
        Self::Series,
        Self::Calendar,
        Self::Rule,
        Self::Permission,
        Self::Access,
        Self::Conversation,
        Self::Members,
        Self::Person,
    ];
}

impl fmt::Display for Finds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft => "draft",
            Self::Thread => "thread",
            Self::Event => "event",
            Self::Series => "series of events",
            Self::Calendar => "calendar",
            Self::Rule => "rule of a calendar",
            Self::Permission => "permission",
            Self::Access => "folder",
            Self::Conversation => "conversation",
            Self::Members => "conversation with its members",
            Self::Person => "person",
        })
    }
}

/// A request that only reads, to be sent with the connection's credential. Only a plan makes one.
#[derive(Debug)]
pub struct Needed {
    finds: Finds,
    /// The path and query that it is asked with.
    target: String,
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
    #[error("it is open to a whole domain, or to anybody, which nobody's address says")]
    Anybody,
    #[error("the request refers to more than is looked up for one request")]
    TooMany,
}
