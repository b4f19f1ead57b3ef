//! The operation that says whose account it is, if the description has one.
//!
//! Hallpass calls it once after connecting, with the token, at the service's own host. The described answer tells which
//! field names the account. If no field does, nothing is guessed, and the person gives the name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::schema::Schemas;

/// Paths that answer who is signed in, the most reliable first.
const ENDS: [&str; 8] =
    ["/userinfo", "/users/me", "/user/me", "/me", "/users/@me", "/users/current", "/current_user", "/user"];

/// Fields that name an account, the most telling first. None of them is a name that two people can share.
const FIELDS: [&str; 6] = ["email", "login", "username", "user_name", "id", "sub"];

/// The question for the signed-in account: its path, and the field of the answer that names the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WhoAmI {
    pub(crate) path: String,
    pub(crate) field: String,
    rank: usize,
}

/// The operation at `path`, if it says who is signed in.
pub(crate) fn who_am_i<'a>(schemas: &Schemas<'a>, path: &str, operation: &'a Value) -> Option<WhoAmI> {
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

/// The more reliable of two; the shorter path if they are equal.
pub(crate) fn surer(one: Option<WhoAmI>, other: Option<WhoAmI>) -> Option<WhoAmI> {
    let key = |who: &WhoAmI| (who.rank, who.path.len());
    match (one, other) {
        (Some(one), Some(other)) if key(&other) < key(&one) => Some(other),
        (None, other) => other,
        (one, _) => one,
    }
}
