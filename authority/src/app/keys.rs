//! `keys`: rotates and retires root keys.

use datalog::Message;

use crate::app::{App, AppError, RootKeyInfo, RootKeyStatus};
use crate::audit::{Event, EventEntry};

impl App {
    pub fn root_keys(&self) -> Vec<RootKeyInfo> {
        self.keyring.list()
    }

    /// Makes a new root key, which mints from now on. The old one stays trusted.
    pub async fn rotate_root(&self) -> Result<RootKeyInfo, AppError> {
        let _turn = self.turns.keys().await;
        let now = self.clock.now();
        let row = self.keyring.next(&self.vault, now)?;
        let event = EventEntry::on_root_key(Event::RootCreated, row.id).at(now);
        self.store.root_created(row.clone(), event).await?;
        self.keyring.add(&row);
        self.root_key(row.id)
    }

    /// Stops trusting the passes of a root key.
    pub async fn retire_root(&self, id: u32) -> Result<RootKeyInfo, AppError> {
        let _turn = self.turns.keys().await;
        match self.root_key(id)?.status {
            RootKeyStatus::Retired => return self.root_key(id),
            RootKeyStatus::Minting => {
                return Err(AppError::conflict(
                    Message::new(format!("root key {id} mints"))
                        .hint("rotate first, then retire it: `hallpass keys rotate`"),
                ));
            }
            RootKeyStatus::Trusted => {}
        }
        self.keyring.retire(id);
        let event = EventEntry::on_root_key(Event::RootRetired, id).at(self.clock.now());
        self.store.root_retired(id, event).await.map_err(AppError::OnlyInMemory)?;
        self.checkpoint().await;
        self.root_key(id)
    }

    fn root_key(&self, id: u32) -> Result<RootKeyInfo, AppError> {
        let all = self.keyring.list();
        all.into_iter().find(|key| key.id == id).ok_or_else(|| {
            AppError::not_found(
                Message::new(format!("there is no root key {id}")).hint("`hallpass keys` lists them"),
            )
        })
    }
}
