//! Lease: turns a `Permitted`, or a look-up that a decision needs, into a credential for this connection only.
//!
//! The gateway keeps the credential only for this request. The authority decides which one is current.
//!
//! - Invariant: If a pass ends while its request waits for a provider, the gateway sends nothing
//!   (`a_pass_that_ends_while_a_credential_is_fetched_sends_nothing`).
//! - Invariant: If a connection is stopped or disconnected while a request waits for its credential, the gateway sends
//!   nothing (`a_connection_that_is_stopped_while_a_credential_is_fetched_sends_nothing`,
//!   `a_connection_that_is_stopped_while_a_credential_is_fetched_looks_nothing_up`,
//!   `a_connection_that_is_disconnected_while_its_credential_is_lent_sends_nothing`).

use datalog::{ConnectionName, ServiceName};
use tokio::time::error::Elapsed;

use crate::authority::in_time::InTime;
use crate::ports::{Credential, LeaseError, Rejection, Warrant};
use crate::refusal::{Fault, FaultCode};

impl InTime {
    /// Borrows the connection's access token for one request.
    pub(crate) async fn lease(&self, warrant: Warrant<'_>) -> Result<Credential, Fault> {
        lent(self.within(self.authority().lease(warrant)).await)
    }

    /// Returns another credential than the refused one, or the authority's reason why there is none. The authority
    /// tells the connection's owner the same.
    pub(crate) async fn renew(
        &self,
        warrant: Warrant<'_>,
        refused: &Credential,
        rejection: Rejection,
    ) -> Result<Credential, Fault> {
        lent(self.within(self.authority().renew(warrant, refused, rejection)).await)
    }
}

fn lent(answer: Result<Result<Credential, LeaseError>, Elapsed>) -> Result<Credential, Fault> {
    let because = match answer {
        Ok(Ok(credential)) => return Ok(credential),
        Ok(Err(because)) => because,
        Err(Elapsed { .. }) => {
            return Err(Fault::before(
                FaultCode::Overloaded,
                "the authority did not lease a credential in time",
            ));
        }
    };
    Err(match because {
        LeaseError::NeedsReconnect(name) => Fault::before(
            FaultCode::NeedsReconnect,
            format!("the connection `{name}` has to be connected again by its owner"),
        ),
        LeaseError::ClientRefused(name) => Fault::before(
            FaultCode::ClientRefused,
            format!(
                "the credential of the connection `{name}` cannot be renewed: its provider refuses the OAuth client of \
                 Hallpass, and the operator of Hallpass must correct its id or secret"
            ),
        ),
        LeaseError::Refused(name) => refused(&name),
        LeaseError::Unavailable(why) => {
            Fault::before(FaultCode::UpstreamUnreachable, "the provider could not be asked for a new token")
                .because(why)
        }
        LeaseError::AnotherCatalog(service) => another_catalog(&service),
    })
}

/// Returns the fault for a credential that the service refuses although its provider accepts it.
pub(crate) fn refused(connection: &ConnectionName) -> Fault {
    Fault::before(
        FaultCode::CredentialRefused,
        format!(
            "the service refuses the credential of the connection `{connection}` for this request, although its provider \
             accepts it"
        ),
    )
}

/// Returns the fault for a request that was judged under another catalog. Such a request is not sent.
pub(crate) fn another_catalog(service: &ServiceName) -> Fault {
    Fault::before(
        FaultCode::Overloaded,
        format!("the description of `{service}` changed while the request was judged; send it again"),
    )
}
