//! What every page of a signed-in person has around it: where it is, what holds, and what just happened.
//!
//! Here is the one place that turns a page, or an error of a verb, into an answer.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use time::OffsetDateTime;

use super::guard::Fields;
use super::{Console, assets, sign_in};
use crate::app::{AppError, ApprovalFilter, ApprovalStanding, ErrorKind, Session};

/// The entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Now,
    Approvals,
    Passes,
    Mint,
    Connections,
    Audit,
    Services,
}

/// One entry of the navigation.
pub(super) struct Entry {
    pub here: Here,
    pub path: &'static str,
    pub title: &'static str,
    /// Pressed after `g`.
    pub key: char,
}

pub(super) const NAVIGATION: [Entry; 7] = [
    Entry { here: Here::Now, path: "now", title: "Now", key: 'n' },
    Entry { here: Here::Approvals, path: "approvals", title: "Approvals", key: 'a' },
    Entry { here: Here::Passes, path: "passes", title: "Passes", key: 'p' },
    Entry { here: Here::Mint, path: "mint", title: "Mint", key: 'm' },
    Entry { here: Here::Connections, path: "connections", title: "Connections", key: 'c' },
    Entry { here: Here::Audit, path: "audit", title: "Audit", key: 'l' },
    Entry { here: Here::Services, path: "services", title: "Services", key: 's' },
];

/// What is around a page.
pub(super) struct Frame {
    /// The path below which this session's pages are.
    pub at: String,
    pub csrf: String,
    pub stopped: bool,
    /// How many questions wait for an answer.
    waiting: usize,
    pub now: OffsetDateTime,
    pub here: Option<Here>,
    /// What the form before this page did.
    pub did: Option<String>,
}

impl Frame {
    pub(super) fn on(mut self, here: Here) -> Self {
        self.here = Some(here);
        self
    }

    pub(super) fn is_at(&self, entry: &Entry) -> bool {
        self.here == Some(entry.here)
    }

    /// What waits behind an entry, where something does.
    pub(super) fn count(&self, entry: &Entry) -> Option<usize> {
        Some(self.waiting).filter(|count| entry.here == Here::Approvals && *count > 0)
    }

    pub(super) fn navigation(&self) -> &'static [Entry] {
        &NAVIGATION
    }

    pub(super) fn style(&self) -> &'static str {
        assets::STYLE
    }

    pub(super) fn script(&self) -> &'static str {
        assets::SCRIPT
    }

    /// To a page of this session, after a form did what it says.
    pub(super) fn go(&self, path: &str) -> Response {
        see_other(&format!("{}/{path}", self.at))
    }

    /// The page that says why a verb did not do what it should.
    pub(super) fn failed(self, error: &AppError) -> Response {
        let status = match error.kind() {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Provider => StatusCode::BAD_GATEWAY,
            ErrorKind::Store => StatusCode::INTERNAL_SERVER_ERROR,
        };
        page(status, &FailedPage { frame: self, why: Why::of(error) })
    }
}

impl FromRequestParts<Console> for Frame {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(session) = parts.extensions.get::<Session>() else { return Err(sign_in::signed_out()) };
        let pending = ApprovalFilter { status: Some(ApprovalStanding::Pending), ..ApprovalFilter::default() };
        // Where the store does not answer, the page itself will say so.
        let waiting = console.app.approvals(pending).await.map_or(0, |pending| pending.len());
        let query = Fields::of_query(parts.uri.query().unwrap_or_default());
        Ok(Self {
            at: format!("/s/{}", session.place),
            csrf: session.csrf().to_owned(),
            stopped: console.app.stop_report().stopped,
            waiting,
            now: console.app.clock().now(),
            here: None,
            did: did(query.one("did"), query.one("late")),
        })
    }
}

/// For the address of the page after a stop: how many requests could not be called back.
pub(super) fn late(not_recalled: usize) -> String {
    if not_recalled == 0 { String::new() } else { format!("&late={not_recalled}") }
}

/// The sentence for what an address says was done. What it says otherwise is not shown.
fn did(word: &str, late: &str) -> Option<String> {
    let done = match word {
        "stopped" => "Stopped: no request of any pass is forwarded until you resume.",
        "resumed" => "Resumed: requests are decided by their passes again.",
        "approved" => "Approved: the agent's request goes out when it comes, or is on its way already.",
        "agreed" => "You agreed; others have to agree too.",
        "denied" => "Denied: the agent is told, with your reason.",
        "suspended" => "Stopped: nothing of it is forwarded until you resume it.",
        "lifted" => "Resumed: its requests are decided by its pass again.",
        "revoked" => "Revoked: it is refused from the next request on, and all that was attenuated from it.",
        _ => return None,
    };
    Some(match late.parse::<usize>() {
        Ok(late @ 1..) => format!(
            "{done} Requests that were on their way and could not be called back in time: {late}. What they ask of the \
             service may still happen."
        ),
        _ => done.to_owned(),
    })
}

/// An error as people read it: what, and what to do about it.
pub(super) struct Why {
    pub what: String,
    pub hint: Option<String>,
}

impl Why {
    pub(super) fn of(error: &impl std::fmt::Display) -> Self {
        let text = error.to_string();
        match text.split_once("\nhint: ") {
            Some((what, hint)) => Self { what: what.to_owned(), hint: Some(hint.to_owned()) },
            None => Self { what: text, hint: None },
        }
    }
}

#[derive(Template)]
#[template(path = "failed.html")]
struct FailedPage {
    frame: Frame,
    why: Why,
}

/// The page that was asked for.
pub(super) fn whole<T: Template>(of: &T) -> Response {
    page(StatusCode::OK, of)
}

/// A page as an answer of this status.
pub(super) fn page<T: Template>(status: StatusCode, of: &T) -> Response {
    match of.render() {
        Ok(text) => {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            (status, [(header::CONTENT_TYPE, html)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page of the console cannot be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(super) fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
