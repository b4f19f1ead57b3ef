//! Queries and bodies that two readers could read differently, that no schema has, or that repeat a value.

use super::classify::{classify, raw};
use super::refusals::{LIST, code, post};
use crate::classify::misfit::ClassifyError;
use crate::classify::raw::RawRequest;

#[test]
fn queries_that_two_readers_could_read_differently_are_refused() {
    for query in [
        "q=a&q=b",
        "maxResults=1&maxResults=2",
        "labelIds[]=A",
        "labelIds%5B%5D=A",
        "Q=a",
        "q",
        "q=a&",
        "&q=a",
        "q=a&&alt=json",
        "=a",
        "q=%zz",
        "q=%ff",
        "q=%0a",
        "q=a;maxResults=5",
        "q=a b",
        "q=a#b",
        "maxResults=05",
        "maxResults=1.0",
        "maxResults=+5",
        "maxResults=5%20",
        "maxResults=",
        "maxResults=99999999999999999999",
        "includeSpamTrash=1",
        "includeSpamTrash=yes",
        "alt=media",
        "alt=proto",
        "alt=json&alt=json",
        "unknown=1",
        "uploadType=media",
        "upload_protocol=raw",
        "callback=f",
        "$.xgafv=3",
        "pp=1",
        "trace=email:x",
        "quotaUser=a&quotaUser=b",
        "q=%C0%AF",
    ] {
        let error = classify("gmail", &RawRequest { query: Some(query), ..raw("GET", LIST) }).unwrap_err();
        assert_eq!(error.code(), "ambiguous-request", "{query}");
    }
    assert!(matches!(
        classify("github", &raw("GET", "/repos/o/r/issues?state=maybe")),
        Err(ClassifyError::Ambiguous(_))
    ));
}

#[test]
fn a_query_is_written_back_in_one_way() {
    let target = "/gmail/v1/users/me/messages?%71=a+b%20c&labelIds=A&labelIds=B&%24.xgafv=2&prettyPrint=true";
    let request = classify("gmail", &raw("GET", target)).unwrap();
    assert_eq!(request.query, "q=a%20b%20c&labelIds=A&labelIds=B&%24.xgafv=2&prettyPrint=true");
    let plus = classify("gmail", &raw("GET", &format!("{LIST}?q=a%2Bb"))).unwrap();
    assert_eq!(plus.query, "q=a%2Bb");
}

#[test]
fn bodies_that_the_schema_does_not_have_are_refused() {
    let path = "/repos/o/r/issues";
    for body in [
        r#"{"title":"a","title":"b"}"#,
        r#"{"title":"a","\u0074itle":"b"}"#,
        r#"{"title":"a","unknown":1}"#,
        r#"{"title":["a"]}"#,
        r#"{"title":null}"#,
        r#"{"body":"no title"}"#,
        r#"[{"title":"a"}]"#,
        r#""title""#,
        "null",
        "",
        "{",
        r#"{"title":"a"}x"#,
        "\u{feff}{\"title\":\"a\"}",
        r#"{"title":"a","labels":[{"nme":"x"}]}"#,
        r#"{"title":"a","milestone":9007199254740993}"#,
        r#"{"title":"a","assignees":"bob"}"#,
        r#"{"title":"a","Labels":[]}"#,
    ] {
        assert_eq!(
            code("github", &post(path, "application/json", body.as_bytes())),
            "ambiguous-request",
            "{body}"
        );
    }
    let utf16: Vec<u8> = r#"{"title":"a"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(code("github", &post(path, "application/json", &utf16)), "ambiguous-request");
    let error =
        classify("github", &post(path, "application/json", br#"{"title":"a","sneaky":1}"#)).unwrap_err();
    assert!(error.to_string().contains("sneaky"), "{error}");
}

#[test]
fn a_body_where_none_belongs_is_refused() {
    for (service, method, path) in [
        ("gmail", "GET", LIST),
        ("gmail", "DELETE", "/gmail/v1/users/me/messages/1"),
        ("gmail", "POST", "/gmail/v1/users/me/messages/1/trash"),
        ("github", "GET", "/user"),
    ] {
        let raw =
            RawRequest { content_type: Some("application/json"), body: br#"{"a":1}"#, ..raw(method, path) };
        assert_eq!(code(service, &raw), "ambiguous-request", "{method} {path}");
        assert!(classify(service, &RawRequest { body: b"{}", ..raw }).is_ok());
    }
}

#[test]
fn the_same_bytes_under_another_type_are_refused() {
    let body = br#"{"title":"a"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/xml",
        "message/rfc822",
        "application/x-protobuf",
    ] {
        assert_eq!(
            code("github", &post("/repos/o/r/issues", kind, body)),
            "unsupported-media-type",
            "{kind}"
        );
    }
    for kind in [
        "application/json; charset=utf-16",
        "application/json;charset=latin1",
        "",
        "json",
        "application/json\r\nx: y",
        "a/b/c",
    ] {
        assert_eq!(code("github", &post("/repos/o/r/issues", kind, body)), "ambiguous-request", "{kind}");
    }
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;charset=\"UTF-8\"",
        "application/vnd.github.v3+json",
    ] {
        assert!(classify("github", &post("/repos/o/r/issues", kind, body)).is_ok(), "{kind}");
    }
    assert!(classify("github", &RawRequest { body, ..raw("POST", "/repos/o/r/issues") }).is_ok());
}

#[test]
fn what_stands_in_two_places_says_the_same() {
    let put = |path, body| RawRequest { method: "PUT", ..post(path, "application/json", body) };
    let label = "/gmail/v1/users/me/labels/L1";
    assert!(classify("gmail", &put(label, br#"{"id":"L1","name":"n"}"#)).is_ok());
    assert_eq!(code("gmail", &put(label, br#"{"id":"L2","name":"n"}"#)), "ambiguous-request");
    let variable = RawRequest {
        method: "PATCH",
        ..post("/repos/o/r/actions/variables/A", "application/json", br#"{"name":"B"}"#)
    };
    assert!(classify("github", &variable).is_ok());
}
