//! How much lineages have used of their budgets.

use datalog::{Reservation, Spent};
use verifier::ports::SentBefore;

use super::{Line, OnceKey, Use};
use crate::store::stored::Stored;

/// The result of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intended {
    /// Everything was taken, and this is the record's number.
    Written(u64),
    /// Nothing was taken or written, because this budget has too little left.
    Exhausted { budget: String },
    /// Nothing was taken or written, because the approval was used before, or no longer counts.
    ApprovalUsed,
    /// Nothing was taken or written, because an identical request was sent, and its outcome is open.
    SentBefore(SentBefore),
}

/// The result of taking more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    All,
    /// Nothing was taken, because this budget has too little left.
    Exhausted {
        budget: String,
    },
}

pub(crate) trait BudgetStore {
    /// Returns the state of each budget before these reservations are taken.
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Stored<'a, Vec<Spent>>;
    /// Takes from every budget, uses up the approval and appends the intent, or does none of it. This is atomic over
    /// all callers. With `once`, it happens only if no identical request is on its way or open.
    fn intended(
        &self,
        line: Line,
        reservations: Vec<Reservation>,
        approval: Option<Use>,
        once: Option<OnceKey>,
    ) -> Stored<'_, Intended>;
    /// Takes from every budget for a request that has left, or from none.
    fn taken(&self, reservations: Vec<Reservation>) -> Stored<'_, Taken>;
    /// Gives back what was taken for a request that never left.
    fn release(&self, reservations: Vec<Reservation>) -> Stored<'_, ()>;
    /// Gives back the unused part when its turn comes. The caller does not wait.
    fn settled_later(&self, unspent: Vec<Reservation>);
}
