//! Opens a database that may not be the newest: a restored backup, or an old copy.
//!
//! Revocations may be missing from it. So every earlier pass ends: a new root key mints, and no older one is trusted.
//! Connections stay; if a provider rotates tokens, those in an old database may be spent.

use std::sync::Arc;

use crate::app::open::{LogHistory, is_made};
use crate::app::{App, OpenError, RestoredReport, RootKeyStatus};
use crate::audit::{Event, EventEntry};
use crate::catalog;
use crate::clock::Clock;
use crate::config::types::Config;
use crate::home::Home;

impl App {
    /// Opens the home whatever its history, and ends every pass.
    pub async fn accept_restored(
        home: &Home,
        config: Config,
        clock: Clock,
    ) -> Result<RestoredReport, OpenError> {
        is_made(home, &config)?;
        let catalog = Arc::new(catalog::load(home)?);
        let app = Self::open_believing(home, config, clock, catalog, LogHistory::Accepted)?;
        let before: Vec<u32> = app
            .root_keys()
            .into_iter()
            .filter(|key| key.status != RootKeyStatus::Retired)
            .map(|key| key.id)
            .collect();
        let minting = app.rotate_root().await?.id;
        for id in &before {
            app.retire_root(*id).await?;
        }
        let event = EventEntry::on_root_key(Event::Restored, minting).at(app.clock.now());
        let upto = app.store.append(event).await?;
        app.sign_head().await?;
        Ok(RestoredReport { root_key: minting, retired: before, record: upto })
    }
}
