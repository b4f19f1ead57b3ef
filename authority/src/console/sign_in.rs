//! Signing in and out. The link leads to a page with one button: only pressing it spends the link, so a browser or a
//! mail scanner that looks at links ahead of time does not.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use secrecy::ExposeSecret as _;

use super::frame::{page, see_other};
use super::guard::{self, COOKIE, Fields};
use super::{Console, Routes};
use crate::app::Session;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    code: &'a str,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage<'a> {
    title: &'a str,
    detail: &'a str,
    hint: Option<&'a str>,
}

pub(super) fn routes() -> Routes {
    vec![("/", get(front)), ("/sign-in", get(show).post(sign_in))]
}

pub(super) fn routes_of_a_person() -> Routes {
    vec![("/sign-out", post(sign_out))]
}

const HOW: &str = "Run `hallpass console` in a terminal on this machine, and open the link that it prints.";

async fn front() -> Response {
    let detail = "This is the console of Hallpass. It is opened by a link that works once.";
    page(StatusCode::OK, &SignedOutPage { title: "Hallpass", detail, hint: Some(HOW) })
}

/// To whoever has no session, whatever they asked for.
pub(super) fn signed_out() -> Response {
    let detail = "This page is only shown to whoever signed in, or your session has ended.";
    page(StatusCode::FORBIDDEN, &SignedOutPage { title: "You are signed out", detail, hint: Some(HOW) })
}

pub(super) fn refused(because: &str) -> Response {
    page(StatusCode::FORBIDDEN, &SignedOutPage { title: "Refused", detail: because, hint: None })
}

async fn show(RawQuery(query): RawQuery) -> Response {
    let fields = Fields::of_query(query.as_deref().unwrap_or_default());
    match fields.one("code") {
        "" => signed_out(),
        code => page(StatusCode::OK, &SignInPage { code }),
    }
}

async fn sign_in(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !guard::is_from_here(&console, &parts.headers) {
        return refused("this form was not sent from the console");
    }
    let Some(fields) = guard::form(&parts.headers, body).await else {
        return refused("this is not a form of the console");
    };
    let signed_in = match console.app.sign_in(fields.one("code")).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            let text = error.to_string();
            let (detail, hint) = text.split_once("\nhint: ").map_or((&*text, None), |(d, h)| (d, Some(h)));
            let title = "Not signed in";
            return page(StatusCode::FORBIDDEN, &SignedOutPage { title, detail, hint });
        }
    };
    let place = format!("/s/{}", signed_in.session.place);
    let cookie = format!(
        "{COOKIE}={}; Path={place}; HttpOnly; SameSite=Strict; Max-Age={}",
        signed_in.id.expose_secret(),
        12 * 60 * 60
    );
    let mut response = see_other(&format!("{place}/now"));
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn sign_out(State(console): State<Console>, Extension(session): Extension<Session>) -> Response {
    console.app.sign_out(&session).await;
    let gone = format!("{COOKIE}=; Path=/s/{}; HttpOnly; SameSite=Strict; Max-Age=0", session.place);
    let mut response = see_other("/");
    if let Ok(gone) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, gone);
    }
    response
}
