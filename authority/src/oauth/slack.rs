//! Slack's way of giving tokens: a person's stand under `authed_user`, beside a bot's, and are asked for as
//! `user_scope`; and what it refuses it refuses with status 200.
//!
//! Only the person's token is taken: an agent does what the person could do, within its pass. A bot's token that
//! comes along is dropped unread. Source: docs.slack.dev, `oauth.v2.access` and `auth.revoke`.

use std::future::Future;
use std::pin::Pin;

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::http::{HttpClient, TokenFailure};

/// The parameter that says what the person's token is for, separated by commas.
pub(super) const SCOPES: &str = "user_scope";

/// A token endpoint whose answers are turned into what RFC 6749 says that they are.
pub(super) struct PersonsTokens<'h>(pub(super) &'h HttpClient);

impl<'c> AsyncHttpClient<'c> for PersonsTokens<'_> {
    type Error = TokenFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.0.call(request).await?;
            if answer.status().is_success() {
                let tokens = persons_tokens(answer.body())
                    .ok_or_else(|| TokenFailure::Unknown("its answer holds no token of a person".into()))?;
                *answer.body_mut() = tokens;
            }
            Ok(answer)
        })
    }
}

/// After a consent the person's tokens are under `authed_user`; after a refresh they are the answer itself.
fn persons_tokens(body: &[u8]) -> Option<Vec<u8>> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let of_person = |tokens: &&Value| tokens.get("token_type").and_then(Value::as_str) == Some("user");
    let tokens = answer.get("authed_user").into_iter().chain([&answer]).find(of_person)?;
    let mut kept = Map::new();
    for name in ["access_token", "refresh_token", "expires_in", "scope"] {
        if let Some(value) = tokens.get(name).filter(|value| !value.is_null()) {
            kept.insert(name.into(), value.clone());
        }
    }
    kept.insert("token_type".into(), "bearer".into());
    serde_json::to_vec(&kept).ok()
}

/// Ends the token that it is sent with.
pub(super) async fn revoke(
    http: &HttpClient,
    url: &str,
    access: Option<&SecretString>,
) -> Result<(), TokenFailure> {
    let not_sent = |words: &str| TokenFailure::NotSent(words.into());
    let access = access.ok_or_else(|| not_sent("there is no token to revoke"))?;
    let mut bearer = http::HeaderValue::from_str(&format!("Bearer {}", access.expose_secret()))
        .map_err(|_| not_sent("the access token does not fit a header"))?;
    bearer.set_sensitive(true);
    let request = http::Request::post(url).header(http::header::AUTHORIZATION, bearer).body(Vec::new());
    let answer = http.send(request.map_err(|error| not_sent(&error.to_string()))?).await?;
    if !answer.status().is_success() {
        return Err(TokenFailure::Refused(answer.status().to_string()));
    }
    let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match (said.get("ok").and_then(Value::as_bool), said.get("error").and_then(Value::as_str)) {
        (Some(true), _) => Ok(()),
        (_, Some(error)) => {
            Err(TokenFailure::Refused(crate::audit::plain(error).chars().take(100).collect()))
        }
        (_, None) => Err(TokenFailure::Unknown("its answer says neither yes nor no".into())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &Value) -> Option<Value> {
        persons_tokens(answer.to_string().as_bytes()).map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn the_persons_token_is_taken_and_the_bots_is_not() {
        let consented = json!({
            "ok": true, "access_token": "xoxb-bot", "token_type": "bot", "scope": "commands",
            "authed_user": { "id": "U1", "access_token": "xoxp-1", "token_type": "user",
                "scope": "chat:write,search:read", "refresh_token": "xoxe-1", "expires_in": 43200 },
        });
        let person = json!({ "access_token": "xoxp-1", "token_type": "bearer", "scope": "chat:write,search:read",
            "refresh_token": "xoxe-1", "expires_in": 43200 });
        assert_eq!(read(&consented), Some(person));
        let refreshed = json!({ "ok": true, "access_token": "xoxp-2", "token_type": "user",
            "refresh_token": "xoxe-2", "expires_in": 43200 });
        assert_eq!(read(&refreshed).unwrap()["access_token"], "xoxp-2");
        let bot_alone = json!({ "ok": true, "access_token": "xoxb-bot", "token_type": "bot",
            "authed_user": { "id": "U1" } });
        assert_eq!(read(&bot_alone), None);
    }
}
