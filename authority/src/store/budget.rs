//! What lineages have used of their budgets.

use datalog::Reservation;

use super::Stored;

/// How a reservation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    All,
    /// Nothing was taken, because this budget has not enough left.
    Exhausted {
        budget: String,
    },
}

pub trait BudgetStore {
    fn used<'a>(&'a self, budgets: &'a [String]) -> Stored<'a, Vec<u64>>;
    /// Takes from every budget or from none, atomic over all callers.
    fn reserve(&self, reservations: Vec<Reservation>) -> Stored<'_, Reserved>;
    /// Gives back what was taken for a request that never left.
    fn release(&self, reservations: Vec<Reservation>) -> Stored<'_, ()>;
}
