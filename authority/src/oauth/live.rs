//! One connection in memory: its current token, and when that is to be replaced.
//!
//! A lease is answered from here, under a lock that is held for as long as it takes to copy a token. It
//! calls nobody; `refresh` does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use datalog::{Account, ConnectionName, ServiceName};
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use verifier::ports::{Connection, Credential};

use super::provider::{Client, OldAccess, Provider};
use crate::store::{ConnectionId, CredentialRow};

/// A token that ends sooner than this is not lent.
const SKEW: Duration = Duration::seconds(10);
/// How long before its end a token is replaced, at most.
const EARLY: Duration = Duration::minutes(5);
/// An upstream that answers 401 to whatever it is given causes this many refreshes at once, and then one in
/// each of these times.
const REJECTIONS: i32 = 10;
const REJECTION_TIME: Duration = Duration::seconds(60);
const LONGEST_BACKOFF: Duration = Duration::seconds(60);

/// A connection that this process has open.
pub(crate) struct Live {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    pub scopes: Vec<String>,
    pub connected: OffsetDateTime,
    pub provider: Provider,
    pub client: Client,
    gateway: RwLock<Option<Arc<Connection>>>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub health: Health,
    pub known: Option<Known>,
    /// Where in the time before its end this token is replaced: differs by process and by token, so that
    /// many do not ask at once.
    jitter: u8,
    /// The upstream answered 401 to the current token.
    pub rejected: bool,
    /// When the rejections that were acted on will be forgotten: one more for each time.
    rejections_until: Option<OffsetDateTime>,
    /// Open while a refresh is under way.
    flight: Option<watch::Receiver<()>>,
    /// Not before then is the provider asked again.
    pause: Option<OffsetDateTime>,
    failures: u32,
    pub last_error: Option<String>,
    /// What the provider gave and the store has not taken yet.
    pub unsaved: Option<Unsaved>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Healthy,
    NeedsReconnect,
}

/// One generation, opened.
#[derive(Clone)]
pub(crate) struct Known {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    pub generation: u64,
    pub obtained: OffsetDateTime,
    pub expires: Option<OffsetDateTime>,
}

/// A generation that is not durable: nobody is given it.
#[derive(Clone)]
pub(super) struct Unsaved {
    pub from: u64,
    pub row: CredentialRow,
    pub known: Known,
}

/// What a lease is to do.
pub(crate) enum Plan {
    Use(Credential),
    /// It is good, and soon to be replaced.
    UseAndRefresh(Credential),
    /// Until a refresh has ended.
    Refresh,
    NeedsReconnect,
    Unavailable(String),
}

/// What a live connection is made of.
pub(crate) struct Facts {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    pub scopes: Vec<String>,
    pub connected: OffsetDateTime,
    pub provider: Provider,
    pub client: Client,
    pub gateway: Option<Arc<Connection>>,
}

impl Live {
    pub fn new(facts: Facts, health: Health, known: Option<Known>, last_error: Option<String>) -> Self {
        let Facts { id, name, service, account, scopes, connected, provider, client, gateway } = facts;
        let state = State {
            health,
            known,
            jitter: jitter(),
            rejected: false,
            rejections_until: None,
            flight: None,
            pause: None,
            failures: 0,
            last_error,
            unsaved: None,
        };
        let state = Mutex::new(state);
        let gateway = RwLock::new(gateway);
        Self { id, name, service, account, scopes, connected, provider, client, gateway, state }
    }

    /// What the gateway knows of it. None where the catalog has no such service (any more).
    pub fn gateway(&self) -> Option<Arc<Connection>> {
        self.gateway.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another catalog is in force.
    pub fn point_at(&self, gateway: Option<Arc<Connection>>) {
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = gateway;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn health(&self) -> Health {
        self.state().health
    }

    pub fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }

    pub fn known(&self) -> Option<Known> {
        self.state().known.clone()
    }

    #[cfg(test)]
    pub fn is_refreshing(&self) -> bool {
        self.state().is_flying()
    }

    pub fn plan(&self, now: OffsetDateTime) -> Plan {
        self.state().plan(self.provider.old_access, now)
    }

    /// The upstream answered 401 to this generation. True where something is to be done about it.
    pub fn reject(&self, generation: u64, now: OffsetDateTime) -> bool {
        let mut state = self.state();
        let is_current = state.known.as_ref().is_some_and(|known| known.generation == generation);
        if !is_current || state.rejected {
            return false;
        }
        let until = state.rejections_until.map_or(now, |until| until.max(now)) + REJECTION_TIME;
        if until - now > REJECTION_TIME * REJECTIONS {
            return false;
        }
        state.rejections_until = Some(until);
        state.rejected = state.known.as_ref().is_some_and(|known| known.refresh.is_some());
        true
    }
}

impl State {
    fn plan(&self, old_access: OldAccess, now: OffsetDateTime) -> Plan {
        if self.health == Health::NeedsReconnect {
            return Plan::NeedsReconnect;
        }
        let Some(known) = &self.known else { return Plan::NeedsReconnect };
        let is_over = known.expires.is_some_and(|end| now + SKEW.min(known.lifetime() / 20) >= end);
        let dies = self.is_flying() && old_access == OldAccess::DiesAtOnce;
        let may_ask = self.pause.is_none_or(|until| now >= until);
        if !(is_over || self.rejected || dies) {
            let early = known.refresh.is_some() && known.is_early(now, self.jitter) && may_ask;
            let credential = known.credential();
            return if early { Plan::UseAndRefresh(credential) } else { Plan::Use(credential) };
        }
        if known.refresh.is_none() {
            return Plan::NeedsReconnect;
        }
        if may_ask || self.is_flying() {
            return Plan::Refresh;
        }
        Plan::Unavailable(self.last_error.clone().unwrap_or_default())
    }

    pub fn is_flying(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.has_changed().is_ok())
    }

    /// Joins the flight that is under way, or opens one: then it is for the caller to fly it.
    pub fn join(&mut self) -> (watch::Receiver<()>, Option<watch::Sender<()>>) {
        if let Some(flight) = self.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return (flight.clone(), None);
        }
        let (sender, receiver) = watch::channel(());
        self.flight = Some(receiver.clone());
        (receiver, Some(sender))
    }

    pub fn succeeded(&mut self, known: Known) {
        self.known = Some(known);
        self.health = Health::Healthy;
        self.jitter = jitter();
        self.rejected = false;
        self.pause = None;
        self.failures = 0;
        self.last_error = None;
        self.unsaved = None;
    }

    /// The next attempt waits longer each time.
    pub fn failed(&mut self, because: String, now: OffsetDateTime) {
        let wait = Duration::milliseconds(500 << self.failures.min(7)).min(LONGEST_BACKOFF);
        self.failures = self.failures.saturating_add(1);
        self.pause = Some(now + wait);
        self.last_error = Some(because);
        // A token that was rejected may still be good elsewhere; it is tried until its end.
        self.rejected = false;
    }

    pub fn pause_until(&mut self, until: OffsetDateTime, because: String) {
        self.pause = Some(until);
        self.last_error = Some(because);
    }

    pub fn needs_reconnect(&mut self, because: String) {
        self.health = Health::NeedsReconnect;
        self.last_error = Some(because);
    }
}

impl Known {
    pub fn credential(&self) -> Credential {
        Credential { token: self.access.clone(), generation: self.generation, expires: self.expires }
    }

    fn lifetime(&self) -> Duration {
        self.expires.map_or(Duration::ZERO, |end| (end - self.obtained).max(Duration::ZERO))
    }

    /// In the last tenth of its life, or the last minutes, at a point that the jitter moves.
    fn is_early(&self, now: OffsetDateTime, jitter: u8) -> bool {
        let margin = Duration::min(self.lifetime() / 10, EARLY);
        let moved = margin / 2 + margin * i32::from(jitter) / 512;
        self.expires.is_some_and(|end| now >= end - moved)
    }
}

/// Where there is no randomness everything else fails too; then one point is as good as another.
fn jitter() -> u8 {
    let mut byte = [0u8; 1];
    match getrandom::fill(&mut byte) {
        Ok(()) => u8::from_ne_bytes(byte),
        Err(_) => 0,
    }
}
