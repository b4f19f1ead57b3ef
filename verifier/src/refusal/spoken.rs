//! The dialect for a client, by what the client says about itself.

use datalog::catalog::Dialect;
use datalog::catalog::marks::{Marks, marks};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// The form of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// RFC 9457, with the members that most clients look for.
    Plain,
    Google,
    GitHub,
    Slack,
    Notion,
}

impl From<Dialect> for Spoken {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Google => Self::Google,
            Dialect::GitHub => Self::GitHub,
            Dialect::Slack => Self::Slack,
            Dialect::Notion => Self::Notion,
            Dialect::Problem => Self::Plain,
        }
    }
}

impl Spoken {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [Self::Plain, Self::Google, Self::GitHub, Self::Slack, Self::Notion];

    /// Returns the status that this dialect sends for `status`.
    pub(crate) fn carries(self, status: StatusCode) -> StatusCode {
        match self {
            Self::Slack => StatusCode::OK,
            Self::Plain | Self::Google | Self::GitHub | Self::Notion => status,
        }
    }
}

/// The types in `Accept`, as far as they choose a refusal's media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Problem,
    Anything,
    /// Other types than these two.
    Other,
}

impl Reads {
    fn of(headers: &HeaderMap) -> Self {
        let names = |what: &str| says(headers, &ACCEPT, what);
        if names(PROBLEM) {
            Self::Problem
        } else if !headers.contains_key(ACCEPT) || names("*/*") {
            Self::Anything
        } else {
            Self::Other
        }
    }
}

/// Returns the values of a header's lines, in lower case.
fn lowered(headers: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let lines: Vec<Vec<u8>> =
        headers.get_all(name).iter().map(|line| line.as_bytes().to_ascii_lowercase()).collect();
    lines.join(&b'\n')
}

pub(crate) fn says(headers: &HeaderMap, name: &HeaderName, what: &str) -> bool {
    let mut lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    lines.any(|line| memchr::memmem::find(&line.to_ascii_lowercase(), what.as_bytes()).is_some())
}

/// What a request shows about the agent's client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub reads: Reads,
    /// The dialect by the client's own headers.
    named: Option<Spoken>,
    /// The dialect by the path of its request.
    path: Option<Spoken>,
}

impl Client {
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        Self { reads: Reads::of(headers), named: named(headers), path: of_path(path) }
    }

    /// Returns the form for a client of a service with a known dialect. Only Slack's Web API refuses with 200: a client
    /// that uploads a file there takes any 200 for success.
    pub(crate) fn of_service(self, dialect: Dialect) -> Spoken {
        let meant = match Spoken::from(dialect) {
            Spoken::Plain => self.named.unwrap_or(Spoken::Plain),
            own => own,
        };
        match meant {
            Spoken::Slack => self.web_api().unwrap_or(Spoken::Plain),
            other => other,
        }
    }

    /// Returns the form for a client whose service is not known.
    pub(crate) fn of_nobody(self) -> Spoken {
        match self.named {
            None => self.path.unwrap_or(Spoken::Plain),
            Some(_) => self.of_service(Dialect::Problem),
        }
    }

    fn web_api(self) -> Option<Spoken> {
        self.path.filter(|path| *path == Spoken::Slack)
    }
}

pub(crate) const PROBLEM: &str = "application/problem+json";

/// Returns the dialect of the service whose own client this is, by the client's own words.
pub(crate) fn named(headers: &HeaderMap) -> Option<Spoken> {
    let (accept, agent) = (lowered(headers, &ACCEPT), lowered(headers, &USER_AGENT));
    let is_in = |said: &[u8], what: &String| memchr::memmem::find(said, what.as_bytes()).is_some();
    let is_of = |service: &&Marks| {
        let clients = &service.clients;
        clients.headers.iter().any(|name| headers.contains_key(name))
            || clients.accept.iter().any(|what| is_in(&accept, what))
            || clients.agents.iter().any(|name| is_in(&agent, name))
    };
    marks().iter().find(is_of).map(|service| service.dialect.into())
}

/// Returns the dialect of the service that has such a path, with the prefix of a connection or without.
pub(crate) fn of_path(path: &str) -> Option<Spoken> {
    marks().iter().find(|service| service.clients.has_path(path)).map(|service| service.dialect.into())
}
