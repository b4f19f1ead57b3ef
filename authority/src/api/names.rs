//! The names of the TCP listener. A request for another name is refused, so that a web page that points its own name at
//! this machine reaches nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};

use super::Problem;

/// `HOST:PORT`, in every spelling.
#[derive(Clone)]
pub(crate) struct OwnNames(Arc<[String]>);

impl OwnNames {
    pub(crate) fn of(listen: SocketAddr) -> Self {
        let port = listen.port();
        Self([listen.to_string(), format!("localhost:{port}"), format!("127.0.0.1:{port}")].into())
    }

    /// The name that a request asks for, if it is exactly one and one of ours.
    pub(crate) fn host<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
        let host = host.to_str().ok()?;
        self.0.iter().any(|own| own == host).then_some(host)
    }
}

/// A middleware: nothing behind it sees a request for another name.
pub(crate) async fn own_host_only(State(names): State<OwnNames>, request: Request, next: Next) -> Response {
    if names.host(request.headers()).is_some() {
        return next.run(request).await;
    }
    let own = names.0.first().map_or("", String::as_str);
    Problem::new(StatusCode::MISDIRECTED_REQUEST, format!("this listener answers for {own} only"))
        .into_response()
}
