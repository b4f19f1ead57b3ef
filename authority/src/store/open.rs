//! The door to the store. Only this file knows which backends there are, and chooses one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::sqlite::store::SqliteStore;
use super::{Store, StoreFault};

/// Where an authority keeps what it must remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAt {
    /// In one file of this machine.
    File(PathBuf),
}

impl StoreAt {
    /// Whether there is a store. `hallpass init` makes it.
    pub fn is_made(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
        }
    }

    /// Returns the store's file on this machine, if it is one. Only its user may read it.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
        }
    }
}

/// Opens the store and brings it up to date. If there is none, makes it.
pub(crate) fn open(at: &StoreAt) -> Result<Arc<dyn Store>, StoreFault> {
    match at {
        StoreAt::File(path) => Ok(Arc::new(SqliteStore::open(path)?)),
    }
}
