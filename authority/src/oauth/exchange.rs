//! Single exchanges with a provider: authorization codes, device codes, refresh tokens, revocation.
//!
//! Each is one call with one answer. Nothing is kept and nothing is repeated here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datalog::catalog::TokenShape;
use oauth2::basic::{
    BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl,
    EndpointNotSet, EndpointSet, HttpRequest, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, StandardDeviceAuthorizationResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use time::Duration;

use super::http::{HttpClient, TokenFailure};
use super::provider::{Client, Provider, Revocation};
use super::slack;
use crate::app::ProviderRevocation;
use crate::config::ClientAuth;

/// What a provider gave.
pub(crate) struct Tokens {
    pub access: SecretString,
    /// None where the one that was used stays good, or there is none.
    pub refresh: Option<SecretString>,
    pub expires_in: Option<Duration>,
    /// What was granted, where that was said.
    pub scopes: Option<Vec<String>>,
}

/// An authorization code flow that was begun.
pub(crate) struct Begun {
    pub authorize_url: String,
    pub state: SecretString,
    pub verifier: PkceCodeVerifier,
}

/// Where a device flow stands.
pub(crate) enum DeviceAnswer {
    Pending,
    SlowDown,
    Done(Tokens),
}

type TokenClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The URL for the person's browser, with PKCE S256 (RFC 7636) and a random state.
pub(crate) fn authorize(
    provider: &Provider,
    client: &Client,
    redirect_uri: &str,
    scopes: &[String],
) -> Result<Begun, TokenFailure> {
    let url = provider.authorize_url.clone().ok_or_else(|| missing("authorize_url"))?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let oauth = BasicClient::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::new(url).map_err(|_| missing("authorize_url"))?)
        .set_redirect_uri(redirect(redirect_uri)?);
    let mut request = oauth.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    request = match provider.tokens {
        TokenShape::Standard => request.add_scopes(scopes.iter().cloned().map(Scope::new)),
        TokenShape::AuthedUser => request.add_extra_param(slack::SCOPES, scopes.join(",")),
    };
    for (name, value) in &provider.authorize_parameters {
        request = request.add_extra_param(name.as_str(), value.as_str());
    }
    let (url, state) = request.url();
    Ok(Begun { authorize_url: url.into(), state: SecretString::from(state.into_secret()), verifier })
}

pub(crate) async fn exchange_code(
    http: &HttpClient,
    provider: &Provider,
    client: &Client,
    code: String,
    verifier: PkceCodeVerifier,
    redirect_uri: &str,
) -> Result<Tokens, TokenFailure> {
    let oauth = token_client(provider, client)?.set_redirect_uri(redirect(redirect_uri)?);
    let request = oauth.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
    tokens(match provider.tokens {
        TokenShape::Standard => request.request_async(http).await,
        TokenShape::AuthedUser => request.request_async(&slack::PersonsTokens(http)).await,
    })
}

pub(crate) async fn refresh(
    http: &HttpClient,
    provider: &Provider,
    client: &Client,
    token: &SecretString,
) -> Result<Tokens, TokenFailure> {
    let token = RefreshToken::new(token.expose_secret().to_owned());
    let oauth = token_client(provider, client)?;
    let request = oauth.exchange_refresh_token(&token);
    tokens(match provider.tokens {
        TokenShape::Standard => request.request_async(http).await,
        TokenShape::AuthedUser => request.request_async(&slack::PersonsTokens(http)).await,
    })
}

pub(crate) async fn begin_device(
    http: &HttpClient,
    provider: &Provider,
    client: &Client,
    scopes: &[String],
) -> Result<StandardDeviceAuthorizationResponse, TokenFailure> {
    let url = provider.device_authorization_url.clone().ok_or_else(|| missing("device_authorization_url"))?;
    let url = DeviceAuthorizationUrl::new(url).map_err(|_| missing("device_authorization_url"))?;
    let oauth = token_client(provider, client)?.set_device_authorization_url(url);
    oauth
        .exchange_device_code()
        .add_scopes(scopes.iter().cloned().map(Scope::new))
        .request_async(http)
        .await
        .map_err(failure)
}

/// Asks once (RFC 8628, section 3.4). oauth2's own loop sleeps; here the person's command decides when.
pub(crate) async fn poll_device(
    http: &HttpClient,
    provider: &Provider,
    client: &Client,
    device_code: &SecretString,
) -> Result<DeviceAnswer, TokenFailure> {
    let url = provider.token_url.as_deref().ok_or_else(|| missing("token_url"))?;
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let request =
        post_form(url, client, &[("grant_type", grant), ("device_code", device_code.expose_secret())])?;
    let answer = oauth2::AsyncHttpClient::call(http, request).await?;
    if answer.status().is_success() {
        return read_tokens(answer.body()).map(DeviceAnswer::Done);
    }
    let error: BasicErrorResponse = serde_json::from_slice(answer.body())
        .map_err(|_| TokenFailure::Refused("an error that cannot be read".into()))?;
    match error.error().as_ref() {
        "authorization_pending" => Ok(DeviceAnswer::Pending),
        "slow_down" => Ok(DeviceAnswer::SlowDown),
        _ => Err(refusal(&error)),
    }
}

/// Takes the grant back: by its refresh token where there is one, for that ends the access tokens too.
/// oauth2's own request refuses plain http, which the configuration allows on this machine.
pub(crate) async fn revoke(
    http: &HttpClient,
    provider: &Provider,
    client: &Client,
    access: Option<&SecretString>,
    refresh: Option<&SecretString>,
) -> ProviderRevocation {
    let done = match &provider.revocation {
        Revocation::Unsupported => return ProviderRevocation::Unsupported,
        Revocation::Endpoint(url) => revoke_at(http, url, client, access, refresh).await,
        Revocation::GithubGrant(applications) => revoke_at_github(http, applications, client, access).await,
        Revocation::SlackToken(url) => slack::revoke(http, url, access).await,
    };
    match done {
        Ok(()) => ProviderRevocation::Revoked,
        Err(error) => ProviderRevocation::Failed { because: error.to_string() },
    }
}

async fn revoke_at(
    http: &HttpClient,
    url: &str,
    client: &Client,
    access: Option<&SecretString>,
    refresh: Option<&SecretString>,
) -> Result<(), TokenFailure> {
    let (token, kind) = match (refresh, access) {
        (Some(token), _) => (token, "refresh_token"),
        (None, Some(token)) => (token, "access_token"),
        (None, None) => return Err(TokenFailure::NotSent("there is no token to revoke".into())),
    };
    let form = [("token", token.expose_secret()), ("token_type_hint", kind)];
    send_revocation(http, post_form(url, client, &form)?).await
}

async fn revoke_at_github(
    http: &HttpClient,
    applications: &str,
    client: &Client,
    access: Option<&SecretString>,
) -> Result<(), TokenFailure> {
    let access = access.ok_or_else(|| TokenFailure::NotSent("there is no token to revoke".into()))?;
    let body = serde_json::json!({ "access_token": access.expose_secret() }).to_string();
    let request = http::Request::delete(format!("{applications}/{}/grant", client.id))
        .header(http::header::ACCEPT, "application/vnd.github+json")
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::AUTHORIZATION, basic(client));
    let request =
        request.body(body.into_bytes()).map_err(|error| TokenFailure::NotSent(error.to_string()))?;
    send_revocation(http, request).await
}

async fn send_revocation(http: &HttpClient, request: HttpRequest) -> Result<(), TokenFailure> {
    let status = http.send(request).await?.status();
    if status.is_success() { Ok(()) } else { Err(TokenFailure::Refused(status.to_string())) }
}

fn credentials(client: &Client) -> BasicClient {
    let oauth = BasicClient::new(ClientId::new(client.id.clone())).set_auth_type(match client.auth {
        ClientAuth::Post => AuthType::RequestBody,
        ClientAuth::Basic => AuthType::BasicAuth,
    });
    match &client.secret {
        Some(secret) => oauth.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
        None => oauth,
    }
}

fn token_client(provider: &Provider, client: &Client) -> Result<TokenClient, TokenFailure> {
    let url = provider.token_url.clone().ok_or_else(|| missing("token_url"))?;
    Ok(credentials(client).set_token_uri(TokenUrl::new(url).map_err(|_| missing("token_url"))?))
}

/// A form with the client's credentials, as oauth2 makes its own.
fn post_form(url: &str, client: &Client, pairs: &[(&str, &str)]) -> Result<HttpRequest, TokenFailure> {
    let mut request = http::Request::post(url)
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    match (client.auth, &client.secret) {
        (ClientAuth::Basic, Some(_)) => request = request.header(http::header::AUTHORIZATION, basic(client)),
        (_, secret) => {
            form.append_pair("client_id", &client.id);
            form.extend_pairs(secret.iter().map(|secret| ("client_secret", secret.expose_secret())));
        }
    }
    request.body(form.finish().into_bytes()).map_err(|error| TokenFailure::NotSent(error.to_string()))
}

/// RFC 6749, section 2.3.1: each half form-encoded first.
fn basic(client: &Client) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let secret = client.secret.as_ref().map(|secret| encode(secret.expose_secret())).unwrap_or_default();
    format!("Basic {}", STANDARD.encode(format!("{}:{secret}", encode(&client.id))))
}

fn redirect(uri: &str) -> Result<RedirectUrl, TokenFailure> {
    RedirectUrl::new(uri.to_owned()).map_err(|_| TokenFailure::NotSent("the redirect is not a URL".into()))
}

fn missing(key: &str) -> TokenFailure {
    TokenFailure::NotSent(format!("no `{key}` is known for the service\nhint: set it in hallpass.toml"))
}

type Asked = RequestTokenError<TokenFailure, BasicErrorResponse>;

fn tokens(answer: Result<BasicTokenResponse, Asked>) -> Result<Tokens, TokenFailure> {
    checked(&answer.map_err(failure)?)
}

fn read_tokens(body: &[u8]) -> Result<Tokens, TokenFailure> {
    let answer = serde_json::from_slice(body)
        .map_err(|_| TokenFailure::Unknown("its answer holds no token".into()))?;
    checked(&answer)
}

/// RFC 6749, section 7.1: a token of a type that is not understood is not used.
fn checked(answer: &BasicTokenResponse) -> Result<Tokens, TokenFailure> {
    if !matches!(answer.token_type(), BasicTokenType::Bearer) || answer.access_token().secret().is_empty() {
        return Err(TokenFailure::Unknown("its answer holds no bearer token".into()));
    }
    Ok(Tokens {
        access: SecretString::from(answer.access_token().secret().as_str()),
        refresh: answer.refresh_token().map(|token| SecretString::from(token.secret().as_str())),
        expires_in: answer.expires_in().and_then(|lifetime| Duration::try_from(lifetime).ok()),
        scopes: answer.scopes().map(|scopes| scopes_of(scopes.iter().map(|scope| scope.as_str()))),
    })
}

/// GitHub separates them by commas.
fn scopes_of<'a>(scopes: impl Iterator<Item = &'a str>) -> Vec<String> {
    scopes
        .flat_map(|scope| scope.split([',', ' ']))
        .filter(|scope| !scope.is_empty())
        .map(String::from)
        .collect()
}

/// What was answered is not repeated here: an answer that could not be read may hold tokens.
fn failure(error: Asked) -> TokenFailure {
    match error {
        RequestTokenError::ServerResponse(error) => refusal(&error),
        RequestTokenError::Request(failure) => failure,
        RequestTokenError::Parse(..) => TokenFailure::Unknown("its answer holds no token".into()),
        RequestTokenError::Other(_) => TokenFailure::Unknown("its answer is of another kind".into()),
    }
}

fn refusal(error: &BasicErrorResponse) -> TokenFailure {
    let words: String = crate::audit::plain(&error.to_string()).chars().take(300).collect();
    match error.error() {
        BasicErrorResponseType::InvalidGrant => TokenFailure::InvalidGrant(words),
        // GitHub's and Slack's names for it.
        BasicErrorResponseType::Extension(code)
            if matches!(code.as_str(), "bad_refresh_token" | "invalid_refresh_token" | "token_revoked") =>
        {
            TokenFailure::InvalidGrant(words)
        }
        BasicErrorResponseType::Extension(code)
            if matches!(code.as_str(), "server_error" | "temporarily_unavailable") =>
        {
            TokenFailure::Unknown(words)
        }
        _ => TokenFailure::Refused(words),
    }
}
