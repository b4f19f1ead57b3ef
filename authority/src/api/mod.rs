//! The authority's API: HTTP over `App`, one file a resource.
//!
//! Two routers with nothing in common but health: `administration` is served on the authority's socket and in
//! this process only, `public` on TCP. No handler decides, stores or computes: each is one call of `App`.

mod approvals;
mod connections;
mod console;
mod extract;
mod keys;
mod log;
pub(crate) mod names;
mod passes;
mod problem;
mod public;
mod revocations;
mod services;
mod status;
mod stop;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::MethodRouter;
use http::StatusCode;

use crate::app::{App, AppError, ErrorKind};

pub use log::LogPage;
pub use problem::Problem;
pub use public::{Metrics, public};
pub use status::Status;

/// What every handler is given.
#[derive(Clone)]
struct AppState(Arc<App>);

/// One resource's paths and what answers on them.
type Routes = Vec<(&'static str, MethodRouter<AppState>)>;

/// Nothing that a person sends here is larger.
const LARGEST_BODY: usize = 256 * 1024;

/// Everything that changes or shows the authority's state. Never to be served on TCP.
pub fn administration(app: Arc<App>) -> Router {
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

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error.kind() {
            ErrorKind::Invalid => Self::bad_request(error),
            ErrorKind::NotFound => Self::not_found(error),
            ErrorKind::Conflict => Self::conflict(error),
            ErrorKind::Provider => Self::bad_gateway(error),
            ErrorKind::Store => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests;
