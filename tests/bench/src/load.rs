//! The load: N keep-alive connections, each with one request on the way at any time.
//!
//! It runs on a current-thread runtime of its own, away from the upstream's thread. It counts the answers other than
//! 200, and leaves judging to the caller.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A request that lasts longer than this breaks the run.
const DEADLINE: Duration = Duration::from_secs(10);

/// One request, sent again and again. If it has a body, the body has another number each time: the gateway sends
/// exactly the same write only after the earlier one has ended.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) pass: String,
    /// JSON; empty if there is no body.
    pub(crate) body: Bytes,
    /// The place of the number in the body. The number has [`DIGITS`] digits.
    pub(crate) number_at: usize,
}

/// A multiple of four, so that the number is base64 too.
pub(crate) const DIGITS: usize = 12;

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Shot {
    fn numbered(&self) -> Bytes {
        let mut body = self.body.to_vec();
        let number = format!("{:0DIGITS$}", NUMBER.fetch_add(1, Ordering::Relaxed));
        if let Some(place) = body.get_mut(self.number_at..self.number_at + DIGITS) {
            place.copy_from_slice(number.as_bytes());
        }
        body.into()
    }
}

/// The result of a load.
#[derive(Default)]
pub(crate) struct Volley {
    /// The latency of every answer, in the order of arrival by connection.
    pub(crate) latencies: Vec<Duration>,
    /// The first answer other than 200.
    pub(crate) bad: Option<(StatusCode, String)>,
    pub(crate) elapsed: Duration,
}

/// Sends `shot` over `connections` for `time`. `begun` is called once everything is connected and warm.
pub(crate) fn fire(
    address: SocketAddr,
    shot: &Shot,
    connections: usize,
    time: Duration,
    begun: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Volley> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut lines = Vec::new();
        for _ in 0..connections {
            let mut line = Line::open(address).await?;
            for _ in 0..2 {
                line.send(shot).await?;
            }
            lines.push(line);
        }
        begun()?;
        let start = Instant::now();
        let mut running: JoinSet<anyhow::Result<Volley>> = JoinSet::new();
        for line in lines {
            running.spawn(line.repeat(shot.clone(), start + time));
        }
        let mut whole = Volley::default();
        while let Some(part) = running.join_next().await {
            let part = part??;
            whole.latencies.extend(part.latencies);
            whole.bad = whole.bad.or(part.bad);
        }
        whole.elapsed = start.elapsed();
        Ok(whole)
    })
}

/// One connection.
pub(crate) struct Line {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    /// Drives the connection, and ends with it.
    _driver: JoinSet<()>,
}

impl Line {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async {
            // `send` shows what breaks.
            let _ = connection.await;
        });
        Ok(Self { sender, address, _driver: driver })
    }

    async fn repeat(mut self, shot: Shot, until: Instant) -> anyhow::Result<Volley> {
        let mut volley = Volley::default();
        while Instant::now() < until {
            let sent = Instant::now();
            let (status, body) = self.send(&shot).await?;
            volley.latencies.push(sent.elapsed());
            if status != StatusCode::OK && volley.bad.is_none() {
                volley.bad = Some((status, String::from_utf8_lossy(&body).into_owned()));
            }
        }
        Ok(volley)
    }

    pub(crate) async fn send(&mut self, shot: &Shot) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut request = Request::builder()
            .method(shot.method.clone())
            .uri(&shot.path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", shot.pass));
        if !shot.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(shot.numbered()))?;
        let whole = async {
            self.sender.ready().await?;
            let answer = self.sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
        };
        Ok(tokio::time::timeout(DEADLINE, whole).await??)
    }
}
