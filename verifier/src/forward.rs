//! Forward: a permitted request to the upstream's answer.
//!
//! The upstream request is built from the canonical request, never from the agent's bytes; the credential goes
//! into the one slot. No redirect is followed. Nothing is sent twice, except a read that a stale connection or
//! an outdated credential stopped, once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use datalog::{Effect, Effects, Permitted};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::config::Limits;
use crate::credential;
use crate::dial::{Reach, Resolver};
use crate::meter;
use crate::outgoing::{Outgoing, unsendable};
use crate::ports::{Authority, Connection, Credential, Warrant};
use crate::refusal::{Fault, FaultCode, Stop};

type Plain = Client<HttpConnector<Resolver>, Full<Bytes>>;
type Tls = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// A permitted request on its way: everything that will be sent, but the credential.
pub(crate) struct Departure {
    permitted: Permitted,
    outgoing: Outgoing,
}

impl Departure {
    /// Consumes the permission, and builds what will be sent from the request that was permitted.
    pub(crate) fn of(
        permitted: Permitted,
        connection: &Connection,
        pass: &SecretString,
    ) -> Result<Self, Stop> {
        let outgoing = Outgoing::of(Warrant::Permitted(&permitted), connection, pass)?;
        Ok(Self { permitted, outgoing })
    }

    pub(crate) fn permitted(&self) -> &Permitted {
        &self.permitted
    }
}

/// Whether sending it twice changes nothing: by the reviewed effects, never by the HTTP verb.
fn only_reads(warrant: Warrant<'_>) -> bool {
    warrant.request().effects.is_subset(Effects::NONE.with(Effect::Read))
}

/// The upstream's answer, and the credential that it was given for.
pub(crate) struct Arrival {
    pub answer: Response<Incoming>,
    pub credential: Credential,
}

/// How one attempt ended.
enum Attempt {
    Answered(Response<Incoming>),
    /// A connection that had served before closed without a word.
    Stale(Fault),
    Failed(Fault),
}

/// The clients of one serving thread. Connections stay on the thread that made them.
pub(crate) struct Forwarder {
    plain: Plain,
    public: OnceLock<Option<Tls>>,
    configured: OnceLock<Option<Tls>>,
    connect: Duration,
    first_byte: Duration,
}

impl Forwarder {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            plain: pooled().build(connector(Reach::Loopback, limits.connect)),
            public: OnceLock::new(),
            configured: OnceLock::new(),
            connect: limits.connect,
            first_byte: limits.first_byte,
        }
    }

    /// Sends a departure, and once more where that is certain to change nothing.
    pub(crate) async fn forward(
        &self,
        authority: &dyn Authority,
        limits: &Limits,
        departure: &Departure,
        credential: Credential,
    ) -> Result<Arrival, Fault> {
        let warrant = Warrant::Permitted(&departure.permitted);
        self.send(authority, limits, warrant, &departure.outgoing, credential).await
    }

    /// Sends what a warrant is for.
    pub(crate) async fn send(
        &self,
        authority: &dyn Authority,
        limits: &Limits,
        warrant: Warrant<'_>,
        outgoing: &Outgoing,
        credential: Credential,
    ) -> Result<Arrival, Fault> {
        let connection = &warrant.request().connection;
        let mut answer = match self.attempt(outgoing, &credential).await {
            Attempt::Answered(answer) => answer,
            Attempt::Failed(fault) => return Err(fault),
            Attempt::Stale(_) if only_reads(warrant) => self.again(outgoing, &credential).await?,
            Attempt::Stale(fault) => return Err(fault),
        };
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(Arrival { answer, credential });
        }
        credential::reject(authority, limits, connection, &credential).await;
        if !only_reads(warrant) {
            return Err(Fault::after(
                FaultCode::UpstreamUnreachable,
                "the service did not accept the credential, which is being renewed: send the request again",
            ));
        }
        let credential = credential::lease(authority, limits, warrant).await.map_err(Fault::again)?;
        answer = self.again(outgoing, &credential).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(Fault::after(
                FaultCode::NeedsReconnect,
                format!("the service no longer accepts the credential of the connection `{connection}`"),
            ));
        }
        Ok(Arrival { answer, credential })
    }

    async fn again(&self, outgoing: &Outgoing, credential: &Credential) -> Result<Response<Incoming>, Fault> {
        match self.attempt(outgoing, credential).await {
            Attempt::Answered(answer) => Ok(answer),
            Attempt::Stale(fault) | Attempt::Failed(fault) => Err(fault.again()),
        }
    }

    async fn attempt(&self, outgoing: &Outgoing, credential: &Credential) -> Attempt {
        let request = match outgoing.with(credential) {
            Ok(request) => request,
            Err(fault) => return Attempt::Failed(fault),
        };
        let answer = match outgoing.reach {
            Reach::Loopback => self.plain.request(request),
            Reach::Public | Reach::Configured => match self.tls(outgoing.reach) {
                Some(client) => client.request(request),
                None => {
                    return Attempt::Failed(unsendable(
                        "this machine has no root certificates to verify TLS with",
                    ));
                }
            },
        };
        let began = Instant::now();
        let answer = timeout(self.first_byte, answer).await;
        meter::upstream_answered(began.elapsed());
        match answer {
            Err(_) => Attempt::Failed(Fault::after(
                FaultCode::UpstreamTimeout,
                format!("the service did not begin to answer within {} seconds", self.first_byte.as_secs()),
            )),
            Ok(Ok(answer)) => Attempt::Answered(answer),
            Ok(Err(error)) => failed(&error),
        }
    }

    /// The client for a reach. Reading the machine's root certificates takes milliseconds, so that is left to
    /// the first request that needs them.
    fn tls(&self, reach: Reach) -> Option<&Tls> {
        let slot = if reach == Reach::Public { &self.public } else { &self.configured };
        slot.get_or_init(|| {
            let mut connector = connector(reach, self.connect);
            connector.enforce_http(false);
            let config =
                rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                    .with_safe_default_protocol_versions()
                    .ok()?
                    .with_native_roots()
                    .ok()?
                    .with_no_client_auth();
            let https = HttpsConnectorBuilder::new()
                .with_tls_config(config)
                .https_only()
                .enable_http1()
                .wrap_connector(connector);
            Some(pooled().build(https))
        })
        .as_ref()
    }
}

/// A request that hyper-util hands back unsent, because its pooled connection had closed, goes out on another
/// (`retry_canceled_requests`): not a byte of it had left.
fn pooled() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(256)
        .retry_canceled_requests(true);
    builder
}

fn connector(reach: Reach, connect: Duration) -> HttpConnector<Resolver> {
    let mut connector = HttpConnector::new_with_resolver(Resolver { reach, system: GaiResolver::new() });
    connector.set_connect_timeout(Some(connect));
    connector.set_nodelay(true);
    connector
}

fn failed(error: &hyper_util::client::legacy::Error) -> Attempt {
    let cause = std::error::Error::source(error).and_then(|source| source.downcast_ref::<hyper::Error>());
    if error.is_connect() || cause.is_some_and(hyper::Error::is_canceled) {
        return Attempt::Failed(Fault::before(
            FaultCode::UpstreamUnreachable,
            "the service could not be reached",
        ));
    }
    let fault =
        Fault::after(FaultCode::UpstreamUnreachable, "the service closed the connection without an answer");
    match cause {
        Some(cause) if cause.is_incomplete_message() || cause.is_closed() => Attempt::Stale(fault),
        _ => Attempt::Failed(fault),
    }
}
