//! Whose account an access token is for, as the provider says it.

use datalog::Account;
use secrecy::{ExposeSecret, SecretString};

use super::http::HttpClient;
use super::provider::{Provider, Userinfo};

/// Asks each place in turn; the first usable answer counts.
pub(crate) async fn account(
    http: &HttpClient,
    provider: &Provider,
    access: &SecretString,
) -> Result<Account, String> {
    if provider.userinfo.is_empty() {
        return Err("no `userinfo_url` is known for the service\nhint: set it in hallpass.toml".into());
    }
    let mut because = Vec::new();
    for place in &provider.userinfo {
        match ask(http, place, access).await {
            Ok(account) => return Ok(account),
            Err(error) => because.push(error),
        }
    }
    Err(because.join("; "))
}

async fn ask(http: &HttpClient, place: &Userinfo, access: &SecretString) -> Result<Account, String> {
    let mut bearer = http::HeaderValue::from_str(&format!("Bearer {}", access.expose_secret()))
        .map_err(|_| "the access token does not fit a header".to_owned())?;
    bearer.set_sensitive(true);
    let request = http::Request::builder()
        .method(&place.method)
        .uri(&place.url)
        .header(http::header::AUTHORIZATION, bearer)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    let answer = http.send(request).await.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("`{}` answered {}", place.url, answer.status()));
    }
    let object: serde_json::Value =
        serde_json::from_slice(answer.body()).map_err(|_| format!("`{}` answered no JSON", place.url))?;
    let field = object.get(&place.field).and_then(|value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    let Some(text) = field else {
        return Err(format!("the answer of `{}` has no field `{}`", place.url, place.field));
    };
    text.parse().map_err(|error: datalog::NameError| error.to_string())
}
