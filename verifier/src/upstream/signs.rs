//! What an answer says about the connection itself: a scope that was never granted, or a sign-on that its owner must
//! do.
//!
//! The authority tells the owner. The agent hears only that there is something to do, never the address, because a
//! person who opens that address acts for the owner. Nothing is decided here, and the answer stays unchanged.
//!
//! - Invariant: If a service asks the owner to open an address, only the owner sees it: no agent and no record does
//!   (`single_sign_on_is_told_the_owner_with_its_address_and_the_agent_without`,
//!   `what_a_service_says_to_the_owner_is_kept_for_the_owner`).

use datalog::Request;
use datalog::catalog::{Manners, OwnerSign};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::ports::{Authority, Connection, Sign};
use crate::upstream::forward::{Arrival, Said};

/// The header for an agent.
const NOTICE: HeaderName = HeaderName::from_static("hallpass-notice");

/// Passes on to the authority what an answer says about the connection. Returns what to tell the agent.
pub(crate) fn notice(
    authority: &dyn Authority,
    connection: &Connection,
    request: &Request,
    arrival: &Arrival,
) -> Option<String> {
    let (status, headers) = (arrival.answer.status(), arrival.answer.headers());
    let said = arrival.answer.extensions().get::<Said>();
    let FoundSign { signs, told } = find(&connection.service.manners, request, status, headers, said);
    for sign in signs {
        authority.noticed(&connection.name, &arrival.credential, sign);
    }
    told
}

/// Tells the agent, in a header beside the answer.
pub(crate) fn tell(headers: &mut HeaderMap, told: Option<&str>) {
    if let Some(value) = told.and_then(|told| HeaderValue::from_str(told).ok()) {
        headers.insert(NOTICE, value);
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct FoundSign {
    signs: Vec<Sign>,
    told: Option<String>,
}

fn find(
    manners: &Manners,
    request: &Request,
    status: StatusCode,
    headers: &HeaderMap,
    said: Option<&Said>,
) -> FoundSign {
    let mut found = FoundSign::default();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    for header in &manners.owner_headers {
        let (sign, told) = match text(&header.name).and_then(|value| header.said(value)) {
            None => continue,
            Some(OwnerSign::Required { link }) => (
                link,
                format!("the owner of this connection has to {} first, and is told where", header.deed),
            ),
            Some(OwnerSign::Partial) => (
                None,
                format!(
                    "this answer is incomplete: the owner of this connection has to {} first",
                    header.deed
                ),
            ),
        };
        found.signs.push(Sign::Owner { deed: header.deed.clone(), link: sign });
        found.told = Some(told);
    }
    let accepted_and_granted = manners
        .scope_headers
        .as_ref()
        .and_then(|names| Some((names, text(&names.accepted)?, text(&names.granted)?)));
    let named = accepted_and_granted
        .map(|(names, accepted, granted)| names.missing(status.as_u16(), accepted, granted))
        .filter(|missing| !missing.is_empty());
    let scopes = match (named, challenge(headers), in_body(manners, status, said)) {
        // One of these scopes is enough.
        (Some(any), _, _) => vec![any.join(" or ")],
        (None, Some(scopes), _) | (None, None, Some(scopes)) => scopes,
        (None, None, None) => return found,
    };
    found.signs.push(Sign::MissingScopes { scopes, operation: request.operation.id.clone() });
    let told = "the owner of this connection did not grant the scope that this needs, and is told which";
    found.told.get_or_insert_with(|| told.into());
    found
}

/// Returns the scopes of a body that names them in the service's own way.
fn in_body(manners: &Manners, status: StatusCode, said: Option<&Said>) -> Option<Vec<String>> {
    let (sign, Said(said)) = (manners.missing_scope.as_ref()?, said?);
    sign.said(status.as_u16(), said)?;
    Some(sign.named(said).into_iter().map(String::from).collect())
}

/// Returns the scopes of a challenge that says `insufficient_scope` (RFC 6750, section 3.1).
fn challenge(headers: &HeaderMap) -> Option<Vec<String>> {
    headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).find_map(|value| {
        let parameters = parameters(value);
        let of = |wanted: &str| {
            parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
        };
        (of("error") == Some("insufficient_scope"))
            .then(|| of("scope").unwrap_or_default().split_ascii_whitespace().map(String::from).collect())
    })
}

/// Returns the parameters of a challenge, quoted or not. Text in quotes is no parameter's name.
fn parameters(challenge: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = challenge;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit([' ', ',']).next().unwrap_or_default();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name, value.trim()));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(challenge: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))])
    }

    #[test]
    fn a_challenge_names_the_scopes_that_are_missing() {
        let google = r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="https://a/b https://a/c""#;
        assert_eq!(challenge(&headers(google)).unwrap(), ["https://a/b", "https://a/c"]);
        assert_eq!(challenge(&headers("Bearer error=insufficient_scope")), Some(Vec::new()));
        assert_eq!(challenge(&headers("Bearer scope=x, ERROR=insufficient_scope")).unwrap(), ["x"]);
        for other in [
            r#"Bearer error="invalid_token""#,
            r#"Bearer realm="error=insufficient_scope""#,
            r#"Bearer error_description="insufficient_scope""#,
            "Bearer",
            "",
            "=",
            "\"",
        ] {
            assert_eq!(challenge(&headers(other)), None, "{other}");
        }
    }
}
