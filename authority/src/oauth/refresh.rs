//! Refreshes tokens without losing a grant.
//!
//! Each connection has one refresh at a time, in its own task, which no caller can cancel. The intent is durable
//! before the call to the provider, and the new generation before anybody gets it. If two writers race, the store
//! lets one win. Nothing here guesses what the provider did: if an answer does not say, the intent stays open.
//! Nothing here deletes tokens, whatever a provider answers. This is the authority's half of OAuth; the protocol
//! (`exchange`, `answer`, `userinfo`, `revoke`) knows no store.
//!
//! - Invariant: Any number of callers cause one refresh (`a_thousand_leases_on_an_expired_token_cause_one_refresh`).
//! - Invariant: An answer that cannot be read in full loses no grant
//!   (`a_refresh_that_cannot_be_read_entirely_loses_no_grant`).

use std::sync::{Arc, Mutex, PoisonError};

use datalog::Message;
use datalog::catalog::OldAccess;
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use verifier::ports::{Credential, LeaseError, Rejection};

use super::answer::{Given, Unread};
use super::failure::TokenFailure;
use super::generation::OpenedGeneration;
use super::http::HttpClient;
use super::live::{Flight, Live, Plan, Unsaved};
use super::revoke::{Reach, Tokens, revoke};
use super::sealed::{open_credential, seal_credential};
use super::{account, refresh};
use crate::audit::{Event, EventEntry};
use crate::clock::Clock;
use crate::config::types::RefreshStyle;
use crate::health::Concern;
use crate::store::{
    ConcernRow, ConnectionId, GrantEnd, KnownConnectionRow, Moved, RefreshBegun, RowStatus, Store,
};
use crate::vault::{Vault, VaultError};

/// Longer than a refresh can take (the provider's deadline, and the store's retries).
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(40);
/// The pauses between attempts to save what the provider gave.
const SAVE_PAUSES_MS: [u64; 5] = [20, 100, 500, 2_000, 5_000];

pub(crate) struct Refresher {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub http: HttpClient,
    pub clock: Clock,
    flights: Mutex<JoinSet<()>>,
    /// The runtime that outlives the runtimes of all gateway threads.
    runtime: Option<Handle>,
}

impl Refresher {
    pub(crate) fn new(store: Arc<dyn Store>, vault: Arc<Vault>, http: HttpClient, clock: Clock) -> Self {
        let flights = Mutex::new(JoinSet::new());
        Self { store, vault, http, clock, flights, runtime: Handle::try_current().ok() }
    }

    /// Lends the current token, or a new one if that is needed.
    pub(crate) async fn lease(self: &Arc<Self>, live: &Arc<Live>) -> Result<Credential, LeaseError> {
        // The loop runs twice: a refresh that others began may have ended before this caller needed one.
        for _ in 0..2 {
            match live.plan(self.clock.now()) {
                Plan::Use(credential) => return Ok(credential),
                Plan::UseAndRefresh(credential, flight) => {
                    self.fly_if_opened(live, flight);
                    return Ok(credential);
                }
                Plan::Refresh(flight) => wait(self.fly_if_opened(live, flight)).await?,
                plan @ (Plan::NeedsReconnect | Plan::ClientRefused | Plan::Unavailable(_)) => {
                    return self.lent(live, plan);
                }
            }
        }
        self.lent(live, live.plan(self.clock.now()))
    }

    /// Returns what a plan gives to a caller who needs a credential now.
    fn lent(self: &Arc<Self>, live: &Arc<Live>, plan: Plan) -> Result<Credential, LeaseError> {
        match plan {
            Plan::Use(credential) => Ok(credential),
            Plan::UseAndRefresh(credential, flight) => {
                self.fly_if_opened(live, flight);
                Ok(credential)
            }
            Plan::NeedsReconnect => Err(LeaseError::NeedsReconnect(live.name.clone())),
            Plan::ClientRefused => Err(LeaseError::ClientRefused(live.name.clone())),
            Plan::Unavailable(because) => Err(LeaseError::Unavailable(because)),
            Plan::Refresh(flight) => {
                self.fly_if_opened(live, flight);
                Err(LeaseError::Unavailable("the new token has already expired".into()))
            }
        }
    }

    /// Returns a newer generation than one that the upstream no longer takes, or why there is none. The connection's
    /// owner is told the same.
    pub(crate) async fn renew(
        self: &Arc<Self>,
        live: &Arc<Live>,
        refused: u64,
        rejection: Rejection,
    ) -> Result<Credential, LeaseError> {
        if let Rejection::Dead(word) = rejection {
            self.is_dead(live, refused, &word).await;
        }
        if let Some(flight) = live.reject(refused, self.clock.now()) {
            wait(self.fly_if_opened(live, flight)).await?;
        }
        let now = self.clock.now();
        match self.lent(live, live.plan(now))? {
            same if same.generation == refused => match live.state().not_renewed(now) {
                Some(plan) => self.lent(live, plan),
                None => Err(LeaseError::Refused(live.name.clone())),
            },
            newer => Ok(newer),
        }
    }

    /// Notes that the service itself says that a token is dead. If the token cannot be renewed, the grant has ended,
    /// and nobody has to be asked.
    async fn is_dead(self: &Arc<Self>, live: &Arc<Live>, generation: u64, word: &str) {
        let known = live.known().filter(|known| known.generation == generation && known.refresh.is_none());
        if known.is_none() || live.state().has_ended() {
            return;
        }
        let because = format!("the service says that its token is over (`{}`)", crate::audit::plain(word));
        let (done, ended) = tokio::sync::oneshot::channel();
        let (this, live) = (self.clone(), live.clone());
        // This is written even if the caller goes away.
        self.spawn(async move {
            this.end_grant(&live, generation, because.into()).await;
            let _ = done.send(());
        });
        let _ = ended.await;
    }

    /// Does the same for a caller that does not wait.
    #[cfg(test)]
    pub(crate) fn rejected(self: &Arc<Self>, live: &Arc<Live>, generation: u64) {
        if let Some(flight) = live.reject(generation, self.clock.now()) {
            self.fly_if_opened(live, flight);
        }
    }

    /// Waits for every refresh.
    pub(crate) async fn drain(&self) {
        let flights = std::mem::take(&mut *self.flights.lock().unwrap_or_else(PoisonError::into_inner));
        flights.join_all().await;
    }

    /// Spawns a task that no caller cancels and that `drain` waits for.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        while flights.try_join_next().is_some() {}
        match &self.runtime {
            Some(runtime) => flights.spawn_on(task, runtime),
            None => flights.spawn(task),
        };
    }

    fn fly_if_opened(self: &Arc<Self>, live: &Arc<Live>, flight: Flight) -> watch::Receiver<()> {
        let Flight { ended, opened } = flight;
        if let Some(opened) = opened {
            let (this, live) = (self.clone(), live.clone());
            self.spawn(async move {
                this.fly(&live).await;
                drop(opened);
            });
        }
        ended
    }

    async fn probe(&self, live: &Live, known: &OpenedGeneration) {
        match account(&self.http, &live.provider, &known.access).await {
            Err(because) if because.is_dead() => {
                self.end_grant(live, known.generation, because.into()).await;
            }
            Err(because) if !because.is_taken() => {
                let because =
                    Message::from(because).after("the provider did not say whether its token is still good");
                live.state().failed(because, self.clock.now());
            }
            Ok(_) | Err(_) => live.state().is_good(),
        }
    }

    async fn fly(&self, live: &Live) {
        let now = self.clock.now();
        let (known, unsaved, rejected) = {
            let state = live.state();
            (state.known.clone(), state.unsaved.clone(), state.rejected)
        };
        if let Some(unsaved) = unsaved {
            return self.save(live, unsaved).await;
        }
        let Some(known) = known else { return };
        let Some(token) = known.refresh.clone() else { return self.probe(live, &known).await };
        let begun = match self.store.begin_refresh(live.id, known.generation, now).await {
            Ok(begun) => begun,
            Err(fault) => return live.state().failed(fault, now),
        };
        match begun {
            RefreshBegun::Moved => self.reload(live).await,
            RefreshBegun::Again { .. } if !rejected && !may_repeat(live.provider.refresh, &known, now) => {
                let until = known.expires.unwrap_or(now);
                let because = "the outcome of an earlier refresh is not known";
                live.state().pause_until(until, because, now);
            }
            RefreshBegun::First | RefreshBegun::Again { .. } => self.call(live, &known, &token, begun).await,
        }
    }

    async fn call(&self, live: &Live, known: &OpenedGeneration, token: &SecretString, begun: RefreshBegun) {
        let given = refresh(&self.http, &live.provider, &live.client, token).await;
        match given.and_then(|given| self.next(live, known, given)) {
            Ok(NextGeneration { known: next, unread }) => match self.seal(live.id, known, next) {
                Ok(unsaved) => {
                    live.state().unsaved = Some(unsaved.clone());
                    self.save(live, unsaved).await;
                    // The grant is kept, but a usable token is missing: the provider must be asked again.
                    if let Some(unread) = unread {
                        live.state().failed(TokenFailure::Unread(unread), self.clock.now());
                    }
                }
                Err(error) => live.state().failed(error, self.clock.now()),
            },
            Err(failure) => self.failed(live, known, begun, failure).await,
        }
    }

    /// Returns the generation that follows from the provider's answer. If only a part of the answer can be read, that
    /// part counts. A new refresh token may have ended the old one, so it is kept even without an access token.
    fn next(
        &self,
        live: &Live,
        before: &OpenedGeneration,
        given: Given,
    ) -> Result<NextGeneration, TokenFailure> {
        let now = self.clock.now();
        let Given { access, refresh, expires_in, scopes, grant_ends_in } = given;
        let (access, expires, unread) = match access {
            Ok(access) => (access, expires_in.map(|lifetime| now.saturating_add(lifetime)), None),
            Err(unread) if refresh.is_some() => {
                let is_over = live.state().rejected || live.provider.old_access == OldAccess::DiesAtOnce;
                let expires = if is_over { Some(now) } else { before.expires };
                (before.access.clone(), expires, Some(unread))
            }
            Err(unread) => return Err(unread.into()),
        };
        let grant = match grant_ends_in {
            Some(lifetime) => Some(GrantEnd::announced(before.grant, lifetime, now)),
            // The provider announced no end for the new refresh token.
            None => before.grant.filter(|_| refresh.is_none()),
        };
        let known = OpenedGeneration {
            access,
            refresh: refresh.or_else(|| before.refresh.clone()),
            generation: before.generation + 1,
            obtained: now,
            expires,
            scopes: scopes.unwrap_or_else(|| before.scopes.clone()),
            grant,
        };
        Ok(NextGeneration { known, unread })
    }

    async fn failed(
        &self,
        live: &Live,
        known: &OpenedGeneration,
        begun: RefreshBegun,
        failure: TokenFailure,
    ) {
        let because = Message::from(&failure);
        tracing::warn!(connection = %live.name, %because, "a refresh failed");
        match failure {
            TokenFailure::InvalidGrant(_) => {
                // No earlier attempt has an unknown outcome. So somebody else may have used the token first, and then
                // the generation that they wrote counts.
                if begun == RefreshBegun::First && self.has_moved(live, known.generation).await {
                    return self.reload(live).await;
                }
                self.end_grant(live, known.generation, because).await;
            }
            TokenFailure::ClientRefused(words) => {
                if begun == RefreshBegun::First {
                    self.came_to_nothing(live, known.generation).await;
                }
                live.state().client_refused(self.clock.now());
                let client = crate::audit::plain(&live.client.id);
                self.concerned(live, Concern::ClientRefused { client, because: words }).await;
            }
            TokenFailure::Refused(_) | TokenFailure::NotSent(_) | TokenFailure::Unset(_) => {
                // If an intent was already open, it stays open, because this call says nothing about the earlier one.
                if begun == RefreshBegun::First {
                    self.came_to_nothing(live, known.generation).await;
                }
                live.state().failed(because, self.clock.now());
            }
            TokenFailure::Unknown(_) | TokenFailure::Unread(_) => {
                if live.provider.refresh == RefreshStyle::Keeps {
                    self.came_to_nothing(live, known.generation).await;
                }
                live.state().failed(because, self.clock.now());
            }
        }
    }

    async fn came_to_nothing(&self, live: &Live, generation: u64) {
        if let Err(fault) = self.store.refresh_came_to_nothing(live.id, generation).await {
            tracing::warn!(connection = %live.name, %fault, "a refresh intent stays open");
        }
    }

    async fn end_grant(&self, live: &Live, generation: u64, because: Message) {
        let now = self.clock.now();
        let event =
            EventEntry::on_connection(Event::NeedsReconnect, &live.name).detail(&because.says).at(now);
        let concern = Concern::needs_reconnect(because);
        match self.store.needs_reconnect(live.id, generation, row(&concern, now), event).await {
            Ok(Moved::Done) => live.state().note(concern, now),
            Ok(Moved::Superseded) => self.reload(live).await,
            // This could not be stored, but it is still true.
            Err(fault) => {
                tracing::error!(connection = %live.name, %fault, "a connection needs a reconnect, and this was not recorded");
                live.state().note(concern, now);
            }
        }
    }

    /// Notes a concern, and tells people once, when it begins.
    pub(crate) async fn concerned(&self, live: &Live, concern: Concern) {
        let now = self.clock.now();
        live.state().note(concern.clone(), now);
        self.tell(live, &concern, OffsetDateTime::UNIX_EPOCH).await;
    }

    /// Tells people of a concern, unless a concern of its kind is stored and is not older than `again`.
    pub(crate) async fn tell(&self, live: &Live, concern: &Concern, again: OffsetDateTime) {
        let now = self.clock.now();
        let Some(event) = concern.event() else { return };
        let event = EventEntry::on_connection(event, &live.name).detail(&concern.says(now)).at(now);
        if let Err(fault) = self.store.concern_began(live.id, row(concern, now), again, event).await {
            tracing::warn!(connection = %live.name, %fault, "a concern was not recorded");
        }
    }

    /// Drops the concerns that a newer token ends.
    async fn relieved(&self, live: &Live) {
        const OVER: &[&str] = &["client-refused", "grant-ends", "needs-reconnect"];
        if let Err(fault) = self.store.concerns_over(live.id, OVER).await {
            tracing::warn!(connection = %live.name, %fault, "a concern has ended but is still stored");
        }
    }

    /// Makes a new generation durable and only then current.
    async fn save(&self, live: &Live, unsaved: Unsaved) {
        let event = EventEntry::on_connection(Event::Refreshed, &live.name)
            .detail(&format!("generation {}", unsaved.row.generation))
            .at(self.clock.now());
        let mut pauses = SAVE_PAUSES_MS.into_iter();
        let saved = loop {
            let saved = self.store.refreshed(live.id, unsaved.from, unsaved.row.clone(), event.clone()).await;
            match (saved, pauses.next()) {
                (Err(fault), Some(pause)) => {
                    tracing::warn!(connection = %live.name, %fault, "a new token is not saved yet");
                    tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
                }
                (saved, _) => break saved,
            }
        };
        match saved {
            Ok(Moved::Done) => {
                let was_told = live.concerns(self.clock.now()).iter().any(|one| one.event().is_some());
                live.state().succeeded(unsaved.known);
                if was_told {
                    self.relieved(live).await;
                }
            }
            Ok(Moved::Superseded) => {
                // A disconnect or another writer was first. After a disconnect, the unused tokens are revoked.
                let Unsaved { known, .. } = unsaved;
                live.state().unsaved = None;
                if matches!(
                    self.store.known_connection(live.id).await,
                    Ok(None | Some(KnownConnectionRow { status: RowStatus::Disconnecting, .. }))
                ) {
                    let tokens = Tokens { access: Some(&known.access), refresh: known.refresh.as_ref() };
                    revoke(&self.http, &live.provider, &live.client, tokens, Reach::Grant).await;
                }
                self.reload(live).await;
            }
            // The new generation stays in memory. The next refresh tries to save it, and asks the provider for no other
            // one.
            Err(fault) => live.state().failed(fault.to_string(), self.clock.now()),
        }
    }

    async fn has_moved(&self, live: &Live, generation: u64) -> bool {
        match self.store.known_connection(live.id).await {
            Ok(Some(row)) => row.credential.generation != generation,
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Loads the generation that the store has.
    async fn reload(&self, live: &Live) {
        match self.store.known_connection(live.id).await {
            Ok(Some(row)) if row.status == RowStatus::Healthy => match open_credential(&self.vault, &row) {
                Ok(known) => live.state().succeeded(known),
                Err(error) => live.state().needs_reconnect(error, self.clock.now()),
            },
            Ok(_) => {
                let mut state = live.state();
                let because = "it was disconnected or refused meanwhile";
                state.needs_reconnect(because, self.clock.now());
                state.known = None;
            }
            Err(fault) => live.state().failed(fault.0, self.clock.now()),
        }
    }

    fn seal(
        &self,
        id: ConnectionId,
        before: &OpenedGeneration,
        known: OpenedGeneration,
    ) -> Result<Unsaved, VaultError> {
        let row = seal_credential(&self.vault, id, &known)?;
        Ok(Unsaved { from: before.generation, row, known })
    }
}

/// The next generation, and the part of the answer that could not be read, if there is one.
struct NextGeneration {
    known: OpenedGeneration,
    unread: Option<Unread>,
}

/// Waits until the refresh drops its end of the channel. Nothing is ever sent on it.
async fn wait(mut flight: watch::Receiver<()>) -> Result<(), LeaseError> {
    match tokio::time::timeout(PATIENCE, flight.changed()).await {
        Ok(_) => Ok(()),
        Err(_) => Err(LeaseError::Unavailable("a refresh takes too long".into())),
    }
}

/// Returns the row to store for a concern. It has no address that anybody could use.
fn row(concern: &Concern, at: OffsetDateTime) -> ConcernRow {
    let kept = match concern {
        Concern::SignOn { deed, .. } => Concern::SignOn { deed: deed.clone(), link: None },
        other => other.clone(),
    };
    ConcernRow { kind: kept.kind(), says: serde_json::to_string(&kept).unwrap_or_default(), at }
}

/// Whether to use a refresh token again after a call with an unknown outcome. If its first use may have ended the
/// token, a second use may end the whole grant. So it is not used again while the access token lives. Once the access
/// token has ended, or the upstream no longer takes it, there is nothing to lose.
fn may_repeat(style: RefreshStyle, known: &OpenedGeneration, now: OffsetDateTime) -> bool {
    match style {
        RefreshStyle::Keeps | RefreshStyle::RotatesWithGrace => true,
        RefreshStyle::Rotates => known.expires.is_none_or(|end| now >= end),
    }
}
