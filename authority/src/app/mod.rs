//! `App`: every handle of an open authority in one struct, and its verbs.
//!
//! Each verb takes and returns plain values (`types`), one file a verb. Nothing here knows HTTP, a terminal
//! or SQL. What the gateway asks of it is in `ports`.

mod approval_types;
mod approvals;
mod approvers;
mod checkpoint;
mod connect;
mod connections;
mod desk_ports;
mod disconnect;
mod error;
mod export;
mod facts;
mod flood;
mod init;
mod keys;
mod log;
mod log_types;
mod mint;
mod notices;
mod open;
mod pass;
mod passes;
mod ports;
mod preview;
mod prune;
mod record;
mod revoke;
mod services;
mod sessions;
mod sign_in;
mod suspend;
mod templates;
#[cfg(test)]
mod tests;
mod types;
mod upkeep;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use datalog::catalog::Catalog;
use datalog::{ConnectionName, RevocationId};

use crate::audit::{AuditSigner, CheckpointFile};
use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::config::Config;
use crate::desk::{Changed, Desk};
use crate::home::Home;
use crate::keys::Keyring;
use crate::oauth::{Attempts, Live, Refresher};
use crate::store::Store;
use crate::vault::Vault;

use verifier::departures::Departures;

pub use crate::audit::LogRecord;
pub use approval_types::*;
pub use datalog::MintArgs;
pub use error::{AppError, ErrorKind, OpenError};
pub use log_types::*;
pub use pass::{BudgetLeft, LineageNode, PassDetail};
pub use preview::Preview;
pub use services::CatalogChange;
pub use sessions::{Presence, Session, SignedIn};
pub use types::*;

type LiveConnections = Arc<BTreeMap<ConnectionName, Arc<Live>>>;

/// An open authority.
pub struct App {
    home: Home,
    clock: Clock,
    config: Config,
    /// Replaced as a whole, like the connections.
    catalog: RwLock<Arc<Catalog>>,
    vault: Arc<Vault>,
    store: Arc<dyn Store>,
    refresher: Arc<Refresher>,
    keyring: Keyring,
    attempts: Attempts,
    signer: AuditSigner,
    checkpoint_file: CheckpointFile,
    flood: flood::Flood,
    wordings: facts::Wordings,
    departures: Arc<Departures>,
    /// Replaced as a whole, so that whoever reads it waits for nobody.
    connections: RwLock<LiveConnections>,
    revoked: RwLock<HashSet<RevocationId>>,
    stopped: AtomicBool,
    sessions: Mutex<sessions::Sessions>,
    desk: Desk,
    breaker: Breaker,
    /// Dropped last: the home is this process's until everything above is gone.
    _lock: File,
}

impl App {
    /// Waits for what is in flight: refreshes, and outcomes that are queued. The home stays locked until the
    /// last handle is dropped.
    pub async fn close(&self) {
        self.refresher.drain().await;
        self.write_counted(self.flood.all(self.clock.now()));
        if let Err(fault) = self.store.settle().await {
            tracing::error!(%fault, "the store did not settle");
        }
        self.checkpoint().await;
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The services that connections can be to.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn live(&self) -> LiveConnections {
        self.connections.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_live(&self, change: impl FnOnce(&mut BTreeMap<ConnectionName, Arc<Live>>)) {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = BTreeMap::clone(&connections);
        change(&mut changed);
        *connections = Arc::new(changed);
        drop(connections);
        self.desk.tell(Changed::Connections);
    }
}
