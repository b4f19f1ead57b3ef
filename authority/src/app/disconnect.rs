//! `disconnect`: lent to nobody at once, called back from whom it is lent to, taken back at the provider, then forgotten.

use datalog::ConnectionName;

use super::{App, AppError, DisconnectReport, ProviderRevocation};
use crate::audit::{Event, EventEntry};
use crate::oauth;
use crate::store::Moved;

impl App {
    /// Revokes at the provider, then forgets. What the provider says does not keep the tokens here.
    pub async fn disconnect(&self, name: &ConnectionName) -> Result<DisconnectReport, AppError> {
        let not_there = || AppError::NotFound(format!("there is no connection `{name}`"));
        let live = self.live().get(name).cloned().ok_or_else(not_there)?;
        let event = EventEntry::on_connection(Event::Disconnecting, name).at(self.clock.now());
        if self.store.begin_disconnect(live.id, event).await? == Moved::Superseded {
            return Err(not_there());
        }
        // From here on nobody is lent it; a refresh that is under way finds its row closed.
        self.change_live(|connections| {
            if connections.get(name).is_some_and(|there| there.id == live.id) {
                connections.remove(name);
            }
        });
        let not_recalled = self.recall().await;
        let provider = match live.known() {
            Some(known) => {
                let http = &self.refresher.http;
                oauth::revoke(http, &live.provider, &live.client, Some(&known.access), known.refresh.as_ref())
                    .await
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
