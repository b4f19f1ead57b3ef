//! The console: pages on the authority's port, for a person who signed in by a link from `hallpass console`.
//!
//! Server-rendered: every page and every form works without a script. One file a page; a page only calls verbs of
//! `App`, as the API does, and decides nothing. What keeps strangers out is in `guard`, before any page; a pass is no
//! way in.

mod approval;
mod approvals;
mod assets;
mod audit;
mod connections;
mod escape;
mod events;
mod frame;
mod guard;
mod line;
mod mint;
mod mint_form;
mod now;
mod pass;
mod passes;
mod record;
mod services;
mod sign_in;
mod stop;
mod suspend;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::MethodRouter;
use tokio::sync::{Semaphore, watch};

use crate::api::names::{OwnNames, own_host_only};
use crate::app::App;

/// What every page is given.
#[derive(Clone)]
pub(crate) struct Console {
    app: Arc<App>,
    names: OwnNames,
    /// One for every page that is told of changes.
    streams: Arc<Semaphore>,
    /// True once the server ends.
    ended: watch::Receiver<bool>,
}

type Routes = Vec<(&'static str, MethodRouter<Console>)>;

/// Pages that are told of changes at once, over all sessions.
const MOST_STREAMS: usize = 32;
/// No form is larger.
const LARGEST_FORM: usize = 64 * 1024;

/// The console's routes, to stand beside the public ones of the listener at `listen`.
pub(crate) fn router(app: Arc<App>, listen: SocketAddr, ended: watch::Receiver<bool>) -> Router {
    let names = OwnNames::of(listen);
    let console =
        Console { app, names: names.clone(), streams: Arc::new(Semaphore::new(MOST_STREAMS)), ended };
    let mut pages = Router::new();
    for (path, methods) in pages_of_a_person() {
        pages = pages.route(&format!("/s/{{place}}{path}"), methods);
    }
    let mut router = pages.route_layer(from_fn_with_state(console.clone(), guard::a_person_only));
    for (path, methods) in pages_of_anybody() {
        router = router.route(path, methods);
    }
    router
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn(guard::nothing_foreign))
        .layer(from_fn_with_state(names, own_host_only))
        .with_state(console)
}

/// Behind a session, below the path that its cookie is bound to.
fn pages_of_a_person() -> Routes {
    [
        now::routes(),
        approvals::routes(),
        approval::routes(),
        passes::routes(),
        pass::routes(),
        mint::routes(),
        connections::routes(),
        audit::routes(),
        record::routes(),
        services::routes(),
        stop::routes(),
        suspend::routes(),
        events::routes(),
        sign_in::routes_of_a_person(),
    ]
    .concat()
}

/// Nothing here shows or changes anything of the authority's.
fn pages_of_anybody() -> Routes {
    [sign_in::routes(), assets::routes()].concat()
}
