//! What happens to each header that an agent sends: it is passed on, it is dropped, or the request is refused.
//!
//! One table decides. An unknown header refuses the request, because it may name another account, version or thing, and
//! a service that does not get it would do something else than the agent asked. The dropped headers say who asks, trace
//! the request, or come from a browser; they do not change what is asked. Headers of a single hop (`Connection`,
//! `Host`) do not come here.
//!
//! - Invariant: The gateway drops only the headers that the table lists. It never drops one that could change what a
//!   request means (`no_header_is_dropped_that_is_not_listed`).

pub(crate) mod table;

use crate::catalog::service::Service;
use table::{CHANGING, CREDENTIALS, LEFT_OUT, SELECTING, SENT, VERSIONS};

/// What happens to a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The header is part of the request, and is sent.
    Sent,
    /// The header does not change what is asked. It is dropped.
    Omitted,
    /// The header holds a credential beside the pass.
    Credential,
    /// The header selects whose account or which project the request is for.
    Selects,
    /// The header turns the request into another one.
    Changes,
    /// The header is unknown here.
    Unknown,
}

/// Whether a name is one of a list, in which a `*` stands for any text.
fn is_among(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| match known.split_once('*') {
        Some((start, end)) => {
            name.len() > start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => *known == name,
    })
}

impl Service {
    /// What happens to a request header of this name, in lower case.
    pub fn fate_of_header(&self, name: &str) -> Fate {
        let is_sent = is_among(SENT, name) || self.request_headers.iter().any(|known| known == name);
        // The first list that has a name counts, so that `x-stainless-package-version` is no version.
        let fates = [
            (is_sent, Fate::Sent),
            (is_among(LEFT_OUT, name), Fate::Omitted),
            (is_among(SELECTING, name), Fate::Selects),
            (is_among(CHANGING, name), Fate::Changes),
            (is_among(CREDENTIALS, name), Fate::Credential),
            (!self.reviewed && is_among(VERSIONS, name), Fate::Sent),
        ];
        fates.into_iter().find(|(is_it, _)| *is_it).map_or(Fate::Unknown, |(_, fate)| fate)
    }
}
