//! The frame of every page for a signed-in person: the menu, what is stopped, and what just happened.
//!
//! This is the one place that turns a page, or a verb's error, into an answer.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use datalog::{ApproverName, Message};
use time::OffsetDateTime;

use super::assets;
use super::guard::Fields;
use crate::api::status_of;
use crate::app::{AppError, ApprovalFilter, ApprovalStanding, Session};
use crate::console::answer::{page, see_other};
use crate::console::state::Console;

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
pub(super) struct NavigationEntry {
    pub here: Here,
    pub path: &'static str,
    pub title: &'static str,
    /// The key for this entry: the person presses it after `g`.
    pub key: char,
}

pub(super) const NAVIGATION: [NavigationEntry; 7] = [
    NavigationEntry { here: Here::Now, path: "now", title: "Now", key: 'n' },
    NavigationEntry { here: Here::Approvals, path: "approvals", title: "Approvals", key: 'a' },
    NavigationEntry { here: Here::Passes, path: "passes", title: "Passes", key: 'p' },
    NavigationEntry { here: Here::Mint, path: "mint", title: "Mint", key: 'm' },
    NavigationEntry { here: Here::Connections, path: "connections", title: "Connections", key: 'c' },
    NavigationEntry { here: Here::Audit, path: "audit", title: "Audit", key: 'l' },
    NavigationEntry { here: Here::Services, path: "services", title: "Services", key: 's' },
];

/// The frame of a page.
pub(super) struct Frame {
    /// The path below which this session's pages are.
    pub at: String,
    pub csrf: String,
    /// The name under which the person answers, if they gave one at sign-in.
    pub approver: Option<ApproverName>,
    pub stopped: bool,
    /// How many questions wait for an answer.
    waiting: usize,
    pub now: OffsetDateTime,
    pub here: Option<Here>,
    /// The result of the form that led to this page.
    pub did: Option<String>,
}

impl Frame {
    pub(super) fn on(mut self, here: Here) -> Self {
        self.here = Some(here);
        self
    }

    pub(super) fn is_at(&self, entry: &NavigationEntry) -> bool {
        self.here == Some(entry.here)
    }

    /// Returns how many questions wait behind an entry, if any do.
    pub(super) fn count(&self, entry: &NavigationEntry) -> Option<usize> {
        Some(self.waiting).filter(|count| entry.here == Here::Approvals && *count > 0)
    }

    pub(super) fn navigation(&self) -> &'static [NavigationEntry] {
        &NAVIGATION
    }

    pub(super) fn style(&self) -> &'static str {
        assets::STYLE
    }

    pub(super) fn script(&self) -> &'static str {
        assets::SCRIPT
    }

    /// Leads to a page of this session, after a form has done its work.
    pub(super) fn go(&self, path: &str) -> Response {
        see_other(&format!("{}/{path}", self.at))
    }

    /// Returns the page that says why a verb failed.
    pub(super) fn failed(self, error: &AppError) -> Response {
        page(status_of(error.kind()), &FailedPage { frame: self, why: error.into() })
    }
}

impl FromRequestParts<Console> for Frame {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(session) = parts.extensions.get::<Session>() else {
            return Err(crate::console::signed_out::signed_out());
        };
        let pending = ApprovalFilter { status: Some(ApprovalStanding::Pending), ..ApprovalFilter::default() };
        // If the store does not answer, the page itself says so.
        let waiting = console.app.approvals(pending).await.map_or(0, |pending| pending.len());
        let query = Fields::of_query(parts.uri.query().unwrap_or_default());
        Ok(Self {
            at: format!("/s/{}", session.place),
            csrf: session.csrf().to_owned(),
            approver: session.approver.clone(),
            stopped: console.app.stop_report().stopped,
            waiting,
            now: console.app.clock().now(),
            here: None,
            did: did(query.one("did"), query.one("late")),
        })
    }
}

/// Returns the part of the next page's address that says how many requests were too late to call back.
pub(super) fn late(not_recalled: usize) -> String {
    if not_recalled == 0 { String::new() } else { format!("&late={not_recalled}") }
}

/// Returns the sentence for the result in an address. Any other text in the address is not shown.
fn did(word: &str, late: &str) -> Option<String> {
    let done = match word {
        "stopped" => "Stopped: no request of any pass is forwarded until you resume.",
        "resumed" => "Resumed: requests are decided by their passes again.",
        "approved" => "Approved: the agent's request goes out when it comes, or is on its way already.",
        "agreed" => "You agreed; others have to agree too.",
        "denied" => "Denied: the agent is told, with your reason.",
        "reopened" => "You took your no back: the question waits again. Nothing is approved yet.",
        "stopped-one" => "Stopped: Hallpass forwards none of its requests until you resume it.",
        "resumed-one" => "Resumed: its requests are decided by its pass again.",
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

#[derive(Template)]
#[template(path = "failed.html")]
struct FailedPage {
    frame: Frame,
    why: Message,
}

/// Returns the page that was asked for.
pub(super) fn whole<T: Template>(of: &T) -> Response {
    page(StatusCode::OK, of)
}
