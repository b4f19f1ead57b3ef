//! Sent requests that do more than read. The same request is not sent again while nobody knows the outcome of the
//! first.

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
    /// At the latest until then it is not sent again, if no outcome ever comes.
    pub until: OffsetDateTime,
}

/// What its agent does not know after an outcome, and until when an identical request is held back.
pub(crate) type LeftOpen = (Fate, OffsetDateTime);

pub(crate) trait OnceStore {
    /// The earlier request that holds it back, if there is one.
    fn sent_before<'a>(&'a self, key: &'a OnceKey) -> Stored<'a, Option<SentBefore>>;
    /// Appends the outcome of a request that is sent once, and lets an identical one go again or leaves it open.
    /// `then` is called when that is durable; nobody waits for it.
    fn settled_once_later(&self, line: Line, of: u64, open: Option<LeftOpen>, then: Box<dyn FnOnce() + Send>);
    /// When the authority ended, nobody could learn the outcome of requests on their way.
    fn left_behind(&self) -> Stored<'_, ()>;
}
