//! Answers the gateway's questions to an authority, in the same process.
//!
//! Trust is answered from memory. One job of the store's next group commit takes the budgets and writes the intent.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use datalog::{ConnectionName, Known, Reservation, Resource, RevocationId, RootKeys, Spent};
use time::OffsetDateTime;
use verifier::in_flight::InFlight;
use verifier::ports::{
    Answer, Audit, Connection, Credential, Credentials, IntentError, Keeping, Learned, LeaseError, Ledger,
    Outcome, Provenance, Record, RecordId, Rejection, Repeat, Same, SentBefore, Sign, StoppedBy, StoreFault,
    Trust, Warrant,
};

use crate::app::App;
use crate::app::flood::Sighting;
use crate::app::once::Intent;
use crate::audit::{Entry, RequestEntry};
use crate::desk::Changed;
use crate::oauth::Live;
use crate::store::{Intended, Line, OnceKey, Taken, Use};

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

    fn stopped_by(
        &self,
        lineage: &[RevocationId],
        task: &str,
        connection: Option<&ConnectionName>,
    ) -> Option<StoppedBy> {
        self.desk.stops.holds(lineage, task, connection)
    }

    fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
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
        Box::pin(async move { self.refresher.lease(&self.meant(warrant)?).await })
    }

    fn renew<'a>(
        &'a self,
        warrant: Warrant<'a>,
        refused: &'a Credential,
        rejection: Rejection,
    ) -> Answer<'a, Result<Credential, LeaseError>> {
        Box::pin(
            async move { self.refresher.renew(&self.meant(warrant)?, refused.generation, rejection).await },
        )
    }

    fn noticed(&self, connection: &ConnectionName, credential: &Credential, sign: Sign) {
        if let Some(live) = self.live().get(connection) {
            self.refresher.noticed(live, credential.generation, sign);
        }
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
            let approval = record.approval.clone().map(|approval| Use {
                id: approval.id,
                digest: approval.digest.hex(),
                alike: approval.alike.map(|alike| alike.hex()),
                at: self.clock.now(),
            });
            let changes = approval.is_some();
            let intent = Intent { line, record, approval };
            let intended = self.intended(&intent).await?;
            if matches!(intended, Intended::Written(_)) {
                self.is_beside(intent.record.facts.as_deref());
            }
            match intended {
                Intended::Written(seq) if changes => {
                    self.desk.tell(Changed::Approvals);
                    Ok(RecordId(seq))
                }
                Intended::Written(seq) => Ok(RecordId(seq)),
                Intended::Exhausted { budget } => Err(IntentError::Exhausted(budget)),
                Intended::ApprovalUsed => Err(IntentError::ApprovalUsed),
                Intended::SentBefore(first) => Err(IntentError::SentBefore(first)),
            }
        })
    }

    fn refusal(&self, record: Record) -> Answer<'_, Result<Option<RecordId>, StoreFault>> {
        let tripped = self.breaker.refused(&record, self.clock.now());
        Box::pin(async move {
            // Without this limit, anybody without a valid pass could fill the disk.
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

    fn sent_before<'a>(
        &'a self,
        lineage: &'a RevocationId,
        same: Same,
        now: OffsetDateTime,
    ) -> Answer<'a, Result<Option<SentBefore>, StoreFault>> {
        let key = OnceKey { lineage: lineage.clone(), same, repeat: Repeat::Nothing, now, until: now };
        Box::pin(async move { self.store.sent_before(&key).await })
    }

    fn keeping(&self) -> Keeping {
        self.config.audit.facts
    }

    fn outcome(&self, id: RecordId, outcome: Outcome) {
        self.ended(id, &outcome);
    }
}

impl App {
    /// Returns the connection of a warrant.
    fn meant(&self, warrant: Warrant<'_>) -> Result<Arc<Live>, LeaseError> {
        let request = warrant.request();
        let live = self.live().get(&request.connection).cloned();
        // The name may belong to another account now. The request was not permitted for that account.
        match live.filter(|live| live.account == request.account) {
            // A request that was judged or approved under another catalog may now mean something else.
            Some(live) if live.gateway().is_none_or(|now| now.service.digest != request.catalog) => {
                Err(LeaseError::AnotherCatalog(live.service.clone()))
            }
            Some(live) => Ok(live),
            None => Err(LeaseError::NeedsReconnect(request.connection.clone())),
        }
    }

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
