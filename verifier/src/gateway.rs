//! The gateway: the state that all its threads share.
//!
//! It holds only caches: verified passes, and the masks for current credentials. It asks the authority's ports for
//! everything else.

use std::sync::Arc;

use datalog::{ConnectionName, PassCache, VerifiedPass};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::authority::credential::another_catalog;
use crate::authority::in_time::InTime;
use crate::clock::Clock;
use crate::config::GatewayConfig;
use crate::entrance::{Open, Scope};
use crate::filter::scrub::NeedleCache;
use crate::half_open::HalfOpen;
use crate::memory::Memory;
use crate::ports::{Authority, Connection};
use crate::refusal::spoken::{Client, Spoken};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Fault, FaultCode, Refusal};

/// A gateway to all services of an authority's connections.
pub struct Gateway {
    pub(crate) authority: Arc<dyn Authority>,
    /// The authority, asked with a deadline.
    pub(crate) in_time: InTime,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: GatewayConfig,
    pub(crate) needles: NeedleCache,
    pub(crate) open: Open,
    pub(crate) half_open: HalfOpen,
    passes: PassCache,
    pub(crate) memory: Memory,
    /// One permit for each request that is held open until a person answers.
    pub(crate) held: Semaphore,
    /// One permit for each stream of changes.
    pub(crate) listening: Arc<Semaphore>,
}

impl Gateway {
    pub fn new(authority: Arc<dyn Authority>, clock: Arc<dyn Clock>, config: GatewayConfig) -> Arc<Self> {
        let passes = PassCache::new(config.passes);
        let in_time = InTime::new(authority.clone(), &config.limits);
        let memory = Memory::new(&config.limits);
        let (needles, open, half_open) = (NeedleCache::default(), Open::default(), HalfOpen::default());
        let held = Semaphore::new(config.limits.held);
        let listening = Arc::new(Semaphore::new(config.limits.connections / 4));
        Arc::new(Self {
            authority,
            in_time,
            clock,
            config,
            needles,
            open,
            half_open,
            passes,
            memory,
            held,
            listening,
        })
    }

    /// Verifies a pass against everything that is trusted right now.
    pub(crate) fn verify(&self, pass: &SecretString) -> Result<Arc<VerifiedPass>, Unanswered> {
        if self.authority.is_stopped() {
            return Err(Refusal::stopped().into());
        }
        let roots = self.authority.root_keys();
        let revoked = |id: &_| self.authority.is_revoked(id);
        let now = self.clock.now();
        let pass = self
            .passes
            .verify(pass.expose_secret(), &roots, &revoked, now)
            .map_err(|refused| Refusal::of_pass(&refused, now))?;
        match self.authority.stopped_by(pass.lineage(), pass.task(), None) {
            Some(by) => Err(Refusal::stopped_by(&by).into()),
            None => Ok(pass),
        }
    }

    /// Checks everything again after a wait. Meanwhile a person may have ended the pass, stopped or disconnected the
    /// connection, or changed the description of its service.
    pub(crate) fn still_trusts(
        &self,
        pass: &SecretString,
        connection: &Connection,
    ) -> Result<(), Unanswered> {
        self.verify(pass)?;
        self.runs(&connection.name)?;
        let there = self.connected(&connection.name)?;
        if there.account != connection.account {
            return Err(gone(&connection.name).into());
        }
        if there.service.digest != connection.service.digest {
            return Err(another_catalog(&connection.service.name).into());
        }
        Ok(())
    }

    pub(crate) fn connected(&self, name: &ConnectionName) -> Result<Arc<Connection>, Fault> {
        self.authority.connection(name).ok_or_else(|| gone(name))
    }

    pub(crate) fn runs(&self, connection: &ConnectionName) -> Result<(), Unanswered> {
        match self.authority.stopped_by(&[], "", Some(connection)) {
            Some(by) => Err(Refusal::stopped_by(&by).into()),
            None => Ok(()),
        }
    }

    /// Returns the dialect for an answer while the pass is not known. Only a connection's own listener tells the
    /// dialect. On the shared listener it would show whether a connection exists.
    pub(crate) fn spoken(&self, scope: &Scope, client: Client) -> Spoken {
        match scope {
            Scope::Shared => client.of_nobody(),
            Scope::Connection(name) => self.authority.connection(name).map_or_else(
                || client.of_nobody(),
                |connection| client.of_service(connection.service.dialect),
            ),
        }
    }
}

fn gone(name: &ConnectionName) -> Fault {
    let detail = format!("the connection `{name}`, which the pass covers, is not connected any more");
    Fault::before(FaultCode::NeedsReconnect, detail)
}
