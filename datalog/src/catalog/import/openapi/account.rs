//! Where a service says whose account it is: the operation that answers who is signed in, if the description has one.
//!
//! Asked once after connecting, with the token, at the service's own host. What names the account is taken off the
//! described answer; where it is not there, nothing is guessed and the person says the name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::schema::Schemas;

/// Paths that answer who is signed in, the surest first.
const ENDS: [&str; 8] =
    ["/userinfo", "/users/me", "/user/me", "/me", "/users/@me", "/users/current", "/current_user", "/user"];

/// Fields that name an account, the most telling first.
/// A name that two people can have is none of them.
const FIELDS: [&str; 6] = ["email", "login", "username", "user_name", "id", "sub"];

/// What asks who is signed in: its path, and the field of the answer that names the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WhoAmI {
    pub(super) path: String,
    pub(super) field: String,
    rank: usize,
}

/// The operation at `path`, where it says who is signed in.
pub(super) fn who_am_i<'a>(schemas: &Schemas<'a>, path: &str, operation: &'a Value) -> Option<WhoAmI> {
    let rank = ENDS.iter().position(|end| path.ends_with(end))?;
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let asks_for_more = parameters
        .into_iter()
        .flatten()
        .any(|parameter| parameter.get("required").and_then(Value::as_bool) == Some(true));
    if path.contains('{') || asks_for_more {
        return None;
    }
    let responses = operation.get("responses").and_then(Value::as_object)?;
    let answer = responses.iter().find(|(code, _)| code.starts_with('2')).map(|(_, answer)| answer)?;
    let content = schemas.target(answer).get("content").and_then(Value::as_object)?;
    let schema = content.iter().find(|(kind, _)| kind.contains("json"))?.1.get("schema")?;
    let (fields, _): (BTreeMap<String, &Value>, _) = schemas.fields_of(Some(schema));
    let names_account = |field: &&&str| {
        let kind = fields.get(**field).map(|field| schemas.target(field).get("type"));
        kind.is_some_and(|kind| kind.is_none_or(|kind| kind != "object" && kind != "array"))
    };
    let field = FIELDS.iter().find(names_account)?;
    Some(WhoAmI { path: path.to_owned(), field: (*field).to_owned(), rank })
}

/// The surer of two, the shorter path where both are.
pub(super) fn surer(one: Option<WhoAmI>, other: Option<WhoAmI>) -> Option<WhoAmI> {
    let key = |who: &WhoAmI| (who.rank, who.path.len());
    match (one, other) {
        (Some(one), Some(other)) if key(&other) < key(&one) => Some(other),
        (None, other) => other,
        (one, _) => one,
    }
}
