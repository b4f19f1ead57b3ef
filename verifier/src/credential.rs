//! Lease: `Permitted`, or a look-up that a decision needs, to a credential, for this connection only.
//!
//! The gateway keeps no credential beyond the request; the authority decides what is current.

use datalog::ConnectionName;
use tokio::time::timeout;

use crate::config::Limits;
use crate::ports::{Authority, Credential, LeaseError, Warrant};
use crate::refusal::{Fault, FaultCode};

/// Borrows the connection's access token for one request.
pub(crate) async fn lease(
    authority: &dyn Authority,
    limits: &Limits,
    warrant: Warrant<'_>,
) -> Result<Credential, Fault> {
    match timeout(limits.authority, authority.lease(warrant)).await {
        Ok(Ok(credential)) => Ok(credential),
        Ok(Err(LeaseError::NeedsReconnect(name))) => Err(Fault::before(
            FaultCode::NeedsReconnect,
            format!("the connection `{name}` has to be connected again by its owner"),
        )),
        Ok(Err(LeaseError::Unavailable(why))) => {
            tracing::warn!(connection = %warrant.request().connection, why, "no credential");
            Err(Fault::before(
                FaultCode::UpstreamUnreachable,
                "the provider could not be asked for a new token",
            ))
        }
        Ok(Err(LeaseError::AnotherCatalog(service))) => Err(Fault::before(
            FaultCode::Overloaded,
            format!("what is known of `{service}` changed while the request was judged; send it again"),
        )),
        Err(_) => {
            Err(Fault::before(FaultCode::Overloaded, "the authority did not lease a credential in time"))
        }
    }
}

/// Tells the authority that the upstream did not accept a credential.
pub(crate) async fn reject(
    authority: &dyn Authority,
    limits: &Limits,
    connection: &ConnectionName,
    credential: &Credential,
) {
    if timeout(limits.authority, authority.reject(connection, credential)).await.is_err() {
        tracing::warn!(%connection, "the authority did not take back a rejected credential in time");
    }
}
