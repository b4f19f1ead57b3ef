//! The secret that signs webhooks.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::Sha256;

/// The secret with which the receiver verifies signatures: `whsec_` and base64 of 24 to 64 bytes.
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
    pub(crate) fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let encoded = text.expose_secret().trim().strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError);
        }
        Ok(Self(Arc::new(SecretBox::new(Box::new(bytes)))))
    }

    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> Result<String, String> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}
