//! What lineages have used of their budgets.

use datalog::{Reservation, Spent};

use super::{Line, Stored, Use};

/// How an intent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intended {
    /// Everything was taken, and this is the record's number.
    Written(u64),
    /// Nothing was taken or written, because this budget has not enough left.
    Exhausted { budget: String },
    /// Nothing was taken or written, because the approval was used before, or does not stand any more.
    ApprovalUsed,
}

/// How a request for more ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    All,
    /// Nothing was taken, because this budget has not enough left.
    Exhausted {
        budget: String,
    },
}

pub trait BudgetStore {
    /// How each budget stands before these would be taken.
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Stored<'a, Vec<Spent>>;
    /// Takes from every budget, uses the approval up and appends the intent, or does nothing of it; atomic over all
    /// callers.
    fn intended(
        &self,
        line: Line,
        reservations: Vec<Reservation>,
        approval: Option<Use>,
    ) -> Stored<'_, Intended>;
    /// Takes from every budget for a request that has left, or from none.
    fn taken(&self, reservations: Vec<Reservation>) -> Stored<'_, Taken>;
    /// Gives back what was taken for a request that never left.
    fn release(&self, reservations: Vec<Reservation>) -> Stored<'_, ()>;
    /// Gives back what was not needed, when its turn comes, for one who does not wait.
    fn settled_later(&self, unspent: Vec<Reservation>);
}
