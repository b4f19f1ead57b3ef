//! One connection in memory: its current token, and when to replace it.
//!
//! It answers leases, under a lock that lasts only while a token is copied. It makes no calls; `refresh` does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use datalog::catalog::OldAccess;
use datalog::{Account, ConnectionName, Message, ServiceName};
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use verifier::ports::{Connection, Credential};

use super::generation::OpenedGeneration;
use super::provider::{OAuthClient, Provider};
use crate::health::{Concern, ConnectionStatus};
use crate::store::{ConnectionId, CredentialRow};

/// If an upstream answers every token with 401, it causes so many refreshes at once. After that it causes one refresh
/// in each of the times below.
const REJECTIONS: i32 = 10;
const REJECTION_TIME: Duration = Duration::seconds(60);
const LONGEST_BACKOFF: Duration = Duration::seconds(60);
/// Only a person can fix a refused client, and a person needs at least this long.
const CLIENT_BACKOFF: Duration = Duration::minutes(1);
const LONGEST_CLIENT_BACKOFF: Duration = Duration::hours(1);
/// How long a service's remark in its answers counts.
const SAID_LATELY: Duration = Duration::hours(1);

/// A connection that this process has open.
pub(crate) struct Live {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    /// The scopes that the person was asked for, if they are known.
    pub asked: Option<Vec<String>>,
    pub connected: OffsetDateTime,
    pub provider: Provider,
    pub client: OAuthClient,
    gateway: RwLock<Option<Arc<Connection>>>,
    state: Mutex<LiveState>,
}

pub(super) struct LiveState {
    /// The concerns that were noted. Those that follow from the time, or from `known`, are not among them.
    concerns: Vec<Noted>,
    pub known: Option<OpenedGeneration>,
    /// Where in the time before its end this token is replaced. It differs by process and by token, so that refreshes
    /// do not all come at once.
    jitter: u8,
    /// Whether the upstream answered 401 to the current token.
    pub rejected: bool,
    /// When all rejections that caused a refresh are forgotten. Each such rejection makes this later.
    rejections_until: Option<OffsetDateTime>,
    /// The refresh under way, if there is one. It closes when the refresh ends.
    flight: Option<watch::Receiver<()>>,
    /// Until when the provider is not asked again.
    pause: Option<OffsetDateTime>,
    failures: u32,
    /// The kinds of concerns that people have been told about.
    told: Vec<&'static str>,
    /// Tokens that the provider gave and the store has not taken yet.
    pub unsaved: Option<Unsaved>,
}

struct Noted {
    concern: Concern,
    at: OffsetDateTime,
}

/// A generation that is not durable yet. It is not lent.
#[derive(Clone)]
pub(super) struct Unsaved {
    pub from: u64,
    pub row: CredentialRow,
    pub known: OpenedGeneration,
}

/// What to do for a lease.
pub(crate) enum Plan {
    Use(Credential),
    /// The token is good, but must be replaced soon.
    UseAndRefresh(Credential, Flight),
    /// Wait until a refresh has ended.
    Refresh(Flight),
    NeedsReconnect,
    ClientRefused,
    Unavailable(String),
}

/// A refresh that is under way, and that the caller has joined. The caller finds that a refresh is needed and joins or
/// opens it under one lock. Otherwise a refresh could end in between. The caller would open another one, and use up a
/// token that somebody already uses.
pub(crate) struct Flight {
    /// Closes when the flight ends. No value is ever sent.
    pub ended: watch::Receiver<()>,
    /// Only the caller that opened the flight has this. That caller runs the flight, and drops this at its end.
    pub opened: Option<watch::Sender<()>>,
}

/// The parts of a live connection.
pub(crate) struct Facts {
    pub id: ConnectionId,
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
    pub asked: Option<Vec<String>>,
    pub connected: OffsetDateTime,
    pub provider: Provider,
    pub client: OAuthClient,
    pub gateway: Option<Arc<Connection>>,
}

impl Live {
    pub(crate) fn new(facts: Facts, known: Option<OpenedGeneration>, concerns: Vec<Concern>) -> Self {
        let Facts { id, name, service, account, asked, connected, provider, client, gateway } = facts;
        let concerns = concerns.into_iter().map(|concern| Noted { concern, at: connected }).collect();
        let state = LiveState {
            concerns,
            known,
            jitter: jitter(),
            rejected: false,
            rejections_until: None,
            flight: None,
            pause: None,
            failures: 0,
            told: Vec::new(),
            unsaved: None,
        };
        let state = Mutex::new(state);
        let gateway = RwLock::new(gateway);
        Self { id, name, service, account, asked, connected, provider, client, gateway, state }
    }

    /// Returns the connection as the gateway sees it. None if the catalog does not have the service, or no longer has
    /// it.
    pub(crate) fn gateway(&self) -> Option<Arc<Connection>> {
        self.gateway.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Points the connection at another description, because another catalog is in force.
    pub(crate) fn point_at(&self, gateway: Option<Arc<Connection>>) {
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = gateway;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, LiveState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns everything that its owner should know, the worst last. Everybody who asks gets the same value.
    pub(crate) fn concerns(&self, now: OffsetDateTime) -> Vec<Concern> {
        let mut concerns = self.state().concerns(now);
        concerns.extend(self.missing_scopes());
        if ConnectionStatus::of(&concerns) == ConnectionStatus::NeedsReconnect {
            concerns.retain(|concern| {
                concern.status() == ConnectionStatus::NeedsReconnect
                    || matches!(concern, Concern::MissingScopes { .. })
            });
        }
        concerns.sort_by_key(Concern::status);
        concerns
    }

    /// Returns the concerns that this process has not told people about.
    pub(crate) fn to_tell(&self, now: OffsetDateTime) -> Vec<Concern> {
        let concerns = self.concerns(now);
        let mut state = self.state();
        concerns.into_iter().filter(|concern| concern.event().is_some() && state.is_news(concern)).collect()
    }

    fn missing_scopes(&self) -> Option<Concern> {
        let state = self.state();
        let (asked, known) = (self.asked.as_ref()?, state.known.as_ref()?);
        let scopes = self.provider.missing(asked, &known.scopes);
        if scopes.is_empty() || state.has(|concern| matches!(concern, Concern::MissingScopes { .. })) {
            return None;
        }
        let operations = self.provider.without(&scopes);
        Some(Concern::MissingScopes { scopes, operations })
    }

    pub(crate) fn scopes(&self) -> Vec<String> {
        self.state().known.as_ref().map(|known| known.scopes.clone()).unwrap_or_default()
    }

    pub(crate) fn known(&self) -> Option<OpenedGeneration> {
        self.state().known.clone()
    }

    #[cfg(test)]
    pub(crate) fn is_refreshing(&self) -> bool {
        self.state().is_flying()
    }

    pub(crate) fn plan(&self, now: OffsetDateTime) -> Plan {
        self.state().plan(self.provider.old_access, now)
    }

    /// Notes that the upstream answered 401 to this generation. Returns the flight that finds out what to do. If there
    /// is no refresh token, the flight asks the provider, because the upstream may have refused only the one operation.
    pub(crate) fn reject(&self, generation: u64, now: OffsetDateTime) -> Option<Flight> {
        let mut state = self.state();
        let known = state.known.as_ref().filter(|known| known.generation == generation)?;
        let renews = known.refresh.is_some();
        let waits = state.failures > 0 && state.pause.is_some_and(|until| now < until);
        let until = state.rejections_until.map_or(now, |until| until.max(now)) + REJECTION_TIME;
        if state.rejected || waits || until - now > REJECTION_TIME * REJECTIONS {
            return state.flight().map(|ended| Flight { ended, opened: None });
        }
        state.rejections_until = Some(until);
        state.rejected = renews;
        Some(state.join())
    }
}

impl LiveState {
    fn plan(&mut self, old_access: OldAccess, now: OffsetDateTime) -> Plan {
        if self.has_ended() {
            return Plan::NeedsReconnect;
        }
        let Some(known) = &self.known else { return Plan::NeedsReconnect };
        let is_over = known.is_over(now);
        let dies = self.is_flying() && old_access == OldAccess::DiesAtOnce && known.refresh.is_some();
        let may_ask = self.pause.is_none_or(|until| now >= until);
        if !(is_over || self.rejected || dies) {
            let early = known.refresh.is_some() && known.is_early(now, self.jitter) && may_ask;
            let credential = known.credential();
            return if early { Plan::UseAndRefresh(credential, self.join()) } else { Plan::Use(credential) };
        }
        if known.refresh.is_none() {
            return Plan::NeedsReconnect;
        }
        if may_ask || self.is_flying() {
            return Plan::Refresh(self.join());
        }
        // The provider announced this end, but it was asked anyway. Its answer counts for more than the announcement.
        if is_over && known.grant.is_some_and(|grant| grant.ends <= now) {
            return Plan::NeedsReconnect;
        }
        self.cannot_renew()
    }

    /// Returns why there is no new token after a failed refresh.
    pub(super) fn cannot_renew(&self) -> Plan {
        let because = self.concerns.iter().find_map(|noted| match &noted.concern {
            Concern::RefreshFails { because, .. } => Some(because.clone()),
            _ => None,
        });
        match because {
            _ if self.has(|concern| matches!(concern, Concern::ClientRefused { .. })) => Plan::ClientRefused,
            because => Plan::Unavailable(because.unwrap_or_default()),
        }
    }

    /// Returns why the refused token is still the current one. None if the provider says that it is good.
    pub(super) fn not_renewed(&mut self, now: OffsetDateTime) -> Option<Plan> {
        let has_failed = |concern: &Concern| {
            matches!(concern, Concern::ClientRefused { .. } | Concern::RefreshFails { .. })
        };
        if self.has(has_failed) {
            return Some(self.cannot_renew());
        }
        self.note(Concern::TokenRefused, now);
        None
    }

    fn has(&self, is: impl Fn(&Concern) -> bool) -> bool {
        self.concerns.iter().any(|noted| is(&noted.concern))
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has(|concern| concern.status() == ConnectionStatus::NeedsReconnect)
    }

    fn concerns(&self, now: OffsetDateTime) -> Vec<Concern> {
        let is_fresh = |noted: &&Noted| {
            let renews = self.known.as_ref().is_some_and(|known| known.refresh.is_some());
            let passes = match noted.concern {
                Concern::SignOn { .. } | Concern::TokenRefused | Concern::AddressRefused { .. } => true,
                // Without a refresh token nothing else would ever end this concern.
                Concern::RefreshFails { .. } => !renews,
                _ => false,
            };
            !passes || now - noted.at < SAID_LATELY
        };
        let mut concerns: Vec<Concern> =
            self.concerns.iter().filter(is_fresh).map(|noted| noted.concern.clone()).collect();
        if let (Some(known), false) = (&self.known, self.has_ended()) {
            concerns.extend(known.concern(now));
        }
        concerns
    }

    /// Notes a concern, and drops an older one of its kind.
    pub(super) fn note(&mut self, concern: Concern, now: OffsetDateTime) {
        self.forget(concern.kind());
        self.concerns.push(Noted { concern, at: now });
    }

    /// Returns the noted concern of this kind, and when it was noted.
    pub(super) fn noted(&self, kind: &str) -> Option<(&Concern, OffsetDateTime)> {
        let noted = self.concerns.iter().find(|noted| noted.concern.kind() == kind)?;
        Some((&noted.concern, noted.at))
    }

    pub(super) fn forget(&mut self, kind: &str) {
        self.concerns.retain(|noted| noted.concern.kind() != kind);
    }

    /// Returns the flight that is under way.
    pub(super) fn flight(&self) -> Option<watch::Receiver<()>> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }

    pub(super) fn is_flying(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.has_changed().is_ok())
    }

    /// Joins the flight that is under way, or opens one. A caller that opens one has to run it.
    fn join(&mut self) -> Flight {
        if let Some(flight) = self.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return Flight { ended: flight.clone(), opened: None };
        }
        let (sender, receiver) = watch::channel(());
        self.flight = Some(receiver.clone());
        Flight { ended: receiver, opened: Some(sender) }
    }

    /// Makes a generation current, unless it is older than the known one. An older one was read before the known one
    /// was written.
    pub(super) fn succeeded(&mut self, known: OpenedGeneration) {
        if self.known.as_ref().is_some_and(|current| current.generation > known.generation) {
            return;
        }
        self.known = Some(known);
        self.concerns
            .retain(|noted| matches!(noted.concern, Concern::MissingScopes { .. } | Concern::SignOn { .. }));
        self.jitter = jitter();
        self.rejected = false;
        self.pause = None;
        self.failures = 0;
        self.told.clear();
        self.unsaved = None;
    }

    fn is_news(&mut self, concern: &Concern) -> bool {
        let is_news = !self.told.contains(&concern.kind());
        if is_news {
            self.told.push(concern.kind());
        }
        is_news
    }

    /// Notes that a refresh failed. The next attempt waits longer each time.
    pub(super) fn failed(&mut self, because: impl Into<Message>, now: OffsetDateTime) {
        let wait = Duration::milliseconds(500 << self.failures.min(7)).min(LONGEST_BACKOFF);
        self.put_off(now + wait);
        self.note(Concern::refresh_fails(because), now);
    }

    /// Notes that the provider says that the token is good.
    pub(super) fn is_good(&mut self) {
        self.failures = 0;
        self.pause = None;
        self.forget("refresh-fails");
    }

    /// Notes that the OAuth client is refused. The next attempt waits at least a minute, and longer each time.
    pub(super) fn client_refused(&mut self, now: OffsetDateTime) {
        let wait = Duration::min(CLIENT_BACKOFF * (1i32 << self.failures.min(6)), LONGEST_CLIENT_BACKOFF);
        self.put_off(now + wait);
        self.forget("refresh-fails");
    }

    fn put_off(&mut self, until: OffsetDateTime) {
        self.failures = self.failures.saturating_add(1);
        self.pause = Some(until);
        // A token that was rejected may still be good for other operations. It is lent until its end.
        self.rejected = false;
    }

    pub(super) fn pause_until(&mut self, until: OffsetDateTime, because: &str, now: OffsetDateTime) {
        self.pause = Some(until);
        self.note(Concern::refresh_fails(because), now);
    }

    pub(super) fn needs_reconnect(&mut self, because: impl Into<Message>, now: OffsetDateTime) {
        self.note(Concern::needs_reconnect(because), now);
    }
}

/// Returns a random point. If there is no randomness, everything else fails too, so any point is as good as another.
fn jitter() -> u8 {
    let mut byte = [0u8; 1];
    match getrandom::fill(&mut byte) {
        Ok(()) => u8::from_ne_bytes(byte),
        Err(_) => 0,
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
