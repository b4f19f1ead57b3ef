//! The one place that joins the authority and the gateway: it opens the home, listens, and drains at the end.
//!
//! The gateway's listeners serve agents; the authority's TCP listener serves health, metrics and public keys; only
//! the socket serves administration. Nothing is decided here.

mod metrics;
mod socket;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use datalog::ConnectionName;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api;
use crate::app::App;
use crate::config::Config;
use crate::home::Home;

/// Where everything listens: what was asked for, with the ports that were given.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    pub gateway: SocketAddr,
    pub authority: SocketAddr,
    pub socket: PathBuf,
    /// The listeners of single connections.
    pub connections: Vec<(ConnectionName, SocketAddr)>,
}

/// An authority and a gateway that run.
pub struct Server {
    ready: Ready,
    app: Arc<App>,
    end: watch::Sender<bool>,
    tasks: JoinSet<anyhow::Result<()>>,
    // Removes the socket when the server is gone.
    _socket: socket::Socket,
}

/// Opens `home` and starts to listen. Whoever calls this owns the home until the server is dropped.
pub async fn start(home: &Home, mut config: Config) -> anyhow::Result<Server> {
    let gateway = listen(config.gateway_listen, "gateway").await?;
    let authority = listen(config.authority_listen, "authority").await?;
    // The authority tells people and agents these addresses: it has to know the ports that were given.
    config.gateway_listen = gateway.local_addr()?;
    config.authority_listen = authority.local_addr()?;
    let addresses = (config.gateway_listen, config.authority_listen);

    let app = App::open(home, config)?;
    let mut socket = socket::Socket::bind(&home.socket())?;
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let metrics = metrics::start(&mut tasks, ended.clone())?;

    let people = api::administration(app.clone());
    let public = api::public(app.clone(), metrics, addresses.1);
    tasks.spawn(serve_api(socket.listener()?, people, ended.clone()));
    tasks.spawn(serve_api(authority, public, ended.clone()));

    let ready = Ready {
        gateway: addresses.0,
        authority: addresses.1,
        socket: home.socket(),
        connections: Vec::new(),
    };
    Ok(Server { ready, app, end, tasks, _socket: socket })
}

async fn listen(address: SocketAddr, who: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        anyhow!(
            "the {who} cannot listen on `{address}`: {error}\nhint: end the other process, or set another address under [{who}] in hallpass.toml"
        )
    })
}

async fn serve_api<L: axum::serve::Listener<Addr: std::fmt::Debug>>(
    listener: L,
    router: axum::Router,
    ended: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(at_the_end(ended)).await.context("the API ended")
}

/// Returns when the end is called, or whoever could call it is gone.
async fn at_the_end(mut ended: watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

impl Server {
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Runs until SIGINT or SIGTERM, then drains.
    pub async fn until_told(mut self, patience: Duration) -> anyhow::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            () = told(&mut interrupt, &mut terminate) => {}
            // No part ends on its own: without it the rest is not what was asked for.
            Some(ended) = self.tasks.join_next() => {
                ended.context("a part of the server failed")??;
            }
        }
        tracing::info!("ending: open requests have {} s", patience.as_secs());
        tokio::select! {
            () = self.drain(patience) => Ok(()),
            () = told(&mut interrupt, &mut terminate) => Err(anyhow!("ended at once, on a second signal")),
        }
    }

    /// Takes no new requests, waits for the open ones for as long as `patience`, and closes the authority.
    pub async fn drain(mut self, patience: Duration) {
        // Nobody listens where every task has ended already.
        let _ = self.end.send(true);
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all_ended).await.is_err() {
            tracing::warn!("some requests were cut off");
            self.tasks.shutdown().await;
        }
        self.app.close().await;
    }
}

async fn told(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
