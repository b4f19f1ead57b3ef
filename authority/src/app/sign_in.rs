//! `console`: signs a person in to the console by a link, which anybody who reaches the authority's socket can get.
//!
//! The link's code is exchanged once for a session, which outlives a restart. A pass is never part of this.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datalog::Message;
use secrecy::{ExposeSecret as _, SecretString};

use crate::app::sessions::{Fresh, LINK, LONGEST, Open, Presence, Session, Sessions, SignedIn, row_of};
use crate::app::{App, AppError, SignInArgs, SignInLink};
use crate::audit::{Event, EventEntry};
use crate::store::SessionRow;
use crate::vault::{Place, Vault, random};

impl App {
    /// Returns a link that signs in its bearer once.
    pub async fn sign_in_link(&self, args: SignInArgs) -> Result<SignInLink, AppError> {
        let by = match args.by {
            Some(name) => Some(self.approver(Some(name)).await?),
            // If there is nobody else, everybody who signs in is the owner.
            None => self.only_approver()?,
        };
        let code = secret()?;
        self.sessions().add_link(&code, by.clone(), self.clock.now());
        let url = format!("http://{}/sign-in?code={}", self.config.authority_listen, code.expose_secret());
        Ok(SignInLink { url, expires_in: LINK.whole_seconds().unsigned_abs(), by })
    }

    /// Exchanges a link's code for a session.
    pub async fn sign_in(&self, code: &str) -> Result<SignedIn, AppError> {
        let now = self.clock.now();
        let Some(taken) = self.sessions().take_link(code, now) else {
            return Err(AppError::not_found(
                Message::new("this link was used already, or is older than two minutes")
                    .hint("run `hallpass console` for another"),
            ));
        };
        let place = URL_SAFE_NO_PAD.encode(*random::<16>().map_err(AppError::Random)?);
        let fresh = Fresh { id: secret()?, place, csrf: secret()? };
        // Nobody is signed in without a record.
        let event = match &taken.approver {
            Some(name) => EventEntry::on_approver(Event::SignedIn, name),
            None => EventEntry::on_everything(Event::SignedIn),
        };
        self.store.append(event.at(now)).await?;
        let signed_in = self.sessions().begin(fresh, taken, now);
        self.keep_session(&signed_in.session).await?;
        Ok(signed_in)
    }

    /// Stores a session, so that a restart does not sign the person out.
    async fn keep_session(&self, session: &Session) -> Result<(), AppError> {
        let Some((id, sealed)) = self.sessions().as_kept(session).map(Open::told) else { return Ok(()) };
        let sealed = self.vault.seal(place(&id), &sealed)?;
        let row = SessionRow { id, sealed, began: session.began, seen: self.clock.now() };
        Ok(self.store.session_kept(row, self.clock.now().saturating_sub(LONGEST)).await?)
    }

    /// Stores now and then that the session's person was there.
    pub async fn keep_presence(&self, session: &Session) {
        let due = self.sessions().is_due(session);
        if let Some(seen) = due
            && let Err(fault) = self.store.session_seen(row_of(session), seen).await
        {
            tracing::warn!(%fault, "a session could not be stored");
        }
    }

    /// Returns the session of this id at this place, if there is one.
    pub fn session(&self, id: &str, place: &str, presence: Presence) -> Option<Session> {
        self.sessions().find(id, place, presence, self.clock.now())
    }

    /// Whether a session that was found earlier has not ended.
    pub fn is_signed_in(&self, session: &Session) -> bool {
        self.sessions().is_open(session, self.clock.now())
    }

    /// Ends the session, and writes a record of it. That record also ends the session's streams of changes.
    pub async fn sign_out(&self, session: &Session) {
        self.sessions().end(session);
        if let Err(fault) = self.store.session_ended(row_of(session)).await {
            tracing::error!(%fault, "a session has ended but is still stored");
        }
        let event = EventEntry::on_everything(Event::SignedOut).at(self.clock.now());
        if let Err(fault) = self.store.append(event).await {
            tracing::error!(%fault, "a sign-out is not on record");
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the sessions of the previous process. A session that does not open is dropped.
pub(super) fn revived(vault: &Vault, rows: Vec<SessionRow>) -> Sessions {
    let mut sessions = Sessions::default();
    for row in rows {
        match vault.open_bytes(place(&row.id), &row.sealed) {
            Ok(sealed) => drop(sessions.revive(&row.id, &sealed, row.began, row.seen)),
            Err(error) => tracing::warn!(%error, "a session of the console does not open, and is dropped"),
        }
    }
    sessions
}

fn place(row: &str) -> Place<'_> {
    Place { table: "console_session", row, column: "sealed", generation: 0 }
}

/// Returns 256 random bits as text.
fn secret() -> Result<SecretString, AppError> {
    let bytes = random::<32>().map_err(AppError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes).into())
}
