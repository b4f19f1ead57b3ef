//! The file with an OAuth client's secret: only the secret, or Google's `client_secret.json`.

use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::config::types::ConfigError;

const LONGEST: usize = 65_536;

/// The content of such a file.
pub(crate) struct ClientSecretFile {
    /// The client's id. Only Google's file has it.
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
}

/// Google's file: an object under `installed` (a desktop client) or `web`.
#[derive(serde::Deserialize)]
struct Google {
    #[serde(alias = "web")]
    installed: GoogleClient,
}

#[derive(serde::Deserialize)]
struct GoogleClient {
    client_id: String,
    client_secret: Option<SecretString>,
}

impl ClientSecretFile {
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
        let refused =
            |because: &str| ConfigError::ClientSecret { path: path.to_owned(), because: because.into() };
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return Err(refused("expected a secret, or Google's client_secret.json"));
        }
        if text.starts_with('{') {
            // The parser's own message could show a part of the secret.
            let google: Google = serde_json::from_str(text)
                .map_err(|_| refused("expected an object with `installed` or `web`, as Google writes it"))?;
            let GoogleClient { client_id, client_secret } = google.installed;
            return Ok(Self { client_id: Some(client_id), client_secret });
        }
        if text.contains(char::is_whitespace) {
            return Err(refused("expected one secret, got several words"));
        }
        Ok(Self { client_id: None, client_secret: Some(SecretString::from(text)) })
    }
}
