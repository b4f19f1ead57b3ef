//! Refreshing without losing a grant.
//!
//! One flight for each connection at a time, in a task of its own that no caller can cancel. The intent is
//! durable before the provider is called, and the new generation before anyone is given it; of two writers
//! the store lets one win. What the provider did is never guessed: an answer that does not say leaves the
//! intent open. Nothing is deleted here, whatever a provider answers.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use verifier::ports::{Credential, LeaseError};

use super::http::{HttpClient, TokenFailure};
use super::live::{Health, Known, Live, Plan, Unsaved};
use super::{Tokens, refresh, revoke};
use crate::audit::{Event, EventEntry};
use crate::clock::Clock;
use crate::config::RefreshStyle;
use crate::store::{
    ConnectionId, CredentialRow, KnownConnectionRow, Moved, RefreshBegun, RowStatus, Store, StoreFault,
};
use crate::vault::{Place, Sealed, Vault, VaultError};

/// Longer than a flight can take (the provider's deadline, and the store's retries).
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(40);
/// Between attempts to save what the provider gave.
const SAVE_PAUSES_MS: [u64; 5] = [20, 100, 500, 2_000, 5_000];

pub(crate) struct Refresher {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub http: HttpClient,
    pub clock: Clock,
    flights: Mutex<JoinSet<()>>,
    /// The runtime that outlives every gateway thread's.
    runtime: Option<Handle>,
}

impl Refresher {
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>, http: HttpClient, clock: Clock) -> Self {
        let flights = Mutex::new(JoinSet::new());
        Self { store, vault, http, clock, flights, runtime: Handle::try_current().ok() }
    }

    /// The current token, a new one where that is needed.
    pub async fn lease(self: &Arc<Self>, live: &Arc<Live>) -> Result<Credential, LeaseError> {
        // Twice: a flight that others began may have ended before this caller's reason arose.
        for _ in 0..2 {
            match live.plan(self.clock.now()) {
                Plan::Use(credential) => return Ok(credential),
                Plan::UseAndRefresh(credential) => {
                    self.join_flight(live);
                    return Ok(credential);
                }
                Plan::NeedsReconnect => return Err(LeaseError::NeedsReconnect(live.name.clone())),
                Plan::Unavailable(because) => return Err(LeaseError::Unavailable(because)),
                Plan::Refresh => {
                    let mut flight = self.join_flight(live);
                    // It ends when the flight drops its end; a value is never sent.
                    if tokio::time::timeout(PATIENCE, flight.changed()).await.is_err() {
                        return Err(LeaseError::Unavailable("a refresh takes too long".into()));
                    }
                }
            }
        }
        match live.plan(self.clock.now()) {
            Plan::Use(credential) | Plan::UseAndRefresh(credential) => Ok(credential),
            Plan::NeedsReconnect => Err(LeaseError::NeedsReconnect(live.name.clone())),
            Plan::Unavailable(because) => Err(LeaseError::Unavailable(because)),
            Plan::Refresh => Err(LeaseError::Unavailable("the new token is over already".into())),
        }
    }

    /// The upstream answered 401. A token that cannot be refreshed is shown to the provider, which knows
    /// whether the upstream only meant the one operation.
    pub fn rejected(self: &Arc<Self>, live: &Arc<Live>, generation: u64) {
        if !live.reject(generation, self.clock.now()) {
            return;
        }
        let Some(known) = live.known() else { return };
        if known.refresh.is_some() {
            self.join_flight(live);
            return;
        }
        let (this, live) = (self.clone(), live.clone());
        self.spawn(async move { this.probe(&live, &known).await });
    }

    /// Waits for every flight.
    pub async fn drain(&self) {
        let flights = std::mem::take(&mut *self.flights.lock().unwrap_or_else(PoisonError::into_inner));
        flights.join_all().await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        while flights.try_join_next().is_some() {}
        match &self.runtime {
            Some(runtime) => flights.spawn_on(task, runtime),
            None => flights.spawn(task),
        };
    }

    fn join_flight(self: &Arc<Self>, live: &Arc<Live>) -> watch::Receiver<()> {
        let (flight, opened) = live.state().join();
        if let Some(opened) = opened {
            let (this, live) = (self.clone(), live.clone());
            self.spawn(async move {
                this.fly(&live).await;
                drop(opened);
            });
        }
        flight
    }

    async fn probe(&self, live: &Live, known: &Known) {
        let refused = super::account(&self.http, &live.provider, &known.access).await;
        let Err(because) = refused else { return };
        if because.contains("401") {
            self.end_grant(live, known.generation, &because).await;
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
        let Some(token) = known.refresh.clone() else { return };
        let begun = match self.store.begin_refresh(live.id, known.generation, now).await {
            Ok(begun) => begun,
            Err(fault) => return live.state().failed(fault.to_string(), now),
        };
        match begun {
            RefreshBegun::Moved => self.reload(live).await,
            RefreshBegun::Again { .. } if !rejected && !may_repeat(live.provider.refresh, &known, now) => {
                let until = known.expires.unwrap_or(now);
                live.state().pause_until(until, "the outcome of an earlier refresh is not known".into());
            }
            RefreshBegun::First | RefreshBegun::Again { .. } => self.call(live, &known, &token, begun).await,
        }
    }

    async fn call(&self, live: &Live, known: &Known, token: &SecretString, begun: RefreshBegun) {
        let answer = refresh(&self.http, &live.provider, &live.client, token).await;
        match answer {
            Ok(tokens) => match self.seal(live.id, known, tokens) {
                Ok(unsaved) => {
                    live.state().unsaved = Some(unsaved.clone());
                    self.save(live, unsaved).await;
                }
                Err(error) => live.state().failed(error.to_string(), self.clock.now()),
            },
            Err(failure) => self.failed(live, known, begun, failure).await,
        }
    }

    async fn failed(&self, live: &Live, known: &Known, begun: RefreshBegun, failure: TokenFailure) {
        let because = failure.to_string();
        tracing::warn!(connection = %live.name, %because, "a refresh failed");
        match failure {
            TokenFailure::InvalidGrant(_) => {
                // Without an earlier attempt of unknown outcome somebody else may have used the token first:
                // what they wrote counts.
                if begun == RefreshBegun::First && self.has_moved(live, known.generation).await {
                    return self.reload(live).await;
                }
                self.end_grant(live, known.generation, &because).await;
            }
            TokenFailure::Refused(_) | TokenFailure::NotSent(_) => {
                // An intent that was open before stays open: this call says nothing about that one.
                if begun == RefreshBegun::First {
                    self.came_to_nothing(live, known.generation).await;
                }
                live.state().failed(because, self.clock.now());
            }
            TokenFailure::Unknown(_) => {
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

    async fn end_grant(&self, live: &Live, generation: u64, because: &str) {
        let event = EventEntry::on_connection(Event::NeedsReconnect, &live.name).detail(because);
        match self.store.needs_reconnect(live.id, generation, event.at(self.clock.now())).await {
            Ok(Moved::Done) => live.state().needs_reconnect(because.to_owned()),
            Ok(Moved::Superseded) => self.reload(live).await,
            // Not durable, and true all the same.
            Err(fault) => {
                tracing::error!(connection = %live.name, %fault, "needs reconnect, which was not recorded");
                live.state().needs_reconnect(because.to_owned());
            }
        }
    }

    /// Makes a new generation durable, and only then the current one.
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
            Ok(Moved::Done) => live.state().succeeded(unsaved.known),
            Ok(Moved::Superseded) => {
                // A disconnect or another writer was first. What nobody will use is given back.
                let Unsaved { known, .. } = unsaved;
                live.state().unsaved = None;
                if matches!(
                    self.store.known_connection(live.id).await,
                    Ok(None | Some(KnownConnectionRow { status: RowStatus::Disconnecting, .. }))
                ) {
                    revoke(
                        &self.http,
                        &live.provider,
                        &live.client,
                        Some(&known.access),
                        known.refresh.as_ref(),
                    )
                    .await;
                }
                self.reload(live).await;
            }
            // It stays in memory; the next flight tries to save it, and asks for no other.
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

    /// Takes over what the store has.
    async fn reload(&self, live: &Live) {
        match self.store.known_connection(live.id).await {
            Ok(Some(row)) if row.status == RowStatus::Healthy => match open_credential(&self.vault, &row) {
                Ok(known) => live.state().succeeded(known),
                Err(error) => live.state().needs_reconnect(error.to_string()),
            },
            Ok(_) => {
                let mut state = live.state();
                state.health = Health::NeedsReconnect;
                state.known = None;
            }
            Err(StoreFault(because)) => live.state().failed(because, self.clock.now()),
        }
    }

    fn seal(&self, id: ConnectionId, before: &Known, tokens: Tokens) -> Result<Unsaved, VaultError> {
        let now = self.clock.now();
        let known = Known {
            access: tokens.access,
            refresh: tokens.refresh.or_else(|| before.refresh.clone()),
            generation: before.generation + 1,
            obtained: now,
            expires: tokens.expires_in.map(|lifetime| now.saturating_add(lifetime)),
        };
        let row = seal_credential(&self.vault, id, &known)?;
        Ok(Unsaved { from: before.generation, row, known })
    }
}

/// Whether a refresh token is used again after a call with an unknown outcome. Where its use may have ended
/// it, to use it again may end the whole grant: not while the access token lives. When it has ended, or the
/// upstream takes it no more, there is nothing to lose.
fn may_repeat(style: RefreshStyle, known: &Known, now: OffsetDateTime) -> bool {
    match style {
        RefreshStyle::Keeps | RefreshStyle::RotatesWithGrace => true,
        RefreshStyle::Rotates => known.expires.is_none_or(|end| now >= end),
    }
}

pub(crate) fn place<'a>(row: &'a str, column: &'a str, generation: u64) -> Place<'a> {
    Place { table: "credential", row, column, generation }
}

pub(crate) fn seal_credential(
    vault: &Vault,
    id: ConnectionId,
    known: &Known,
) -> Result<CredentialRow, VaultError> {
    let row = id.0.to_string();
    let seal = |column, secret: &SecretString| -> Result<Sealed, VaultError> {
        vault.seal(place(&row, column, known.generation), secret.expose_secret().as_bytes())
    };
    Ok(CredentialRow {
        generation: known.generation,
        access: seal("access", &known.access)?,
        refresh: known.refresh.as_ref().map(|token| seal("refresh", token)).transpose()?,
        obtained: known.obtained,
        expires: known.expires,
    })
}

pub(crate) fn open_credential(vault: &Vault, row: &KnownConnectionRow) -> Result<Known, VaultError> {
    let id = row.id.0.to_string();
    let credential = &row.credential;
    let open = |column, sealed: &Sealed| vault.open_string(place(&id, column, credential.generation), sealed);
    Ok(Known {
        access: open("access", &credential.access)?,
        refresh: credential.refresh.as_ref().map(|sealed| open("refresh", sealed)).transpose()?,
        generation: credential.generation,
        obtained: credential.obtained,
        expires: credential.expires,
    })
}
