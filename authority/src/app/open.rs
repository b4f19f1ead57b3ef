//! Opens a home: the lock, the vault, the store, and everything that is answered from memory.
//!
//! A part that cannot be trusted (a root key that does not fit, the vault key of another home) stops the opening. A
//! single connection whose tokens do not open does not stop it.

use std::fs::{File, TryLockError};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};

use datalog::catalog::Catalog;

use crate::app::block_on::block_on;
use crate::app::checkpoint::{check_history, open_signer};
use crate::app::connections::revive;
use crate::app::flood::Flood;
use crate::app::sent_once::Once;
use crate::app::sign_in::revived;
use crate::app::wordings::Wordings;
use crate::app::{App, OpenError};
use crate::audit::{AuditSigner, CheckpointFile};
use crate::breaker::Breaker;
use crate::catalog;
use crate::clock::Clock;
use crate::config::types::Config;
use crate::desk::{Approvers, Desk, Stops};
use crate::home::{Home, HomeError, open_private_file};
use crate::keys::Keyring;
use crate::oauth::{Attempts, HttpClient, Refresher};
use crate::store::{
    self, ApprovalStore, ConnectionStore, OnceStore, RevocationStore, RootKeyStore, SessionStore, StopStore,
    Store,
};
use crate::vault::{Place, Vault};

impl App {
    /// Opens the home, for this process alone.
    pub fn open(home: &Home, config: Config, clock: Clock) -> Result<Arc<Self>, OpenError> {
        is_made(home, &config)?;
        let catalog = Arc::new(catalog::load(home)?);
        Self::open_with(home, config, clock, catalog)
    }

    /// Opens the home with a catalog that is already loaded.
    pub fn open_with(
        home: &Home,
        config: Config,
        clock: Clock,
        catalog: Arc<Catalog>,
    ) -> Result<Arc<Self>, OpenError> {
        Self::open_believing(home, config, clock, catalog, LogHistory::Checked)
    }

    pub(super) fn open_believing(
        home: &Home,
        config: Config,
        clock: Clock,
        catalog: Arc<Catalog>,
        history: LogHistory,
    ) -> Result<Arc<Self>, OpenError> {
        let at = config.store.of(home);
        home.check(at.file())?;
        let lock = lock(home)?;
        let vault = Arc::new(Vault::open(home.vault_key())?);
        let store = store::open(&at)?;
        check_vault(&vault, &*store)?;
        let signer = open_signer(&vault, &*store, &clock)?;
        let checkpoint_file = CheckpointFile::at(home.checkpoint());
        if history == LogHistory::Checked {
            check_history(&checkpoint_file, &vault, &signer, &*store)?;
        }
        let home = home.clone();
        Self::assemble(Parts { home, config, clock, catalog, vault, store, signer, checkpoint_file, lock })
    }

    fn assemble(parts: Parts) -> Result<Arc<Self>, OpenError> {
        let Parts { home, config, clock, catalog, vault, store, signer, checkpoint_file, lock } = parts;
        let keyring = Keyring::open(&vault, block_on(RootKeyStore::root_keys(&*store))?)?;
        let revoked = block_on(RevocationStore::revocations(&*store))?.into_iter().collect();
        block_on(OnceStore::left_behind(&*store))?;
        let emergency_stop = block_on(StopStore::emergency_stop(&*store))?;
        let breaker = Breaker::new(config.breaker.clone());
        let rows = block_on(ApprovalStore::approvers(&*store))?;
        // If no approver has a key, nobody can be put back.
        let retired = match rows.iter().any(|row| row.seed.is_some()) {
            true => block_on(ApprovalStore::retired_approvers(&*store))?,
            false => Vec::new(),
        };
        let approvers = Approvers::open(&vault, rows, &retired)?;
        let stops = Stops::new(block_on(StopStore::single_stops(&*store))?);
        let rows = block_on(ConnectionStore::known_connections(&*store))?;
        let live = rows
            .into_iter()
            .map(|row| (row.name.clone(), Arc::new(revive(&config, &catalog, &vault, row))))
            .collect();
        let sessions = revived(&vault, block_on(SessionStore::sessions(&*store))?);
        let http = HttpClient::new().map_err(OpenError::Http)?;
        let refresher = Arc::new(Refresher::new(store.clone(), vault.clone(), http, clock.clone()));
        Ok(Arc::new(Self {
            home,
            clock,
            config,
            catalog: RwLock::new(catalog),
            vault,
            store,
            refresher,
            keyring,
            attempts: Attempts::default(),
            signer,
            checkpoint_file,
            flood: Flood::default(),
            wordings: Wordings::default(),
            in_flight: Arc::default(),
            connections: RwLock::new(Arc::new(live)),
            revoked: RwLock::new(revoked),
            turns: crate::app::turns::Turns::default(),
            stopped: AtomicBool::new(emergency_stop.is_some()),
            emergency_stop: RwLock::new(emergency_stop),
            sessions: Mutex::new(sessions),
            desk: Desk::new(approvers, stops),
            once: Arc::new(Once::default()),
            breaker,
            _lock: lock,
        }))
    }
}

/// Refuses a home that `hallpass init` has not made yet.
pub(super) fn is_made(home: &Home, config: &Config) -> Result<(), OpenError> {
    match config.store.of(home).is_made() {
        true => Ok(()),
        false => Err(OpenError::NotInitialised(home.dir().to_owned())),
    }
}

/// Whether the log must hold everything that it held at the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogHistory {
    Checked,
    /// A person accepts this database as it is, and every pass ends.
    Accepted,
}

/// The parts, opened one after the other.
struct Parts {
    home: Home,
    config: Config,
    clock: Clock,
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
    store: Arc<dyn Store>,
    signer: AuditSigner,
    checkpoint_file: CheckpointFile,
    lock: File,
}

/// Takes the lock. It is held until the file is dropped. The kernel releases it when the process dies.
pub(super) fn lock(home: &Home) -> Result<File, OpenError> {
    let path = home.lock_file();
    let failed = |error| HomeError::Io { path: path.clone(), verb: "opened", error };
    let file = open_private_file(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(home.dir().to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error).into()),
    }
}

/// Opens a sealed value that only the vault key of this home opens.
pub(super) fn check_vault(vault: &Vault, store: &dyn Store) -> Result<(), OpenError> {
    let place = Place { table: "setting", row: "vault_check", column: "value", generation: 0 };
    let kept = block_on(store.vault_check(vault.seal(place, b"hallpass")?))?;
    vault.open_bytes(place, &kept).map_err(|_| OpenError::OtherVaultKey)?;
    Ok(())
}
