//! Problem: the body and headers that tell an agent of a refusal or a fault, and the gateway's own pages.
//!
//! `refusal::explanation` chooses the words and the status. Here they become problem+json (RFC 9457) in a dialect.

use std::time::Duration;

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use crate::answer::body::AnswerBody;
use crate::answer::dialect;
use crate::answer::reply::Reply;
use crate::ports::RecordId;
use crate::refusal::spoken::{Client, PROBLEM, Spoken};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Explanation, FaultCode, Refusal, RefusalCode, iso};

/// How to answer an agent over HTTP.
pub(crate) struct Voice {
    pub client: Client,
    pub spoken: Spoken,
    /// The address of the gateway's own pages for the agent: `http://HOST`. It is unknown until the Host is known.
    pub own: Option<String>,
}

/// Answers a request that was refused or that failed.
pub(crate) fn stopped(unanswered: &Unanswered, told: &Explanation, voice: &Voice) -> Reply {
    let spoken = voice.spoken;
    let mut problem = problem(unanswered, told);
    if let (Some(own), Some(id)) = (&voice.own, unanswered.approval()) {
        problem.insert("status_url".into(), json!(format!("{own}/approvals/{id}")));
    }
    dialect::dress(spoken, &mut problem, told.status, &message(unanswered, told));
    let body = AnswerBody::ready(Value::Object(problem).to_string());
    let mut reply = Reply::new(spoken.carries(told.status), body);
    let challenged = reply.status == StatusCode::UNAUTHORIZED;
    let headers = &mut reply.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(dialect::content_type(spoken, voice.client.reads)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if challenged {
        headers.insert(WWW_AUTHENTICATE, challenge(unanswered));
    }
    if let Some(seconds) = told.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if closes(unanswered) {
        last_of_its_connection(&mut reply);
    }
    reply
}

/// Whether the connection must close, because nobody knows where its next request would begin.
fn closes(unanswered: &Unanswered) -> bool {
    match unanswered {
        Unanswered::Refused(refusal) => matches!(
            refusal.code,
            RefusalCode::AmbiguousRequest | RefusalCode::LengthRequired | RefusalCode::BodyTooLarge
        ),
        Unanswered::Broke(fault) => fault.code == FaultCode::Overloaded,
    }
}

/// Returns all members of the problem document. They are the same for every dialect and surface.
pub(crate) fn problem(unanswered: &Unanswered, told: &Explanation) -> Map<String, Value> {
    let mut problem = Map::new();
    let mut set = |name: &str, value: Value| problem.insert(name.into(), value);
    set("type", json!(format!("urn:hallpass:problem:{}", told.code)));
    set("status", json!(told.status.as_u16()));
    set("title", json!(told.title));
    set("detail", json!(told.detail));
    set("code", json!(told.code));
    set("retryable", json!(told.retryable));
    set("next", json!(told.next.as_str()));
    if let Some(RecordId(id)) = told.record {
        set("record", json!(id));
    }
    if let Some(outcome) = told.outcome {
        set("outcome", json!(outcome));
    }
    if let Some(until) = told.until {
        set(until_name(unanswered), json!(iso(until)));
    }
    if let Unanswered::Refused(refusal) = unanswered {
        problem.extend(of_refusal(refusal));
    }
    problem
}

/// Returns the name of the member that says until when to wait.
fn until_name(unanswered: &Unanswered) -> &'static str {
    match unanswered {
        Unanswered::Broke(_) => "free_at",
        Unanswered::Refused(refusal) if refusal.code == RefusalCode::PassNotYet => "starts_at",
        Unanswered::Refused(_) => "resets_at",
    }
}

fn of_refusal(refusal: &Refusal) -> Map<String, Value> {
    let (expected, got) = refusal.expected_and_got().unzip();
    let texts = [
        ("caveat", refusal.reason().map(|reason| reason.caveat.as_str())),
        ("expected", expected),
        ("got", got),
        ("hint", refusal.hint.as_deref()),
    ];
    let mut members: Map<String, Value> =
        texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect();
    if let Some(id) = &refusal.approval {
        members.insert("approval".into(), json!(id));
    }
    members.insert("liftable_by".into(), json!(refusal.liftable_by()));
    members
}

/// Returns one line that holds everything, for clients that show only one line.
pub(crate) fn message(unanswered: &Unanswered, told: &Explanation) -> String {
    let mut line = format!("hallpass {}: {}", told.code, told.detail);
    if let Unanswered::Refused(refusal) = unanswered {
        if let Some((expected, got)) = refusal.expected_and_got() {
            line.push_str(&format!(" (expected {expected}, got {got})"));
        }
        if let Some(hint) = &refusal.hint {
            line.push_str(&format!("; hint: {hint}"));
        }
    }
    if !line.ends_with(['.', '?', '!']) {
        line.push('.');
    }
    line.push(' ');
    line.push_str(&told.sentence);
    line
}

/// Returns the challenge. It names no error if the request had no token at all (RFC 6750, section 3).
fn challenge(unanswered: &Unanswered) -> HeaderValue {
    let Unanswered::Refused(refusal) = unanswered else { return HeaderValue::from_static("Bearer") };
    if refusal.code == RefusalCode::PassMissing {
        return HeaderValue::from_static("Bearer realm=\"hallpass\"");
    }
    let line = format!(
        "Bearer realm=\"hallpass\", error=\"invalid_token\", error_description=\"{}\"",
        refusal.code.title().to_lowercase()
    );
    HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static("Bearer error=\"invalid_token\""))
}

/// Says that the request was held open as the agent preferred (RFC 7240, section 3).
pub(crate) fn preference_applied(reply: &mut Reply, waited: Duration) {
    if let Ok(value) = HeaderValue::from_str(&format!("wait={}", waited.as_secs())) {
        reply.headers.insert("preference-applied", value);
    }
}

/// Makes this the last answer of its connection: nothing after the request is read.
pub(crate) fn last_of_its_connection(reply: &mut Reply) {
    reply.headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Returns the answer for a page that this pass does not have. It does not tell whether another pass has one.
pub(crate) fn not_found(detail: &str) -> Reply {
    let mut reply = page(&json!({
        "type": "about:blank", "status": 404, "title": "Not Found", "detail": detail,
    }));
    reply.status = StatusCode::NOT_FOUND;
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    reply
}

/// Returns a JSON page of the gateway itself.
pub(crate) fn page(value: &Value) -> Reply {
    let mut reply = Reply::new(StatusCode::OK, AnswerBody::ready(value.to_string()));
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
