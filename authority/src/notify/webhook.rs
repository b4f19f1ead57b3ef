//! The webhook: each notice signed and sent as Standard Webhooks has it (webhook-id, webhook-timestamp,
//! webhook-signature: v1, HMAC-SHA256 over `id.timestamp.body`).
//!
//! One attempt at a time, no redirect, a deadline; when to try again is the teller's to say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;
use std::sync::Arc;

use super::{Delivery, Notice, Sink};
use crate::clock::Clock;
use crate::oauth::HttpClient;

/// What the receiver verifies signatures with: `whsec_` and base64 of 24 to 64 bytes.
#[derive(Clone)]
pub(crate) struct Secret(Arc<SecretBox<Vec<u8>>>);

#[derive(Debug, thiserror::Error)]
#[error("expected `whsec_` and base64 of 24 to 64 bytes, as Standard Webhooks has it")]
pub(crate) struct SecretError;

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let encoded = text.expose_secret().trim().strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError);
        }
        Ok(Self(Arc::new(SecretBox::new(Box::new(bytes)))))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &str) -> Result<String, String> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

pub(crate) struct Webhook {
    url: String,
    secret: Secret,
    http: HttpClient,
    clock: Clock,
}

impl Webhook {
    pub fn new(url: &str, secret: Secret) -> Result<Self, String> {
        Ok(Self { url: url.to_owned(), secret, http: HttpClient::new()?, clock: Clock::System })
    }

    async fn send(&self, notice: &Notice) -> Result<(), String> {
        let (body, timestamp) = (notice.json(), self.clock.now().unix_timestamp());
        let request = http::Request::builder()
            .method(http::Method::POST)
            .uri(&self.url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &notice.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secret.sign(&notice.id, timestamp, &body)?)
            .body(body.into_bytes())
            .map_err(|error| error.to_string())?;
        let answer = self.http.send(request).await.map_err(|failure| failure.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
    }
}

impl Sink for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn deliver<'a>(&'a self, notice: &'a Notice) -> Delivery<'a> {
        Box::pin(self.send(notice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Standard Webhooks publishes with its reference libraries.
    #[test]
    fn a_signature_is_the_one_of_standard_webhooks() {
        let secret = Secret::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_of_another_shape_is_refused_and_not_shown() {
        for bad in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!", ""] {
            assert!(Secret::parse(&bad.into()).is_err(), "{bad}");
        }
        let secret = Secret::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
