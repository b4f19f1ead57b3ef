//! The demo's provider: an OAuth server and a Gmail-shaped mailbox on a free loopback port.
//!
//! It is strict where real providers are strict (PKCE, state, one use for a code, rotation with reuse
//! detection, short-lived access tokens), and it remembers every request it saw, so that the story can check
//! what reached it. Its tokens open this one mailbox in this one process, and are gone when it stops.
//! It keeps nothing on disk, and it is no part of the product's OAuth client.

mod gmail;
mod grants;
mod letters;
mod mailbox;
mod oauth;
mod record;
mod rules;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::middleware;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use grants::Grants;
pub(super) use letters::{ACCOUNT, COLLECTOR};
use mailbox::Mailbox;
pub(super) use mailbox::Tally;
pub(super) use oauth::{AUTHORIZE_PATH, REVOKE_PATH, TOKEN_PATH, USERINFO_PATH};
pub(super) use record::{Seen, holds};

/// The one client that the provider knows.
pub(super) const CLIENT_ID: &str = "hallpass-demo";

/// What a provider starts with.
pub(super) struct Options {
    pub(super) access_token_lifetime: Duration,
    /// The mails are dated back from here.
    pub(super) now: OffsetDateTime,
}

/// A running provider.
pub(super) struct Provider {
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

/// What the handlers share.
struct Shared {
    base_url: String,
    started_at: OffsetDateTime,
    started: Instant,
    client_secret: String,
    grants: Mutex<Grants>,
    mailbox: Mutex<Mailbox>,
    seen: Mutex<Vec<Seen>>,
}

impl Provider {
    /// Listens on a free loopback port.
    pub(super) async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let shared = Arc::new(Shared {
            base_url: format!("http://{}", listener.local_addr()?),
            started_at: options.now,
            started: Instant::now(),
            client_secret: grants::unguessable("demo-secret-")?,
            grants: Mutex::new(Grants::new(options.access_token_lifetime)),
            mailbox: Mutex::new(Mailbox::seeded(options.now)),
            seen: Mutex::new(Vec::new()),
        });
        let (stop, stopped) = oneshot::channel();
        let app = routes(shared.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async {
                    // An error means that the provider was dropped: stop as well.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self { shared, stop, server })
    }

    /// `http://127.0.0.1:PORT`, which is also its issuer.
    pub(super) fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    pub(super) fn client_secret(&self) -> &str {
        &self.shared.client_secret
    }

    /// Every request so far, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen().clone()
    }

    /// Every code and token that it ever gave out, and the client's secret: what no agent may see.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.shared.grants().issued().to_vec();
        secrets.push(self.shared.client_secret.clone());
        secrets
    }

    /// What the mailbox holds by now.
    pub(super) fn tally(&self) -> Tally {
        self.shared.mailbox().tally()
    }

    /// Stops listening and waits for the open requests.
    pub(super) async fn stop(self) -> io::Result<()> {
        // Fails only where the server is gone already, which the next line reports.
        let _ = self.stop.send(());
        self.server.await.map_err(io::Error::other)?
    }
}

impl Shared {
    /// The time, counted on from the start: no clock is read here.
    fn now(&self) -> OffsetDateTime {
        self.started_at + self.started.elapsed()
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    let mail =
        gmail::routes().route_layer(middleware::from_fn_with_state(shared.clone(), oauth::require_token));
    Router::new()
        .merge(oauth::routes())
        .merge(mail)
        .layer(middleware::from_fn_with_state(shared.clone(), record::record))
        .with_state(shared)
}
