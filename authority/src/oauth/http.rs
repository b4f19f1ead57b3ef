//! HTTP to a provider: no redirects, bounded answers, a deadline on every call.
//!
//! What matters of a failure is whether the provider may have acted: a refresh token that was perhaps used
//! is treated differently from one that surely was not.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};

/// The whole call, from the connection to the last byte.
const DEADLINE: Duration = Duration::from_secs(20);
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
const LONGEST_ANSWER: usize = 1 << 20;

#[derive(Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
}

/// Why a provider gave no tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenFailure {
    /// The grant is not good (any more): RFC 6749, section 5.2, `invalid_grant`.
    #[error("the provider refused the grant: {0}")]
    InvalidGrant(String),
    /// Refused for another reason; it did not act.
    #[error("the provider answered `{0}`")]
    Refused(String),
    /// The request did not reach it, or was turned away.
    #[error("the provider was not reached: {0}")]
    NotSent(String),
    /// It may have acted or not.
    #[error("the provider gave no usable answer: {0}")]
    Unknown(String),
}

impl HttpClient {
    pub fn new() -> Result<Self, String> {
        // Whoever came first chose it; there is one in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DEADLINE)
            .connect_timeout(CONNECT_DEADLINE)
            .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION")))
            // The environment is config.rs's to read.
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client })
    }

    /// Sends one request; any status is an answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TokenFailure> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TokenFailure::NotSent(error.without_url().to_string()))?;
        let mut response = self.client.execute(request).await.map_err(failure)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(TokenFailure::Unknown("its answer is longer than 1 MiB".into()));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    /// Sends one request to a token endpoint, and lets through what oauth2 can read: an answer with tokens,
    /// or an error object.
    async fn send_to_token_endpoint(&self, request: HttpRequest) -> Result<HttpResponse, TokenFailure> {
        let mut answer = self.send(request).await?;
        let status = answer.status();
        if status == http::StatusCode::TOO_MANY_REQUESTS {
            return Err(TokenFailure::NotSent("it asks to wait (429)".into()));
        }
        if status.is_client_error() || status.is_success() {
            let object: Option<ErrorObject> = serde_json::from_slice(answer.body()).ok();
            return match object {
                // GitHub tells errors with status 200.
                Some(ErrorObject { error: Some(_), access_token: None }) => {
                    *answer.status_mut() = http::StatusCode::BAD_REQUEST;
                    Ok(answer)
                }
                _ if status.is_success() => {
                    *answer.status_mut() = http::StatusCode::OK;
                    Ok(answer)
                }
                _ => Err(TokenFailure::Refused(status.to_string())),
            };
        }
        Err(TokenFailure::Unknown(format!("status {status}")))
    }
}

/// As much of an answer as tells an error from tokens.
#[derive(serde::Deserialize)]
struct ErrorObject {
    error: Option<serde::de::IgnoredAny>,
    access_token: Option<serde::de::IgnoredAny>,
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = TokenFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send_to_token_endpoint(request))
    }
}

/// The URL is left out: a query can hold a secret.
fn failure(error: reqwest::Error) -> TokenFailure {
    let sent = !(error.is_connect() || error.is_builder());
    let timed_out = error.is_timeout();
    let error = error.without_url();
    let mut words = if timed_out { "it took too long".to_owned() } else { error.to_string() };
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    if sent { TokenFailure::Unknown(words) } else { TokenFailure::NotSent(words) }
}
