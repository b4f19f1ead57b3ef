//! Requests as SDKs send them, and what becomes of them.

use crate::catalog::{ClassifyError, RawRequest};
use crate::request::{Body, Request};

use super::service;

pub(super) fn raw<'a>(method: &'a str, target: &'a str) -> RawRequest<'a> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    RawRequest {
        method,
        method_override: None,
        host: None,
        path,
        query,
        headers: &[],
        content_type: None,
        body: &[],
    }
}

pub(super) fn classify(name: &str, raw: &RawRequest<'_>) -> Result<Request, ClassifyError> {
    service(name).classify(&"test".parse().unwrap(), &"alice@example.com".parse().unwrap(), raw)
}

#[test]
fn a_gmail_listing_is_the_operation_it_is() {
    let request =
        classify("gmail", &raw("GET", "/gmail/v1/users/me/messages?q=is%3Aunread&maxResults=5&alt=json"))
            .unwrap();
    assert_eq!(request.operation.id.as_str(), "gmail.users.messages.list");
    assert_eq!(request.upstream_target(), "/gmail/v1/users/me/messages?q=is%3Aunread&maxResults=5&alt=json");
    assert_eq!(request.body, Body::Empty);
}

#[test]
fn a_github_issue_is_the_operation_it_is() {
    let body = br#"{"title":"t","labels":["a",{"name":"b"}]}"#;
    let raw = RawRequest { content_type: Some("application/json"), body, ..raw("POST", "/repos/o/r/issues") };
    let request = classify("github", &raw).unwrap();
    assert_eq!(request.operation.id.as_str(), "github.issues/create");
    let wire = request.wire_body().unwrap();
    assert_eq!(wire.1, body);
}
