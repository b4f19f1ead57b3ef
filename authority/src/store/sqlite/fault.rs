//! SQLite's errors as faults of the store.

use crate::store::StoreFault;

pub(crate) fn fault(error: &rusqlite::Error) -> StoreFault {
    StoreFault::new(error.to_string())
}
