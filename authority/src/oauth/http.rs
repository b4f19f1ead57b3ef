//! HTTP to a provider: no redirects, bounded answers, a deadline on every call.

use std::time::Duration;

use oauth2::{HttpRequest, HttpResponse};

use super::failure::TokenFailure;

/// The limit for the whole call, from the connection to the last byte.
const DEADLINE: Duration = Duration::from_secs(20);
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
const LONGEST_ANSWER: usize = 1 << 20;

#[derive(Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
}

impl HttpClient {
    pub(crate) fn new() -> Result<Self, String> {
        // This fails if a provider is already set. Only this program sets one, always the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DEADLINE)
            .connect_timeout(CONNECT_DEADLINE)
            .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION")))
            // Only config.rs reads the environment.
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client })
    }

    /// Sends one request. Any status counts as an answer.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TokenFailure> {
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
}

/// Returns the failure of a request. It leaves the URL out, because a query can hold a secret.
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
