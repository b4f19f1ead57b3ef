//! Credentials on loan, and the warrant that each of them needs.

use std::net::IpAddr;

use datalog::lookup::Needed;
use datalog::{ConnectionName, OperationId, Permitted, Request, ServiceName};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::ports::answer::Answer;

/// The permission to lease a credential. Only `Permitted` and `Needed` hold a request that may be sent, and only
/// `datalog` makes them.
#[derive(Debug, Clone, Copy)]
pub enum Warrant<'a> {
    /// A request that was permitted.
    Permitted(&'a Permitted),
    /// A look-up that a decision needs. It only reads.
    Needed(&'a Needed),
}

impl<'a> Warrant<'a> {
    pub fn request(self) -> &'a Request {
        match self {
            Self::Permitted(permitted) => permitted.request(),
            Self::Needed(needed) => needed.request(),
        }
    }
}

/// Lends the token that goes upstream, only with a warrant.
pub trait Credentials: Send + Sync {
    fn lease<'a>(&'a self, warrant: Warrant<'a>) -> Answer<'a, Result<Credential, LeaseError>>;
    /// Returns another credential than the one that the service refused, or why there is none. The connection's owner
    /// is told the same.
    fn renew<'a>(
        &'a self,
        warrant: Warrant<'a>,
        refused: &'a Credential,
        rejection: Rejection,
    ) -> Answer<'a, Result<Credential, LeaseError>>;
    /// Notes for the connection's owner what an answer said about the connection itself. It is queued, and nobody waits
    /// for it.
    fn noticed(&self, connection: &ConnectionName, credential: &Credential, sign: Sign);
}

/// How the service said that it refuses a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// By status 401, which may be about this operation only.
    Unauthorized,
    /// By a word for a dead token, from the overlay's list.
    Dead(String),
}

/// Something that a service tells a connection's owner through an answer to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// The credential was just renewed, and the service still refuses it.
    Refused,
    /// The credential lacks one of these scopes, as far as they were named.
    MissingScopes { scopes: Vec<String>, operation: OperationId },
    /// The service's host leads to an address that may not be dialled, because of what the address is for.
    NotDialled { host: String, address: IpAddr, range: &'static str },
    /// The owner must do something, at an address that nobody else may learn.
    Owner { deed: String, link: Option<String> },
}

/// An access token on loan.
#[derive(Clone)]
pub struct Credential {
    pub token: SecretString,
    /// Counts the connection's tokens, so that `renew` can tell an old one from the current one.
    pub generation: u64,
    pub expires: Option<OffsetDateTime>,
}

#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("the connection `{0}` needs to be connected again")]
    NeedsReconnect(ConnectionName),
    /// Neither waiting nor connecting again helps.
    #[error("the provider refuses the OAuth client of the connection `{0}`")]
    ClientRefused(ConnectionName),
    /// The service refuses the credential, although its provider accepts it.
    #[error("the provider accepts the credential of the connection `{0}`")]
    Refused(ConnectionName),
    #[error("the provider could not be asked for a new token: {0}")]
    Unavailable(String),
    #[error("the catalog's description of `{0}` changed after the request was judged")]
    AnotherCatalog(ServiceName),
}
