//! `init`: makes a home with its vault key, database, first root key and a configuration with comments.
//!
//! It makes missing parts and changes nothing that exists.

use std::fs::File;

use crate::app::block_on::block_on;
use crate::app::open::lock;
use crate::app::{App, InitOutcome, InitReport, OpenError};
use crate::audit::{Event, EventEntry};
use crate::clock::Clock;
use crate::config::types::Config;
use crate::home::{Home, create_private_file};
use crate::keys::generate;
use crate::store::{self, RootKeyStore, Store};
use crate::vault::Vault;
use time::OffsetDateTime;

const FIRST_ROOT_KEY: u32 = 1;

impl App {
    /// Makes the home: vault key, database, root key, commented configuration. It leaves parts alone that exist.
    pub fn init(home: &Home, config: &Config, clock: &Clock) -> Result<InitReport, OpenError> {
        home.create()?;
        let _lock: File = lock(home)?;
        let at = config.store.of(home);
        let outcome = if at.is_made() { InitOutcome::AlreadyThere } else { InitOutcome::Created };
        if !home.vault_key().exists() {
            if at.is_made() {
                return Err(OpenError::NoVaultKey(home.vault_key().to_owned()));
            }
            Vault::create_key(home.vault_key())?;
        }
        if !home.config_file().exists() {
            create_private_file(&home.config_file(), Config::default_file().as_bytes())?;
        }
        let vault = Vault::open(home.vault_key())?;
        let store = store::open(&at)?;
        let root_key = first_root_key(&vault, &*store, clock.now())?;
        Ok(InitReport { home: home.dir().to_owned(), config_file: home.config_file(), root_key, outcome })
    }
}

/// Returns the id of the key that mints. If there is none, makes the first one.
fn first_root_key(vault: &Vault, store: &dyn Store, now: OffsetDateTime) -> Result<u32, OpenError> {
    crate::app::open::check_vault(vault, store)?;
    let keys = block_on(RootKeyStore::root_keys(store))?;
    if let Some(newest) = keys.iter().rev().find(|key| !key.is_retired) {
        return Ok(newest.id);
    }
    let id = keys.last().map_or(FIRST_ROOT_KEY, |last| last.id.saturating_add(1));
    let key = generate(vault, id, now)?;
    block_on(store.root_created(key, EventEntry::on_root_key(Event::RootCreated, id).at(now)))?;
    Ok(id)
}
