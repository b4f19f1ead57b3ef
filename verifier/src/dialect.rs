//! The members by which a service's own SDKs show an error, beside those of problem+json.
//!
//! What each SDK shows was tried, not guessed: one body with `ok`, `message` and `error{code, message, status}`
//! is shown in full by Google's, GitHub's, Microsoft's and Slack's Python clients. Slack's Node client retries
//! whatever is not 200, so Slack is told no with 200 and `ok: false`, as Slack does it.

use http::StatusCode;
use serde_json::{Map, Value, json};

/// How refusals are dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Common,
    Slack,
}

impl Dialect {
    pub(crate) fn of_service(name: &str) -> Self {
        match name {
            "slack" => Self::Slack,
            _ => Self::Common,
        }
    }

    pub(crate) fn status(self, status: StatusCode) -> StatusCode {
        match self {
            Self::Common => status,
            Self::Slack => StatusCode::OK,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Common => "application/problem+json",
            // Slack's clients parse nothing else.
            Self::Slack => "application/json; charset=utf-8",
        }
    }

    pub(crate) fn dress(self, problem: &mut Map<String, Value>, status: StatusCode, message: &str) {
        problem.insert("ok".into(), json!(false));
        match self {
            Self::Common => {
                problem.insert("message".into(), json!(message));
                let error = json!({
                    "code": status.as_u16(),
                    "message": message,
                    "status": google_status(status),
                });
                problem.insert("error".into(), error);
            }
            Self::Slack => {
                problem.insert("error".into(), json!(message));
            }
        }
    }
}

/// The name that Google's APIs give a status (google.rpc.Code).
fn google_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        502 | 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INVALID_ARGUMENT",
    }
}
