//! What the gateway asks of an authority, answered in the same process.
//!
//! Trust is answered from memory. Budgets are taken and the intent is written in one job of the store's next
//! group commit.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use datalog::{ConnectionName, Known, Reservation, Resource, RevocationId, RootKeys, Spent};
use verifier::departures::Departures;
use verifier::ports::{
    Answer, Audit, Connection, Credential, Credentials, Held, IntentError, Keeping, Learned, LeaseError,
    Ledger, Outcome, Provenance, Record, RecordId, StoreFault, Trust, Warrant,
};

use super::App;
use super::flood::Sighting;
use crate::audit::{Entry, OutcomeEntry, RequestEntry};
use crate::desk::Changed;
use crate::store::{Intended, Line, Taken, Use};

impl Trust for App {
    fn root_keys(&self) -> Arc<RootKeys> {
        self.keyring.trusted()
    }

    fn is_revoked(&self, id: &RevocationId) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn held(
        &self,
        lineage: &[RevocationId],
        task: &str,
        connection: Option<&ConnectionName>,
    ) -> Option<Held> {
        self.desk.suspensions.holds(lineage, task, connection)
    }

    fn departures(&self) -> &Arc<Departures> {
        &self.departures
    }

    fn connection(&self, name: &ConnectionName) -> Option<Arc<Connection>> {
        let connections = self.connections.read().unwrap_or_else(PoisonError::into_inner);
        connections.get(name).and_then(|live| live.gateway())
    }

    fn connections(&self) -> Vec<Arc<Connection>> {
        self.live().values().filter_map(|live| live.gateway()).collect()
    }
}

impl Credentials for App {
    fn lease<'a>(&'a self, warrant: Warrant<'a>) -> Answer<'a, Result<Credential, LeaseError>> {
        Box::pin(async move {
            let request = warrant.request();
            let live = self.live().get(&request.connection).cloned();
            // A name that was given to another account meanwhile is not what was permitted.
            match live.filter(|live| live.account == request.account) {
                // What was judged, and perhaps approved, by what another catalog says is not what was meant.
                Some(live) if live.gateway().is_none_or(|now| now.service.digest != request.catalog) => {
                    Err(LeaseError::AnotherCatalog(live.service.clone()))
                }
                Some(live) => self.refresher.lease(&live).await,
                None => Err(LeaseError::NeedsReconnect(request.connection.clone())),
            }
        })
    }

    fn reject<'a>(&'a self, connection: &'a ConnectionName, credential: &'a Credential) -> Answer<'a, ()> {
        if let Some(live) = self.live().get(connection) {
            self.refresher.rejected(live, credential.generation);
        }
        Box::pin(std::future::ready(()))
    }
}

impl Ledger for App {
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<Vec<Spent>, StoreFault>> {
        self.store.used(reservations)
    }

    fn take(&self, more: Vec<Reservation>) -> Answer<'_, Result<(), IntentError>> {
        Box::pin(async move {
            match self.store.taken(more).await? {
                Taken::All => Ok(()),
                Taken::Exhausted { budget } => Err(IntentError::Exhausted(budget)),
            }
        })
    }

    fn settle(&self, unspent: Vec<Reservation>) {
        self.store.settled_later(unspent);
    }

    fn release<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            if reservations.is_empty() {
                return Ok(());
            }
            self.store.release(reservations.to_vec()).await
        })
    }
}

impl Provenance for App {
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Answer<'a, Result<Known, StoreFault>> {
        self.store.known(lineage, connection, resources)
    }

    fn remember(&self, shown: Learned) -> Answer<'_, Result<(), StoreFault>> {
        self.store.shown(shown, self.clock.now())
    }
}

impl Audit for App {
    fn intent(&self, record: Record) -> Answer<'_, Result<RecordId, IntentError>> {
        let line = Line::new(record.at, &Entry::Intent(RequestEntry::from(&record)));
        Box::pin(async move {
            let line = line.with(self.beside(&record)?);
            let approval = record.approval.zip(record.digest).map(|(approval, digest)| Use {
                id: approval.id,
                digest: digest.hex(),
                at: self.clock.now(),
            });
            let changes = approval.is_some();
            let intended = self.store.intended(line, record.reservations, approval).await?;
            if matches!(intended, Intended::Written(_)) {
                self.is_beside(record.facts.as_deref());
            }
            match intended {
                Intended::Written(seq) if changes => {
                    self.desk.tell(Changed::Approvals);
                    Ok(RecordId(seq))
                }
                Intended::Written(seq) => Ok(RecordId(seq)),
                Intended::Exhausted { budget } => Err(IntentError::Exhausted(budget)),
                Intended::ApprovalUsed => Err(IntentError::ApprovalUsed),
            }
        })
    }

    fn refusal(&self, record: Record) -> Answer<'_, Result<Option<RecordId>, StoreFault>> {
        let tripped = self.breaker.refused(&record, self.clock.now());
        Box::pin(async move {
            // Whoever has no pass that counts could fill the disk otherwise.
            if record.lineage.is_empty() {
                return self.unknown(record).await;
            }
            let id = self.refused(&record).await?;
            if let Some(tripped) = tripped {
                self.trip(tripped).await;
            }
            Ok(Some(id))
        })
    }

    fn keeping(&self) -> Keeping {
        self.config.audit.facts
    }

    fn outcome(&self, id: RecordId, outcome: Outcome) {
        let entry = Entry::Outcome(OutcomeEntry::new(id, &outcome));
        self.store.append_later(Line::new(self.clock.now(), &entry));
    }
}

impl App {
    async fn refused(&self, record: &Record) -> Result<RecordId, StoreFault> {
        let line = Line::new(record.at, &Entry::Refusal(RequestEntry::from(record)));
        let written = self.store.append(line.with(self.beside(record)?)).await;
        if written.is_ok() {
            self.is_beside(record.facts.as_deref());
        }
        written.map(RecordId)
    }

    async fn unknown(&self, record: Record) -> Result<Option<RecordId>, StoreFault> {
        let counted = match self.flood.see(record.decision, self.clock.now()) {
            Sighting::Counted(like) => return Ok(like.map(RecordId)),
            Sighting::First(counted) => counted,
        };
        self.write_counted(counted);
        let written = self.refused(&record).await;
        match &written {
            Ok(id) => self.flood.written(record.decision, id.0),
            Err(_) => self.flood.not_written(record.decision),
        }
        written.map(Some)
    }

    pub(super) fn write_counted(&self, counted: impl IntoIterator<Item = Line>) {
        counted.into_iter().for_each(|line| self.store.append_later(line));
    }
}
