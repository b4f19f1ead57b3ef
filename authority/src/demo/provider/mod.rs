//! The demo's provider: an OAuth server and a mailbox like Gmail's on a free loopback port.
//!
//! It is as strict as real providers (PKCE, state, codes that work once, rotation with reuse detection, short-lived
//! access tokens). It remembers every request, so that the story can check what reached it. Its tokens open this one
//! mailbox in this one process, and vanish when it stops. It stores nothing on disk, and is no part of Hallpass's OAuth
//! client.

mod gmail;
mod grants;
mod letters;
mod mailbox;
mod oauth;
mod record;
mod rules;
pub(super) mod shared;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::demo::provider::shared::Options;
pub(super) use crate::demo::provider::shared::SeenRequest;
use crate::demo::provider::shared::Shared;
pub(super) use crate::demo::provider::shared::holds;
use grants::DemoGrants;
pub(super) use letters::{ACCOUNT, COLLECTOR};
use mailbox::Mailbox;
pub(super) use mailbox::Tally;
pub(super) use oauth::{AUTHORIZE_PATH, REVOKE_PATH, TOKEN_PATH, USERINFO_PATH};

/// A running provider.
pub(super) struct DemoProvider {
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl DemoProvider {
    /// Listens on a free loopback port.
    pub(super) async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let shared = Arc::new(Shared {
            base_url: format!("http://{}", listener.local_addr()?),
            started_at: options.now,
            started: Instant::now(),
            client_secret: grants::unguessable("demo-secret-")?,
            grants: Mutex::new(DemoGrants::new(options.access_token_lifetime)),
            mailbox: Mutex::new(Mailbox::seeded(options.now)),
            seen: Mutex::new(Vec::new()),
        });
        let (stop, stopped) = oneshot::channel();
        let app = routes(shared.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async {
                    // An error means that the provider was dropped, so stop as well.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self { shared, stop, server })
    }

    /// Returns `http://127.0.0.1:PORT`, which is also its issuer.
    pub(super) fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    pub(super) fn client_secret(&self) -> &str {
        &self.shared.client_secret
    }

    /// Returns every request so far, in order.
    pub(super) fn seen(&self) -> Vec<SeenRequest> {
        self.shared.seen().clone()
    }

    /// Returns every code and token that the provider ever gave out, and the client's secret. No agent may see any of
    /// them.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.shared.grants().issued().to_vec();
        secrets.push(self.shared.client_secret.clone());
        secrets
    }

    /// Returns the mailbox's content now.
    pub(super) fn tally(&self) -> Tally {
        self.shared.mailbox().tally()
    }

    /// Stops listening and waits for the open requests.
    pub(super) async fn stop(self) -> io::Result<()> {
        // This fails only if the server is already gone, which the next line reports.
        let _ = self.stop.send(());
        self.server.await.map_err(io::Error::other)?
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
