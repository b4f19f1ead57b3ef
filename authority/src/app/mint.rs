//! `mint`: makes a pass for one task, and records it before anybody gets its text.

use datalog::{Inspection, KnownConnection, Message, MintArgs, MintTerms, PassId, inspect, response};

use crate::app::{App, AppError, Minted};
use crate::audit::{Event, EventEntry};
use crate::desk::Changed;
use crate::store::{PassRow, PassWords};
use crate::vault::random;

impl App {
    pub async fn mint(&self, args: MintArgs) -> Result<Minted, AppError> {
        let now = self.clock.now();
        self.can_be_asked(&args)?;
        let terms = MintTerms::parse(&args, &self.known_connections(), now).map_err(AppError::invalid)?;
        let key = self.keyring.minting(&self.vault)?;
        let id = PassId::from_random(*random::<16>().map_err(AppError::Random)?);
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
        let says = inspect::describe(&minted.content);
        let info = self.pass_info(row.clone(), Some(&says));
        let event = EventEntry::on_lineage(Event::Minted, id.as_str()).task(&row.task).at(now);
        let stopped = info
            .stopped
            .as_ref()
            .map(|stopped| format!("Hallpass forwards none of its requests now: {stopped}"));
        let warnings = stopped.into_iter().map(Message::from).chain(self.warnings(&minted)).collect();
        self.store.minted(row, said(&says)?, event).await?;
        self.desk.tell(Changed::Passes);
        let services: Vec<_> = self.catalog().services().cloned().collect();
        Ok(Minted {
            pass: minted.text,
            info,
            warnings,
            redacts: response::covered(&minted.content, &services),
            notes: response::dated(&minted.content, &services),
        })
    }

    /// Returns the connections for which a pass can be minted.
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

fn said(says: &Inspection) -> Result<PassWords, AppError> {
    let text = serde_json::to_string(says).map_err(AppError::invalid)?;
    Ok(PassWords(text))
}
