//! What the gateway trusts: keys, revocations, stops and connections.

use std::net::SocketAddr;
use std::sync::Arc;

use datalog::catalog::Service;
use datalog::{Account, ConnectionName, RevocationId, RootKeys};

use crate::in_flight::InFlight;

/// Whom to trust. Answered from memory, on every request.
pub trait Trust: Send + Sync {
    fn root_keys(&self) -> Arc<RootKeys>;
    fn is_revoked(&self, id: &RevocationId) -> bool;
    /// Whether the emergency stop holds.
    fn is_stopped(&self) -> bool;
    /// Returns the stop of a pass of this lineage and task, or of this connection. The stop of everything is not one of
    /// these.
    fn stopped_by(
        &self,
        lineage: &[RevocationId],
        task: &str,
        connection: Option<&ConnectionName>,
    ) -> Option<StoppedBy>;
    /// Returns the requests on their way out. A stop waits until none of the stopped ones is among them.
    fn in_flight(&self) -> &Arc<InFlight>;
    fn connection(&self, name: &ConnectionName) -> Option<Arc<Connection>>;
    fn connections(&self) -> Vec<Arc<Connection>>;
}

/// Something that a person or the circuit breaker stopped, until it is resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoppedBy {
    /// The pass, with everything attenuated from it, and the reason.
    Pass(Option<String>),
    /// Every pass for this task.
    Task,
    Connection(ConnectionName),
}

/// One connection as the gateway sees it.
#[derive(Debug)]
pub struct Connection {
    pub name: ConnectionName,
    pub account: Account,
    pub service: Arc<Service>,
    /// Where requests go instead of the operation's own host: an emulator, or a company's own host.
    pub upstream: Upstream,
    /// A listener of the connection's own, without a path prefix.
    pub listen: Option<SocketAddr>,
}

/// Where a service can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// The hosts that the catalog names, over verified TLS.
    Catalog,
    /// `https://HOST[:PORT][/PREFIX]` over verified TLS, or `http://` to loopback.
    BaseUrl(String),
}
