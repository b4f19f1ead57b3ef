//! The webhook: signs and sends each notice as Standard Webhooks says (webhook-id, webhook-timestamp,
//! webhook-signature: v1, HMAC-SHA256 over `id.timestamp.body`).
//!
//! It makes one attempt, follows no redirect and has a deadline. The caller decides when to try again.

use crate::clock::Clock;
use crate::config::webhook_secret::Secret;
use crate::notify::Notice;
use crate::notify::sink::{Delivery, Sink};
use crate::oauth::HttpClient;

pub(crate) struct Webhook {
    url: String,
    secret: Secret,
    http: HttpClient,
    clock: Clock,
}

impl Webhook {
    pub(crate) fn new(url: &str, secret: Secret, clock: Clock) -> Result<Self, String> {
        Ok(Self { url: url.to_owned(), secret, http: HttpClient::new()?, clock })
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
