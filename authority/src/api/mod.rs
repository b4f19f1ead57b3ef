//! The authority's API: HTTP over `App`, one file a resource.
//!
//! There are two routers, and they share only health. `administration` is served on the authority's socket and in this
//! process; `public` is served on TCP. No handler decides, stores or computes: each is one call of `App`.
//!
//! - Invariant: The gateway answers no administrative request (`an_agent_reaches_no_administration_at_the_gateway`).

mod approvals;
mod connections;
mod console;
mod extract;
mod keys;
pub(crate) mod log;
pub(crate) mod names;
mod passes;
mod problem;
mod public;
mod revocations;
mod services;
pub(crate) mod state;
mod status;
mod stop;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use http::StatusCode;

use crate::api::state::{AppState, Routes};
use crate::app::App;

pub(crate) use log::LogPage;
pub(crate) use problem::Problem;
pub(crate) use problem::status as status_of;
pub(crate) use public::{Metrics, public};
pub(crate) use status::Status;

/// The largest body that a person sends here.
const LARGEST_BODY: usize = 256 * 1024;

/// Returns the routes for everything that changes or shows the authority's state. Never serve them on TCP.
pub(crate) fn administration(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for (path, methods) in administrative_routes() {
        router = router.route(path, methods);
    }
    router
        .fallback(async || Problem::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
        })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(AppState(app))
}

fn administrative_routes() -> Routes {
    [
        approvals::routes(),
        connections::routes(),
        console::routes(),
        passes::routes(),
        revocations::routes(),
        services::routes(),
        stop::routes(),
        log::routes(),
        keys::routes(),
        status::routes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
