//! The health of a connection as one value. The list of connections, its JSON, `doctor`, the console, the notices and
//! the answers to agents all use it.
//!
//! A concern is data, and only this file makes its sentence. An agent may hear less, and the gateway has its own words
//! for that. Nothing is decided here, and nobody is asked.
//!
//! - Invariant: The owner, the agents and every list hear the same about a connection
//!   (`a_hiccup_of_the_token_endpoint_is_no_reconnect_for_anybody`,
//!   `a_client_that_is_refused_keeps_the_grant_and_is_told_once`).

use std::net::IpAddr;

use datalog::{ConnectionName, Message, ServiceName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::audit::Event;
use crate::stopped::{Stopped, StoppedBy};
use crate::when;

/// So many operations are named. The others are counted.
const NAMED: usize = 6;

/// A concern about a connection, for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Concern {
    /// The announced end of the grant is near.
    GrantEnds {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Scopes that were requested and not granted, or that the service missed.
    MissingScopes { scopes: Vec<String>, operations: Vec<String> },
    /// The service wants its owner to do something, at an address that no agent is shown.
    SignOn { deed: String, link: Option<String> },
    /// The service refused a token that the provider accepts.
    TokenRefused,
    /// The service's host leads to an address that the gateway does not dial. It is an address of this network, or one
    /// that a proxy returns for names.
    AddressRefused { host: String, address: IpAddr, range: String },
    /// A problem that may pass. The next try comes by itself.
    RefreshFails {
        because: String,
        /// What helps, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mend: Option<String>,
    },
    /// The grant is good, but the OAuth client is not.
    ClientRefused { client: String, because: String },
    /// A person stopped the connection, or everything. That holds until a resume.
    Stopped { stop: Stopped },
    /// A disconnect began and has not ended.
    Disconnecting,
    /// No credential is lent until a person connects it again.
    NeedsReconnect {
        because: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mend: Option<String>,
    },
}

/// The overall health, from the worst concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionStatus {
    /// Requests work, or will work again by themselves.
    Healthy,
    /// No new token can come until a person fixes the OAuth client.
    ClientRefused,
    /// Stopped by a person, until it is resumed.
    Stopped,
    NeedsReconnect,
}

/// A concern in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    #[serde(flatten)]
    pub concern: Concern,
    /// One sentence. It follows the connection's name and a colon.
    pub says: String,
    /// The remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The connection that a sentence is about, and the time.
pub(crate) struct Subject<'a> {
    pub name: &'a ConnectionName,
    pub service: &'a ServiceName,
    pub now: OffsetDateTime,
}

impl ConnectionStatus {
    /// Returns the overall health from all of these concerns.
    pub fn of<'a>(concerns: impl IntoIterator<Item = &'a Concern>) -> Self {
        concerns.into_iter().map(Concern::status).max().unwrap_or(Self::Healthy)
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::ClientRefused => "client refused",
            Self::Stopped => "stopped",
            Self::NeedsReconnect => "needs reconnect",
        }
    }
}

impl Concern {
    pub(crate) fn refresh_fails(because: impl Into<Message>) -> Self {
        let Message { says: because, hint: mend } = because.into();
        Self::RefreshFails { because, mend }
    }

    pub(crate) fn needs_reconnect(because: impl Into<Message>) -> Self {
        let Message { says: because, hint: mend } = because.into();
        Self::NeedsReconnect { because, mend }
    }

    pub fn status(&self) -> ConnectionStatus {
        match self {
            Self::GrantEnds { .. }
            | Self::MissingScopes { .. }
            | Self::SignOn { .. }
            | Self::TokenRefused
            | Self::AddressRefused { .. }
            | Self::RefreshFails { .. } => ConnectionStatus::Healthy,
            Self::ClientRefused { .. } => ConnectionStatus::ClientRefused,
            Self::Stopped { .. } => ConnectionStatus::Stopped,
            Self::Disconnecting | Self::NeedsReconnect { .. } => ConnectionStatus::NeedsReconnect,
        }
    }

    /// Returns the kind. Two concerns of one kind are the same concern, reported again.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::GrantEnds { .. } => "grant-ends",
            Self::MissingScopes { .. } => "missing-scopes",
            Self::SignOn { .. } => "sign-on",
            Self::TokenRefused => "token-refused",
            Self::AddressRefused { .. } => "address-refused",
            Self::RefreshFails { .. } => "refresh-fails",
            Self::ClientRefused { .. } => "client-refused",
            Self::Stopped { .. } => "stopped",
            Self::Disconnecting => "disconnecting",
            Self::NeedsReconnect { .. } => "needs-reconnect",
        }
    }

    /// Returns a few words for a table's cell.
    pub(crate) fn short(&self) -> &'static str {
        match self {
            Self::GrantEnds { .. } => "ends soon",
            Self::MissingScopes { .. } => "scopes missing",
            Self::SignOn { .. } => "wants its owner",
            Self::TokenRefused => "token refused",
            Self::AddressRefused { .. } => "address refused",
            Self::RefreshFails { .. } => "renewing fails",
            other => other.status().words(),
        }
    }

    /// Returns the event that tells people that the concern began. None if they are not told, or if another event tells
    /// them.
    pub(crate) fn event(&self) -> Option<Event> {
        match self {
            Self::GrantEnds { .. } => Some(Event::GrantEnds),
            Self::MissingScopes { .. } => Some(Event::ScopesMissing),
            Self::SignOn { .. } => Some(Event::SignOnWanted),
            Self::ClientRefused { .. } => Some(Event::ClientRefused),
            Self::NeedsReconnect { .. } => Some(Event::NeedsReconnect),
            Self::TokenRefused
            | Self::AddressRefused { .. }
            | Self::RefreshFails { .. }
            | Self::Stopped { .. }
            | Self::Disconnecting => None,
        }
    }

    pub(crate) fn told(&self, of: &Subject<'_>) -> Told {
        Told { concern: self.clone(), says: self.says(of.now), hint: self.hint(of) }
    }

    /// Returns one sentence. It has no address that anybody could use, so a record and a notice may hold it.
    pub(crate) fn says(&self, now: OffsetDateTime) -> String {
        match self {
            Self::GrantEnds { at } => format!(
                "its grant ends {} ({}), as the provider announced",
                when::from_now(*at, now),
                when::at(*at)
            ),
            Self::MissingScopes { scopes, operations } => {
                let list = |all: &[String]| format!("`{}`", all.join("`, `"));
                let mut text = match scopes.is_empty() {
                    true => "the service misses a scope that was not granted".to_owned(),
                    false => format!("not granted: {}", list(scopes)),
                };
                let named = operations.get(..NAMED).unwrap_or(operations);
                if !named.is_empty() {
                    let more = operations.len() - named.len();
                    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                    text.push_str(&format!("; without it these do not work: {}{more}", list(named)));
                }
                text
            }
            Self::SignOn { deed, .. } => format!("the service wants its owner to {deed}"),
            Self::TokenRefused => {
                "the service refused its token, though the provider holds it to be good".into()
            }
            Self::AddressRefused { host, address, range } => format!(
                "its host `{host}` leads to {address} ({range}), which Hallpass does not connect to: nothing was sent"
            ),
            Self::RefreshFails { because, .. } => {
                format!("the last try to renew its token failed and is made again by itself: {because}")
            }
            Self::ClientRefused { client, because } => format!(
                "its token cannot be renewed: the provider refuses the OAuth client `{client}` ({because}); the grant is kept"
            ),
            Self::Stopped { stop } => stop.to_string(),
            Self::Disconnecting => "disconnecting it was interrupted".into(),
            Self::NeedsReconnect { because, mend: None } => {
                format!("it has to be connected again: {because}")
            }
            Self::NeedsReconnect { because, mend: Some(mend) } => {
                format!("it has to be connected again: {because}; {mend}")
            }
        }
    }

    fn hint(&self, of: &Subject<'_>) -> Option<String> {
        let Subject { name, service, .. } = of;
        let connect = format!("hallpass connect {service} --as {name}");
        Some(match self {
            Self::GrantEnds { .. } | Self::NeedsReconnect { .. } => format!("run `{connect}`"),
            Self::MissingScopes { .. } => format!("run `{connect}`, and leave every box ticked"),
            Self::SignOn { link: Some(link), .. } => format!("open {link} soon: it is good for a short time"),
            Self::SignOn { link: None, .. } => "do so on the service's own pages".into(),
            Self::TokenRefused => format!("if it stays so, run `{connect}`"),
            Self::AddressRefused { host, .. } => format!(
                "mend what the name leads to; where your own proxy or network answers so, set `base_url = \"https://{host}\"` \
                 under [services.{service}] in hallpass.toml, which allows any address over verified TLS"
            ),
            Self::RefreshFails { mend, .. } => return mend.clone(),
            Self::ClientRefused { .. } => format!(
                "set the client's new secret under [services.{service}] in hallpass.toml and start the authority again; \
                 where the client was deleted, set another `client_id` and run `{connect}`"
            ),
            Self::Stopped { stop } => match stop.by {
                StoppedBy::Everything => "run `hallpass resume`".into(),
                _ => format!("run `hallpass resume --connection {name}`"),
            },
            Self::Disconnecting => format!("run `hallpass disconnect {name}`"),
        })
    }
}
