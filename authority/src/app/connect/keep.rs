//! Keeping what a provider gave: the account, the name, the seal, the store.

use std::sync::Arc;

use datalog::{Account, ConnectionName};
use secrecy::ExposeSecret;
use time::OffsetDateTime;

use crate::app::connections::{client_secret_place, revive};
use crate::app::{App, AppError, ConnectionInfo};
use crate::audit::{Event, EventEntry};
use crate::oauth::{self, Connecting, Known, Tokens, seal_credential};
use crate::store::{ConnectionId, NewConnection};
use crate::vault::random;

impl App {
    /// Keeps what the provider gave, under the name that it is to have.
    pub(super) async fn keep(
        &self,
        connecting: Connecting,
        tokens: Tokens,
    ) -> Result<ConnectionInfo, AppError> {
        let account = self.account(&connecting, &tokens).await?;
        let name = self.name(&connecting, &account)?;
        let now = self.clock.now();
        let new = self.seal(connecting, name.clone(), account, tokens, now)?;
        let id = new.id;
        let event = EventEntry::on_connection(Event::Connected, &name)
            .detail(&format!("{} as {}", new.service, new.account))
            .at(now);
        self.store.connected(new, event).await?;
        let row = self.store.known_connection(id).await?;
        let row =
            row.ok_or_else(|| AppError::Conflict(format!("`{name}` was connected again by another")))?;
        let live = Arc::new(revive(&self.config, &self.catalog(), &self.vault, row));
        self.change_live(|connections| {
            connections.insert(name, live.clone());
        });
        Ok(self.info(&live))
    }

    /// As the service says it; where it has no way to, as the person does.
    async fn account(&self, connecting: &Connecting, tokens: &Tokens) -> Result<Account, AppError> {
        let said = connecting.account.as_ref();
        if let (Some(said), true) = (said, connecting.provider.userinfo.is_empty()) {
            return Ok(said.clone());
        }
        let account = oauth::account(&self.refresher.http, &connecting.provider, &tokens.access)
            .await
            .map_err(|because| AppError::Provider(format!("the account could not be learned: {because}")))?;
        match said {
            Some(said) if *said != account => Err(AppError::Conflict(format!(
                "the account is `{account}`, expected `{said}`\nhint: sign in as `{said}`, or leave `--account` out"
            ))),
            _ => Ok(account),
        }
    }

    /// Passes name a connection: what they were minted for does not become another account's.
    fn name(&self, connecting: &Connecting, account: &Account) -> Result<ConnectionName, AppError> {
        let name = match &connecting.name {
            Some(name) => name.clone(),
            None => connecting.service.as_str().parse().map_err(AppError::invalid)?,
        };
        match self.live().get(&name) {
            Some(there) if there.service != connecting.service || there.account != *account => {
                Err(AppError::Conflict(format!(
                    "`{name}` is connected to {} as `{}`, and this is {} as `{account}`\nhint: give it a name of its own with `--as`, or disconnect `{name}` first",
                    there.service, there.account, connecting.service
                )))
            }
            _ => Ok(name),
        }
    }

    fn seal(
        &self,
        connecting: Connecting,
        name: ConnectionName,
        account: Account,
        tokens: Tokens,
        now: OffsetDateTime,
    ) -> Result<NewConnection, AppError> {
        let id = i64::from_be_bytes(*random::<8>().map_err(AppError::random)?) & i64::MAX;
        let known = Known {
            access: tokens.access,
            refresh: tokens.refresh,
            generation: 1,
            obtained: now,
            expires: tokens.expires_in.map(|lifetime| now.saturating_add(lifetime)),
        };
        let row = id.to_string();
        let secret = connecting.client.secret.as_ref();
        let client_secret = secret
            .map(|secret| self.vault.seal(client_secret_place(&row), secret.expose_secret().as_bytes()))
            .transpose()
            .map_err(|error| AppError::vault(&error))?;
        let id = ConnectionId(id);
        Ok(NewConnection {
            id,
            name,
            service: connecting.service,
            account,
            scopes: tokens.scopes.unwrap_or(connecting.scopes),
            client_id: connecting.client.id,
            client_secret,
            connected: now,
            credential: seal_credential(&self.vault, id, &known).map_err(|error| AppError::vault(&error))?,
        })
    }
}
