//! The budgets of a lineage.

use datalog::{Reservation, Spent};

use crate::ports::answer::Answer;
use crate::ports::fault::StoreFault;
use crate::ports::intent::IntentError;

/// Budgets of a lineage. They are taken together with the intent that names them (`Audit::intent`).
pub trait Ledger: Send + Sync {
    /// Returns the state of each budget before these reservations are taken.
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<Vec<Spent>, StoreFault>>;
    /// Takes more for a request that has left: from all these budgets or from none, durable when it answers.
    fn take(&self, more: Vec<Reservation>) -> Answer<'_, Result<(), IntentError>>;
    /// Gives back unused parts. It is queued, and nobody waits for it. If it is lost, the parts stay used.
    fn settle(&self, unspent: Vec<Reservation>);
    /// Gives back everything for a request that never left.
    fn release<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<(), StoreFault>>;
}
