//! The authority's answers on TCP: health, metrics, and the public halves of the root keys.
//!
//! Nothing here changes or shows state. A request with another Host is refused, so that a web page that points its own
//! name at this machine reads nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;

use super::Problem;
use super::names::{OwnNames, own_host_only};
use crate::app::{App, LogQuery, RootKeyStatus};

/// Renders the metrics of this process as text.
pub(crate) type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
struct Public {
    app: Arc<App>,
    metrics: Metrics,
}

/// Returns the router of the TCP listener at `listen`.
pub(crate) fn public(app: Arc<App>, metrics: Metrics, listen: SocketAddr) -> Router {
    let state = Public { app, metrics };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(prometheus))
        .route("/.well-known/hallpass", get(well_known))
        .fallback(async || Problem::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes GET only")
        })
        .layer(from_fn_with_state(OwnNames::of(listen), own_host_only))
        .with_state(state)
}

/// Answers as long as the process runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers whether the store answers.
async fn readyz(State(public): State<Public>) -> Result<&'static str, Problem> {
    match public.app.log(LogQuery { limit: Some(1), ..LogQuery::default() }).await {
        Ok(_) => Ok("ready\n"),
        Err(error) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error)),
    }
}

async fn prometheus(State(public): State<Public>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, (public.metrics)()).into_response()
}

/// The data that a holder needs to attenuate with any Biscuit library.
#[derive(Debug, Serialize)]
struct WellKnown {
    version: &'static str,
    root_keys: Vec<RootKey>,
}

#[derive(Debug, Serialize)]
struct RootKey {
    id: u32,
    algorithm: &'static str,
    public_key: String,
    status: RootKeyStatus,
}

async fn well_known(State(public): State<Public>) -> Json<WellKnown> {
    let live = public.app.root_keys().into_iter().filter(|key| key.status != RootKeyStatus::Retired);
    let root_keys = live
        .map(|key| RootKey {
            id: key.id,
            algorithm: "ed25519",
            public_key: key.public_key,
            status: key.status,
        })
        .collect();
    Json(WellKnown { version: env!("CARGO_PKG_VERSION"), root_keys })
}
