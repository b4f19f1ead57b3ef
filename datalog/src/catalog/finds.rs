//! What a look-up of one thing finds: who reads it, who takes part in it, what it says.
//!
//! Overlays use these words. `decision/lookup` says how each look-up is made.

use std::fmt;

use serde::Deserialize;

/// The goal of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finds {
    /// A draft: the message that would be sent, which becomes part of the request.
    Draft,
    /// A thread: the senders and recipients of its letters.
    Thread,
    /// An event: the people that a change of it reaches.
    Event,
    /// The single events of a series: the additional people they reach.
    Series,
    /// The events that an import would change: the people they reach.
    Imported,
    /// A calendar: who reads it.
    Calendar,
    /// A rule of a calendar: the person it is for.
    Rule,
    /// A permission: the person it is for.
    Permission,
    /// A file or folder: who may open it.
    Access,
    /// A conversation: whether another organization takes part in it.
    Conversation,
    /// The members of a conversation.
    Members,
    /// A person: their organization.
    Person,
}

impl Finds {
    pub const ALL: [Self; 12] = [
        Self::Draft,
        Self::Thread,
        Self::Event,
        Self::Series,
        Self::Imported,
        Self::Calendar,
        Self::Rule,
        Self::Permission,
        Self::Access,
        Self::Conversation,
        Self::Members,
        Self::Person,
    ];

    /// Whether the look-up finds people that the request reaches without naming them.
    pub(crate) fn reaches(self) -> bool {
        match self {
            Self::Event | Self::Series | Self::Imported | Self::Calendar => true,
            Self::Rule | Self::Permission | Self::Access => true,
            Self::Draft | Self::Thread | Self::Conversation | Self::Members | Self::Person => false,
        }
    }
}

impl fmt::Display for Finds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft => "draft",
            Self::Thread => "thread",
            Self::Event => "event",
            Self::Series => "series of events",
            Self::Imported => "event of that `iCalUID`",
            Self::Calendar => "calendar",
            Self::Rule => "rule of a calendar",
            Self::Permission => "permission",
            Self::Access => "file or folder",
            Self::Conversation => "conversation",
            Self::Members => "conversation with its members",
            Self::Person => "person",
        })
    }
}
