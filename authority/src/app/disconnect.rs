//! `disconnect`: stops lending the credential, calls it back, revokes it at the provider, and then forgets it.

use datalog::ConnectionName;

use crate::app::{App, AppError, DisconnectReport, Hit, ProviderRevocation};
use crate::audit::{Event, EventEntry};
use crate::oauth::{self, Reach, Tokens};
use crate::store::Moved;

impl App {
    /// Revokes the grant at the provider, then forgets it. Whatever the provider answers, the tokens are deleted here.
    pub async fn disconnect(&self, name: &ConnectionName) -> Result<DisconnectReport, AppError> {
        let not_there = || self.no_connection(name);
        let live = {
            let _turn = self.turns.connections().await;
            let live = self.live().get(name).cloned().ok_or_else(not_there)?;
            let event = EventEntry::on_connection(Event::Disconnecting, name).at(self.clock.now());
            if self.store.begin_disconnect(live.id, event).await? == Moved::Superseded {
                return Err(not_there());
            }
            // From here on the credential is not lent. A refresh under way finds its row closed.
            self.change_live(|connections| {
                if connections.get(name).is_some_and(|there| there.id == live.id) {
                    connections.remove(name);
                }
            });
            live
        };
        let Hit { not_recalled, .. } = self.recall().await;
        let provider = match live.known() {
            Some(known) => {
                let http = &self.refresher.http;
                let tokens = Tokens { access: Some(&known.access), refresh: known.refresh.as_ref() };
                oauth::revoke(http, &live.provider, &live.client, tokens, Reach::Grant).await
            }
            None => ProviderRevocation::Failed { because: "its tokens could not be opened".into() },
        };
        let words = match &provider {
            ProviderRevocation::Revoked => "revoked at the provider".to_owned(),
            ProviderRevocation::Unsupported => "the provider has no revocation endpoint".to_owned(),
            ProviderRevocation::Failed { because } => format!("not revoked at the provider: {because}"),
        };
        let event = EventEntry::on_connection(Event::Disconnected, name).detail(&words).at(self.clock.now());
        self.store.forgotten(live.id, event).await?;
        self.checkpoint().await;
        Ok(DisconnectReport { name: name.clone(), account: live.account.clone(), provider, not_recalled })
    }
}
