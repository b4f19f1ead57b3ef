//! Where the log stood, kept beside the database and sealed with the vault key.
//!
//! A chain shows that nothing in it was changed, but not that it was longer once. An older database that is
//! put back brings revoked passes to life again: what was seen here is then missing there. Whoever can
//! delete this file too, or puts the whole home back, is not noticed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::home::open_private_file;
use crate::store::ChainLink;
use crate::vault::{Place, Sealed, Vault, VaultError};

const PLACE: Place<'_> = Place { table: "checkpoint", row: "audit", column: "head", generation: 0 };
const LENGTH: usize = 8 + 32;

/// The file, and how far it has been written.
pub(crate) struct Checkpoint {
    path: PathBuf,
    written: std::sync::Mutex<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("`{path}` could not be {verb}: {error}", path = path.display())]
    Io { path: PathBuf, verb: &'static str, error: io::Error },
    #[error("`{path}` was not written with the vault key of this home", path = .0.display())]
    Foreign(PathBuf),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Checkpoint {
    pub fn at(path: PathBuf) -> Self {
        Self { path, written: std::sync::Mutex::new(0) }
    }

    /// Where the log stood when it was last written; none where it never was.
    pub fn read(&self, vault: &Vault) -> Result<Option<ChainLink>, CheckpointError> {
        let sealed = match fs::read(&self.path) {
            Ok(bytes) => Sealed(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        let foreign = || CheckpointError::Foreign(self.path.clone());
        let bytes = vault.open_bytes(PLACE, &sealed).map_err(|_| foreign())?;
        let (seq, hash) = bytes.split_at_checked(8).filter(|_| bytes.len() == LENGTH).ok_or_else(foreign)?;
        let seq = seq.try_into().map(u64::from_be_bytes).map_err(|_| foreign())?;
        let hash = hash.try_into().map_err(|_| foreign())?;
        Ok(Some(ChainLink { seq, hash }))
    }

    /// Replaces the file as a whole. A link that is older than the written one is left out.
    pub fn write(&self, vault: &Vault, head: ChainLink) -> Result<(), CheckpointError> {
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if head.seq <= *written {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&head.seq.to_be_bytes());
        bytes.extend_from_slice(&head.hash);
        let Sealed(sealed) = vault.seal(PLACE, &bytes)?;
        let next = self.path.with_extension("next");
        replace(&self.path, &next, &sealed).map_err(|error| self.failed("written", error))?;
        *written = head.seq;
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, verb: &'static str, error: io::Error) -> CheckpointError {
        CheckpointError::Io { path: self.path.clone(), verb, error }
    }
}

fn replace(path: &Path, next: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = open_private_file(next)?;
    file.set_len(0)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(next, path)
}
