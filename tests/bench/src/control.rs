//! The control: what it costs to swap a credential and do nothing else.
//!
//! It is a plain reverse proxy with hyper on a current-thread runtime. It has one shared pool of upstream connections
//! and replaces the Authorization header. It looks at nothing, checks nothing and keeps nothing.

use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

use crate::process;
use crate::server;
use crate::upstream::TOKEN;

/// Serves until the benchmark goes away.
pub(crate) fn run(upstream: SocketAddr) -> anyhow::Result<()> {
    process::end_with_parent();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(upstream))
}

async fn serve(upstream: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    process::announce(listener.local_addr()?)?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    server::serve(listener, move |request| forward(client.clone(), upstream, request)).await
}

async fn forward(
    client: Client<HttpConnector, Incoming>,
    upstream: SocketAddr,
    mut request: Request<Incoming>,
) -> anyhow::Result<Response<Incoming>> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = format!("http://{upstream}{path}").parse::<Uri>()?;
    let headers = request.headers_mut();
    headers.remove(HOST);
    headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {TOKEN}"))?);
    Ok(client.request(request).await?)
}
