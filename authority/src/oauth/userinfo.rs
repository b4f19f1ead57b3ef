//! Asks the provider for the account of an access token. It also tells whether the provider says that the token is
//! dead.

use datalog::{Account, Hinted, NameError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::failure::{SET_IT, TokenFailure};
use super::http::HttpClient;
use super::provider::{Provider, Userinfo};
use crate::audit::plain;

/// Why one place did not tell the account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("no `userinfo_url` is known for the service")]
    NoPlace,
    #[error("`{url}` answered status {status}")]
    Status { url: String, status: u16 },
    /// The service said in its own way that the token is dead, whatever the status.
    #[error("`{url}` answered `{code}`")]
    Dead { url: String, code: String },
    #[error("`{url}` answered `{code}`")]
    Refused { url: String, code: String },
    #[error("`{url}` answered no JSON")]
    NoJson { url: String },
    #[error("the answer of `{url}` has no field `{field}`")]
    NoField { url: String, field: String },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{0}")]
    Unsendable(String),
    #[error(transparent)]
    NotAnswered(#[from] TokenFailure),
}

/// Why none of the places told the account, in their order.
#[derive(Debug)]
pub(crate) struct NoAccount(Vec<AccountError>);

impl std::fmt::Display for NoAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl Hinted for NoAccount {
    fn hint(&self) -> Option<String> {
        self.0.iter().find_map(|error| match error {
            AccountError::NoPlace => Some(SET_IT.into()),
            AccountError::NotAnswered(failure) => failure.hint(),
            _ => None,
        })
    }
}

impl NoAccount {
    /// Whether the token is dead. Only the first place counts, because it is the service's own. Another place may
    /// refuse a token that only lacks a scope for it.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.0.first(), Some(AccountError::Status { status: 401, .. } | AccountError::Dead { .. }))
    }

    /// Whether the provider accepted the token, though it did not tell the account.
    pub(crate) fn is_taken(&self) -> bool {
        let taken = |error: &AccountError| match error {
            AccountError::NoField { .. } | AccountError::NoJson { .. } | AccountError::Name(_) => true,
            AccountError::Status { status, .. } => matches!(status, 403 | 404),
            _ => false,
        };
        self.0.first().is_some_and(taken)
    }
}

/// Asks each place in turn; the first usable answer counts.
pub(crate) async fn account(
    http: &HttpClient,
    provider: &Provider,
    access: &SecretString,
) -> Result<Account, NoAccount> {
    if provider.userinfo.is_empty() {
        return Err(NoAccount(vec![AccountError::NoPlace]));
    }
    let mut because = Vec::new();
    for place in &provider.userinfo {
        match ask(http, provider, place, access).await {
            Ok(account) => return Ok(account),
            Err(error) => because.push(error),
        }
    }
    Err(NoAccount(because))
}

async fn ask(
    http: &HttpClient,
    provider: &Provider,
    place: &Userinfo,
    access: &SecretString,
) -> Result<Account, AccountError> {
    let unsendable = |words: String| AccountError::Unsendable(words);
    let mut bearer = http::HeaderValue::from_str(&format!("Bearer {}", access.expose_secret()))
        .map_err(|_| unsendable("the access token does not fit a header".into()))?;
    bearer.set_sensitive(true);
    let mut request = http::Request::builder().method(&place.method).uri(&place.url);
    for (name, value) in &provider.known.userinfo_headers {
        request = request.header(name, value);
    }
    let request = request
        .header(http::header::AUTHORIZATION, bearer)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| unsendable(error.to_string()))?;
    let answer = http.send(request).await?;
    let (url, status) = (place.url.clone(), answer.status().as_u16());
    let object: Option<Value> = serde_json::from_slice(answer.body()).ok();
    if let Some(code) = object.as_ref().and_then(|object| provider.is_dead(status, object)) {
        return Err(AccountError::Dead { url, code: code.to_owned() });
    }
    if !answer.status().is_success() {
        return Err(AccountError::Status { url, status });
    }
    let Some(object) = object else { return Err(AccountError::NoJson { url }) };
    let field = field_at(&object, &place.field).and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    match (field, object.get("error").and_then(Value::as_str)) {
        (Some(text), _) => Ok(text.parse()?),
        (None, Some(code)) => {
            Err(AccountError::Refused { url, code: plain(code).chars().take(100).collect() })
        }
        (None, None) => Err(AccountError::NoField { url, field: place.field.clone() }),
    }
}

/// Returns the field of this name. Dots lead into objects, unless one field has the whole name (a claim may be an
/// address).
fn field_at<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| name.split('.').try_fold(object, |inside, part| inside.get(part)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name_and_then_within_objects() {
        let answer = json!({"a.b": 1, "a": {"b": 2, "c": {"d": "x"}}});
        assert_eq!(field_at(&answer, "a.b"), Some(&json!(1)));
        assert_eq!(field_at(&answer, "a.c.d"), Some(&json!("x")));
        assert_eq!(field_at(&answer, "a.c.e"), None);
        assert_eq!(field_at(&answer, "a.b.c"), None);
    }
}
