//! `console`: a person signs in to the console by a link that whoever reaches the authority's socket can ask for.
//!
//! The link's code is exchanged once for a session. A pass is never a part of this.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

use super::sessions::{Fresh, LINK, Presence, Session, SignedIn};
use super::{App, AppError, SignInLink};
use crate::audit::{Event, EventEntry};
use crate::vault::random;

impl App {
    /// A link that signs its bearer in to the console once.
    pub fn sign_in_link(&self) -> Result<SignInLink, AppError> {
        let code = secret()?;
        self.sessions().add_link(&code, self.clock.now());
        let url = format!("http://{}/sign-in?code={}", self.config.authority_listen, code.expose_secret());
        Ok(SignInLink { url, expires_in: LINK.whole_seconds().unsigned_abs() })
    }

    /// Exchanges a link's code for a session.
    pub async fn sign_in(&self, code: &str) -> Result<SignedIn, AppError> {
        let now = self.clock.now();
        if !self.sessions().take_link(code, now) {
            return Err(AppError::NotFound(
                "this link was used already, or is older than two minutes\nhint: run `hallpass console` for another"
                    .into(),
            ));
        }
        let place = URL_SAFE_NO_PAD.encode(*random::<16>().map_err(AppError::random)?);
        let fresh = Fresh { id: secret()?, place, csrf: secret()? };
        // Nobody is signed in without a record of it.
        self.store.append(EventEntry::on_everything(Event::SignedIn).at(now)).await?;
        Ok(self.sessions().begin(fresh, now))
    }

    /// The session of this id at this place, if there is one.
    pub fn session(&self, id: &str, place: &str, presence: Presence) -> Option<Session> {
        self.sessions().find(id, place, presence, self.clock.now())
    }

    /// Whether a session that was found before has not ended.
    pub fn is_signed_in(&self, session: &Session) -> bool {
        self.sessions().is_open(session, self.clock.now())
    }

    /// Ends the session; the record of it also ends whatever the session was told of changes by.
    pub async fn sign_out(&self, session: &Session) {
        self.sessions().end(session);
        let event = EventEntry::on_everything(Event::SignedOut).at(self.clock.now());
        if let Err(fault) = self.store.append(event).await {
            tracing::error!(%fault, "a sign-out is not on record");
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, super::sessions::Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 256 random bits as text.
fn secret() -> Result<SecretString, AppError> {
    let bytes = random::<32>().map_err(AppError::random)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes).into())
}
