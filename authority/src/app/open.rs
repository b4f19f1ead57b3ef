//! Opening a home: the lock, the vault, the store, and everything that is answered from memory.
//!
//! What cannot be believed (a root key that does not fit, a vault key of another home) stops it; a single
//! connection whose tokens do not open does not.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::task::{Context, Poll, Wake, Waker};

use datalog::catalog::Catalog;

use super::checkpoint::{check_history, open_signer};
use super::connections::revive;
use super::facts::Wordings;
use super::flood::Flood;
use super::{App, OpenError};
use crate::audit::{AuditSigner, CheckpointFile};
use crate::breaker::Breaker;
use crate::catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::desk::{Approvers, Desk, Suspensions};
use crate::home::{Home, HomeError, open_private_file};
use crate::keys::Keyring;
use crate::oauth::{Attempts, HttpClient, Refresher};
use crate::store::sqlite::SqliteStore;
use crate::store::{ApprovalStore, ConnectionStore, RevocationStore, RootKeyStore, Store, SuspensionStore};
use crate::vault::{Place, Vault};

impl App {
    /// Opens the home, for this process alone.
    pub fn open(home: &Home, config: Config) -> Result<Arc<Self>, OpenError> {
        Self::open_at(home, config, Clock::System)
    }

    /// The same by another clock.
    pub fn open_at(home: &Home, config: Config, clock: Clock) -> Result<Arc<Self>, OpenError> {
        if !home.is_initialised() {
            return Err(OpenError::NotInitialised(home.dir().to_owned()));
        }
        let catalog = Arc::new(catalog::load(home)?);
        Self::open_with(home, config, clock, catalog)
    }

    /// The same with a catalog that was loaded before.
    pub fn open_with(
        home: &Home,
        config: Config,
        clock: Clock,
        catalog: Arc<Catalog>,
    ) -> Result<Arc<Self>, OpenError> {
        let lock = lock(home)?;
        let vault = Arc::new(Vault::open(home.vault_key())?);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&home.database())?);
        check_vault(&vault, &*store)?;
        let signer = open_signer(&vault, &*store, &clock)?;
        let checkpoint_file = CheckpointFile::at(home.checkpoint());
        check_history(&checkpoint_file, &vault, &signer, &*store)?;
        let home = home.clone();
        Self::assemble(Parts { home, config, clock, catalog, vault, store, signer, checkpoint_file, lock })
    }

    fn assemble(parts: Parts) -> Result<Arc<Self>, OpenError> {
        let Parts { home, config, clock, catalog, vault, store, signer, checkpoint_file, lock } = parts;
        let keyring = Keyring::open(&vault, block_on(RootKeyStore::root_keys(&*store))?)?;
        let revoked = block_on(RevocationStore::revocations(&*store))?.into_iter().collect();
        let stopped = block_on(RevocationStore::is_stopped(&*store))?;
        let breaker = Breaker::new(config.breaker.clone());
        let approvers = Approvers::open(&vault, block_on(ApprovalStore::approvers(&*store))?)?;
        let suspensions = Suspensions::new(block_on(SuspensionStore::suspensions(&*store))?);
        let rows = block_on(ConnectionStore::known_connections(&*store))?;
        let live = rows
            .into_iter()
            .map(|row| (row.name.clone(), Arc::new(revive(&config, &catalog, &vault, row))))
            .collect();
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
            departures: Arc::default(),
            connections: RwLock::new(Arc::new(live)),
            revoked: RwLock::new(revoked),
            stopped: AtomicBool::new(stopped),
            sessions: Mutex::default(),
            desk: Desk::new(approvers, suspensions),
            breaker,
            _lock: lock,
        }))
    }
}

/// What is opened one after the other.
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

/// Held until the file is dropped; the kernel lets go of it when the process dies.
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

/// A sealed value that only the vault key of this home opens.
pub(super) fn check_vault(vault: &Vault, store: &dyn Store) -> Result<(), OpenError> {
    let place = Place { table: "setting", row: "vault_check", column: "value", generation: 0 };
    let kept = block_on(store.vault_check(vault.seal(place, b"hallpass")?))?;
    vault.open_bytes(place, &kept).map_err(|_| OpenError::OtherVaultKey)?;
    Ok(())
}

/// Waits for the store where there is no runtime to wait in. The store's thread answers; nothing else is
/// waited for.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
