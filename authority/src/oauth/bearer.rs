//! Revokes a token with a request that has the same token as its bearer. The answer may say no with status 200.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::failure::TokenFailure;
use super::http::HttpClient;
use super::provider::Provider;
use crate::oauth::failure::nothing;

/// Revokes the token with which the request is sent.
pub(super) async fn revoke(
    http: &HttpClient,
    url: &str,
    provider: &Provider,
    access: Option<&SecretString>,
) -> Result<(), TokenFailure> {
    let not_sent = |words: &str| TokenFailure::NotSent(words.into());
    let access = access.ok_or_else(nothing)?;
    let mut bearer = http::HeaderValue::from_str(&format!("Bearer {}", access.expose_secret()))
        .map_err(|_| not_sent("the access token does not fit a header"))?;
    bearer.set_sensitive(true);
    let request = http::Request::post(url).header(http::header::AUTHORIZATION, bearer).body(Vec::new());
    let answer = http.send(request.map_err(|error| not_sent(&error.to_string()))?).await?;
    let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    // If the token is already dead, that is fine.
    if provider.is_dead(answer.status().as_u16(), &said).is_some() {
        return Ok(());
    }
    if !answer.status().is_success() {
        return Err(TokenFailure::Refused(format!("status {}", answer.status().as_u16())));
    }
    match (said.get("ok").and_then(Value::as_bool), said.get("error").and_then(Value::as_str)) {
        (Some(true), _) => Ok(()),
        (_, Some(error)) => {
            Err(TokenFailure::Refused(crate::audit::plain(error).chars().take(100).collect()))
        }
        (_, None) => Err(TokenFailure::Unknown("its answer says neither yes nor no".into())),
    }
}
