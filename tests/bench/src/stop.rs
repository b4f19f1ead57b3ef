//! How long the emergency stop takes under load: from the press, over the authority's socket, to the first refused
//! request and to the acknowledgement.
//!
//! Load, upstream and press are in this process, so that one clock times them. The run fails if a request that began
//! after the acknowledgement reached the upstream. Times are printed and never judged.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use crate::gateway::{Bed, PREFIX};
use crate::load::{Line, Shot};
use crate::process::Proxy;
use crate::report::{self, Format};
use crate::stats::Spread;
use crate::upstream;

const CONNECTIONS: usize = 64;
/// How long the load runs before the press.
const BEFORE: Duration = Duration::from_millis(500);
/// How long the load runs after the acknowledgement, and until each agent has an answer to a request that began after
/// it.
const AFTER: Duration = Duration::from_millis(500);

/// The printed figures. Times are in milliseconds from the press.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) connections: usize,
    pub(crate) presses: u32,
    pub(crate) first_refused_ms: Spread,
    pub(crate) acknowledged_ms: Spread,
    pub(crate) last_arrival_ms: Spread,
    pub(crate) forwarded_before: usize,
    /// Requests that began after the acknowledgement and reached the upstream: the run fails unless there are none.
    pub(crate) forwarded_after: usize,
}

/// Every request that reached the upstream: its number, and when it arrived.
type Arrivals = Arc<Mutex<Vec<(u64, Instant)>>>;

/// One request as its agent saw it.
struct Sent {
    number: u64,
    began: Instant,
    ended: Instant,
    answer: Answer,
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Served,
    /// The request was refused with the code of a stop.
    Stopped,
    /// The answer was cut off on its way back, because a stop drops the connection.
    Cut,
    /// The request ended in a way that no stop causes.
    Other(StatusCode),
}

impl Answer {
    fn of(status: StatusCode, body: &[u8]) -> Self {
        match status {
            StatusCode::OK => Self::Served,
            _ if String::from_utf8_lossy(body).contains(r#""stopped""#) => Self::Stopped,
            other => Self::Other(other),
        }
    }
}

/// One press and its result.
struct Press {
    first_refused: Duration,
    acknowledged: Duration,
    last_arrival: Duration,
    forwarded: usize,
}

pub(crate) fn run(presses: u32, format: Format) -> anyhow::Result<()> {
    let arrivals = Arrivals::default();
    let seen = arrivals.clone();
    let upstream = upstream::start_watched(Arc::new(move |uri| {
        let number = uri.query().and_then(|query| query.strip_prefix("q=n")?.parse().ok());
        lock(&seen).extend(number.map(|number| (number, Instant::now())));
    }))?;
    let bed = Bed::make(upstream)?;
    let gateway = bed.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut all = Vec::new();
    for _ in 0..presses {
        lock(&arrivals).clear();
        all.push(runtime.block_on(press(&gateway, &bed, &arrivals))?);
    }
    let spread = |figure: fn(&Press) -> Duration| {
        Spread::of(all.iter().map(|press| figure(press).as_secs_f64() * 1e3).collect())
            .context("never pressed")
    };
    let figures = Figures {
        connections: CONNECTIONS,
        presses,
        first_refused_ms: spread(|press| press.first_refused)?,
        acknowledged_ms: spread(|press| press.acknowledged)?,
        last_arrival_ms: spread(|press| press.last_arrival)?,
        forwarded_before: all.iter().map(|press| press.forwarded).sum(),
        forwarded_after: 0,
    };
    report::stop(&figures, format)
}

/// Presses the stop under load, and lifts it again.
async fn press(gateway: &Proxy, bed: &Bed, arrivals: &Arrivals) -> anyhow::Result<Press> {
    let acknowledgement = Arc::new(OnceLock::new());
    let mut agents: JoinSet<anyhow::Result<Vec<Sent>>> = JoinSet::new();
    for agent in 0..CONNECTIONS {
        let line = Line::open(gateway.address).await?;
        agents.spawn(work(
            line,
            gateway.address,
            agent as u64,
            bed.one_block.clone(),
            acknowledgement.clone(),
        ));
    }
    tokio::time::sleep(BEFORE).await;
    let socket = bed.socket();
    let pressed = Instant::now();
    command(&socket, Method::PUT).await?;
    let acknowledged = Instant::now();
    acknowledgement.set(acknowledged).ok().context("acknowledged twice")?;
    let mut sent = Vec::new();
    while let Some(part) = agents.join_next().await {
        sent.extend(part??);
    }
    command(&socket, Method::DELETE).await?;
    judge(&sent, &lock(arrivals), pressed, acknowledged)
}

/// Sends numbered requests one after the other: on a slow machine, the first that begins after the acknowledgement may
/// begin later than [`AFTER`].
async fn work(
    mut line: Line,
    address: SocketAddr,
    agent: u64,
    pass: String,
    acknowledgement: Arc<OnceLock<Instant>>,
) -> anyhow::Result<Vec<Sent>> {
    let mut all = Vec::new();
    for count in 0.. {
        let began = Instant::now();
        let number = (agent << 32) | count;
        let path = format!("{PREFIX}/gmail/v1/users/me/messages?q=n{number}");
        let shot = Shot { method: Method::GET, path, pass: pass.clone(), body: Bytes::new(), number_at: 0 };
        let answer = match line.send(&shot).await {
            Ok((status, body)) => Answer::of(status, &body),
            Err(_) => {
                line = Line::open(address).await?;
                Answer::Cut
            }
        };
        let ended = Instant::now();
        all.push(Sent { number, began, ended, answer });
        if acknowledgement.get().is_some_and(|at| began > *at && ended > *at + AFTER) {
            break;
        }
    }
    Ok(all)
}

fn judge(
    sent: &[Sent],
    arrivals: &[(u64, Instant)],
    pressed: Instant,
    acknowledged: Instant,
) -> anyhow::Result<Press> {
    let arrived: HashSet<u64> = arrivals.iter().map(|(number, _)| *number).collect();
    let late: Vec<&Sent> = sent.iter().filter(|one| one.began > acknowledged).collect();
    ensure!(!late.is_empty(), "no request began after the stop");
    let forwarded = late.iter().filter(|one| arrived.contains(&one.number)).count();
    ensure!(
        forwarded == 0,
        "{forwarded} of {} requests that began after the stop were forwarded",
        late.len()
    );
    let cut = sent.iter().filter(|one| one.answer == Answer::Cut).count();
    ensure!(cut <= CONNECTIONS, "{cut} answers were cut off, of {CONNECTIONS} that were on their way");
    for one in sent {
        if let Answer::Other(status) = one.answer {
            bail!("request {} was answered {status}", one.number);
        }
    }
    let refused = sent.iter().filter(|one| one.answer == Answer::Stopped).map(|one| one.ended);
    let first_refused = refused.min().context("no request was refused")?;
    let last_arrival = arrivals.iter().map(|(_, at)| *at).max().context("no request arrived")?;
    Ok(Press {
        first_refused: first_refused.saturating_duration_since(pressed),
        acknowledged: acknowledged - pressed,
        last_arrival: last_arrival.saturating_duration_since(pressed),
        forwarded: arrived.len(),
    })
}

/// Calls `/v1/stop` over the authority's socket, as `hallpass stop` does.
async fn command(socket: &Path, method: Method) -> anyhow::Result<()> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let request = Request::builder().method(method).uri("/v1/stop").header(HOST, "hallpass");
    let request = request.body(Full::new(Bytes::new()))?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        drop(sender);
        anyhow::Ok(status)
    };
    let (status, _) = tokio::join!(exchange, connection);
    let status = status?;
    ensure!(status == StatusCode::OK, "the stop was answered {status}");
    Ok(())
}

fn lock(arrivals: &Arrivals) -> MutexGuard<'_, Vec<(u64, Instant)>> {
    arrivals.lock().unwrap_or_else(PoisonError::into_inner)
}
