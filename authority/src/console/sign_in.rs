//! Signs in and out. The link leads to a page with one button, and only the button spends the link. So a browser or a
//! mail scanner that opens links ahead of time does not spend it.
//!
//! - Invariant: A link works once, and only when a person presses its button
//!   (`a_link_is_looked_at_for_free_and_spent_by_pressing_once`).

use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use datalog::Message;
use secrecy::ExposeSecret as _;

use super::guard::{self, COOKIE, Fields};
use crate::app::Session;
use crate::console::answer::{page, see_other};
use crate::console::signed_out::{HOW, SignInPage, SignedOutPage, refused, signed_out};
use crate::console::state::{Console, PageRoutes};

pub(super) fn routes() -> PageRoutes {
    vec![("/", get(front)), ("/sign-in", get(show).post(sign_in))]
}

pub(super) fn routes_of_a_person() -> PageRoutes {
    vec![("/sign-out", post(sign_out))]
}

async fn front() -> Response {
    let detail = "This is the console of Hallpass. It is opened by a link that works once.";
    page(StatusCode::OK, &SignedOutPage { title: "Hallpass", detail, hint: Some(HOW), is_front: true })
}

async fn show(RawQuery(query): RawQuery) -> Response {
    let fields = Fields::of_query(query.as_deref().unwrap_or_default());
    match fields.one("code") {
        "" => signed_out(),
        code => page(StatusCode::OK, &SignInPage { code }),
    }
}

pub(crate) async fn sign_in(State(console): State<Console>, request: Request) -> Response {
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
            let Message { says, hint } = error.into();
            let (title, detail, hint) = ("Not signed in", says.as_str(), hint.as_deref());
            return page(StatusCode::FORBIDDEN, &SignedOutPage { title, detail, hint, is_front: false });
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
