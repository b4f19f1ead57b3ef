//! `App`: every handle of an open authority in one struct, and its verbs.
//!
//! Each verb takes and returns plain values (`types`) and has its own file. Nothing here knows HTTP, a terminal or SQL.
//! `ports` answers the gateway.

mod approval_standing;
mod approval_types;
mod approvals;
mod approvers;
pub mod block_on;
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
mod log_names;
mod log_types;
mod mint;
pub(crate) mod notice;
mod notices;
mod once;
mod open;
mod pass;
mod passes;
mod ports;
mod preview;
mod prune;
mod record;
mod restore;
mod revoke;
mod sense;
pub mod sent_once;
mod services;
mod sessions;
mod sign_in;
mod stop;
mod stop_one;
mod templates;
#[cfg(test)]
mod tests;
mod turns;
mod types;
mod upkeep;
pub mod wordings;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use datalog::catalog::Catalog;
use datalog::{ConnectionName, RevocationId};

use crate::audit::{AuditSigner, CheckpointFile};
use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::config::types::Config;
use crate::desk::{Changed, Desk};
use crate::home::Home;
use crate::keys::Keyring;
use crate::oauth::{Attempts, Live, Refresher};
use crate::store::Store;
use crate::vault::Vault;

use verifier::in_flight::InFlight;

pub use crate::app::types::BudgetLeft;
pub use crate::audit::LogRecord;
pub use crate::audit::query::{BadRecord, LogQuery, LogVerification, Wrong};
pub use crate::keys::{RootKeyInfo, RootKeyStatus};
pub use crate::oauth::ProviderRevocation;
pub use crate::stopped::*;
pub use approval_types::*;
pub use datalog::MintArgs;
pub use error::{AppError, ErrorKind, OpenError};
pub use log_types::*;
pub use pass::LineageNode;
pub use pass::PassDetail;
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
    /// The whole catalog is replaced at once, like the connections.
    catalog: RwLock<Arc<Catalog>>,
    vault: Arc<Vault>,
    store: Arc<dyn Store>,
    refresher: Arc<Refresher>,
    keyring: Keyring,
    attempts: Attempts,
    signer: AuditSigner,
    checkpoint_file: CheckpointFile,
    flood: flood::Flood,
    wordings: wordings::Wordings,
    in_flight: Arc<InFlight>,
    /// The whole map is replaced at once, so that no reader waits.
    connections: RwLock<LiveConnections>,
    revoked: RwLock<HashSet<RevocationId>>,
    /// Whether the emergency stop holds. Every request reads it. Its reason is in `emergency_stop`.
    stopped: AtomicBool,
    turns: turns::Turns,
    emergency_stop: RwLock<Option<EmergencyStop>>,
    sessions: Mutex<sessions::Sessions>,
    desk: Desk,
    once: Arc<sent_once::Once>,
    breaker: Breaker,
    /// Dropped last. Until then this process owns the home.
    _lock: File,
}

impl App {
    /// Waits for running refreshes and queued outcomes. The home stays locked until the last handle is dropped.
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

    /// Returns the services that a connection can use.
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
