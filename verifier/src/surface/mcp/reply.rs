//! Answers to messages, as HTTP has them.

use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::answer::body::AnswerBody;
use crate::answer::problem;
use crate::answer::reply::Reply;
use crate::refusal::spoken::PROBLEM;

/// Returns the answer to any method but POST.
pub(crate) fn not_allowed() -> Reply {
    let mut reply = problem::page(&json!({
        "type": "about:blank", "status": 405, "title": "Method Not Allowed",
        "detail": "MCP messages come by POST; there is no session and no stream to open",
    }));
    reply.status = StatusCode::METHOD_NOT_ALLOWED;
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    reply.headers.insert(ALLOW, HeaderValue::from_static("POST"));
    reply
}

pub(crate) fn json_reply(status: StatusCode, value: &Value) -> Reply {
    let mut reply = problem::page(value);
    reply.status = status;
    reply
}

/// Returns the answer to a notification.
pub(crate) fn accepted() -> Reply {
    Reply::new(StatusCode::ACCEPTED, AnswerBody::ready(""))
}
