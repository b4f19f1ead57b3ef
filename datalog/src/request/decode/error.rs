//! Why a message cannot be read.

use crate::catalog::finds::Finds;
use crate::request::decode::address::AddressError;
use crate::request::found::Unfound;

/// Why nobody can tell what a request means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("`{0}` is not base64url")]
    Encoding(String),
    #[error("the message cannot be read with certainty: {0}")]
    Header(#[from] HeaderError),
    #[error("a recipient cannot be read with certainty: {0}")]
    Address(#[from] AddressError),
    #[error("`{0}` does not say with certainty whom the request reaches")]
    Field(String),
    #[error("its subject cannot be read with certainty")]
    Subject,
    #[error("its attachments cannot be counted with certainty: {0}")]
    Mime(#[from] MimeError),
    #[error("the request does not hold the message that it sends")]
    ByReference,
    #[error("the {0} that the request names needs a look-up, which only the gateway makes")]
    Missing(Finds),
    #[error("the {0} that the request names is not known: {1}")]
    Unfound(Finds, Unfound),
    #[error("the operation puts a message into the mailbox by which anybody could become a participant")]
    Forged,
    #[error("whom this operation reaches cannot be told from the request")]
    Unknown,
}

impl DecodeError {
    /// The error without text of the message or the field.
    pub(crate) fn without_values(&self) -> String {
        match self {
            Self::Header(_) => "the message cannot be read with certainty".into(),
            Self::Address(_) => "a recipient cannot be read with certainty".into(),
            Self::Mime(_) => "its attachments cannot be counted with certainty".into(),
            other => other.to_string(),
        }
    }
}

/// Why a header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("it is empty, or its header is longer than 256 KiB or 1,000 fields")]
    Size,
    #[error("its header mixes line ends, or has a carriage return alone")]
    LineEnds,
    #[error("its header has a control character, or bytes that are not UTF-8")]
    Characters,
    #[error("the line `{0}` is not a header field")]
    Field(String),
    #[error("it has the field `{0}` more than once")]
    Twice(String),
    #[error("the field `{0}` is folded over an empty line, or has other than ASCII in it")]
    Folding(String),
}

/// Why the parts of a message cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    #[error("{0}")]
    Header(#[from] HeaderError),
    #[error("the field `{0}` is not written in the one way that every reader takes")]
    Field(&'static str),
    #[error("it has parts of a kind that readers take apart in different ways")]
    Kind,
    #[error("its parts are not cleanly separated")]
    Boundary,
    #[error("it has more than {MAX_PARTS} parts, or parts nested more than {MAX_DEPTH} deep")]
    Size,
    #[error("it holds a file in the manner of the time before MIME")]
    Uuencoded,
}

pub(crate) const MAX_DEPTH: usize = 8;

pub(crate) const MAX_PARTS: usize = 200;
