//! Why a verb of the authority failed, and of which kind that is.
//!
//! It does not choose statuses or exit codes: the edges do, from `ErrorKind`.

use std::path::PathBuf;

use verifier::ports::StoreFault;

use crate::home::HomeError;

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
}

/// Why a home was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{path}` holds no authority\nhint: run `hallpass init`", path = .0.display())]
    NotInitialised(PathBuf),
    #[error("`{path}` is open in another process\nhint: talk to it over its socket, or stop it", path = .0.display())]
    InUse(PathBuf),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Store(#[from] StoreFault),
}
