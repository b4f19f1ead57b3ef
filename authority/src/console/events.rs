//! `/events` tells an open page only that something changed, and the page fetches itself again. `/alive` is asked once
//! a second by an open page, which reports if nobody answers.
//!
//! Every change of the authority is a record in its log, so the log's newest number is the feed. A stream ends with its
//! session and with the server. The number of streams has a limit.
//!
//! - Invariant: A page whose authority does not answer says so, and its buttons do nothing
//!   (`a_page_says_that_nobody_answers_and_a_session_outlives_a_restart`).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::app::{App, Session};
use crate::console::state::{Console, PageRoutes};

/// Changes that come close together are told as one.
const TOGETHER: Duration = Duration::from_millis(200);
/// How often a quiet stream checks that its session still exists.
const LOOK: Duration = Duration::from_secs(10);

pub(super) fn routes() -> PageRoutes {
    vec![("/events", get(events)), ("/alive", get(alive))]
}

/// Tells an open page that the authority and the session exist.
async fn alive() -> &'static str {
    "alive"
}

async fn events(State(console): State<Console>, Extension(session): Extension<Session>) -> Response {
    let Ok(permit) = console.streams.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open").into_response();
    };
    let mut log = console.app.log_head();
    log.mark_unchanged();
    let app = console.app.clone();
    let told = OpenPage { app, session, log, ended: console.ended.clone(), _permit: permit };
    let stream = unfold(told, |mut told| async move {
        let event = told.next().await?;
        Some((Ok::<_, Infallible>(event), told))
    });
    Sse::new(stream).keep_alive(KeepAlive::new()).into_response()
}

/// One open page.
struct OpenPage {
    app: Arc<App>,
    session: Session,
    log: watch::Receiver<u64>,
    ended: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl OpenPage {
    /// Waits for the next change. None once the session or the server has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let news = tokio::select! {
                _ = self.ended.wait_for(|ended| *ended) => return None,
                changed = self.log.changed() => {
                    changed.ok()?;
                    true
                }
                () = tokio::time::sleep(LOOK) => false,
            };
            if !self.app.is_signed_in(&self.session) {
                return None;
            }
            if news {
                tokio::time::sleep(TOGETHER).await;
                self.log.mark_unchanged();
                return Some(Event::default().event("change").data("log"));
            }
        }
    }
}
