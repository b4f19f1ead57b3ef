//! A scripted OAuth provider: strict about PKCE, codes and rotation, and faulty on demand.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use url::Url;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotation {
    Keeps,
    /// A used refresh token is dead, and using it again ends the grant.
    Strict,
}

/// What the token endpoint does at the next refresh.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Gives this answer, and does nothing.
    Answer(u16, &'static str),
    /// Refreshes, and then gives this answer.
    DoneBut(u16, &'static str),
    /// Refreshes when `release` is called.
    Held,
}

pub(super) struct Provider {
    shared: Arc<Shared>,
    origin: String,
}

struct Shared {
    rotation: Rotation,
    state: Mutex<Book>,
    release: Notify,
}

#[derive(Default)]
pub(super) struct Book {
    /// Code to PKCE challenge.
    codes: HashMap<String, String>,
    live_refresh: HashSet<String>,
    used_refresh: HashSet<String>,
    pub live_access: HashSet<String>,
    pub refreshes: usize,
    pub revoked: Vec<String>,
    faults: VecDeque<Fault>,
    count: usize,
    pub account: String,
    /// Device codes that a person said yes to.
    granted_devices: HashSet<String>,
    pub polls: usize,
    pub expires_in: Option<u64>,
    pub gives_refresh: Option<bool>,
    /// More members for every answer with tokens. A null removes a member.
    pub beside: serde_json::Map<String, serde_json::Value>,
    /// The answers to the next exchanges of a code, whether or not the exchange happens.
    pub exchanges: VecDeque<(u16, &'static str)>,
    /// How many times a client asked for the account.
    pub asked_account: usize,
    /// The answers to the next questions for the account.
    pub accounts: VecDeque<(u16, &'static str)>,
    /// The answer to a revocation.
    pub revocation: Option<(u16, &'static str)>,
}

impl Provider {
    pub(super) async fn start(rotation: Rotation) -> Self {
        let state = Mutex::new(Book {
            account: "alice@example.com".into(),
            expires_in: Some(3600),
            ..Book::default()
        });
        let shared = Arc::new(Shared { rotation, state, release: Notify::new() });
        let router = Router::new()
            .route("/token", post(token))
            .route("/device", post(device))
            .route("/revoke", post(revoke))
            .route("/userinfo", get(userinfo).post(userinfo))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { shared, origin }
    }

    pub(super) fn settings(&self) -> String {
        self.settings_of("gmail")
    }

    pub(super) fn settings_of(&self, service: &str) -> String {
        let o = &self.origin;
        format!(
            "[services.{service}]\nbase_url = \"{o}\"\nauthorize_url = \"{o}/authorize\"\ntoken_url = \"{o}/token\"\n\
             device_authorization_url = \"{o}/device\"\nrevoke_url = \"{o}/revoke\"\nuserinfo_url = \"{o}/userinfo\"\n\
             account_field = \"email\"\nclient_id = \"client\""
        )
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn book<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        look(&mut self.shared.state.lock().unwrap())
    }

    /// A person says yes in the browser. Returns the state and the code.
    pub(super) fn consent(&self, authorize_url: &str) -> (String, String) {
        let url = Url::parse(authorize_url).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["code_challenge_method"], "S256");
        let code = self.book(|book| {
            book.count += 1;
            let code = format!("code-{}", book.count);
            book.codes.insert(code.clone(), query["code_challenge"].clone());
            code
        });
        (query["state"].clone(), code)
    }

    pub(super) fn grant_device(&self) {
        self.book(|book| book.granted_devices.insert("device-code".into()));
    }

    pub(super) fn next(&self, fault: Fault) {
        self.book(|book| book.faults.push_back(fault));
    }

    pub(super) fn release(&self) {
        self.shared.release.notify_one();
    }

    pub(super) fn refreshes(&self) -> usize {
        self.book(|book| book.refreshes)
    }
}

impl Book {
    pub(super) fn forget_faults(&mut self) {
        self.faults.clear();
    }

    /// Makes this refresh token valid, which an answer has named.
    pub(super) fn adopt(&mut self, refresh: &str) {
        self.live_refresh.insert(refresh.to_owned());
    }

    fn issue(&mut self) -> serde_json::Value {
        self.count += 1;
        let (access, refresh) = (format!("access-{}", self.count), format!("refresh-{}", self.count));
        self.live_access.insert(access.clone());
        let mut answer = json!({ "access_token": access, "token_type": "Bearer" });
        if let Some(seconds) = self.expires_in {
            answer["expires_in"] = seconds.into();
        }
        if self.gives_refresh != Some(false) {
            self.live_refresh.insert(refresh.clone());
            answer["refresh_token"] = refresh.into();
        }
        for (name, value) in &self.beside {
            answer[name.as_str()] = value.clone();
        }
        answer
    }
}

fn refuse(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": error }))).into_response()
}

fn fields(body: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

async fn token(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let form = fields(&body);
    let grant_type = form.get("grant_type").cloned().unwrap_or_default();
    if grant_type == "refresh_token" {
        return refresh(&shared, &form["refresh_token"]).await;
    }
    let mut book = shared.state.lock().unwrap();
    if grant_type.ends_with("device_code") {
        book.polls += 1;
        if !book.granted_devices.remove(&form["device_code"]) {
            return refuse("authorization_pending");
        }
        return axum::Json(book.issue()).into_response();
    }
    let Some(challenge) = book.codes.remove(&form["code"]) else { return refuse("invalid_grant") };
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != challenge {
        return refuse("invalid_grant");
    }
    if let Some((status, text)) = book.exchanges.pop_front() {
        return (StatusCode::from_u16(status).unwrap(), text).into_response();
    }
    axum::Json(book.issue()).into_response()
}

async fn refresh(shared: &Shared, token: &str) -> Response {
    let fault = {
        let mut book = shared.state.lock().unwrap();
        book.refreshes += 1;
        book.faults.pop_front()
    };
    match fault {
        Some(Fault::Answer(status, text)) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        Some(Fault::DoneBut(status, text)) => {
            rotate(shared, token);
            (StatusCode::from_u16(status).unwrap(), text).into_response()
        }
        Some(Fault::Held) => {
            shared.release.notified().await;
            rotate(shared, token)
        }
        None => rotate(shared, token),
    }
}

fn rotate(shared: &Shared, token: &str) -> Response {
    let mut book = shared.state.lock().unwrap();
    if book.used_refresh.contains(token) {
        // Reuse: the whole grant ends.
        book.live_refresh.clear();
        book.live_access.clear();
    }
    if !book.live_refresh.contains(token) {
        return refuse("invalid_grant");
    }
    let mut answer = book.issue();
    let fresh = answer["refresh_token"].as_str().map(String::from);
    match shared.rotation {
        Rotation::Strict => {
            book.live_refresh.remove(token);
            book.used_refresh.insert(token.to_owned());
        }
        Rotation::Keeps => {
            book.live_refresh.remove(&fresh.unwrap_or_default());
            answer.as_object_mut().unwrap().remove("refresh_token");
        }
    }
    axum::Json(answer).into_response()
}

async fn device() -> Response {
    axum::Json(json!({
        "device_code": "device-code", "user_code": "ABCD-EFGH", "verification_uri": "https://example.com/device",
        "expires_in": 600, "interval": 5,
    }))
    .into_response()
}

async fn revoke(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let form = fields(&body);
    let mut book = shared.state.lock().unwrap();
    book.live_refresh.remove(&form["token"]);
    book.revoked.push(form["token"].clone());
    let (status, text) = book.revocation.unwrap_or((200, ""));
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    shared.state.lock().unwrap().asked_account += 1;
    let bearer = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let mut book = shared.state.lock().unwrap();
    if let Some((status, text)) = book.accounts.pop_front() {
        return (StatusCode::from_u16(status).unwrap(), text).into_response();
    }
    if !book.live_access.contains(&bearer) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    axum::Json(json!({ "email": book.account })).into_response()
}
