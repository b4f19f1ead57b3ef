//! Why a verb of the authority failed, and the kind of that failure.
//!
//! The edges choose statuses and exit codes by `ErrorKind`; this does not.
//!
//! - Invariant: No code decides by the text of an error (`nothing_is_decided_by_the_text_of_an_error`).

use std::path::PathBuf;

use datalog::{Hinted, Message};
use verifier::ports::StoreFault;

use crate::audit::{AuditKeyError, CheckpointError};
use crate::catalog::CatalogError;
use crate::home::HomeError;
use crate::keys::KeyError;
use crate::vault::VaultError;

/// The part of an error that an edge needs for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller asked for something impossible.
    Invalid,
    NotFound,
    /// The request does not fit the present state.
    Conflict,
    /// The OAuth provider refused or did not answer.
    Provider,
    /// A part that the authority depends on failed: its store, its vault, its keys.
    Internal,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{0}")]
    Invalid(Message),
    #[error("{0}")]
    NotFound(Message),
    #[error("{0}")]
    Conflict(Message),
    #[error("{0}")]
    Provider(Message),
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The change holds, but only in memory.
    #[error(transparent)]
    OnlyInMemory(StoreFault),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    AuditKey(#[from] AuditKeyError),
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// An error, and what became of its subject.
    #[error("{error}; {became}")]
    And { error: Box<AppError>, became: String },
}

impl AppError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Provider(_) => ErrorKind::Provider,
            Self::Store(_)
            | Self::OnlyInMemory(_)
            | Self::Vault(_)
            | Self::Key(_)
            | Self::AuditKey(_)
            | Self::Random(_) => ErrorKind::Internal,
            Self::And { error, .. } => error.kind(),
        }
    }

    pub(crate) fn invalid(message: impl Into<Message>) -> Self {
        Self::Invalid(message.into())
    }

    pub(crate) fn not_found(message: impl Into<Message>) -> Self {
        Self::NotFound(message.into())
    }

    pub(crate) fn conflict(message: impl Into<Message>) -> Self {
        Self::Conflict(message.into())
    }

    pub(crate) fn provider(message: impl Into<Message>) -> Self {
        Self::Provider(message.into())
    }

    /// Returns the same error with what became of its subject.
    pub(crate) fn and(self, became: String) -> Self {
        Self::And { error: Box::new(self), became }
    }
}

impl Hinted for AppError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid(message)
            | Self::NotFound(message)
            | Self::Conflict(message)
            | Self::Provider(message)
            | Self::Store(StoreFault(message)) => message.hint.clone(),
            Self::OnlyInMemory(_) => {
                Some("it is in force until this process ends; make room on the disk and do it again".into())
            }
            Self::Vault(error) => error.hint(),
            Self::Key(error) => error.hint(),
            Self::AuditKey(error) => error.hint(),
            Self::Random(_) => None,
            Self::And { error, .. } => error.hint(),
        }
    }
}

/// Why a home was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{path}` holds no authority", path = .0.display())]
    NotInitialised(PathBuf),
    #[error("`{path}` is open in another process", path = .0.display())]
    InUse(PathBuf),
    #[error("the vault key `{path}` is gone, and without it no sealed value opens", path = .0.display())]
    NoVaultKey(PathBuf),
    #[error("the vault key is not the one that this home was sealed with")]
    OtherVaultKey,
    #[error(
        "audit record {seq} is missing or was changed: the database is an older one or was edited, and revoked passes may count again"
    )]
    Older { seq: u64 },
    #[error(
        "`{path}` is gone, which holds the position of the audit log: nobody can tell whether this database is the newest, and revoked passes may count again",
        path = .0.display()
    )]
    Unwitnessed(PathBuf),
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
    /// A step while the home was opened failed.
    #[error(transparent)]
    Refused(#[from] AppError),
    #[error(transparent)]
    Approvers(#[from] crate::desk::ApproversError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("no HTTP client could be made: {0}")]
    Http(String),
}

impl Hinted for OpenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotInitialised(_) => Some("run `hallpass init`".into()),
            Self::InUse(_) => Some("talk to it over its socket, or stop it".into()),
            Self::NoVaultKey(_) => Some("put it back from your backup".into()),
            Self::OtherVaultKey => Some("put the right file back, or set HALLPASS_VAULT_KEY_FILE".into()),
            Self::Older { .. } => Some(
                "put the newer database back; or go on with this one and end every pass: `hallpass log accept-restored`"
                    .into(),
            ),
            Self::Unwitnessed(_) => Some(
                "put the file back; or go on without it and end every pass: `hallpass log accept-restored`".into(),
            ),
            Self::Checkpoint(error) => error.hint(),
            Self::AuditKey(error) => error.hint(),
            Self::Home(error) => error.hint(),
            Self::Store(StoreFault(message)) => message.hint.clone(),
            Self::Vault(error) => error.hint(),
            Self::Key(error) => error.hint(),
            Self::Refused(error) => error.hint(),
            Self::Approvers(error) => error.hint(),
            Self::Catalog(error) => error.hint(),
            Self::Http(_) => None,
        }
    }
}
