//! The fate of the headers that agents send: only headers that do not change the request are dropped.

use proptest::prelude::*;

use super::classify::{classify, raw};
use super::refusals::code;
use super::service;
use crate::catalog::{Catalog, Fate, Service, Span};
use crate::classify::raw::RawRequest;
use crate::words::message::Message;

fn imported() -> Service {
    let facts = r#"{"hallpass_facts":1,"service":"pay","title":"Pay","source":"openapi","revision":"1","hosts":["api.pay.example"]}
{"op":"list","at":"GET /v1/charges"}"#;
    Service::load(facts, None).unwrap()
}

/// The headers in the request if an agent sends these headers, or the code of the refusal.
fn sent(service: &Service, headers: &[(&str, &str)]) -> Result<Vec<String>, &'static str> {
    let (name, account) = ("test".parse().unwrap(), "alice@example.com".parse().unwrap());
    let target = if service.name.as_str() == "pay" { "/v1/charges" } else { "/user" };
    let request = service.classify(&name, &account, &RawRequest { headers, ..raw("GET", target) });
    let shown = |(name, value): &(std::sync::Arc<str>, String)| format!("{name}: {value}");
    request.map(|request| request.headers.iter().map(shown).collect()).map_err(|error| error.code())
}

#[test]
fn a_header_that_changes_what_a_request_means_goes_on_or_is_refused() {
    let (github, pay) = (service("github"), &imported());
    for (name, at_github, at_pay) in [
        ("idempotency-key", Ok(()), Ok(())),
        ("if-match", Ok(()), Ok(())),
        ("if-range", Ok(()), Ok(())),
        ("range", Ok(()), Ok(())),
        ("last-event-id", Ok(()), Ok(())),
        ("x-github-api-version", Ok(()), Ok(())),
        ("time-zone", Ok(()), Err("ambiguous-request")),
        ("stripe-version", Err("ambiguous-request"), Ok(())),
        ("notion-version", Err("ambiguous-request"), Ok(())),
        ("anthropic-version", Err("ambiguous-request"), Ok(())),
        ("anthropic-beta", Err("ambiguous-request"), Ok(())),
        ("openai-beta", Err("ambiguous-request"), Ok(())),
        ("api-version", Err("ambiguous-request"), Ok(())),
        ("stripe-account", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-goog-user-project", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-goog-drive-resource-keys", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-goog-fieldmask", Err("ambiguous-request"), Err("ambiguous-request")),
        ("openai-organization", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-slack-team-id", Err("ambiguous-request"), Err("ambiguous-request")),
        ("from", Err("ambiguous-request"), Err("ambiguous-request")),
        ("sudo", Err("ambiguous-request"), Err("ambiguous-request")),
        ("as-user", Err("ambiguous-request"), Err("ambiguous-request")),
        ("prefer", Err("ambiguous-request"), Err("ambiguous-request")),
        ("content-range", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-http-anything", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-original-url", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-upload-content-type", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-nobody-knows", Err("ambiguous-request"), Err("ambiguous-request")),
        ("x-shopify-access-token", Err("foreign-credential"), Err("foreign-credential")),
        ("ocp-apim-subscription-key", Err("foreign-credential"), Err("foreign-credential")),
        ("x-github-otp", Err("foreign-credential"), Err("foreign-credential")),
    ] {
        for (service, expected) in [(github, at_github), (pay, at_pay)] {
            let found = sent(service, &[(name, "value")]);
            let expected = expected.map(|()| vec![format!("{name}: value")]);
            assert_eq!(found, expected, "`{name}` at {}", service.name);
        }
    }
}

/// SDKs for Python, JavaScript, Java, .NET, Ruby and Go, and proxies in front of them, were seen to send these headers.
#[test]
fn what_sdks_say_of_themselves_is_left_out() {
    for name in [
        "user-agent",
        "x-goog-api-client",
        "x-stainless-lang",
        "x-stainless-package-version",
        "x-stainless-retry-count",
        "x-stripe-client-user-agent",
        "traceparent",
        "baggage",
        "x-request-id",
        "sec-fetch-mode",
        "sec-ch-ua",
        "origin",
        "referer",
        "cache-control",
        "x-forwarded-for",
        "x-forwarded-prefix",
        "x-real-ip",
        "x-original-forwarded-for",
        "featureflag",
    ] {
        for service in [service("github"), &imported()] {
            assert_eq!(sent(service, &[(name, "value")]), Ok(vec![]), "`{name}` at {}", service.name);
        }
    }
}

#[test]
fn how_long_the_gateway_may_wait_is_its_own_and_no_other_preference_is() {
    let pay = &imported();
    for own in ["wait=60", "wait=60, respond-async", "Wait=10; x"] {
        assert_eq!(sent(pay, &[("prefer", own)]), Ok(vec![]), "{own}");
    }
    for other in ["return=minimal", "wait=60, return=representation", "resolution=merge-duplicates"] {
        assert_eq!(sent(pay, &[("prefer", other)]), Err("ambiguous-request"), "{other}");
    }
    let facts = r#"{"hallpass_facts":1,"service":"pay","title":"Pay","source":"openapi","revision":"1","hosts":["api.pay.example"]}
{"op":"list","at":"GET /v1/charges"}"#;
    let overlay = "unlisted = \"at-worst\"\nrequest_headers = [\"prefer\", \"stripe-account\"]\n";
    let listed = Service::load(facts, Some(overlay)).unwrap();
    for header in [("prefer", "return=minimal"), ("stripe-account", "acct_1")] {
        assert_eq!(
            sent(&listed, &[header]),
            Ok(vec![format!("{}: {}", header.0, header.1)]),
            "a person said so"
        );
    }
}

#[test]
fn a_refusal_names_the_header_and_what_helps() {
    let refusal = |name: &str| {
        let headers = [(name, "value")];
        let raw = RawRequest { headers: &headers, ..raw("GET", "/v1/charges") };
        let (connection, account) = ("test".parse().unwrap(), "alice@example.com".parse().unwrap());
        Message::from(imported().classify(&connection, &account, &raw).unwrap_err()).in_full()
    };
    insta::assert_snapshot!(
        ["stripe-account", "x-goog-fieldmask", "x-nobody-knows", "x-shopify-access-token"]
            .map(refusal)
            .join("\n\n")
    );
}

proptest! {
    /// Every header is sent, or is listed as one that changes nothing, or is refused.
    #[test]
    fn no_header_is_dropped_that_is_not_listed(name in "[a-z][a-z0-9-]{0,24}") {
        for service in [service("github"), &imported()] {
            let found = sent(service, &[(&name, "value")]);
            match service.fate_of_header(&name) {
                Fate::Sent => prop_assert_eq!(found, Ok(vec![format!("{name}: value")])),
                Fate::Omitted => prop_assert_eq!(found, Ok(vec![])),
                _ => prop_assert!(found.is_err()),
            }
        }
    }
}

/// Parameters of several segments. A slash behind their value changes what it means, or nobody writes one.
const NO_DIRECTORIES: [(&str, &str); 8] = [
    ("basehead", "two names of commits"),
    ("branch", "a name"),
    ("commit_sha", "a name of a commit"),
    ("ref", "the start of a name: `heads/a` finds `heads/ab`, and `heads/a/` does not"),
    ("sha", "a name of a commit"),
    ("subject_digest", "a digest"),
    ("tag", "a name"),
    ("tree_sha", "a name of a tree"),
];

#[test]
fn every_parameter_of_several_segments_is_a_directory_or_none_for_a_reason() {
    for service in Catalog::embedded().unwrap().services() {
        for parameter in service.operations.iter().flat_map(|operation| &operation.template.parameters) {
            let is_listed = service.directories.iter().any(|name| **name == *parameter.name);
            let is_none = NO_DIRECTORIES.iter().any(|(name, _)| **name == *parameter.name);
            assert!(parameter.span != Span::Many || is_listed != is_none, "{}", parameter.name);
        }
    }
}

#[test]
fn a_directory_is_the_same_with_a_slash_at_its_end() {
    let request = |target: &str| classify("github", &raw("GET", target)).unwrap();
    for (with, without) in [
        ("/repos/o/r/contents/", "/repos/o/r/contents"),
        ("/repos/o/r/contents/?ref=dev", "/repos/o/r/contents?ref=dev"),
        ("/repos/o/r/contents/docs/", "/repos/o/r/contents/docs"),
        ("/repos/o/r/contents/docs/api/", "/repos/o/r/contents/docs/api"),
        ("/repos/o/r/contents/docs%2Fapi/", "/repos/o/r/contents/docs/api"),
        ("/repos/o/r/readme/docs/", "/repos/o/r/readme/docs"),
    ] {
        let (with_slash, plain) = (request(with), request(without));
        assert_eq!(with_slash.digest(), plain.digest(), "{with}");
        assert_eq!(with_slash.resources, plain.resources, "{with}");
        assert!(!with_slash.path.ends_with('/'), "{with}");
    }
    for target in [
        "/repos/o/r/contents//",
        "/repos/o/r/contents/docs//",
        "/repos/o/r/contents/%2F",
        "/repos/o/r/contents/docs%2F",
        "/repos/o/r/contents/./",
        "/repos/o/r/contents/docs/../",
        "/repos/o/r/readme/",
        "/repos/o/r/branches/main/",
        "/repos/o/r/git/matching-refs/heads/a/",
        "/repos/o/r/issues/",
        "/repos/o/r/",
        "/user/",
    ] {
        assert_eq!(code("github", &raw("GET", target)), "ambiguous-request", "{target}");
    }
    for method in ["PUT", "DELETE"] {
        assert_eq!(
            code("github", &raw(method, "/repos/o/r/contents/docs/")),
            "ambiguous-request",
            "{method}"
        );
    }
    assert!(classify("google-drive", &raw("GET", "/drive/v3/files/")).is_err());
}
