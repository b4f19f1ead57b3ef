//! The page for a person who is not signed in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::console::answer::page;

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage<'a> {
    pub(crate) code: &'a str,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOutPage<'a> {
    pub(crate) title: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) hint: Option<&'a str>,
    /// Whether the page leads a signed-in browser to its pages.
    pub(crate) is_front: bool,
}

pub(crate) const HOW: &str =
    "Run `hallpass console` in a terminal on this machine, and open the link that it prints.";

/// Returns the answer to anybody without a session, whatever they asked for.
pub(crate) fn signed_out() -> Response {
    let detail = "This page is only shown to whoever signed in, or your session has ended.";
    let title = "You are signed out";
    page(StatusCode::FORBIDDEN, &SignedOutPage { title, detail, hint: Some(HOW), is_front: false })
}

pub(crate) fn refused(because: &str) -> Response {
    let title = "Refused";
    page(StatusCode::FORBIDDEN, &SignedOutPage { title, detail: because, hint: None, is_front: false })
}
