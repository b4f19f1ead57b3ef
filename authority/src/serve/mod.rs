//! The one place that joins the authority and the gateway: it opens the home, listens, and drains at the end.
//!
//! The gateway's listeners serve agents. The authority's TCP listener serves the console, health, metrics and public
//! keys. Only the socket serves administration. Nothing is decided here.

mod metrics;
mod socket;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use datalog::{ConnectionName, Message};
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use verifier::{Door, Gateway, GatewayConfig, Limits, Scope, Serving, SystemClock};

use crate::app::App;
use crate::clock::Clock;
use crate::config::types::Config;
use crate::home::Home;
use crate::{api, console, notify};

/// All listening addresses: the requested ones, with their real ports.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ready {
    pub gateway: SocketAddr,
    pub authority: SocketAddr,
    pub socket: PathBuf,
    /// The listeners of single connections.
    pub connections: Vec<OwnPort>,
}

/// The listener of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OwnPort {
    pub name: ConnectionName,
    pub listen: SocketAddr,
}

/// A running authority and gateway.
pub(crate) struct Server {
    ready: Ready,
    app: Arc<App>,
    gateway: Serving,
    end: watch::Sender<bool>,
    tasks: JoinSet<anyhow::Result<()>>,
    patience: Duration,
    // Removes the socket when the server is gone.
    _socket: socket::Socket,
}

/// Opens `home` and starts to listen. When the server ends, open requests get as long as `patience`.
pub(crate) async fn start(
    home: &Home,
    mut config: Config,
    clock: Clock,
    patience: Duration,
) -> anyhow::Result<Server> {
    let listeners = Listeners::bind(&mut config)?;
    let mut ready = Ready {
        gateway: config.gateway_listen,
        authority: config.authority_listen,
        socket: home.socket(),
        connections: Vec::new(),
    };
    let app = App::open(home, config, clock.clone()).map_err(Message::from)?;
    let mut socket = socket::Socket::bind(&ready.socket)?;
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let metrics = metrics::start(&mut tasks, ended.clone())?;

    let people = api::administration(app.clone());
    tasks.spawn(serve_api(socket.listener()?, people, ended.clone()));
    let public = api::public(app.clone(), metrics, ready.authority);
    let public = public.merge(console::router(app.clone(), ready.authority, ended.clone()));
    let authority = tokio::net::TcpListener::from_std(listeners.authority)?;
    tasks.spawn(serve_api(authority, public, ended.clone()));
    for sink in notify::sinks(&app.config().notify, &clock).map_err(|because| anyhow!(because))? {
        let (app, ended) = (app.clone(), ended.clone());
        tasks.spawn(async move {
            notify::tell(app, sink, ended).await;
            Ok(())
        });
    }
    let kept = app.clone();
    tasks.spawn(async move {
        kept.upkeep(ended).await;
        Ok(())
    });

    let mut doors = vec![Door { socket: listeners.gateway, scope: Scope::Shared }];
    for (own, socket) in listeners.connections {
        doors.push(Door { socket, scope: Scope::Connection(own.name.clone()) });
        ready.connections.push(own);
    }
    let limits = Limits { drain: patience, ..Limits::default() };
    let names = app.config().gateway_names.clone();
    let mcp = app.config().mcp.clone();
    let settings = GatewayConfig { names, mcp, limits, ..GatewayConfig::default() };
    let gateway = Gateway::new(app.clone(), Arc::new(SystemClock::default()), settings).serve(doors)?;
    Ok(Server { ready, app, gateway, end, tasks, patience, _socket: socket })
}

/// Everything that listens on TCP. It is bound before the home is opened, so that people and agents are told the real
/// addresses.
struct Listeners {
    gateway: TcpListener,
    authority: TcpListener,
    connections: Vec<(OwnPort, TcpListener)>,
}

impl Listeners {
    fn bind(config: &mut Config) -> anyhow::Result<Self> {
        let gateway = listen(&mut config.gateway_listen, "gateway")?;
        let authority = listen(&mut config.authority_listen, "authority")?;
        authority.set_nonblocking(true)?;
        let mut connections = Vec::new();
        for (name, settings) in &mut config.connections {
            if let Some(address) = &mut settings.listen {
                let listener = listen(address, &format!("connections.{name}"))?;
                connections.push((OwnPort { name: name.clone(), listen: *address }, listener));
            }
        }
        Ok(Self { gateway, authority, connections })
    }
}

/// Listens on `address`. If its port is 0, `address` gets the real port.
fn listen(address: &mut SocketAddr, section: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(*address).map_err(|error| {
        Message::new(format!("`{address}` cannot be used: {error}"))
            .hint(format!("end the other process, or set another address under [{section}] in hallpass.toml"))
    })?;
    *address = listener.local_addr()?;
    Ok(listener)
}

async fn serve_api<L: axum::serve::Listener<Addr: std::fmt::Debug>>(
    listener: L,
    router: axum::Router,
    ended: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(at_the_end(ended)).await.context("the API ended")
}

/// Returns when the server must end, or when nobody is left to say so.
async fn at_the_end(mut ended: watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

impl Server {
    pub(crate) fn ready(&self) -> &Ready {
        &self.ready
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Runs until SIGINT or SIGTERM, then drains. A second signal does not wait.
    pub(crate) async fn until_told(mut self, mut signals: Signals) -> anyhow::Result<()> {
        tokio::select! {
            () = signals.told() => {}
            // No part should end by itself. If one does, the server is incomplete, so it ends.
            Some(ended) = self.tasks.join_next() => {
                ended.context("a part of the server failed")??;
            }
        }
        tracing::info!("ending: open requests have {} s", self.patience.as_secs());
        tokio::select! {
            () = self.drain() => Ok(()),
            () = signals.told() => Err(anyhow!("ended at once, on a second signal")),
        }
    }

    /// Takes no new requests, waits for the open ones as long as `patience` lasts, and closes the authority.
    pub(crate) async fn drain(self) {
        let Self { app, gateway, end, mut tasks, patience, _socket, .. } = self;
        // An error means that every task has already ended.
        let _ = end.send(true);
        let people = async {
            let all_ended = async { while tasks.join_next().await.is_some() {} };
            if tokio::time::timeout(patience, all_ended).await.is_err() {
                tracing::warn!("the API's open requests were cut off");
                tasks.shutdown().await;
            }
        };
        // Agents' requests need the authority until the last of them has ended.
        tokio::join!(gateway.drain(), people);
        app.close().await;
    }
}

/// SIGINT and SIGTERM. They are heard as soon as this is made, so make it before the server says that it is ready.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn hear() -> anyhow::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
