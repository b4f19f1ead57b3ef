//! Why a provider gave no tokens, as data: who is at fault, and whether the provider may have acted.
//!
//! The kind of an error follows from its status and its code, never from its text.

use datalog::Hinted;

use super::answer::{ProviderAnswer, ProviderError, Unread};

/// Why there are no tokens. The main question is whether the provider may have acted. If a refresh token may have been
/// used, it is treated differently from one that surely was not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenFailure {
    /// The grant is not valid, or is no longer valid: RFC 6749, section 5.2, `invalid_grant`.
    #[error("the provider refused the grant: {0}")]
    InvalidGrant(String),
    /// The OAuth client is not valid, or is no longer valid. The grant may still be good.
    #[error("the provider refused the OAuth client: {0}")]
    ClientRefused(String),
    /// The provider refused for another reason, and did not act.
    #[error("the provider answered `{0}`")]
    Refused(String),
    /// The request did not reach the provider, or the provider turned it away.
    #[error("the provider was not reached: {0}")]
    NotSent(String),
    /// The provider cannot be asked, because its address is unknown.
    #[error("the provider was not reached: no `{0}` is known for the service")]
    Unset(&'static str),
    /// The provider may have acted or not.
    #[error("the provider gave no usable answer: {0}")]
    Unknown(String),
    /// The provider acted, but its answer cannot be used.
    #[error("the provider gave no usable answer: {0}")]
    Unread(#[from] Unread),
}

impl Hinted for TokenFailure {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unset(_) => Some(SET_IT.into()),
            _ => None,
        }
    }
}

/// The hint for a setting of a service that is missing.
pub(super) const SET_IT: &str = "set it in hallpass.toml";

/// Codes for an ended grant, in addition to those of a service's overlay.
const GRANT_CODES: [&str; 4] =
    ["invalid_grant", "bad_refresh_token", "invalid_refresh_token", "token_revoked"];
/// RFC 6749's, Google's, GitHub's and Slack's.
const CLIENT_CODES: [&str; 8] = [
    "invalid_client",
    "unauthorized_client",
    "deleted_client",
    "disabled_client",
    "incorrect_client_credentials",
    "bad_client_secret",
    "invalid_client_id",
    "invalid_client_secret",
];
/// The codes for problems of the provider itself. They say nothing about the grant, the client or the request.
const PASSING_CODES: [&str; 7] = [
    "server_error",
    "temporarily_unavailable",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "internal_failure",
];
const WAIT_CODES: [&str; 3] = ["slow_down", "ratelimited", "rate_limited"];

impl TokenFailure {
    /// Returns what a token endpoint's error means. `dead` holds the service's own codes for an ended grant.
    pub(super) fn told(status: u16, told: ProviderError, dead: &[String]) -> Self {
        let ProviderError { code, words } = told;
        let code = code.as_str();
        if status >= 500 {
            Self::Unknown(format!("status {status} ({words})"))
        } else if GRANT_CODES.contains(&code) || dead.iter().any(|dead| dead == code) {
            Self::InvalidGrant(words)
        } else if PASSING_CODES.contains(&code) {
            Self::Unknown(words)
        } else if WAIT_CODES.contains(&code) || status == 429 {
            Self::NotSent(format!("it asks to wait ({words})"))
        } else if CLIENT_CODES.contains(&code) || status == 401 {
            Self::ClientRefused(words)
        } else {
            Self::Refused(words)
        }
    }

    /// Returns what a status means if the answer holds no error.
    pub(super) fn status(answer: &ProviderAnswer<'_>) -> Self {
        let status = answer.status;
        match status {
            401 => Self::ClientRefused("status 401".into()),
            429 => Self::NotSent("it asks to wait (status 429)".into()),
            408 => Self::Unknown("status 408".into()),
            400..=499 => Self::Refused(format!("status {status}")),
            _ => Self::Unknown(format!("status {status}")),
        }
    }
}

pub(crate) fn nothing() -> TokenFailure {
    TokenFailure::NotSent("there is no token to revoke".into())
}
