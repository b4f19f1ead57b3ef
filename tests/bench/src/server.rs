//! The accept loop that the upstream, the control and the checking service share: HTTP/1.1, kept alive.

use std::error::Error;
use std::future::Future;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves as long as the runtime lasts.
pub(crate) async fn serve<A, F, B, E>(listener: TcpListener, answer: A) -> anyhow::Result<()>
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Error: Error + Send + Sync, Data: Send> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer.clone()));
        // The runtime owns the connection, and ends with the process. If a connection breaks, the other side sees it.
        tokio::spawn(connection);
    }
}
