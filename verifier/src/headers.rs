//! Which headers pass, in both directions.
//!
//! An allow-list each way (R3). On the way up only what the canonical request holds is sent; on the way down
//! only what is listed here, so that a cookie, a scope list or a hop's own header never reaches the agent.

use http::header::{
    ACCEPT_RANGES, AGE, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_RANGE,
    CONTENT_TYPE, DATE, ETAG, EXPIRES, LAST_MODIFIED, RETRY_AFTER, VARY,
};
use http::{HeaderMap, HeaderName};

/// Answer headers that pass as they are. `Link` and `Location` are not here: `rewrite` sees to them, and
/// Content-Length is computed anew.
const ANSWER: [HeaderName; 14] = [
    ACCEPT_RANGES,
    AGE,
    ALLOW,
    CACHE_CONTROL,
    CONTENT_DISPOSITION,
    CONTENT_LANGUAGE,
    CONTENT_RANGE,
    CONTENT_TYPE,
    DATE,
    ETAG,
    EXPIRES,
    LAST_MODIFIED,
    RETRY_AFTER,
    VARY,
];

/// Families of answer headers that pass, by prefix.
const ANSWER_PREFIXES: [&str; 5] = ["x-ratelimit-", "ratelimit-", "x-github-", "x-goog-hash", "x-slack-"];

/// Answer headers of those families, and others like them, that tell about the credential rather than the answer.
const NEVER: [&str; 4] =
    ["x-github-sso", "x-slack-failure", "x-slack-unique-id", "x-github-authentication-token-expiration"];

/// Single answer headers without a constant of their own.
const ANSWER_NAMES: [&str; 4] = ["x-poll-interval", "x-request-id", "ratelimit", "deprecation"];

/// Whether an answer's header reaches the agent unchanged.
pub(crate) fn passes_down(name: &HeaderName) -> bool {
    if ANSWER.contains(name) {
        return true;
    }
    let name = name.as_str();
    let listed =
        ANSWER_NAMES.contains(&name) || ANSWER_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    listed && !NEVER.contains(&name)
}

/// Request headers that belong to this hop or to the gateway itself; `classify` is not shown them.
const OF_THIS_HOP: [&str; 14] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
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
    fn only_listed_answer_headers_pass() {
        for name in ["content-type", "etag", "x-ratelimit-remaining", "x-github-request-id", "retry-after"] {
            assert!(passes_down(&HeaderName::from_static(name)), "{name}");
        }
        let kept_back = [
            "set-cookie",
            "x-oauth-scopes",
            "x-accepted-oauth-scopes",
            "www-authenticate",
            "location",
            "link",
            "connection",
            "transfer-encoding",
            "content-length",
            "server",
            "alt-svc",
            "x-github-sso",
            "access-control-allow-origin",
            "strict-transport-security",
            "content-encoding",
            "x-unknown",
        ];
        for name in kept_back {
            assert!(!passes_down(&HeaderName::from_static(name)), "{name}");
        }
    }

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
