//! The members by which a service's own SDKs show an error, beside those of problem+json.
//!
//! What each SDK shows was tried, not guessed: one body with `ok`, `message` and `error{code, message, status}`
//! is shown in full by Google's, GitHub's, Microsoft's and Slack's Python clients. Slack's Node client retries
//! whatever is not 200, so Slack is told no with 200 and `ok: false`, as Slack does it.

use datalog::catalog::Dialect;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// The status that carries a refusal in a dialect.
pub(crate) fn status(dialect: Dialect, status: StatusCode) -> StatusCode {
    match dialect {
        Dialect::Slack => StatusCode::OK,
        Dialect::Google | Dialect::GitHub | Dialect::Problem => status,
    }
}

pub(crate) fn content_type(dialect: Dialect) -> &'static str {
    match dialect {
        // Slack's clients parse nothing else.
        Dialect::Slack => "application/json; charset=utf-8",
        Dialect::Google | Dialect::GitHub | Dialect::Problem => "application/problem+json",
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
}
