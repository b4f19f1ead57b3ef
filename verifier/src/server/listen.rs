//! Listeners, connections, and an orderly end.
//!
//! Each serving thread has its own current-thread runtime and its own connections to services, so a request never
//! changes threads. `Serving` owns the threads and tasks, and drains them.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::entrance::{Entrance, Scope};
use crate::gateway::Gateway;
use crate::heads::Heads;
use crate::meter;
use crate::pipeline::Worker;
use crate::server::place::OpenConnection;
use crate::server::service::Agent;
use crate::server::timed_stream::TimedStream;
use crate::tasks::Tasks;

/// A bound listener, and where it leads.
#[derive(Debug)]
pub struct Door {
    pub socket: TcpListener,
    pub scope: Scope,
}

/// Why a gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("a serving thread could not be started: {0}")]
    Thread(std::io::Error),
    #[error("a listener could not be used: {0}")]
    Listener(std::io::Error),
}

/// A running gateway. Dropping it stops the gateway without waiting; `drain` waits.
pub struct Serving {
    stop: watch::Sender<bool>,
    threads: Vec<(JoinHandle<()>, oneshot::Receiver<()>)>,
}

impl Gateway {
    /// Serves every door, on as many threads as the configuration says.
    pub fn serve(self: &Arc<Self>, doors: Vec<Door>) -> Result<Serving, ServeError> {
        let (stop, stopped) = watch::channel(false);
        let threads = match self.config.threads {
            0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8)),
            threads => threads,
        };
        for door in &doors {
            door.socket.set_nonblocking(true).map_err(ServeError::Listener)?;
        }
        let mut serving = Serving { stop, threads: Vec::with_capacity(threads) };
        for number in 0..threads {
            let own = doors
                .iter()
                .map(|door| Ok(Door { socket: door.socket.try_clone()?, scope: door.scope.clone() }))
                .collect::<Result<Vec<_>, _>>()
                .map_err(ServeError::Listener)?;
            serving.threads.push(thread(self.clone(), own, number, stopped.clone())?);
        }
        // From here on only the threads hold the listeners. When the threads stop, the ports are free.
        drop(doors);
        Ok(serving)
    }
}

impl Serving {
    /// Stops accepting, lets running requests end, and cuts off those that do not end within the deadline.
    pub async fn drain(mut self) {
        self.stop.send_replace(true);
        for (thread, done) in std::mem::take(&mut self.threads) {
            // An error means that the thread has already ended.
            let _ = done.await;
            if thread.join().is_err() {
                tracing::error!("a serving thread ended in a panic");
            }
        }
    }
}

fn thread(
    gateway: Arc<Gateway>,
    doors: Vec<Door>,
    number: usize,
    stopped: watch::Receiver<bool>,
) -> Result<(JoinHandle<()>, oneshot::Receiver<()>), ServeError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Thread)?;
    let (done, when_done) = oneshot::channel();
    let handle = std::thread::Builder::new()
        .name(format!("gateway-{number}"))
        .spawn(move || {
            runtime.block_on(serve_thread(gateway, doors, stopped));
            runtime.shutdown_timeout(Duration::from_secs(1));
            // Perhaps nobody waits for it any more.
            let _ = done.send(());
        })
        .map_err(ServeError::Thread)?;
    Ok((handle, when_done))
}

async fn serve_thread(gateway: Arc<Gateway>, doors: Vec<Door>, stopped: watch::Receiver<bool>) {
    let (drain, tasks) = (gateway.config.limits.drain, Arc::new(Tasks::default()));
    let worker = Arc::new(Worker::new(gateway, tasks.clone(), stopped.clone()));
    let mut accepting = JoinSet::new();
    for door in doors {
        accepting.spawn(accept(worker.clone(), door, stopped.clone()));
    }
    while accepting.join_next().await.is_some() {}
    tasks.drain(drain).await;
}

/// Accepts connections on one door until told to stop, then lets them finish.
async fn accept(worker: Arc<Worker>, door: Door, mut stopped: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(door.socket) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a listener could not be used");
            return;
        }
    };
    let scope = Arc::new(door.scope);
    let mut connections = JoinSet::new();
    while !*stopped.borrow() {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => admit(&worker, stream, &scope, &stopped, &mut connections),
                Err(error) => {
                    // For example out of file descriptors: open connections must end first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            // Nobody is left to tell it to stop, so it stops.
            told = stopped.changed() => if told.is_err() { break },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(worker.gateway.config.limits.drain, ended).await.is_err() {
        tracing::warn!("connections were cut off while the gateway stopped");
    }
}

fn admit(
    worker: &Arc<Worker>,
    stream: TcpStream,
    scope: &Arc<Scope>,
    stopped: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let Some(place) = OpenConnection::take(&worker.gateway, peer.ip()) else { return };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps small packets back");
    }
    let entrance = Entrance { scope: scope.clone(), peer: peer.ip(), local: local.ip(), load: place.load };
    connections.spawn(connection(worker.clone(), stream, entrance, stopped.clone(), place));
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that nobody can tell it to stop any more. That is the same as being told.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn connection(
    worker: Arc<Worker>,
    stream: TcpStream,
    entrance: Entrance,
    mut stopped: watch::Receiver<bool>,
    place: OpenConnection,
) {
    let limits = &worker.gateway.config.limits;
    let most = limits.head.max(8192);
    let heads = Arc::new(Heads::new(place.line.clone(), (most, limits.headers)));
    let agent = Agent { worker: worker.clone(), entrance: entrance.clone(), heads: heads.clone() };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_read)
        .max_buf_size(most)
        .max_headers(limits.headers)
        .serve_connection(
            TokioIo::new(TimedStream::new(stream, heads, limits.idle, limits.head_whole)),
            agent,
        );
    let mut served = std::pin::pin!(served);
    let ended = loop {
        tokio::select! {
            // The bytes that have come are read before anything ends.
            biased;
            ended = served.as_mut() => break ended,
            // This connection waited longer for a head than others, and there was no room.
            () = place.line.has_to_go() => if place.line.close() { break Ok(()) },
            () = told_to_stop(&mut stopped) => {
                served.as_mut().graceful_shutdown();
                break served.await;
            }
        }
    };
    if let Err(error) = ended {
        if error.is_parse() {
            // hyper answered with a bare 400 or 431, because there was no request to record.
            meter::unreadable();
        }
        tracing::debug!(%error, "a connection ended early");
    }
    drop(place);
}
