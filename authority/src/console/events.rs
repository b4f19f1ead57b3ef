//! `/events`: tells an open page that something changed, so that it fetches itself again. It says that, and no more.
//!
//! Every change of the authority is a record in its log, so the log's newest number is the feed. A stream ends with its
//! session and with the server; their number is bounded.

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

use super::{Console, Routes};
use crate::app::{App, Session};

/// Changes that come together are told once.
const TOGETHER: Duration = Duration::from_millis(200);
/// How often a stream without news looks whether its session is still there.
const LOOK: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Routes {
    vec![("/events", get(events))]
}

async fn events(State(console): State<Console>, Extension(session): Extension<Session>) -> Response {
    let Ok(permit) = console.streams.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open").into_response();
    };
    let mut log = console.app.log_head();
    log.mark_unchanged();
    let app = console.app.clone();
    let told = Told { app, session, log, ended: console.ended.clone(), _permit: permit };
    let stream = unfold(told, |mut told| async move {
        let event = told.next().await?;
        Some((Ok::<_, Infallible>(event), told))
    });
    Sse::new(stream).keep_alive(KeepAlive::new()).into_response()
}

/// One open page.
struct Told {
    app: Arc<App>,
    session: Session,
    log: watch::Receiver<u64>,
    ended: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Told {
    /// The next change; none once the session or the server has ended.
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
