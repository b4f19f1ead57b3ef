//! What a decision knows besides the request: the time, the use of budgets, the results of look-ups.

use std::collections::BTreeMap;

use crate::decision::lookup::Observed;
use crate::pass::known::Known;
use crate::pass::reservation::Spent;
use crate::request::canonical::RequestDigest;

/// What the decision depends on besides the pass and the request.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The state of budgets; a missing budget was never used.
    pub used: BTreeMap<String, Spent>,
    /// The digest of a request that a person approved.
    pub approved: Option<RequestDigest>,
    /// The results of look-ups.
    pub observed: Observed,
    /// The things of the request that earlier answers have shown; empty unless the pass reads this.
    pub known: Known,
}
