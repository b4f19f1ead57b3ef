//! The members by which a service's own SDKs show an error, beside those of problem+json.
//!
//! What each SDK shows was tried, not guessed: one body with `ok`, `message` and `error{code, message, status}`
//! is shown in full by Google's, GitHub's, Microsoft's and Slack's Python clients. Slack's Node client retries
//! whatever is not 200, so Slack is told no with 200 and `ok: false`, as Slack does it.

use datalog::catalog::Dialect;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

/// The status that carries a refusal in a dialect.
pub(crate) fn status(dialect: Dialect, status: StatusCode) -> StatusCode {
    match dialect {
        Dialect::Slack => StatusCode::OK,
        Dialect::Google | Dialect::GitHub | Dialect::Problem => status,
    }
}

const PROBLEM: &str = "application/problem+json";

/// What an agent said that it reads (`Accept`), as far as a refusal's media type depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Problem,
    Anything,
    /// Other types than these two.
    Other,
}

impl Reads {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let said: Vec<&[u8]> = headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes).collect();
        let names =
            |what: &str| said.iter().any(|line| memchr::memmem::find(line, what.as_bytes()).is_some());
        if names(PROBLEM) {
            Self::Problem
        } else if said.is_empty() || names("*/*") {
            Self::Anything
        } else {
            Self::Other
        }
    }
}

/// problem+json where it is read. Google's and GitHub's clients for JavaScript show the reason of nothing but
/// `application/json`, so that is what the same body is called for them.
pub(crate) fn content_type(dialect: Dialect, reads: Reads) -> &'static str {
    match (dialect, reads) {
        // Slack's clients parse nothing else.
        (Dialect::Slack, _) => "application/json; charset=utf-8",
        (_, Reads::Problem) | (Dialect::Problem, Reads::Anything) => PROBLEM,
        (Dialect::Google | Dialect::GitHub | Dialect::Problem, _) => "application/json",
    }
}

/// Adds the members. One body serves all but Slack: it is also what is sent before the service is known.
pub(crate) fn dress(dialect: Dialect, problem: &mut Map<String, Value>, status: StatusCode, message: &str) {
    problem.insert("ok".into(), json!(false));
    let error = match dialect {
        Dialect::Slack => json!(message),
        Dialect::Google | Dialect::GitHub | Dialect::Problem => {
            problem.insert("message".into(), json!(message));
            json!({"code": status.as_u16(), "message": message, "status": google_status(status)})
        }
    };
    problem.insert("error".into(), error);
}

/// The name that Google's APIs give a status (google.rpc.Code).
fn google_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
        StatusCode::GATEWAY_TIMEOUT => "DEADLINE_EXCEEDED",
        _ => "INVALID_ARGUMENT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_told_no_as_slack_says_it() {
        let mut problem = Map::new();
        dress(Dialect::Slack, &mut problem, StatusCode::FORBIDDEN, "hallpass denied: no");
        assert_eq!(status(Dialect::Slack, StatusCode::FORBIDDEN), StatusCode::OK);
        assert_eq!(Value::Object(problem), json!({"ok": false, "error": "hallpass denied: no"}));
    }

    #[test]
    fn a_refusal_has_the_media_type_that_is_read() {
        let reads = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            Reads::of(&headers)
        };
        let octokit = reads("application/vnd.github.v3+json");
        assert_eq!(content_type(Dialect::GitHub, octokit), "application/json");
        assert_eq!(
            content_type(Dialect::Problem, octokit),
            "application/json",
            "also before the pass is known"
        );
        assert_eq!(content_type(Dialect::Google, reads("*/*")), "application/json");
        assert_eq!(content_type(Dialect::Problem, Reads::of(&HeaderMap::new())), PROBLEM);
        assert_eq!(
            content_type(Dialect::Google, reads("application/json, application/problem+json")),
            PROBLEM
        );
    }
}
