//! Stores a provider's grant: the account, the name, the seal, the row.
//!
//! A grant that is not stored is given back. Otherwise it stays with the provider unused, and some providers allow only
//! a few.
//!
//! - Invariant: Hallpass leaves no unused grant with a provider, and gives back no grant that another connection uses
//!   (`no_grant_is_left_behind_by_a_connect_that_fails_after_the_exchange`,
//!   `what_another_connection_lives_of_is_not_given_back`).

use std::sync::Arc;

use datalog::{Account, ConnectionName, Message};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use crate::app::connections::{client_secret_place, revive};
use crate::app::{App, AppError, ConnectionInfo, ConnectionStatus, ProviderRevocation};
use crate::audit::{Event, EventEntry};
use crate::oauth::{self, Connecting, Given, OpenedGeneration, Reach, TokenFailure, Tokens, seal_credential};
use crate::store::{ConnectionId, GrantEnd, NewConnection};
use crate::vault::random;

/// Why received tokens are not stored.
struct Unkept {
    error: AppError,
    /// The account of the tokens, if Hallpass learned it.
    account: Option<Account>,
}

impl Unkept {
    fn of(account: &Account, error: AppError) -> Self {
        Self { error, account: Some(account.clone()) }
    }
}

impl App {
    /// Stores the provider's grant under its future name, or gives it back.
    pub(super) async fn keep(
        &self,
        connecting: Connecting,
        given: Given,
    ) -> Result<ConnectionInfo, AppError> {
        match self.try_to_keep(&connecting, &given).await {
            Ok(info) => info,
            Err(Unkept { error, account }) => {
                let became = self.give_back(&connecting, &given, account.as_ref()).await;
                Err(error.and(became))
            }
        }
    }

    /// Stores the grant. The outer error means that the tokens are not stored. The inner error means that they are, but
    /// something else failed.
    async fn try_to_keep(
        &self,
        connecting: &Connecting,
        given: &Given,
    ) -> Result<Result<ConnectionInfo, AppError>, Unkept> {
        let access = given.access.as_ref().map_err(|unread| Unkept {
            error: AppError::provider(TokenFailure::Unread(unread.clone())),
            account: None,
        })?;
        let account = self.account(connecting, access).await?;
        let _turn = self.turns.connections().await;
        self.is_unchanged(connecting).map_err(|error| Unkept::of(&account, error))?;
        let name = self.name(connecting, &account)?;
        let of_account = |error: AppError| Unkept::of(&account, error);
        let now = self.clock.now();
        let new = self.seal(connecting, &name, &account, access, given, now).map_err(of_account)?;
        let id = new.id;
        let event = EventEntry::on_connection(Event::Connected, &name)
            .detail(&format!("{} as {}", new.service, new.account))
            .at(now);
        self.store.connected(new, event).await.map_err(|fault| of_account(fault.into()))?;
        Ok(self.take_up(id, name).await)
    }

    async fn take_up(&self, id: ConnectionId, name: ConnectionName) -> Result<ConnectionInfo, AppError> {
        let row = self.store.known_connection(id).await?;
        let row = row.ok_or_else(|| {
            AppError::conflict(format!("`{name}` was connected again by somebody else meanwhile"))
        })?;
        let live = Arc::new(revive(&self.config, &self.catalog(), &self.vault, row));
        self.change_live(|connections| {
            connections.insert(name, live.clone());
        });
        Ok(self.info(&live))
    }

    /// Returns the account as the service names it. If the service cannot name it, returns the person's own name for
    /// it.
    async fn account(&self, connecting: &Connecting, access: &SecretString) -> Result<Account, Unkept> {
        let said = connecting.account.as_ref();
        if let (Some(said), true) = (said, connecting.provider.userinfo.is_empty()) {
            return Ok(said.clone());
        }
        let account =
            oauth::account(&self.refresher.http, &connecting.provider, access).await.map_err(|because| {
                Unkept {
                    error: AppError::provider(
                        Message::from(because).after("the account could not be learned"),
                    ),
                    account: None,
                }
            })?;
        match said {
            Some(said) if *said != account => Err(Unkept {
                error: AppError::conflict(
                    Message::new(format!("the account is `{account}`, expected `{said}`"))
                        .hint(format!("sign in as `{said}`, or leave `--account` out")),
                ),
                account: Some(account),
            }),
            _ => Ok(account),
        }
    }

    /// Checks that the service is still the one that the person signed in for. Call this in a turn of `connections`.
    fn is_unchanged(&self, connecting: &Connecting) -> Result<(), AppError> {
        let service = &connecting.service;
        match self.catalog().service(service) {
            Some(known) if known.digest == connecting.described => Ok(()),
            _ => Err(AppError::conflict(
                Message::new(format!("the service `{service}` changed while you signed in")).hint(format!(
                    "see `hallpass services show {service}`, then `hallpass connect {service}` again"
                )),
            )),
        }
    }

    /// Returns the connection's name. Passes name a connection, so a name never changes to another account.
    fn name(&self, connecting: &Connecting, account: &Account) -> Result<ConnectionName, Unkept> {
        let name = connecting.name().map_err(|error| Unkept::of(account, AppError::invalid(error)))?;
        match self.live().get(&name) {
            Some(there) if there.service != connecting.service || there.account != *account => Err(Unkept {
                error: AppError::conflict(
                    Message::new(format!(
                        "`{name}` is connected to {} as `{}`, and this is {} as `{account}`",
                        there.service, there.account, connecting.service
                    ))
                    .hint(format!(
                        "give it a name of its own with `--as`, sign in as `{}`, or disconnect `{name}` first",
                        there.account
                    )),
                ),
                account: Some(account.clone()),
            }),
            _ => Ok(name),
        }
    }

    /// Gives back tokens that are not stored, and reports the result. Some providers end the whole grant with its
    /// tokens. So this does nothing if another connection uses that grant, or may use it.
    async fn give_back(&self, connecting: &Connecting, given: &Given, account: Option<&Account>) -> String {
        let tokens = Tokens { access: given.access.as_ref().ok(), refresh: given.refresh.as_ref() };
        if tokens.access.is_none() && tokens.refresh.is_none() {
            return "the provider gave no usable tokens, so there was nothing to give back".into();
        }
        let Connecting { provider, client, .. } = connecting;
        let live = self.live();
        let shares = live.values().find(|live| {
            live.client.id == client.id
                && live.provider.token_url == provider.token_url
                && account.is_none_or(|account| live.account == *account)
                && ConnectionStatus::of(&live.concerns(self.clock.now())) != ConnectionStatus::NeedsReconnect
        });
        if let Some(live) = shares.filter(|_| provider.ends_grants()) {
            return format!(
                "the tokens that came were dropped, not given back: that could end `{}` too",
                live.name
            );
        }
        match oauth::revoke(&self.refresher.http, provider, client, tokens, Reach::Tokens).await {
            ProviderRevocation::Revoked => "the tokens that came were given back".into(),
            ProviderRevocation::Unsupported => {
                "the tokens that came were dropped, because the provider takes none back".into()
            }
            ProviderRevocation::Failed { because } => {
                format!("the tokens that came could not be given back: {because}")
            }
        }
    }

    fn seal(
        &self,
        connecting: &Connecting,
        name: &ConnectionName,
        account: &Account,
        access: &SecretString,
        given: &Given,
        now: OffsetDateTime,
    ) -> Result<NewConnection, AppError> {
        let id = i64::from_be_bytes(*random::<8>().map_err(AppError::Random)?) & i64::MAX;
        let known = OpenedGeneration {
            access: access.clone(),
            refresh: given.refresh.clone(),
            generation: 1,
            obtained: now,
            expires: given.expires_in.map(|lifetime| now.saturating_add(lifetime)),
            scopes: given.scopes.clone().unwrap_or_else(|| connecting.scopes.clone()),
            grant: given.grant_ends_in.map(|lifetime| GrantEnd::announced(None, lifetime, now)),
        };
        let row = id.to_string();
        let secret = connecting.client.secret.as_ref();
        let client_secret = secret
            .map(|secret| self.vault.seal(client_secret_place(&row), secret.expose_secret().as_bytes()))
            .transpose()?;
        let id = ConnectionId(id);
        Ok(NewConnection {
            id,
            name: name.clone(),
            service: connecting.service.clone(),
            account: account.clone(),
            asked: connecting.scopes.clone(),
            client_id: connecting.client.id.clone(),
            client_secret,
            connected: now,
            credential: seal_credential(&self.vault, id, &known)?,
        })
    }
}
