//! The OAuth endpoints: consent page, token, revocation, userinfo; and the check of an access token.
//!
//! The page is real HTML with a form to post: the story plays the person by posting it. Refusals of an
//! authorization request are shown, never redirected.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ACCOUNT;
use super::grants::TokenAnswer;
use super::rules::{Authorization, Parameters, Refusal};
use crate::demo::provider::shared::{CLIENT_ID, Shared};

pub(in crate::demo) const AUTHORIZE_PATH: &str = "/o/oauth2/v2/auth";
pub(in crate::demo) const TOKEN_PATH: &str = "/oauth2/token";
pub(in crate::demo) const REVOKE_PATH: &str = "/oauth2/revoke";
const CONSENT_PATH: &str = "/o/oauth2/v2/auth/consent";
pub(in crate::demo) const USERINFO_PATH: &str = "/oauth2/v3/userinfo";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(authorize))
        .route(CONSENT_PATH, post(consent))
        .route(TOKEN_PATH, post(token))
        .route(REVOKE_PATH, post(revoke))
        .route(USERINFO_PATH, get(userinfo))
}

async fn authorize(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Result<Html<String>, Refusal> {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes())?;
    let authorization = Authorization::parse(&parameters, CLIENT_ID)?;
    let scope = escape(&authorization.scope);
    let ticket = shared.grants().ask(authorization)?;
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Consent</title>\
         <h1>Demo mail</h1><p>Hallpass asks to use the mailbox of {ACCOUNT}: {scope}</p>\
         <form method=\"post\" action=\"{CONSENT_PATH}\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
         <button name=\"answer\" value=\"allow\">Allow</button>\
         <button name=\"answer\" value=\"refuse\">Refuse</button></form></html>"
    )))
}

async fn consent(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Redirect, Refusal> {
    let form = Parameters::parse(&body)?;
    let authorization = shared.grants().answered(form.value("ticket"))?;
    let mut back = authorization.redirect_uri.clone();
    let state = authorization.state.clone();
    let (name, value) = match form.value("answer") {
        "allow" => ("code", shared.grants().code(authorization, Instant::now())?),
        _ => ("error", "access_denied".to_owned()),
    };
    back.query_pairs_mut()
        .append_pair(name, &value)
        .append_pair("state", &state)
        .append_pair("iss", &shared.base_url);
    Ok(Redirect::to(back.as_str()))
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let form = Parameters::parse(&body)?;
    require_client(&shared, &headers, &form)?;
    let now = Instant::now();
    let tokens = match form.value("grant_type") {
        "authorization_code" => shared.grants().redeem(
            form.value("code"),
            form.value("code_verifier"),
            form.value("redirect_uri"),
            now,
        ),
        "refresh_token" => shared.grants().refresh(form.value("refresh_token"), now),
        _ => Err(Refusal {
            error: "unsupported_grant_type",
            description: "authorization_code or refresh_token",
        }),
    }?;
    Ok(Json(answer(&tokens)))
}

fn answer(tokens: &TokenAnswer) -> Value {
    json!({
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.expires_in.as_secs(),
        "scope": tokens.scope,
        "token_type": "Bearer",
    })
}

async fn revoke(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let form = Parameters::parse(&body)?;
    // Google's revocation endpoint needs no client, but a given one must be right.
    if headers.contains_key(header::AUTHORIZATION) || !form.value("client_id").is_empty() {
        require_client(&shared, &headers, &form)?;
    }
    shared.grants().revoke(form.value("token"));
    Ok(StatusCode::OK)
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match bearer(&headers) {
        Some(token) if shared.grants().opens(token, Instant::now()) => {
            Json(json!({ "sub": "demo", "email": ACCOUNT, "email_verified": true })).into_response()
        }
        _ => unauthenticated(),
    }
}

/// Lets through only requests to the mailbox with a good access token.
pub(super) async fn require_token(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let good = bearer(request.headers()).is_some_and(|token| shared.grants().opens(token, Instant::now()));
    if good { next.run(request).await } else { unauthenticated() }
}

fn unauthenticated() -> Response {
    let message = "the access token is missing, unknown, expired or revoked";
    let body = json!({ "error": { "code": 401, "message": message, "status": "UNAUTHENTICATED" } });
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], Json(body)).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.strip_prefix("Bearer "),
        _ => None,
    }
}

/// Checks the client, by Basic or in the form (RFC 6749, section 2.3.1).
fn require_client(shared: &Shared, headers: &HeaderMap, form: &Parameters) -> Result<(), Refusal> {
    let given = match headers.get(header::AUTHORIZATION) {
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| STANDARD.decode(value).ok())
            .unwrap_or_default(),
        None => format!("{}:{}", form.value("client_id"), form.value("client_secret")).into_bytes(),
    };
    if given == format!("{CLIENT_ID}:{}", shared.client_secret).into_bytes() {
        return Ok(());
    }
    Err(Refusal::client("unknown client, or a wrong secret"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
