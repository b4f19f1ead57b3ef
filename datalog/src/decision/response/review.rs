//! A pass's conditions on one answer, and what is left of the answer afterwards.
//!
//! The whole answer is reviewed before the agent gets any of it.

use std::sync::Arc;

use crate::catalog::Writing;
use crate::decision::response::redact::Redacted;
use crate::decision::types::{Ground, Reason};
use crate::engine::ordered::Ordered;
use crate::pass::verify::VerifiedPass;
use crate::request::canonical::Resource;
use crate::words::json::Json;

/// Where a caveat stands: its block, and its place in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CaveatAt {
    pub(crate) block: usize,
    pub(crate) place: usize,
}

/// The conditions of a pass on the answer to one permitted request.
#[derive(Debug)]
pub struct Review {
    pub(crate) pass: Arc<VerifiedPass>,
    /// The request's own facts, as the response stage has them.
    pub(crate) facts: Ordered,
    /// The caveats that depend on items.
    pub(crate) caveats: Vec<CaveatAt>,
    pub(crate) redacted: Redacted,
    /// Whether the pass could change the data it reads, by the grants of its first block.
    pub(crate) writing: Writing,
    /// The words whose fields are emptied before each block, and by the whole pass at the end.
    pub(crate) hidden: Vec<u64>,
    pub(crate) remembers: bool,
    /// Seconds since 1970, as the request was judged.
    pub(crate) now: i64,
}

/// An answer as it may be passed on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    pub answer: Json,
    /// How many items were withheld, wholly or in part.
    pub withheld: usize,
    /// Whether it differs from the answer that came.
    pub changed: bool,
    pub revealed: Revealed,
}

/// The ids in an answer. A withheld item shows none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revealed {
    pub seen: Vec<Resource>,
    /// Those of the seen ids that the request created.
    pub created: Vec<Resource>,
}

/// An answer that may not be passed on at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    pub ground: Ground,
    pub reason: Box<Reason>,
}
