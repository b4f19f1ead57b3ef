//! Finds fields of answers that are credentials, by the names in the description. It does not read what answers mean.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::super::schema::Schemas;

/// Names of answer fields that hold a credential.
const CREDENTIALS: [&str; 19] = [
    "access_token",
    "api_key",
    "apikey",
    "auth_token",
    "client_secret",
    "encoded_jit_config",
    "id_token",
    "password",
    "pem",
    "private_key",
    "refresh_token",
    "secret",
    "secret_key",
    "session_token",
    "temp_clone_token",
    "temp_download_token",
    "token",
    "webhook_secret",
    "secret_access_key",
];

/// Names of fields anywhere in an answer that may hold a credential.
pub(crate) fn credential_names<'a>(schemas: &Schemas<'a>, schema: &'a Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut pending = vec![schema];
    while let Some(value) = pending.pop() {
        let value = schemas.target(value);
        if seen.len() > 5_000 || !seen.insert(std::ptr::from_ref(value)) {
            continue;
        }
        for (name, field) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let is_text = schemas.target(field).get("type").is_none_or(|kind| {
                kind == "string"
                    || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "string"))
            });
            if is_text && CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()) {
                found.insert(name.clone());
            }
            pending.push(field);
        }
        for key in ["items", "additionalProperties"] {
            pending.extend(value.get(key).filter(|inner| inner.is_object()));
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            pending.extend(value.get(key).and_then(Value::as_array).into_iter().flatten());
        }
    }
    found.into_iter().collect()
}
