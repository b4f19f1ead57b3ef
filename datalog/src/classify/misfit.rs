//! Why a request is no operation: what was expected, what came, and what to do.

use crate::words::message::Hinted;

/// What was expected and what came. It tells nothing about accounts, or about what exists at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub expected: String,
    pub got: String,
    pub hint: Option<String>,
}

/// Why a request is not exactly one operation. The details are boxed, because most requests have none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifyError {
    #[error("{0}")]
    UnknownOperation(Box<Misfit>),
    #[error("{0}")]
    Ambiguous(Box<Misfit>),
    #[error("{0}")]
    ForeignCredential(Box<Misfit>),
    #[error("{0}")]
    UnsupportedMediaType(Box<Misfit>),
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {}, got {}", self.expected, self.got)
    }
}

impl Hinted for ClassifyError {
    fn hint(&self) -> Option<String> {
        self.misfit().hint.clone()
    }
}

impl ClassifyError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownOperation(_) => "unknown-operation",
            Self::Ambiguous(_) => "ambiguous-request",
            Self::ForeignCredential(_) => "foreign-credential",
            Self::UnsupportedMediaType(_) => "unsupported-media-type",
        }
    }

    pub fn misfit(&self) -> &Misfit {
        match self {
            Self::UnknownOperation(misfit)
            | Self::Ambiguous(misfit)
            | Self::ForeignCredential(misfit)
            | Self::UnsupportedMediaType(misfit) => misfit,
        }
    }
}

/// The agent's text, cut and escaped so that a message can hold it.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(120).flat_map(char::escape_debug).collect()
}

pub(crate) fn unknown(expected: String, got: String, hint: Option<String>) -> ClassifyError {
    ClassifyError::UnknownOperation(Box::new(Misfit { expected, got, hint }))
}

pub(crate) fn ambiguous(expected: String, got: String, hint: Option<String>) -> ClassifyError {
    ClassifyError::Ambiguous(Box::new(Misfit { expected, got, hint }))
}
