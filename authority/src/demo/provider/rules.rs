//! What the OAuth server requires of an authorization request, and how it refuses one.
//!
//! It is stricter than RFC 6749: state, PKCE with S256 and a loopback redirect are required.

use std::collections::BTreeMap;
use std::io;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use url::Url;

/// A valid authorization request.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) redirect_uri: Url,
    pub(super) state: String,
    pub(super) scope: String,
    pub(super) challenge: String,
}

/// A refusal, named as in RFC 6749, section 5.2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) description: &'static str,
}

/// The parameters of a query or a form, each at most once.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let mut parameters = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Refusal::request("a parameter stands twice"));
            }
        }
        Ok(Self(parameters))
    }

    /// Returns the value of `name`; empty if it is absent.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Authorization {
    pub(super) fn parse(parameters: &Parameters, client_id: &str) -> Result<Self, Refusal> {
        if parameters.value("client_id") != client_id {
            return Err(Refusal::client("unknown client_id"));
        }
        if parameters.value("response_type") != "code" {
            return Err(Refusal::request("response_type is not code"));
        }
        if parameters.value("state").is_empty() {
            return Err(Refusal::request("state is required"));
        }
        if parameters.value("code_challenge_method") != "S256"
            || parameters.value("code_challenge").len() != 43
        {
            return Err(Refusal::request("PKCE with S256 is required"));
        }
        Ok(Self {
            redirect_uri: loopback(parameters.value("redirect_uri"))?,
            state: parameters.value("state").to_owned(),
            scope: parameters.value("scope").to_owned(),
            challenge: parameters.value("code_challenge").to_owned(),
        })
    }
}

/// Reads a redirect of a native app: `http` to a loopback address, with any port (RFC 8252, section 7.3).
fn loopback(text: &str) -> Result<Url, Refusal> {
    let refusal = Refusal::request("redirect_uri is not http:// to a loopback address");
    let Ok(uri) = Url::parse(text) else { return Err(refusal) };
    match (uri.scheme(), uri.host()) {
        ("http", Some(url::Host::Ipv4(address))) if address.is_loopback() => Ok(uri),
        ("http", Some(url::Host::Ipv6(address))) if address.is_loopback() => Ok(uri),
        _ => Err(refusal),
    }
}

impl Refusal {
    pub(super) fn request(description: &'static str) -> Self {
        Self { error: "invalid_request", description }
    }

    pub(super) fn client(description: &'static str) -> Self {
        Self { error: "invalid_client", description }
    }

    pub(super) fn grant(description: &'static str) -> Self {
        Self { error: "invalid_grant", description }
    }
}

impl From<io::Error> for Refusal {
    fn from(_: io::Error) -> Self {
        Self { error: "server_error", description: "no random bytes" }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "error": self.error, "error_description": self.description });
        (status, Json(body)).into_response()
    }
}
