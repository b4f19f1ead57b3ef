//! Sent requests that do more than read. An identical request is not sent while nobody knows the outcome of the first
//! one.

use datalog::RevocationId;
use time::OffsetDateTime;
use verifier::ports::{Fate, Repeat, Same, SentBefore};

use super::Line;
use crate::store::stored::Stored;

/// A request that is sent once.
#[derive(Debug, Clone)]
pub(crate) struct OnceKey {
    /// The revocation id of the authority block: a pass and everything attenuated from it.
    pub lineage: RevocationId,
    pub same: Same,
    pub repeat: Repeat,
    pub now: OffsetDateTime,
    /// Until when at the latest it is not sent again, if no outcome ever comes.
    pub until: OffsetDateTime,
}

/// What the agent does not know after an outcome, and until when an identical request is held back.
pub(crate) type LeftOpen = (Fate, OffsetDateTime);

pub(crate) trait OnceStore {
    /// Returns the earlier request that holds this one back, if there is one.
    fn sent_before<'a>(&'a self, key: &'a OnceKey) -> Stored<'a, Option<SentBefore>>;
    /// Appends the outcome of a request that is sent once. After that an identical request may go, or the first stays
    /// open. `then` is called when this is durable; nobody waits for it.
    fn settled_once_later(&self, line: Line, of: u64, open: Option<LeftOpen>, then: Box<dyn FnOnce() + Send>);
    /// Notes that the outcome of requests on their way is unknown, because the authority that sent them has ended.
    fn left_behind(&self) -> Stored<'_, ()>;
}
