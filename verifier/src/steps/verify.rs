//! Verify: a presented pass becomes a trusted one, for the connection it was presented for.
//!
//! The pass is checked again after every wait: while a person is asked, and before anything is sent.

use std::sync::Arc;

use datalog::{ConnectionName, VerifiedPass};
use secrecy::SecretString;

use crate::gateway::Gateway;
use crate::ports::Connection;
use crate::record::Recording;
use crate::refusal::Refusal;
use crate::refusal::unanswered::Unanswered;

/// A verified pass, and the connection that it covers. Only `Trusted::of` makes one.
pub(crate) struct Trusted {
    text: SecretString,
    pass: Arc<VerifiedPass>,
    connection: Arc<Connection>,
}

impl Trusted {
    /// Verifies a pass for one connection. From here on the record names the pass.
    pub(crate) fn of(
        gateway: &Gateway,
        text: SecretString,
        connection: &ConnectionName,
        recording: &mut Recording,
    ) -> Result<Self, Unanswered> {
        let pass = gateway.verify(&text)?;
        recording.verified(&pass);
        let connection = covered(gateway, &pass, connection)?;
        Ok(Self { text, pass, connection })
    }

    pub(crate) fn pass(&self) -> &Arc<VerifiedPass> {
        &self.pass
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Verifies the pass once more, before it waits again or decides again.
    pub(crate) fn again(&self, gateway: &Gateway) -> Result<Arc<VerifiedPass>, Unanswered> {
        let pass = gateway.verify(&self.text)?;
        covered(gateway, &pass, &self.connection.name)?;
        Ok(pass)
    }

    /// Makes the last check before something is sent. It includes the service's description.
    pub(crate) fn stands(&self, gateway: &Gateway) -> Result<(), Unanswered> {
        gateway.still_trusts(&self.text, &self.connection)
    }
}

/// Returns the connection of a request, if the pass covers it. A connection that exists but is not covered gets the
/// same answer as one that does not exist.
fn covered(
    gateway: &Gateway,
    pass: &VerifiedPass,
    name: &ConnectionName,
) -> Result<Arc<Connection>, Unanswered> {
    if !pass.connections().iter().any(|connected| connected.name == *name) {
        return Err(Refusal::not_covered(name.as_str()).into());
    }
    gateway.runs(name)?;
    Ok(gateway.connected(name)?)
}
