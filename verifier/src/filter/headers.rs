//! Which headers pass, in both directions.
//!
//! Each direction and service has an allow-list. On the way up, only headers of the canonical request are sent; on the
//! way down, only headers that the catalog lists. This file holds the headers that never pass, whatever an overlay
//! says, and those of a single hop.

use datalog::catalog::Service;
use http::{HeaderMap, HeaderName};

/// Answer headers that no service can list: headers of the hop or of the credential, and computed ones.
const NEVER_DOWN: [&str; 15] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-accepted-oauth-scopes",
    "x-oauth-client-id",
    "x-oauth-scopes",
];

/// Every SDK's back-off reads these, whether an overlay lists them or not.
const RATE_LIMITS: [&str; 2] = ["x-ratelimit-", "ratelimit"];

/// Whether an answer's header reaches the agent unchanged. `Link` and `Location` lead back to the gateway first.
pub(crate) fn passes_down(service: &Service, name: &HeaderName) -> bool {
    let name = name.as_str();
    let listed =
        service.allows_response_header(name) || RATE_LIMITS.iter().any(|family| name.starts_with(family));
    listed && !matches!(name, "link" | "location") && !NEVER_DOWN.contains(&name)
}

/// Request headers of this hop or of the gateway itself. `classify` does not see them.
const OF_THIS_HOP: [&str; 17] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
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

/// Returns the request headers that mean something beyond this hop.
pub(crate) fn end_to_end(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| {
            !OF_THIS_HOP.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-")
        })
        .filter_map(|(name, value)| {
            value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
        })
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
