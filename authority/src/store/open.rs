//! The door to the store: the one place that knows which backends there are, and chooses one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::sqlite::store::SqliteStore;
use super::{Store, StoreFault};

/// Where an authority keeps what it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAt {
    /// In one file of this machine.
    File(PathBuf),
}

impl StoreAt {
    /// Whether there is a store: `hallpass init` was here.
    pub fn is_made(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
        }
    }

    /// What of it is a file of this machine, which is its user's alone.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
        }
    }
}

/// Opens the store, makes it where there is none, and brings it up to date.
pub(crate) fn open(at: &StoreAt) -> Result<Arc<dyn Store>, StoreFault> {
    match at {
        StoreAt::File(path) => Ok(Arc::new(SqliteStore::open(path)?)),
    }
}
