//! Forward: a permitted request to the upstream's answer.
//!
//! The upstream request is built from the canonical request, never from the agent's bytes; the credential goes
//! into the one slot. No redirect is followed. Nothing is sent twice, except a read that a stale connection or
//! an outdated credential stopped, once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use datalog::{Effect, Effects, Permitted};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::config::Limits;
use crate::credential;
use crate::dial::{Reach, Resolver};
use crate::meter;
use crate::ports::{Authority, Connection, Credential};
use crate::refusal::{Fault, FaultCode, Refusal, RefusalCode, Stop};
use crate::upstream::Place;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("hallpass-gateway/", env!("CARGO_PKG_VERSION")));

type Plain = Client<HttpConnector<Resolver>, Full<Bytes>>;
type Tls = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// A permitted request on its way: everything that will be sent, but the credential.
pub(crate) struct Departure {
    permitted: Permitted,
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
    reach: Reach,
}

impl Departure {
    /// Consumes the permission, and builds what will be sent from the request that was permitted.
    pub(crate) fn of(
        permitted: Permitted,
        connection: &Connection,
        pass: &SecretString,
    ) -> Result<Self, Stop> {
        let request = permitted.request();
        let place = Place::of(connection, request.upstream_host())?;
        let url = place.url(request).ok_or_else(|| unsendable("the request has no URL on the service"))?;
        let wire = request.wire_body();
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 5);
        for (name, value) in &request.headers {
            let name: HeaderName = name.parse().map_err(|_| unsendable("a header cannot be sent"))?;
            headers.insert(name, header(value)?);
        }
        if let Some((content_type, _)) = &wire {
            headers.insert(CONTENT_TYPE, header(content_type)?);
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, AGENT);
        let method = Method::from_bytes(request.operation.method.as_str().as_bytes())
            .map_err(|_| unsendable("the method cannot be sent"))?;
        let departure = Self {
            method,
            url,
            headers,
            body: Bytes::from(wire.map(|(_, bytes)| bytes).unwrap_or_default()),
            reach: place.reach,
            permitted,
        };
        departure.holds_no_pass(pass)?;
        Ok(departure)
    }

    /// The pass cannot go upstream as a credential, because nothing of the agent's bytes does; but an agent could
    /// write it into an argument. The end of a pass, its proof, is in no other text.
    fn holds_no_pass(&self, pass: &SecretString) -> Result<(), Refusal> {
        const PROOF: usize = 48;
        let text = pass.expose_secret().as_bytes();
        let proof = memmem::Finder::new(text.get(text.len().saturating_sub(PROOF)..).unwrap_or(text));
        let holds = |bytes: &[u8]| proof.find(bytes).is_some();
        let target = self.url.path_and_query().map_or("", |target| target.as_str());
        if holds(target.as_bytes())
            || self.headers.values().any(|value| holds(value.as_bytes()))
            || holds(&self.body)
        {
            return Err(Refusal::new(
                RefusalCode::ForeignCredential,
                "the request would send the pass to the service",
            )
            .expected("the pass in the Authorization header only", "it in an argument"));
        }
        Ok(())
    }

    pub(crate) fn permitted(&self) -> &Permitted {
        &self.permitted
    }

    /// Whether sending it twice changes nothing: by the reviewed effects, never by the HTTP verb.
    fn only_reads(&self) -> bool {
        self.permitted.request().effects.is_subset(Effects::NONE.with(Effect::Read))
    }

    fn with(&self, credential: &Credential) -> Result<http::Request<Full<Bytes>>, Fault> {
        let line = Zeroizing::new(format!("Bearer {}", credential.token.expose_secret()));
        let mut slot =
            HeaderValue::from_str(&line).map_err(|_| unsendable("the credential cannot be sent"))?;
        slot.set_sensitive(true);
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, slot);
        Ok(request)
    }
}

fn header(value: &str) -> Result<HeaderValue, Fault> {
    value.parse().map_err(|_| unsendable("a header cannot be sent"))
}

fn unsendable(detail: &str) -> Fault {
    Fault::before(FaultCode::UpstreamUnreachable, detail)
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
        let connection = &departure.permitted.request().connection;
        let mut answer = match self.attempt(departure, &credential).await {
            Attempt::Answered(answer) => answer,
            Attempt::Failed(fault) => return Err(fault),
            Attempt::Stale(_) if departure.only_reads() => self.again(departure, &credential).await?,
            Attempt::Stale(fault) => return Err(fault),
        };
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(Arrival { answer, credential });
        }
        credential::reject(authority, limits, connection, &credential).await;
        if !departure.only_reads() {
            return Err(Fault::after(
                FaultCode::UpstreamUnreachable,
                "the service did not accept the credential, which is being renewed: send the request again",
            ));
        }
        let credential =
            credential::lease(authority, limits, &departure.permitted).await.map_err(Fault::again)?;
        answer = self.again(departure, &credential).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(Fault::after(
                FaultCode::NeedsReconnect,
                format!("the service no longer accepts the credential of the connection `{connection}`"),
            ));
        }
        Ok(Arrival { answer, credential })
    }

    async fn again(
        &self,
        departure: &Departure,
        credential: &Credential,
    ) -> Result<Response<Incoming>, Fault> {
        match self.attempt(departure, credential).await {
            Attempt::Answered(answer) => Ok(answer),
            Attempt::Stale(fault) | Attempt::Failed(fault) => Err(fault.again()),
        }
    }

    async fn attempt(&self, departure: &Departure, credential: &Credential) -> Attempt {
        let request = match departure.with(credential) {
            Ok(request) => request,
            Err(fault) => return Attempt::Failed(fault),
        };
        let answer = match departure.reach {
            Reach::Loopback => self.plain.request(request),
            Reach::Public | Reach::Configured => match self.tls(departure.reach) {
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
