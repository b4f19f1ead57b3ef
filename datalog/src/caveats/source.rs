//! Where the facts that flags need come from: all that is known of one request.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::pass::known::Known;
use crate::request::answerable::Answerable;
use crate::request::canonical::Request;
use crate::words::hours::Zone;

/// What is known of one request.
pub(crate) struct Source<'a> {
    pub(crate) request: &'a Request,
    /// What it means beyond its fields, as far as the pass reads it.
    pub(crate) told: &'a Answerable,
    /// The things that earlier answers have shown.
    pub(crate) known: &'a Known,
    /// The kinds of things whose provenance the pass reads.
    pub(crate) kinds: &'a [Arc<str>],
    /// The time zones whose clock the pass reads.
    pub(crate) zones: &'a [Zone],
    pub(crate) budgets: &'a dyn Budgets,
    pub(crate) now: OffsetDateTime,
}

/// How the budgets stand that mean the request.
pub(crate) trait Budgets {
    /// The name of each, and how much of it was used before.
    fn used(&self) -> Vec<(&str, u64)>;

    /// The name of each, and what the request takes of it.
    fn cost(&self) -> Vec<(&str, u64)>;
}
