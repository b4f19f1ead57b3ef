//! The signed position of the log: in the database, in every export, and in a file beside the database.
//!
//! A chain shows that nothing in it was changed. It does not show that it was longer once, or that it was made anew
//! from some record on. A checkpoint does. The file is sealed with the vault key as well. It shows that an older
//! database was put back, in which revoked passes would live again. If somebody deletes the file too, or puts the whole
//! home back, only a person who kept an export notices.
//!
//! - Invariant: A chain that somebody rebuilt from some record on does not verify
//!   (`a_chain_that_was_made_anew_does_not_lead_to_what_was_signed`).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use datalog::Hinted;
use time::OffsetDateTime;

use super::{AuditKey, AuditKeyError, AuditSigner, hex};
use crate::audit::hex::unhex;
use crate::clock::{from_unix_millis, unix_millis};
use crate::home::open_private_file;
use crate::store::ChainLink;
use crate::vault::{Place, Sealed, Vault, VaultError};

const PLACE: Place<'_> = Place { table: "checkpoint", row: "audit", column: "head", generation: 1 };
const LABEL: &str = "hallpass audit checkpoint v1\n";

/// One position of the chain, with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub link: ChainLink,
    /// To the millisecond.
    pub at: OffsetDateTime,
    pub signature: [u8; 64],
}

impl Checkpoint {
    pub(crate) fn sign(
        signer: &AuditSigner,
        vault: &Vault,
        link: ChainLink,
        at: OffsetDateTime,
    ) -> Result<Self, AuditKeyError> {
        let at = from_unix_millis(unix_millis(at));
        let signature = signer.sign(vault, &signed_text(&statement(link, at)))?;
        Ok(Self { link, at, signature })
    }

    pub(crate) fn is_signed_by(&self, key: &AuditKey) -> bool {
        key.signed(&signed_text(&statement(self.link, self.at)), &self.signature)
    }

    /// Returns the line in its one spelling, as an export has it.
    pub(crate) fn line(&self) -> String {
        let statement = statement(self.link, self.at);
        format!(r#"{{"checkpoint":{statement},"signature":"{}"}}"#, hex(self.signature))
    }

    /// Reads what `line` writes, and no other spelling.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Line<'a> {
            checkpoint: Statement<'a>,
            signature: &'a str,
        }
        #[derive(serde::Deserialize)]
        struct Statement<'a> {
            seq: u64,
            hash: &'a str,
            at: i64,
        }
        let Line { checkpoint, signature } = serde_json::from_str(line).ok()?;
        let link = ChainLink { seq: checkpoint.seq, hash: unhex(checkpoint.hash)? };
        let parsed = Self { link, at: from_unix_millis(checkpoint.at), signature: unhex(signature)? };
        (parsed.line() == line).then_some(parsed)
    }
}

/// Returns the statement that is signed. Times are milliseconds since 1970, which have one spelling.
fn statement(link: ChainLink, at: OffsetDateTime) -> String {
    format!(r#"{{"seq":{},"hash":"{}","at":{}}}"#, link.seq, hex(link.hash), unix_millis(at))
}

fn signed_text(statement: &str) -> String {
    format!("{LABEL}{statement}")
}

/// The file, and the number of the last position that was written to it.
pub(crate) struct CheckpointFile {
    path: PathBuf,
    written: std::sync::Mutex<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("`{path}` could not be {verb}: {error}", path = path.display())]
    Io { path: PathBuf, verb: &'static str, error: io::Error },
    #[error("`{path}` was not written with the keys of this home", path = .0.display())]
    Foreign(PathBuf),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Hinted for CheckpointError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Vault(error) => error.hint(),
            Self::Io { .. } | Self::Foreign(_) => None,
        }
    }
}

impl CheckpointFile {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, written: std::sync::Mutex::new(0) }
    }

    /// Returns the log's position at the last write; none if there was no write.
    pub(crate) fn read(&self, vault: &Vault, key: &AuditKey) -> Result<Option<ChainLink>, CheckpointError> {
        let sealed = match fs::read(&self.path) {
            Ok(bytes) => Sealed(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        let foreign = || CheckpointError::Foreign(self.path.clone());
        let bytes = vault.open_bytes(PLACE, &sealed).map_err(|_| foreign())?;
        let line = std::str::from_utf8(&bytes).map_err(|_| foreign())?;
        let checkpoint = Checkpoint::parse(line).filter(|read| read.is_signed_by(key));
        Ok(Some(checkpoint.ok_or_else(foreign)?.link))
    }

    /// Replaces the whole file, but not with an older checkpoint than the written one.
    pub(crate) fn write(&self, vault: &Vault, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if checkpoint.link.seq <= *written {
            return Ok(());
        }
        let Sealed(sealed) = vault.seal(PLACE, checkpoint.line().as_bytes())?;
        let next = self.path.with_extension("next");
        replace(&self.path, &next, &sealed).map_err(|error| self.failed("written", error))?;
        *written = checkpoint.link.seq;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, verb: &'static str, error: io::Error) -> CheckpointError {
        CheckpointError::Io { path: self.path.clone(), verb, error }
    }
}

/// Replaces the file. The new file is complete on disk before it gets the name. The name is on disk before this
/// returns.
fn replace(path: &Path, next: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = open_private_file(next)?;
    file.set_len(0)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(next, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
