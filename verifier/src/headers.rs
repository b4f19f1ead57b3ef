//! Which headers pass, in both directions.
//!
//! An allow-list each way (R3), by service: on the way up only what the canonical request holds is sent; on the
//! way down only what the catalog lists. Here is what never passes, whatever an overlay says, and what belongs
//! to this hop alone.

use datalog::catalog::Service;
use http::{HeaderMap, HeaderName};

/// Answer headers that no service can list: of the hop, of the credential, or computed anew.
const NEVER_DOWN: [&str; 17] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "github-authentication-token-expiration",
    "keep-alive",
    "proxy-authenticate",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-accepted-oauth-scopes",
    "x-github-sso",
    "x-oauth-client-id",
    "x-oauth-scopes",
];

/// Every SDK's back-off reads these, whether an overlay thought of them or not.
const RATE_LIMITS: [&str; 2] = ["x-ratelimit-", "ratelimit"];

/// Whether an answer's header reaches the agent unchanged. `Link` and `Location` lead back to the gateway first.
pub(crate) fn passes_down(service: &Service, name: &HeaderName) -> bool {
    let name = name.as_str();
    let listed =
        service.allows_response_header(name) || RATE_LIMITS.iter().any(|family| name.starts_with(family));
    listed && !matches!(name, "link" | "location") && !NEVER_DOWN.contains(&name)
}

/// Request headers that belong to this hop or to the gateway itself; `classify` is not shown them.
const OF_THIS_HOP: [&str; 15] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "expect",
    "content-length",
    "content-type",
    "content-encoding",
    "accept-encoding",
    "authorization",
    "x-http-method-override",
    "forwarded",
    "via",
];

/// The request headers that mean something beyond this hop.
pub(crate) fn end_to_end(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers
        .iter()
        .filter(|(name, _)| {
            !OF_THIS_HOP.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-")
        })
        .filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_hop_is_not_shown_to_the_catalog() {
        let mut headers = HeaderMap::new();
        for name in ["host", "x-forwarded-for", "via", "accept", "if-none-match"] {
            headers.insert(HeaderName::from_static(name), "v".parse().unwrap());
        }
        let mut shown: Vec<_> = end_to_end(&headers).into_iter().map(|(name, _)| name).collect();
        shown.sort_unstable();
        assert_eq!(shown, ["accept", "if-none-match"]);
    }
}
