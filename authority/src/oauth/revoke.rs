//! Revokes at the provider: a whole grant, or tokens that nobody will keep.
//!
//! A token that was already dead counts as revoked. A provider's answer changes nothing here.

use oauth2::HttpRequest;
use secrecy::{ExposeSecret, SecretString};

use super::answer::{self, ProviderError};
use super::bearer;
use super::exchange::{answer_of, basic, post_form};
use super::failure::TokenFailure;
use super::http::HttpClient;
use super::provider::{OAuthClient, Provider, Revocation};
use crate::app::ProviderRevocation;
use crate::oauth::failure::nothing;

/// The tokens to revoke.
#[derive(Clone, Copy)]
pub(crate) struct Tokens<'a> {
    pub access: Option<&'a SecretString>,
    pub refresh: Option<&'a SecretString>,
}

/// How much is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everything that the account granted to the client.
    Grant,
    /// Only these tokens, if the provider can end them alone.
    Tokens,
}

/// Revokes by the refresh token if there is one, because that also ends the access tokens.
pub(crate) async fn revoke(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    tokens: Tokens<'_>,
    reach: Reach,
) -> ProviderRevocation {
    let done = match &provider.revocation {
        Revocation::Unsupported => return ProviderRevocation::Unsupported,
        Revocation::Endpoint(url) => revoke_at(http, url, client, tokens).await,
        Revocation::ByClient { grant, token } => {
            let url = match reach {
                Reach::Grant => grant,
                Reach::Tokens => token,
            };
            revoke_by_client(http, url, client, tokens).await
        }
        Revocation::ByBearer(url) => bearer::revoke(http, url, provider, tokens.access).await,
    };
    match done {
        Ok(()) => ProviderRevocation::Revoked,
        Err(error) => ProviderRevocation::Failed { because: error.to_string() },
    }
}

/// Revokes as RFC 7009 says. If the answer calls the token invalid, the token is dead (section 2.2).
async fn revoke_at(
    http: &HttpClient,
    url: &str,
    client: &OAuthClient,
    tokens: Tokens<'_>,
) -> Result<(), TokenFailure> {
    let (token, kind) = match (tokens.refresh, tokens.access) {
        (Some(token), _) => (token, "refresh_token"),
        (None, Some(token)) => (token, "access_token"),
        (None, None) => return Err(nothing()),
    };
    let form = [("token", token.expose_secret()), ("token_type_hint", kind)];
    send(http, post_form(url, client, &form)?, |told| told.code == "invalid_token").await
}

async fn revoke_by_client(
    http: &HttpClient,
    url: &str,
    client: &OAuthClient,
    tokens: Tokens<'_>,
) -> Result<(), TokenFailure> {
    let access = tokens.access.ok_or_else(nothing)?;
    let body = serde_json::json!({ "access_token": access.expose_secret() }).to_string();
    let request = http::Request::delete(url.replace("{client_id}", &client.id))
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::AUTHORIZATION, basic(client));
    let request =
        request.body(body.into_bytes()).map_err(|error| TokenFailure::NotSent(error.to_string()))?;
    send(http, request, |_| false).await
}

async fn send(
    http: &HttpClient,
    request: HttpRequest,
    is_dead: impl Fn(&ProviderError) -> bool,
) -> Result<(), TokenFailure> {
    let came = http.send(request).await?;
    if came.status().is_success() {
        return Ok(());
    }
    let answer = answer_of(&came);
    match answer::error_of(&answer) {
        Some(told) if is_dead(&told) => Ok(()),
        Some(told) => Err(TokenFailure::told(answer.status, told, &[])),
        None => Err(TokenFailure::status(&answer)),
    }
}
