//! Ways to disguise one operation as another: one table for each family, with the result.

use super::classify::{classify, raw};
use crate::classify::raw::RawRequest;

pub(crate) const LIST: &str = "/gmail/v1/users/me/messages";

pub(crate) fn code(service: &str, raw: &RawRequest<'_>) -> &'static str {
    classify(service, raw)
        .map_or_else(|error| error.code(), |request| panic!("{raw:?} is {}", request.operation.id))
}

pub(crate) fn all_are(expected: &str, service: &str, method: &str, targets: &[&str]) {
    for target in targets {
        assert_eq!(code(service, &raw(method, target)), expected, "{method} {target}");
    }
}

pub(crate) fn post<'a>(path: &'a str, content_type: &'a str, body: &'a [u8]) -> RawRequest<'a> {
    RawRequest { content_type: Some(content_type), body, ..raw("POST", path) }
}

#[test]
fn odd_methods_are_no_operation() {
    for method in ["get", "Get", "TRACE", "HEAD", "OPTIONS", "CONNECT", "GET ", "PROPFIND", "", "POST\r\n"] {
        assert_eq!(code("gmail", &raw(method, LIST)), "unknown-operation", "{method:?}");
    }
}

#[test]
fn an_override_is_only_the_long_get_of_googles_clients() {
    let form = "application/x-www-form-urlencoded";
    let long_get = RawRequest { method_override: Some("GET"), ..post(LIST, form, b"q=a&maxResults=5") };
    let request = classify("gmail", &long_get).unwrap();
    assert_eq!(request.operation.id.as_str(), "gmail.users.messages.list");
    assert_eq!(request.upstream_target(), "/gmail/v1/users/me/messages?q=a&maxResults=5");
    assert_eq!(request.wire_body(), None);

    let trash = "/gmail/v1/users/me/messages/1/trash";
    let refused = [
        RawRequest { method_override: Some("DELETE"), ..long_get },
        RawRequest { method_override: Some("get"), ..long_get },
        RawRequest { method_override: Some(""), ..long_get },
        RawRequest { query: Some("q=b"), ..long_get },
        RawRequest { content_type: Some("application/json"), ..long_get },
        RawRequest { content_type: None, ..long_get },
        RawRequest { method: "GET", ..long_get },
        RawRequest { method: "DELETE", ..long_get },
        RawRequest { body: b"q=\xff", ..long_get },
        RawRequest { method_override: Some("POST"), ..raw("GET", trash) },
    ];
    for raw in &refused {
        assert_eq!(code("gmail", raw), "ambiguous-request", "{raw:?}");
    }
    let github = RawRequest { method_override: Some("GET"), ..post("/user/repos", form, b"") };
    assert_eq!(code("github", &github), "ambiguous-request");
    // The override makes this a GET, so it cannot become a write.
    assert_eq!(code("gmail", &RawRequest { path: trash, ..long_get }), "unknown-operation");
}

#[test]
fn override_parameters_are_refused() {
    let names = [
        "_method",
        "$method",
        "_HttpMethod",
        "X-HTTP-Method-Override",
        "httpMethod",
        "http_method",
        "callback",
    ];
    for name in names {
        assert_eq!(
            code("gmail", &raw("GET", &format!("{LIST}?{name}=DELETE"))),
            "ambiguous-request",
            "{name}"
        );
        assert_eq!(
            code("github", &raw("GET", &format!("/user/repos?{name}=DELETE"))),
            "ambiguous-request",
            "{name}"
        );
    }
}

#[test]
fn batches_graphql_and_resumable_uploads_are_refused_with_a_hint() {
    for (service, path, word) in [
        ("gmail", "/batch/gmail/v1", "batches"),
        ("gmail", "/batch", "batches"),
        ("gmail", "/gmail/v1/$batch", "batches"),
        ("google-calendar", "/batch/calendar/v3", "batches"),
        ("google-drive", "/batch/drive/v3", "batches"),
        ("google-drive", "/resumable/upload/drive/v3/files", "resumable"),
        ("github", "/graphql", "GraphQL"),
        ("gmail", "/resumable/upload/gmail/v1/users/me/messages/send", "resumable"),
    ] {
        let error = classify(service, &post(path, "multipart/mixed; boundary=x", b"--x--")).unwrap_err();
        assert_eq!(error.code(), "unknown-operation");
        assert!(error.misfit().hint.as_ref().unwrap().contains(word), "{error}");
    }
    let upload = "/upload/gmail/v1/users/me/messages/send?uploadType=resumable";
    let error =
        classify("gmail", &post(upload.split_once('?').unwrap().0, "application/json", b"{}")).unwrap_err();
    assert_eq!(error.code(), "ambiguous-request");
    let raw = RawRequest { content_type: Some("message/rfc822"), ..raw("POST", upload) };
    let error = classify("gmail", &raw).unwrap_err();
    assert!(error.misfit().hint.as_ref().unwrap().contains("multipart"), "{error}");
}

#[test]
fn another_host_is_no_operation() {
    for host in [
        "www.googleapis.com",
        "gmail.mtls.googleapis.com",
        "gmail.googleapis.com.evil.example",
        "uploads.github.com",
        "",
    ] {
        assert_eq!(
            code("gmail", &RawRequest { host: Some(host), ..raw("GET", LIST) }),
            "unknown-operation",
            "{host}"
        );
    }
    assert!(
        classify("gmail", &RawRequest { host: Some("GMAIL.googleapis.com"), ..raw("GET", LIST) }).is_ok()
    );
    let asset = post("/repos/o/r/releases/1/assets?name=a", "text/plain", b"x");
    assert_eq!(classify("github", &asset).unwrap().upstream_host(), "uploads.github.com");
    assert_eq!(code("github", &RawRequest { host: Some("api.github.com"), ..asset }), "unknown-operation");
}

#[test]
fn whose_mailbox_it_is_cannot_be_switched() {
    for user in
        ["bob@example.com", "ME", "me%20", "me@example.com", "0", "alice%40example.com.evil", "%61lice"]
    {
        assert_eq!(
            code("gmail", &raw("GET", &format!("/gmail/v1/users/{user}/messages"))),
            "ambiguous-request",
            "{user}"
        );
    }
    let own = classify("gmail", &raw("GET", "/gmail/v1/users/Alice%40example.com/messages")).unwrap();
    let me = classify("gmail", &raw("GET", LIST)).unwrap();
    assert_eq!(own.digest(), me.digest());
    assert!(me.arguments.is_empty(), "{:?}", me.arguments);
}

#[test]
fn credentials_beside_the_pass_are_refused() {
    for name in [
        "access_token",
        "oauth_token",
        "key",
        "token",
        "client_secret",
        "client_id",
        "Access_Token",
        "api_key",
        "%6bey",
        "password",
    ] {
        let target = format!("{LIST}?q=a&{name}=secret");
        let error = classify("gmail", &raw("GET", &target)).unwrap_err();
        assert_eq!(error.code(), "foreign-credential", "{name}");
        assert!(!error.to_string().contains("secret`") || name.contains("secret"), "{error}");
    }
    assert_eq!(code("github", &raw("GET", "/user?access_token=x")), "foreign-credential");
    // The operation's own parameter may have such a name. It is no credential.
    assert!(classify("github", &raw("DELETE", "/repos/o/r/actions/caches?key=x")).is_ok());
}

#[test]
fn refusals_say_what_was_meant_and_nothing_of_accounts() {
    let error = classify("github", &raw("GET", "/repos/o/r/isues")).unwrap_err();
    assert!(error.misfit().hint.as_ref().unwrap().contains("github."), "{error}");
    let error = classify("gmail", &raw("GET", "/gmail/v1/users/bob@example.com/messages")).unwrap_err();
    // The error holds what the agent sent, and does not say whose mailbox it is.
    assert!(error.to_string().contains("`bob@example.com`"), "{error}");
    assert!(!error.to_string().replace("bob@example.com", "").contains('@'), "{error}");
    let error = classify("gmail", &raw("GET", &format!("{LIST}?max_results=5"))).unwrap_err();
    let hint = error.misfit().hint.as_ref().unwrap();
    assert!(hint.contains("did you mean `maxResults`?"), "{error}: {hint}");
}
