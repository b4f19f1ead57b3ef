//! The wordings of passes that are already stored.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The passes whose wording is stored.
#[derive(Default)]
pub(crate) struct Wordings(Mutex<HashSet<[u8; 32]>>);

impl Wordings {
    pub(crate) fn has(&self, digest: &[u8; 32]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }

    pub(crate) fn add(&self, digest: [u8; 32]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(digest);
    }
}

/// How many passes are remembered as stored. To forget one only costs another write.
pub(crate) const KNOWN: usize = 1_024;
