//! An authority in memory. It remembers every question, and fails where a test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use datalog::catalog::Service;
use datalog::{
    ConnectionName, Known, PassId, Reservation, Resource, RevocationId, RootKeyPair, RootKeys, Spent,
};
use secrecy::SecretString;
use verifier::in_flight::InFlight;
use verifier::ports::{
    Answer, Audit, Connection, Credential, Credentials, Fate, IntentError, Keeping, Learned, LeaseError,
    Ledger, Outcome, Provenance, Record, RecordId, Rejection, Repeat, Same, SentBefore, Sign, StoppedBy,
    StoreFault, Trust, Warrant,
};

use time::OffsetDateTime;

use super::desk::Desk;
use super::{CREDENTIAL, pass_id};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Intent,
    Refusal,
}

/// One audit record, with all the outcomes that finished it.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub kind: Kind,
    pub record: Record,
    pub outcomes: Vec<Outcome>,
}

/// What happens to a credential that the upstream did not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renews {
    Yes,
    ProviderIsDown,
    ClientIsRefused,
}

pub(crate) struct Remembering {
    root: RootKeyPair,
    connections: Mutex<Vec<Arc<Connection>>>,
    revoked: Mutex<BTreeSet<RevocationId>>,
    /// Passes and connections that are stopped one by one.
    pub single_stops: Mutex<BTreeSet<String>>,
    pub desk: Desk,
    written: Mutex<Vec<Written>>,
    budgets: Mutex<BTreeMap<String, u64>>,
    shown: Mutex<Vec<Learned>>,
    once: Mutex<Vec<(OnceKey, SentBefore)>>,
    settled: tokio::sync::Notify,
    waiting: AtomicU64,
    /// How often the authority was asked for provenance.
    pub asked: AtomicU64,
    passes: AtomicU64,
    /// Counts credentials; a rejection makes the next one new.
    pub generation: AtomicU64,
    pub leases: AtomicU64,
    pub rejections: Mutex<Vec<Rejection>>,
    pub renews: Mutex<Renews>,
    /// The signs about connections, in order.
    pub signs: Mutex<Vec<(String, Sign)>>,
    pub stopped: AtomicBool,
    pub in_flight: Arc<InFlight>,
    pub audit_is_broken: AtomicBool,
    pub needs_reconnect: AtomicBool,
    pub panics_on_lease: AtomicBool,
    /// While a credential is fetched, a person revokes the pass, stops everything, stops or disconnects the connection,
    /// or imports its service again.
    pub revokes_on_lease: AtomicBool,
    pub stops_on_lease: AtomicBool,
    pub suspends_on_lease: AtomicBool,
    pub disconnects_on_lease: AtomicBool,
    pub imports_on_lease: AtomicBool,
}

impl Remembering {
    pub(crate) fn new(connections: Vec<Arc<Connection>>) -> Self {
        Self {
            root: RootKeyPair::from_seed(7, [7; 32]),
            connections: Mutex::new(connections),
            revoked: Mutex::default(),
            single_stops: Mutex::default(),
            desk: Desk::default(),
            written: Mutex::default(),
            budgets: Mutex::default(),
            shown: Mutex::default(),
            once: Mutex::default(),
            settled: tokio::sync::Notify::new(),
            waiting: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            passes: AtomicU64::new(1),
            generation: AtomicU64::new(1),
            leases: AtomicU64::new(0),
            rejections: Mutex::default(),
            renews: Mutex::new(Renews::Yes),
            signs: Mutex::default(),
            stopped: AtomicBool::new(false),
            in_flight: Arc::default(),
            audit_is_broken: AtomicBool::new(false),
            needs_reconnect: AtomicBool::new(false),
            panics_on_lease: AtomicBool::new(false),
            revokes_on_lease: AtomicBool::new(false),
            stops_on_lease: AtomicBool::new(false),
            suspends_on_lease: AtomicBool::new(false),
            disconnects_on_lease: AtomicBool::new(false),
            imports_on_lease: AtomicBool::new(false),
        }
    }

    pub(crate) fn root(&self) -> &RootKeyPair {
        &self.root
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.connections.lock().unwrap().clone()
    }

    /// Gives every connection another description from now on.
    pub(crate) fn import_anew(&self) {
        let mut connections = self.connections.lock().unwrap();
        let services: Vec<_> = connections.iter().map(|one| one.service.clone()).collect();
        for connection in connections.iter_mut() {
            let is_other = |service: &&Arc<Service>| service.digest != connection.service.digest;
            let other = services.iter().find(is_other).expect("there are two services").clone();
            *connection = Arc::new(Connection {
                name: connection.name.clone(),
                service: other,
                account: connection.account.clone(),
                upstream: connection.upstream.clone(),
                listen: connection.listen,
            });
        }
    }

    pub(crate) fn disconnect(&self, name: &str) {
        self.connections.lock().unwrap().retain(|one| one.name.as_str() != name);
    }

    pub(crate) fn next_pass_id(&self) -> PassId {
        pass_id(self.passes.fetch_add(1, Ordering::SeqCst))
    }

    /// Returns the id of the last minted pass.
    pub(crate) fn last_pass(&self) -> String {
        pass_id(self.passes.load(Ordering::SeqCst) - 1).to_string()
    }

    /// Revokes the last minted pass.
    pub(crate) fn revoke_last(&self) {
        self.revoked.lock().unwrap().insert(self.last_pass().parse().unwrap());
    }

    pub(crate) fn written(&self) -> Vec<Written> {
        self.written.lock().unwrap().clone()
    }

    /// Returns the budgets with something reserved.
    pub(crate) fn budgets(&self) -> BTreeMap<String, u64> {
        self.budgets.lock().unwrap().iter().filter(|(_, n)| **n > 0).map(|(k, n)| (k.clone(), *n)).collect()
    }

    /// Returns the token of the current generation.
    pub(crate) fn token(&self) -> String {
        match self.generation.load(Ordering::SeqCst) {
            1 => CREDENTIAL.to_owned(),
            later => format!("{CREDENTIAL}{later}"),
        }
    }

    fn take_all(&self, reservations: &[Reservation]) -> Result<(), IntentError> {
        let mut known = self.budgets.lock().unwrap();
        for one in reservations {
            if known.get(&one.budget).copied().unwrap_or(0) + one.cost > one.max {
                return Err(IntentError::Exhausted(one.budget.clone()));
            }
        }
        for one in reservations {
            *known.entry(one.budget.clone()).or_default() += one.cost;
        }
        Ok(())
    }

    /// Returns the ids that answers showed, in order.
    pub(crate) fn shown(&self) -> Vec<Learned> {
        self.shown.lock().unwrap().clone()
    }

    /// Returns how many requests wait for an identical one on its way.
    pub(crate) fn waits_for_another(&self) -> u64 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Writes an intent, or returns the identical request that stands in its way. No other request comes between the
    /// look and the writing.
    fn intend(&self, record: &Record) -> Result<RecordId, IntentError> {
        let key = once_key(record);
        let mut sent = self.once.lock().unwrap();
        if let Some(first) = key.as_ref().and_then(|key| stands(&sent, key, record.at)) {
            return Err(IntentError::SentBefore(first));
        }
        self.take_all(&record.reservations)?;
        let id = self.write(Kind::Intent, record.clone())?;
        if let Some((key, once)) = key.zip(record.once) {
            let first = SentBefore { record: id, at: record.at, free_at: once.until, fate: Fate::OnItsWay };
            sent.retain(|(known, _)| *known != key);
            sent.push((key, first));
        }
        Ok(id)
    }

    fn write(&self, kind: Kind, record: Record) -> Result<RecordId, StoreFault> {
        if self.audit_is_broken.load(Ordering::SeqCst) {
            return Err(StoreFault("the disk is full".into()));
        }
        let mut written = self.written.lock().unwrap();
        written.push(Written { kind, record, outcomes: Vec::new() });
        Ok(RecordId(written.len() as u64))
    }
}

impl Trust for Remembering {
    fn root_keys(&self) -> Arc<RootKeys> {
        Arc::new(RootKeys::new([self.root.public()]))
    }

    fn is_revoked(&self, id: &RevocationId) -> bool {
        self.revoked.lock().unwrap().contains(id)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn stopped_by(
        &self,
        lineage: &[RevocationId],
        _: &str,
        connection: Option<&ConnectionName>,
    ) -> Option<StoppedBy> {
        let stops = self.single_stops.lock().unwrap();
        if let Some(name) = connection.filter(|name| stops.contains(name.as_str())) {
            return Some(StoppedBy::Connection(name.clone()));
        }
        lineage.iter().any(|id| stops.contains(id.as_str())).then_some(StoppedBy::Pass(None))
    }

    fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
    }

    fn connection(&self, name: &ConnectionName) -> Option<Arc<Connection>> {
        self.all().into_iter().find(|one| one.name == *name)
    }

    fn connections(&self) -> Vec<Arc<Connection>> {
        self.all()
    }
}

impl Credentials for Remembering {
    fn lease<'a>(&'a self, warrant: Warrant<'a>) -> Answer<'a, Result<Credential, LeaseError>> {
        Box::pin(async move {
            if self.needs_reconnect.load(Ordering::SeqCst) {
                return Err(LeaseError::NeedsReconnect(warrant.request().connection.clone()));
            }
            assert!(!self.panics_on_lease.load(Ordering::SeqCst), "told to panic");
            if self.revokes_on_lease.load(Ordering::SeqCst) {
                self.revoke_last();
            }
            if self.stops_on_lease.load(Ordering::SeqCst) {
                self.stopped.store(true, Ordering::SeqCst);
            }
            if self.suspends_on_lease.load(Ordering::SeqCst) {
                self.single_stops.lock().unwrap().insert(warrant.request().connection.to_string());
            }
            if self.disconnects_on_lease.load(Ordering::SeqCst) {
                self.disconnect(warrant.request().connection.as_str());
            }
            if self.imports_on_lease.load(Ordering::SeqCst) {
                self.import_anew();
            }
            self.leases.fetch_add(1, Ordering::SeqCst);
            Ok(Credential {
                token: SecretString::from(self.token()),
                generation: self.generation.load(Ordering::SeqCst),
                expires: None,
            })
        })
    }

    fn renew<'a>(
        &'a self,
        warrant: Warrant<'a>,
        refused: &'a Credential,
        rejection: Rejection,
    ) -> Answer<'a, Result<Credential, LeaseError>> {
        Box::pin(async move {
            self.rejections.lock().unwrap().push(rejection);
            let renews = *self.renews.lock().unwrap();
            match renews {
                Renews::Yes => {}
                Renews::ProviderIsDown => return Err(LeaseError::Unavailable("it is down".into())),
                Renews::ClientIsRefused => {
                    return Err(LeaseError::ClientRefused(warrant.request().connection.clone()));
                }
            }
            let next = refused.generation + 1;
            // Two rejections of one credential lead to one new credential.
            let _ = self.generation.compare_exchange(
                refused.generation,
                next,
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
            self.lease(warrant).await
        })
    }

    fn noticed(&self, connection: &ConnectionName, _: &Credential, sign: Sign) {
        self.signs.lock().unwrap().push((connection.to_string(), sign));
    }
}

impl Ledger for Remembering {
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<Vec<Spent>, StoreFault>> {
        Box::pin(async move {
            let known = self.budgets.lock().unwrap();
            // Windows do not slide here: the wait is always a whole window.
            let wait = |one: &Reservation| one.window.map(|window| window.seconds() * 1_000);
            let spent = |one: &Reservation| Spent {
                used: known.get(&one.budget).copied().unwrap_or(0),
                cost: None,
                wait: wait(one),
                refills: wait(one),
            };
            Ok(reservations.iter().map(spent).collect())
        })
    }

    fn take(&self, more: Vec<Reservation>) -> Answer<'_, Result<(), IntentError>> {
        Box::pin(async move {
            if self.audit_is_broken.load(Ordering::SeqCst) {
                return Err(StoreFault("the disk is full".into()).into());
            }
            self.take_all(&more)
        })
    }

    fn settle(&self, unspent: Vec<Reservation>) {
        let mut known = self.budgets.lock().unwrap();
        for one in unspent {
            let used = known.entry(one.budget).or_default();
            *used = used.checked_sub(one.cost).expect("the gateway gave back more than it took");
        }
    }

    fn release<'a>(&'a self, reservations: &'a [Reservation]) -> Answer<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let mut known = self.budgets.lock().unwrap();
            for one in reservations {
                let used = known.entry(one.budget.clone()).or_default();
                *used = used.checked_sub(one.cost).expect("the gateway gave back more than it took");
            }
            Ok(())
        })
    }
}

impl Provenance for Remembering {
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Answer<'a, Result<Known, StoreFault>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let all = self.shown();
            let own = || all.iter().filter(|one| one.lineage == *lineage && one.connection == *connection);
            let within = |pick: fn(&Learned) -> &Vec<Resource>| {
                resources.iter().filter(|one| own().any(|shown| pick(shown).contains(one))).cloned().collect()
            };
            Ok(Known { seen: within(|shown| &shown.seen), created: within(|shown| &shown.created) })
        })
    }

    fn remember(&self, shown: Learned) -> Answer<'_, Result<(), StoreFault>> {
        Box::pin(async move {
            if self.audit_is_broken.load(Ordering::SeqCst) {
                return Err(StoreFault("the disk is full".into()));
            }
            self.shown.lock().unwrap().push(shown);
            Ok(())
        })
    }
}

impl Audit for Remembering {
    fn intent(&self, record: Record) -> Answer<'_, Result<RecordId, IntentError>> {
        Box::pin(async move {
            if self.audit_is_broken.load(Ordering::SeqCst) {
                return Err(StoreFault("the disk is full".into()).into());
            }
            if record.approval.as_ref().is_some_and(|approval| !self.desk.consume(approval)) {
                return Err(IntentError::ApprovalUsed);
            }
            // It waits for an identical request on its way, as long as that takes.
            loop {
                let settled = self.settled.notified();
                match self.intend(&record) {
                    Err(IntentError::SentBefore(first)) if first.fate == Fate::OnItsWay => {}
                    intended => return intended,
                }
                self.waiting.fetch_add(1, Ordering::SeqCst);
                settled.await;
                self.waiting.fetch_sub(1, Ordering::SeqCst);
            }
        })
    }

    fn refusal(&self, record: Record) -> Answer<'_, Result<Option<RecordId>, StoreFault>> {
        Box::pin(async move { self.write(Kind::Refusal, record).map(Some) })
    }

    fn sent_before<'a>(
        &'a self,
        lineage: &'a RevocationId,
        same: Same,
        now: OffsetDateTime,
    ) -> Answer<'a, Result<Option<SentBefore>, StoreFault>> {
        let key = OnceKey { lineage: lineage.to_string(), same, repeat: Repeat::Nothing };
        let found = stands(&self.once.lock().unwrap(), &key, now);
        Box::pin(std::future::ready(Ok(found)))
    }

    fn keeping(&self) -> Keeping {
        Keeping::All
    }

    fn outcome(&self, id: RecordId, outcome: Outcome) {
        let at = usize::try_from(id.0).unwrap() - 1;
        self.once.lock().unwrap().retain_mut(|(_, first)| {
            if first.record != id {
                return true;
            }
            let Some(fate) = outcome.leaves_open() else { return false };
            let once = self.written.lock().unwrap()[at].record.once.unwrap();
            *first = SentBefore { fate, free_at: first.at + once.window, ..*first };
            true
        });
        self.settled.notify_waiters();
        self.written.lock().unwrap()[at].outcomes.push(outcome);
    }
}

/// The key by which a request is found to be sent already.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OnceKey {
    lineage: String,
    same: Same,
    repeat: Repeat,
}

fn once_key(record: &Record) -> Option<OnceKey> {
    let repeat = record.once?.repeat;
    let same = Same { digest: record.digest?, question: record.question? };
    Some(OnceKey { lineage: record.lineage.first()?.to_string(), same, repeat })
}

/// Returns the earlier request that blocks this one.
fn stands(sent: &[(OnceKey, SentBefore)], key: &OnceKey, now: OffsetDateTime) -> Option<SentBefore> {
    let mut before = sent.iter().filter(|(known, first)| {
        let exact = known.same.digest == key.same.digest;
        let is_same = exact || known.same.question == key.same.question;
        let goes_again = exact && key.repeat == Repeat::UnderItsKey;
        known.lineage == key.lineage && is_same && !goes_again && first.free_at > now
    });
    before.next().map(|(_, first)| *first)
}
