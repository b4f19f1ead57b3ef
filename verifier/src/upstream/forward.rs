//! Forward: sends a permitted request, and returns the service's answer.
//!
//! The upstream request is built from the canonical request, never from the agent's bytes, and the credential goes into
//! its one slot. No redirect is followed. Nothing is sent twice, with one exception: a read that failed on a stale
//! connection or an outdated credential is sent once more.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use datalog::Permitted;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use crate::authority::credential;
use crate::authority::in_time::InTime;
use crate::config::Limits;
use crate::meter;
use crate::ports::{CarriedOut, Connection, Credential, Rejection, Sign, Warrant};
use crate::refusal::not_admitted::NotAdmitted;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Because, Does, Fault, FaultCode};
use crate::upstream::dial::{Reach, Resolver};
use crate::upstream::inbound::Inbound;
use crate::upstream::outgoing::{Outgoing, unsendable};
use crate::upstream::unpack::{self, Packing};

type PlainClient = Client<HttpConnector<Resolver>, Full<Bytes>>;
type Tls = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// A permitted request on its way: everything that will be sent, without the credential.
pub(crate) struct Departure {
    permitted: Permitted,
    outgoing: Outgoing,
}

impl Departure {
    /// Consumes the permission, and builds the request to send from the permitted one.
    pub(crate) fn of(permitted: Permitted, connection: &Connection) -> Result<Self, Unanswered> {
        let outgoing = Outgoing::of(Warrant::Permitted(&permitted), connection)?;
        Ok(Self { permitted, outgoing })
    }

    pub(crate) fn permitted(&self) -> &Permitted {
        &self.permitted
    }
}

/// The longest answer that can say that a token is dead.
const DEAD: usize = 4 * 1024;

/// The text of a short answer, if its service may say something about the connection there.
#[derive(Clone)]
pub(crate) struct Said(pub serde_json::Value);

/// The upstream's answer, and the credential that it was given for.
pub(crate) struct Arrival {
    pub answer: Response<Inbound>,
    pub credential: Credential,
}

/// How one attempt ended.
enum Attempt {
    Answered(Response<Incoming>),
    /// A reused connection closed without a word.
    Stale(Fault),
    Failed(Fault),
}

/// The clients of one serving thread. Connections stay on the thread that made them.
pub(crate) struct Forwarder {
    plain: PlainClient,
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

    /// Sends a departure. Sends it again only if a second time certainly changes nothing.
    pub(crate) async fn forward(
        &self,
        in_time: &InTime,
        departure: &Departure,
        credential: Credential,
    ) -> Result<Arrival, Fault> {
        let warrant = Warrant::Permitted(&departure.permitted);
        self.send(in_time, warrant, &departure.outgoing, credential).await
    }

    /// Sends the request of a warrant.
    pub(crate) async fn send(
        &self,
        in_time: &InTime,
        warrant: Warrant<'_>,
        outgoing: &Outgoing,
        credential: Credential,
    ) -> Result<Arrival, Fault> {
        let connection = &warrant.request().connection;
        let does = Does::by(warrant.request().effects);
        let answer = match self.attempt(outgoing, &credential).await {
            Attempt::Answered(answer) => answer,
            Attempt::Failed(fault) => {
                if let Some(Because::NotAdmitted(refused)) = fault.because.as_deref() {
                    in_time.authority().noticed(connection, &credential, refused.into());
                }
                return Err(fault);
            }
            Attempt::Stale(_) if does == Does::Reads => self.again(outgoing, &credential).await?,
            Attempt::Stale(fault) => return Err(fault),
        };
        let (answer, rejection) = self.rejection(outgoing, answer).await;
        let Some(rejection) = rejection else { return Ok(Arrival { answer, credential }) };
        // A service that refuses a credential has done nothing.
        let nothing_done = |fault: Fault| Fault { carried_out: CarriedOut::No, ..fault };
        let renewed = in_time.renew(warrant, &credential, rejection).await;
        let credential = renewed.map_err(nothing_done)?;
        if does != Does::Reads {
            return Err(Fault::of_nothing_done(
                FaultCode::UpstreamUnreachable,
                "the service refused the credential, and Hallpass has renewed it: send the request again",
            ));
        }
        let answer = self.again(outgoing, &credential).await?;
        let (answer, rejection) = self.rejection(outgoing, answer).await;
        if rejection.is_some() {
            in_time.authority().noticed(connection, &credential, Sign::Refused);
            return Err(nothing_done(credential::refused(connection)));
        }
        Ok(Arrival { answer, credential })
    }

    /// Returns the answer, and whether it refuses the credential: by 401, or by a word in the body that the overlay
    /// lists.
    async fn rejection(
        &self,
        outgoing: &Outgoing,
        answer: Response<Incoming>,
    ) -> (Response<Inbound>, Option<Rejection>) {
        let mut answer = answer.map(Inbound::from);
        if answer.status() == StatusCode::UNAUTHORIZED {
            return (answer, Some(Rejection::Unauthorized));
        }
        let status = answer.status().as_u16();
        let signs = [&outgoing.dead_token, &outgoing.missing_scope];
        if !signs.into_iter().flatten().any(|sign| sign.status == status) {
            return (answer, None);
        }
        let coding = Packing::of(answer.headers());
        let body = answer.body_mut().peek(DEAD, self.first_byte).await;
        let body = body.and_then(|body| unpack::whole(coding, body));
        let said = body.and_then(|body| serde_json::from_slice::<serde_json::Value>(&body).ok());
        let Some(said) = said else { return (answer, None) };
        let dead = outgoing.dead_token.as_ref().and_then(|sign| sign.said(status, &said));
        let rejection = dead.map(|word| Rejection::Dead(word.to_owned()));
        answer.extensions_mut().insert(Said(said));
        (answer, rejection)
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

    /// Returns the client for a reach. The first request that needs it makes it, because reading the machine's root
    /// certificates takes milliseconds.
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

/// Returns the builder of clients with pooled connections. hyper-util may return a request unsent, because its pooled
/// connection had closed. The request then goes out on another connection (`retry_canceled_requests`), because not a
/// byte of it had left.
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
    if let Some(refused) = NotAdmitted::among(error) {
        return Attempt::Failed(Fault::not_admitted(refused.clone()));
    }
    if error.is_connect() || cause.is_some_and(hyper::Error::is_canceled) {
        let fault = Fault::before(FaultCode::UpstreamUnreachable, "the service could not be reached");
        return Attempt::Failed(fault.because(causes(error)));
    }
    if cause.is_some_and(hyper::Error::is_parse) {
        let detail = "the service did not answer in HTTP";
        return Attempt::Failed(Fault::unusable(CarriedOut::Perhaps, detail));
    }
    let fault =
        Fault::after(FaultCode::UpstreamUnreachable, "the service closed the connection without an answer")
            .because(causes(error));
    match cause {
        Some(cause) if cause.is_incomplete_message() || cause.is_closed() => Attempt::Stale(fault),
        _ => Attempt::Failed(fault),
    }
}

/// Returns each cause below the error itself. The error only says that there is a cause.
fn causes(error: &hyper_util::client::legacy::Error) -> String {
    let mut said = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        said.push(below.to_string());
        cause = below.source();
    }
    said.join(": ")
}
