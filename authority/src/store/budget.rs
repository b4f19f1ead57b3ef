//! What lineages have used of their budgets.

use datalog::Reservation;

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

pub trait BudgetStore {
    fn used<'a>(&'a self, budgets: &'a [String]) -> Stored<'a, Vec<u64>>;
    /// Takes from every budget, uses the approval up and appends the intent, or does nothing of it; atomic over all
    /// callers.
    fn intended(
        &self,
        line: Line,
        reservations: Vec<Reservation>,
        approval: Option<Use>,
    ) -> Stored<'_, Intended>;
    /// Gives back what was taken for a request that never left.
    fn release(&self, reservations: Vec<Reservation>) -> Stored<'_, ()>;
}
