//! The gateway: what all its threads share.
//!
//! It holds no state that matters: passes that were verified before, and the masks for current credentials. What
//! it must know it asks of the authority's ports.

use std::sync::Arc;

use datalog::catalog::Dialect;
use datalog::{ConnectionName, PassCache, VerifiedPass};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::admit::Admitted;
use crate::clock::Clock;
use crate::config::GatewayConfig;
use crate::entrance::{Open, Scope};
use crate::ports::{Authority, Connection};
use crate::refusal::{Fault, FaultCode, Refusal, Stop};
use crate::rooms::Rooms;
use crate::scrub::NeedleCache;

/// A gateway to everything that an authority's connections lead to.
pub struct Gateway {
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: GatewayConfig,
    pub(crate) needles: NeedleCache,
    pub(crate) open: Open,
    passes: PassCache,
    pub(crate) rooms: Rooms,
    /// One permit for each request that is held open until a person answers.
    pub(crate) held: Semaphore,
}

impl Gateway {
    pub fn new(authority: Arc<dyn Authority>, clock: Arc<dyn Clock>, config: GatewayConfig) -> Arc<Self> {
        let passes = PassCache::new(config.passes);
        let rooms = Rooms::new(&config.limits);
        let (needles, open) = (NeedleCache::default(), Open::default());
        let held = Semaphore::new(config.limits.held);
        Arc::new(Self { authority, clock, config, needles, open, passes, rooms, held })
    }

    /// Verifies a pass against what is trusted at this moment.
    pub(crate) fn verify(&self, pass: &SecretString) -> Result<Arc<VerifiedPass>, Stop> {
        if self.authority.is_stopped() {
            return Err(Refusal::stopped().into());
        }
        let roots = self.authority.root_keys();
        let revoked = |id: &_| self.authority.is_revoked(id);
        let pass = self.passes.verify(pass.expose_secret(), &roots, &revoked, self.clock.now())?;
        match self.authority.held(pass.lineage(), pass.task(), None) {
            Some(held) => Err(Refusal::held(&held).into()),
            None => Ok(pass),
        }
    }

    /// Looks once more after a wait, in which a person may have ended the pass, or stopped or disconnected the connection.
    pub(crate) fn still_trusts(&self, pass: &SecretString, connection: &Connection) -> Result<(), Stop> {
        self.verify(pass)?;
        self.runs(&connection.name)?;
        let there = self.connected(&connection.name)?;
        if there.account == connection.account { Ok(()) } else { Err(gone(&connection.name).into()) }
    }

    fn connected(&self, name: &ConnectionName) -> Result<Arc<Connection>, Fault> {
        self.authority.connection(name).ok_or_else(|| gone(name))
    }

    fn runs(&self, connection: &ConnectionName) -> Result<(), Stop> {
        match self.authority.held(&[], "", Some(connection)) {
            Some(held) => Err(Refusal::held(&held).into()),
            None => Ok(()),
        }
    }

    /// The connection that a request is for, if the pass covers it. One that exists and is not covered answers
    /// like one that does not exist.
    pub(crate) fn covered(&self, pass: &VerifiedPass, admitted: &Admitted) -> Result<Arc<Connection>, Stop> {
        let name = &admitted.connection;
        if !pass.connections().iter().any(|connected| connected.name == *name) {
            return Err(Refusal::not_covered(name.as_str()).into());
        }
        self.runs(name)?;
        Ok(self.connected(name)?)
    }

    /// Before the pass is known, only a listener of a connection's own tells the dialect: on the shared one it
    /// would tell whether a connection exists.
    pub(crate) fn dialect_of(&self, scope: &Scope) -> Dialect {
        match scope {
            Scope::Shared => Dialect::Problem,
            Scope::Connection(name) => self
                .authority
                .connection(name)
                .map_or(Dialect::Problem, |connection| connection.service.dialect),
        }
    }
}

fn gone(name: &ConnectionName) -> Fault {
    let detail = format!("the connection `{name}`, which the pass covers, is not connected any more");
    Fault::before(FaultCode::NeedsReconnect, detail)
}
