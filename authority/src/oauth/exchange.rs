//! Single exchanges with a provider: authorization codes, device codes, refresh tokens, revocation.
//!
//! Each is one call with one answer, which `answer` reads. Nothing is stored or repeated here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datalog::catalog::{ClientAuth, TokenShape};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::answer::{self, DeviceCodes, Given, Occasion, ProviderAnswer, Read};
use super::failure::TokenFailure;
use super::http::HttpClient;
use super::provider::{OAuthClient, Provider};

/// A started authorization code flow.
pub(crate) struct Begun {
    pub authorize_url: String,
    pub state: SecretString,
    pub verifier: PkceCodeVerifier,
}

/// The state of a device flow.
pub(crate) enum DeviceAnswer {
    Pending,
    SlowDown,
    Done(Given),
}

/// Returns the URL for the person's browser, with PKCE S256 (RFC 7636) and a random state. `account` is the wanted
/// account, if it is known and the provider reads it.
pub(crate) fn authorize(
    provider: &Provider,
    client: &OAuthClient,
    redirect_uri: &str,
    scopes: &[String],
    account: Option<&str>,
) -> Result<Begun, TokenFailure> {
    let url = provider.authorize_url.clone().ok_or(TokenFailure::Unset("authorize_url"))?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let oauth = BasicClient::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::new(url).map_err(|_| TokenFailure::Unset("authorize_url"))?)
        .set_redirect_uri(redirect(redirect_uri)?);
    let mut request = oauth.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    request = match provider.tokens {
        TokenShape::Standard => request.add_scopes(scopes.iter().cloned().map(Scope::new)),
        TokenShape::AuthedUser => request.add_extra_param(crate::oauth::provider::SCOPES, scopes.join(",")),
    };
    for (name, value) in &provider.authorize_parameters {
        request = request.add_extra_param(name.as_str(), value.as_str());
    }
    if let Some((name, account)) = provider.login_hint(scopes).zip(account) {
        request = request.add_extra_param(name, account);
    }
    let (url, state) = request.url();
    Ok(Begun { authorize_url: url.into(), state: SecretString::from(state.into_secret()), verifier })
}

pub(crate) async fn exchange_code(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    code: &str,
    verifier: &PkceCodeVerifier,
    redirect_uri: &str,
) -> Result<Given, TokenFailure> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier.secret()),
    ];
    tokens(http, provider, client, Occasion::Consent, &form).await
}

pub(crate) async fn refresh(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    token: &SecretString,
) -> Result<Given, TokenFailure> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
    tokens(http, provider, client, Occasion::Refresh, &form).await
}

pub(crate) async fn begin_device(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    scopes: &[String],
) -> Result<DeviceCodes, TokenFailure> {
    let url = provider.device_authorization_url.as_deref();
    let url = url.ok_or(TokenFailure::Unset("device_authorization_url"))?;
    let scope = scopes.join(" ");
    let form: &[_] = if scope.is_empty() { &[] } else { &[("scope", scope.as_str())] };
    let came = http.send(post_form(url, client, form)?).await?;
    let answer = answer_of(&came);
    match answer::error_of(&answer) {
        Some(told) => Err(TokenFailure::told(answer.status, told, &[])),
        None if came.status().is_success() => Ok(answer::device_codes(&answer)?),
        None => Err(TokenFailure::status(&answer)),
    }
}

/// Asks once (RFC 8628, section 3.4). The person's command decides when to ask again.
pub(crate) async fn poll_device(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    device_code: &SecretString,
) -> Result<DeviceAnswer, TokenFailure> {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let form = [("grant_type", grant), ("device_code", device_code.expose_secret())];
    let (status, read) = ask(http, provider, client, Occasion::Consent, &form).await?;
    match read {
        Ok(Read::Error(told)) if told.code == "authorization_pending" => Ok(DeviceAnswer::Pending),
        Ok(Read::Error(told)) if told.code == "slow_down" => Ok(DeviceAnswer::SlowDown),
        read => given(provider, status, read).map(DeviceAnswer::Done),
    }
}

async fn tokens(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    occasion: Occasion,
    form: &[(&str, &str)],
) -> Result<Given, TokenFailure> {
    let (status, read) = ask(http, provider, client, occasion, form).await?;
    given(provider, status, read)
}

/// Asks the token endpoint. Returns what its answer and status say, or a failure if they say nothing usable.
async fn ask(
    http: &HttpClient,
    provider: &Provider,
    client: &OAuthClient,
    occasion: Occasion,
    form: &[(&str, &str)],
) -> Result<(u16, Result<Read, TokenFailure>), TokenFailure> {
    let url = provider.token_url.as_deref().ok_or(TokenFailure::Unset("token_url"))?;
    let came = http.send(post_form(url, client, form)?).await?;
    let answer = answer_of(&came);
    let read = match answer::read(provider.tokens, occasion, &answer) {
        Read::Neither => Err(TokenFailure::status(&answer)),
        read => Ok(read),
    };
    Ok((answer.status, read))
}

fn given(provider: &Provider, status: u16, read: Result<Read, TokenFailure>) -> Result<Given, TokenFailure> {
    match read? {
        Read::Given(given) => Ok(given),
        Read::Error(told) => Err(TokenFailure::told(status, told, provider.dead_codes())),
        Read::Neither => Err(TokenFailure::Unknown(format!("status {status}"))),
    }
}

pub(super) fn answer_of(came: &HttpResponse) -> ProviderAnswer<'_> {
    let content_type = came.headers().get(http::header::CONTENT_TYPE);
    ProviderAnswer {
        status: came.status().as_u16(),
        content_type: content_type.and_then(|value| value.to_str().ok()),
        body: came.body(),
    }
}

/// Posts a form with the client's credentials (RFC 6749, section 2.3.1).
pub(super) fn post_form(
    url: &str,
    client: &OAuthClient,
    pairs: &[(&str, &str)],
) -> Result<HttpRequest, TokenFailure> {
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

/// Returns the client's credentials as Basic. Each half is form-encoded first, as that section says.
pub(super) fn basic(client: &OAuthClient) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let secret = client.secret.as_ref().map(|secret| encode(secret.expose_secret())).unwrap_or_default();
    format!("Basic {}", STANDARD.encode(format!("{}:{secret}", encode(&client.id))))
}

fn redirect(uri: &str) -> Result<RedirectUrl, TokenFailure> {
    RedirectUrl::new(uri.to_owned()).map_err(|_| TokenFailure::NotSent("the redirect is not a URL".into()))
}

/// Whether the provider also revoked the grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum ProviderRevocation {
    Revoked,
    /// The service has no revocation endpoint that Hallpass knows.
    Unsupported,
    Failed {
        because: String,
    },
}
