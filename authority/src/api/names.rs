//! The names of the TCP listener. A request for another name is refused, so that a web page that points its own name at
//! this machine reaches nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};

use super::Problem;

/// The names of this listener, each as `HOST:PORT`.
#[derive(Clone)]
pub(crate) struct OwnNames(Arc<[String]>);

impl OwnNames {
    pub(crate) fn of(listen: SocketAddr) -> Self {
        let port = listen.port();
        Self([listen.to_string(), format!("localhost:{port}"), format!("127.0.0.1:{port}")].into())
    }

    /// Returns the name that a request asks for, if it asks for exactly one and that one is ours.
    pub(crate) fn host<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
        let host = host.to_str().ok()?;
        self.0.iter().any(|own| own == host).then_some(host)
    }
}

/// A middleware that refuses a request for another name.
pub(crate) async fn own_host_only(State(names): State<OwnNames>, request: Request, next: Next) -> Response {
    if names.host(request.headers()).is_some() {
        return next.run(request).await;
    }
    let own = names.0.first().map_or("", String::as_str);
    Problem::new(StatusCode::MISDIRECTED_REQUEST, format!("this listener answers for {own} only"))
        .into_response()
}
