//! The console: pages on the authority's port, for a person who signed in by a link from `hallpass console`.
//!
//! Pages are rendered on the server, and every page and form works without a script. Each page has one file. A page
//! only calls verbs of `App`, as the API does, and decides nothing. `guard` keeps strangers out before any page; a pass
//! is no way in.
//!
//! - Invariant: Every page works without a script, and shows hostile text as text (`everything_works_without_scripts`,
//!   `hostile_texts_are_shown_and_do_nothing`).

pub(crate) mod answer;
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
mod says;
mod services;
mod sign_in;
pub(crate) mod signed_out;
pub(crate) mod state;
mod stop;
mod stop_one;
#[cfg(test)]
pub(crate) use escape::Inert;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::sync::{Semaphore, watch};

use crate::api::names::{OwnNames, own_host_only};
use crate::app::App;
use crate::console::state::Console;
use crate::console::state::LARGEST_FORM;
use crate::console::state::PageRoutes;

/// The most pages that receive changes, over all sessions.
const MOST_STREAMS: usize = 32;

/// Returns the console's routes, beside the public ones of the listener at `listen`.
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

/// Returns the pages that need a session. They are below the path of its cookie.
fn pages_of_a_person() -> PageRoutes {
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
        stop_one::routes(),
        events::routes(),
        sign_in::routes_of_a_person(),
    ]
    .concat()
}

/// Returns the pages that need no session. They show and change nothing of the authority.
fn pages_of_anybody() -> PageRoutes {
    [sign_in::routes(), assets::routes()].concat()
}
