//! The request that restores what an operation removes: another request of the same service that brings all of it back.
//!
//! It can restore only what the request itself names or the service keeps. Making a lost thing anew does not count as
//! undoing. Giving access back does not either, if the person must be asked again.
//!
//! - Invariant: Where another request restores what an operation removes, the removal is not called final. Where none
//!   does, the overlay gives the reason
//!   (`whatever_an_operation_removes_is_brought_back_by_another_or_is_gone_for_a_reason`,
//!   `what_another_request_brings_back_is_nothing_final`).

use crate::words::names::OperationId;

/// How an operation is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The operation that undoes it.
    pub by: OperationId,
    /// For how long, or what else there is to know.
    pub note: Option<Box<str>>,
}

impl Undo {
    /// How the operation is undone, in words for a person.
    pub fn words(&self) -> String {
        match &self.note {
            None => format!("`{}` brings back what it removes", self.by),
            Some(note) => format!("`{}` brings back what it removes: {note}", self.by),
        }
    }
}
