//! How long a sent request blocks identical ones.

use time::{Duration, OffsetDateTime};

/// How long a request that does more than read blocks identical ones of the same lineage: while it is on its way, and
/// for a time after its agent got no answer. An SDK that repeats it by itself then finds its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// The latest end of the block, if no outcome ever comes.
    pub until: OffsetDateTime,
    /// How long the block lasts after an outcome that the agent does not know.
    pub window: Duration,
    pub repeat: Repeat,
}

/// Which identical request may be sent again while the first outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    Nothing,
    /// Exactly the same request under the same key, because the service carries it out once
    /// (draft-ietf-httpapi-idempotency-key-header, section 2). With another key, or built again, the request is
    /// blocked: the service would do it twice, or refuse it.
    UnderItsKey,
}
