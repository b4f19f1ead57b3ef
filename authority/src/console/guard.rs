//! Keeps strangers out: checks the session, the origin and the form's token before any page.
//!
//! No page can leave a check out, because only this file hands out a form's fields, after the checks.
//!
//! - Invariant: A page needs a session of its own place. A pass opens no page
//!   (`nobody_and_no_pass_gets_a_page_of_the_console`, `a_session_opens_its_own_place_and_no_other`).
//! - Invariant: A form works only for its own session, origin and host (`a_form_needs_the_token_of_its_own_session`,
//!   `a_form_from_another_origin_is_refused`, `another_host_is_refused_on_every_page`).
//! - Invariant: A page that an agent serves on this machine reads no cookie of the console, frames no page and sends no
//!   form (`a_page_that_an_agent_serves_reads_nothing_and_does_nothing`).

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded;

use crate::app::{Presence, Session};
use crate::console::state::{Console, LARGEST_FORM};

/// The cookie that holds a session's id.
pub(super) const COOKIE: &str = "hallpass-session";
/// The field of every form that holds its session's token.
const CSRF: &str = "csrf";
/// The script that refreshes a page sets this header. Such a request does not show that a person is there.
const LIVE: &str = "hallpass-live";

/// A page loads only from here, nothing may frame it, and it holds no inline script or style.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The fields of a form that its own session sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Returns the text of a field without the space around it; empty if the field is missing.
    pub(super) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// Returns the lines of every field of that name, without empty ones.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let fields = self.0.iter().filter(|(known, _)| known == name);
        let lines = fields.flat_map(|(_, value)| value.lines()).map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Returns names and values of the fields that begin with `prefix`. The prefix is removed.
    pub(super) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Returns the fields of an address's query. They come from no form and have no token.
    pub(super) fn of_query(query: &str) -> Self {
        Self::parse(query.as_bytes())
    }

    /// Returns fields that nobody sent, for a form that is filled in beforehand.
    pub(super) fn filled(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(fields.into_iter().collect())
    }

    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }
}

/// Lets through requests of a signed-in person from a page of the console, and answers everything else itself.
pub(super) async fn a_person_only(State(console): State<Console>, request: Request, next: Next) -> Response {
    let Some(session) = session(&console, &request) else {
        return crate::console::signed_out::signed_out();
    };
    if !is_navigation_of_ours(request.headers()) {
        return crate::console::signed_out::refused("this request came from another site");
    }
    console.app.keep_presence(&session).await;
    let (mut parts, body) = request.into_parts();
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        if !is_from_here(&console, &parts.headers) {
            return crate::console::signed_out::refused("this form was not sent from the console");
        }
        let Some(fields) = form(&parts.headers, body).await else {
            return crate::console::signed_out::refused("this is not a form of the console");
        };
        if !session.is_csrf(fields.one(CSRF)) {
            return crate::console::signed_out::refused(
                "this form belongs to another session: go back, load the page again, and send it again",
            );
        }
        parts.extensions.insert(fields);
        parts.extensions.insert(session);
        return next.run(Request::from_parts(parts, axum::body::Body::empty())).await;
    }
    parts.extensions.insert(session);
    next.run(Request::from_parts(parts, body)).await
}

/// Returns the session of the cookie, at the place in the request's path.
fn session(console: &Console, request: &Request) -> Option<Session> {
    let place = request.uri().path().strip_prefix("/s/")?.split('/').next()?;
    let presence = if request.headers().contains_key(LIVE) { Presence::PageAlone } else { Presence::Person };
    // Another program on this machine can set cookies of this name for the whole host, but they open nothing.
    cookies(request.headers()).into_iter().find_map(|id| console.app.session(id, place, presence))
}

fn cookies(headers: &HeaderMap) -> Vec<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value).take(8).collect()
}

/// Whether a person typed the address, or followed a link on our page. Browsers say so in a header; a client without
/// that header is no browser.
fn is_navigation_of_ours(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site") {
        None => true,
        Some(site) => site == "none" || site == "same-origin",
    }
}

/// Whether a page of this very origin sent the request. Every browser says so for every form.
pub(super) fn is_from_here(console: &Console, headers: &HeaderMap) -> bool {
    let Some(host) = console.names.host(headers) else { return false };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    let is_ours = origin.to_str().is_ok_and(|origin| origin == format!("http://{host}"));
    is_ours && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

/// Reads the fields of a form's body.
pub(super) async fn form(headers: &HeaderMap, body: axum::body::Body) -> Option<Fields> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if kind.split(';').next()?.trim() != "application/x-www-form-urlencoded" {
        return None;
    }
    let bytes = to_bytes(body, LARGEST_FORM).await.ok()?;
    Some(Fields::parse(&bytes))
}

/// Adds the headers that every answer gives to the browser.
pub(super) async fn nothing_foreign(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await.into_response();
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with that, browsers send `Origin: null` for our own forms. Other origins get nothing
        // either way.
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let own =
        [("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin")];
    for (name, value) in own {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
