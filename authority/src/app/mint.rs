//! `mint`: a pass for one task, on record before its text is handed out.

use datalog::{Content, KnownConnection, MintArgs, MintTerms, PassId, inspect};

use super::{App, AppError, Minted, PassInfo, PassStatus};
use crate::audit::{Event, EventEntry};
use crate::desk::Changed;
use crate::store::{PassRow, Said};
use crate::vault::random;

impl App {
    pub async fn mint(&self, args: MintArgs) -> Result<Minted, AppError> {
        let now = self.clock.now();
        let terms = MintTerms::parse(&args, &self.known_connections(), now).map_err(AppError::invalid)?;
        let key = self.keyring.minting(&self.vault).map_err(|error| AppError::key(&error))?;
        let id = PassId::from_random(*random::<16>().map_err(AppError::random)?);
        let minted = terms.mint(&id, &key).map_err(AppError::invalid)?;
        let row = PassRow {
            id: id.clone(),
            task: minted.content.task.clone(),
            created: now,
            expires: minted.expires,
            connections: minted.content.connections.iter().map(|connected| connected.name.clone()).collect(),
            root_key: key.id(),
            is_revoked: false,
        };
        let info = PassInfo {
            id: row.id.clone(),
            task: row.task.clone(),
            created: row.created,
            expires: row.expires,
            connections: row.connections.clone(),
            root_key: row.root_key,
            status: PassStatus::Live,
            budgets: Vec::new(),
        };
        let event = EventEntry::on_lineage(Event::Minted, id.as_str()).task(&row.task).at(now);
        self.store.minted(row, said(&minted.content)?, event).await?;
        self.desk.tell(Changed::Passes);
        Ok(Minted { pass: minted.text, info })
    }

    /// The connections that a pass can be minted for.
    pub(super) fn known_connections(&self) -> Vec<KnownConnection> {
        self.live()
            .values()
            .filter_map(|live| live.gateway())
            .map(|connection| KnownConnection {
                name: connection.name.clone(),
                account: connection.account.clone(),
                service: connection.service.clone(),
            })
            .collect()
    }
}

fn said(content: &Content) -> Result<Said, AppError> {
    let text = serde_json::to_string(&inspect::describe(content)).map_err(AppError::invalid)?;
    Ok(Said(text))
}
