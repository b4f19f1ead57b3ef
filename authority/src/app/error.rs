//! Why a verb of the authority failed, and of which kind that is.
//!
//! It does not choose statuses or exit codes: the edges do, from `ErrorKind`.

use std::path::PathBuf;

use verifier::ports::StoreFault;

use crate::audit::{AuditKeyError, CheckpointError};
use crate::catalog::CatalogError;
use crate::home::HomeError;
use crate::keys::KeyError;
use crate::oauth::TokenFailure;
use crate::vault::VaultError;

/// What an edge needs to know of an error to answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller asked for something that cannot be.
    Invalid,
    NotFound,
    /// It does not fit what is there.
    Conflict,
    /// The OAuth provider refused or did not answer.
    Provider,
    /// The store did.
    Store,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Provider(String),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl AppError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Provider(_) => ErrorKind::Provider,
            Self::Store(_) => ErrorKind::Store,
        }
    }

    pub(crate) fn invalid(error: impl std::error::Error) -> Self {
        Self::Invalid(error.to_string())
    }

    pub(crate) fn conflict(error: impl std::error::Error) -> Self {
        Self::Conflict(error.to_string())
    }

    pub(crate) fn provider(failure: &TokenFailure) -> Self {
        Self::Provider(failure.to_string())
    }

    pub(crate) fn vault(error: &VaultError) -> Self {
        Self::Store(StoreFault(error.to_string()))
    }

    pub(crate) fn key(error: &KeyError) -> Self {
        Self::Store(StoreFault(error.to_string()))
    }

    pub(crate) fn audit_key(error: &AuditKeyError) -> Self {
        Self::Store(StoreFault(error.to_string()))
    }

    pub(crate) fn random(error: getrandom::Error) -> Self {
        Self::Store(StoreFault(format!("the system gives no random bytes: {error}")))
    }

    /// What was to be refused is refused, but not durably so.
    pub(crate) fn only_in_memory(StoreFault(because): StoreFault) -> Self {
        Self::Store(StoreFault(format!(
            "{because}\nhint: it is in force until this process ends; make room on the disk and do it again"
        )))
    }
}

/// Why a home was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{path}` holds no authority\nhint: run `hallpass init`", path = .0.display())]
    NotInitialised(PathBuf),
    #[error("`{path}` is open in another process\nhint: talk to it over its socket, or stop it", path = .0.display())]
    InUse(PathBuf),
    #[error("the vault key `{path}` is gone, and without it nothing that is sealed opens\nhint: put it back from your backup", path = .0.display())]
    NoVaultKey(PathBuf),
    #[error(
        "the vault key is not the one that this home was sealed with\nhint: put the right file back, or set HALLPASS_VAULT_KEY_FILE"
    )]
    OtherVaultKey,
    #[error(
        "audit record {seq} is missing or is not what it was: the database is an older one or was edited, and passes that were revoked may count again\nhint: put the newer database back; to go on with this one all the same, delete `{checkpoint}` and rotate the root keys",
        checkpoint = checkpoint.display()
    )]
    Older { checkpoint: PathBuf, seq: u64 },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    AuditKey(#[from] AuditKeyError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Approvers(#[from] crate::desk::ApproversError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("no HTTP client could be made: {0}")]
    Http(String),
}
