//! How an agent could slip one operation past as another, one table for each family, and what it gets.

use crate::catalog::{ClassifyError, RawRequest};

use super::classify::{classify, raw};

const LIST: &str = "/gmail/v1/users/me/messages";

fn code(service: &str, raw: &RawRequest<'_>) -> &'static str {
    classify(service, raw)
        .map_or_else(|error| error.code(), |request| panic!("{raw:?} is {}", request.operation.id))
}

fn all_are(expected: &str, service: &str, method: &str, targets: &[&str]) {
    for target in targets {
        assert_eq!(code(service, &raw(method, target)), expected, "{method} {target}");
    }
}

fn post<'a>(path: &'a str, content_type: &'a str, body: &'a [u8]) -> RawRequest<'a> {
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
    // What it stands for is a GET: a write does not come out of it.
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
fn dot_segments_in_any_encoding_are_refused() {
    all_are(
        "ambiguous-request",
        "github",
        "GET",
        &[
            "/repos/o/r/../x",
            "/repos/o/r/.",
            "/repos/o/..",
            "/repos/o/r/contents/../../x/y",
            "/repos/o/r/contents/a/%2e%2e/b",
            "/repos/o/r/contents/a/%2E./b",
            "/repos/o/%2e%2e/x",
            "/repos/o/r/contents/a%2f..%2fb",
            "/repos/o/r/contents/%252e%252e",
            "/repos/o/r/contents/a%252f%252e%252e",
            "/repos/o/r/contents/%25252e%25252e%25252fx",
            "/repos/o/r/contents/..%5cx",
        ],
    );
}

#[test]
fn hidden_slashes_and_backslashes_are_refused() {
    all_are(
        "ambiguous-request",
        "github",
        "GET",
        &[
            "/repos/o%2Fr/x",
            "/repos/o/r%2fissues",
            "/repos%2Fo%2Fr",
            "/repos/o/r\\x",
            "/repos/o/r%5Cissues",
            "/repos/o%255cx/r",
            "/repos/o%252fx/r",
            "/repos/o/r/git%2Frefs",
            "/repos/o/r/branches/a%2Fprotection",
            "/repos/o/r/commits/a%2Fstatus",
            "/repos/o/r/commits/x%2F/status",
            "/repos/o/r/contents/%2Fx",
            "/repos/o/r/contents/a%2F%2Fb",
            "/gists/a%2Fb",
        ],
    );
    all_are(
        "ambiguous-request",
        "gmail",
        "GET",
        &[
            "/gmail/v1/users/me/messages/a%2Fb",
            "/gmail/v1/users/me%2Fmessages",
            "/gmail%2fv1/users/me/messages",
        ],
    );
}

#[test]
fn control_characters_and_bad_encodings_are_refused() {
    all_are(
        "ambiguous-request",
        "gmail",
        "GET",
        &[
            "/gmail/v1/users/me/messages/%00",
            "/gmail/v1/users/me/messages/a%0d%0aX:%20y",
            "/gmail/v1/users/me/messages/%09",
            "/gmail/v1/users/me/messages/a\u{7f}",
            "/gmail/v1/users/me/messages/a%7f",
            "/gmail/v1/users/me/messages/%c2%85",
            "/gmail/v1/users/me/messages/a b",
            "/gmail/v1/users/me/messages/é",
            "/gmail/v1/users/me/messages/%ff",
            "/gmail/v1/users/me/messages/%c0%af",
            "/gmail/v1/users/me/messages/%e0%80%af",
            "/gmail/v1/users/me/messages/%ed%a0%80",
            "/gmail/v1/users/me/messages/%",
            "/gmail/v1/users/me/messages/%4",
            "/gmail/v1/users/me/messages/%zz",
            "/gmail/v1/users/me/messages/%u0061",
            "/gmail/v1/users/me/messages/1%2500",
        ],
    );
}

#[test]
fn empty_segments_parameters_and_fragments_are_refused() {
    all_are(
        "ambiguous-request",
        "gmail",
        "GET",
        &[
            "//gmail/v1/users/me/messages",
            "/gmail//v1/users/me/messages",
            "/gmail/v1/users/me/messages/",
            "/gmail/v1/users//messages",
            "/gmail/v1/users/me/messages;a=b",
            "/gmail/v1/users/me;x/messages",
            "/gmail/v1/users/me/messages/a%3bb",
            "/gmail/v1/users/me/messages#f",
            "gmail/v1/users/me/messages",
            "",
            "http://evil.example/gmail/v1/users/me/messages",
            "/gmail/v1/users/me/messages/%3b",
            "@evil.example/x",
        ],
    );
}

#[test]
fn another_case_or_spelling_of_a_path_is_no_operation() {
    all_are(
        "unknown-operation",
        "gmail",
        "GET",
        &[
            "/Gmail/v1/users/me/messages",
            "/gmail/V1/users/me/messages",
            "/gmail/v1/users/me/Messages",
            "/gmail/v1beta/users/me/messages",
            "/gmail/v1/users/me/messages/1/trash",
            "/",
            "/gmail",
            "/gmail/v1/users/me/messages/1/2/3",
        ],
    );
    all_are(
        "unknown-operation",
        "github",
        "GET",
        &[
            "/repositories/1",
            "/repositories/1/issues",
            "/repos/o",
            "/repos/o/r/issues/one",
            "/repos/o/r/issues/1e3",
            "/repos/o/r/issues/+1",
            "/repos/o/r/issues/01",
            "/repos/o/r/issues/9007199254740993",
            "/repos/o/r/releases/newest",
            "/user/repos/1",
        ],
    );
}

#[test]
fn a_literal_beats_a_parameter_and_its_other_methods_are_not_borrowed() {
    let id =
        |method, target: &str| classify("github", &raw(method, target)).unwrap().operation.id.to_string();
    assert_eq!(id("GET", "/gists/public"), "github.gists/list-public");
    assert_eq!(id("GET", "/gists/abc"), "github.gists/get");
    assert_eq!(id("GET", "/repos/o/r/releases/latest"), "github.repos/get-latest-release");
    assert_eq!(id("GET", "/repos/o/r/issues/comments"), "github.issues/list-comments-for-repo");
    assert_eq!(id("GET", "/repos/o/r/branches/a/protection"), "github.repos/get-branch-protection");
    assert_eq!(id("GET", "/repos/o/r/branches/a/b/protection"), "github.repos/get-branch-protection");
    assert_eq!(id("GET", "/repos/o/r/branches/a/b"), "github.repos/get-branch");
    assert_eq!(id("GET", "/repos/o/r/compare/a...b"), "github.repos/compare-commits");
    assert_eq!(id("GET", "/repos/o/r/compare/a/x...b"), "github.repos/compare-commits-with-basehead");
    // There is a DELETE of any gist, but this path is the list of public ones, and nobody can say who wins upstream.
    all_are("unknown-operation", "github", "DELETE", &["/gists/public", "/gists/starred"]);
    let disable = "/gmail/v1/users/me/settings/cse/keypairs/k:disable";
    assert_eq!(code("gmail", &raw("GET", disable)), "unknown-operation");
    let request = classify("gmail", &post(disable, "application/json", b"{}")).unwrap();
    assert_eq!(request.operation.id.as_str(), "gmail.users.settings.cse.keypairs.disable");
    assert_eq!(request.path, disable);
}

#[test]
fn an_escaped_slash_is_a_plain_one_where_paths_have_slashes_and_data_where_names_do() {
    let request = |method, target: &str| classify("github", &raw(method, target)).unwrap();
    let plain = request("GET", "/repos/o/r/contents/d/e.txt");
    let escaped = request("GET", "/repos/o/r/contents/d%2Fe.txt");
    assert_eq!(plain.digest(), escaped.digest());
    assert_eq!(escaped.path, "/repos/o/r/contents/d/e.txt");
    assert!(
        escaped.resources.iter().any(|resource| &*resource.kind == "file" && resource.id == "o/r/d/e.txt")
    );
    assert_eq!(request("GET", "/repos/o/r/contents").operation.id.as_str(), "github.repos/get-content");
    assert_eq!(request("GET", "/repos/o/r/labels/area%2Fui").path, "/repos/o/r/labels/area%2Fui");
    assert_eq!(request("GET", "/repos/o/r/git/ref/heads/a%2Fb").path, "/repos/o/r/git/ref/heads/a/b");
    // Read by someone who decodes first, this would be a version and not the package.
    assert_eq!(code("github", &raw("DELETE", "/orgs/o/packages/npm/a%2Fversions%2F5")), "ambiguous-request");
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
    // A parameter of the operation's own that happens to be called so is not one.
    assert!(classify("github", &raw("DELETE", "/repos/o/r/actions/caches?key=x")).is_ok());
}

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

#[test]
fn refusals_say_what_was_meant_and_nothing_of_accounts() {
    let error = classify("github", &raw("GET", "/repos/o/r/isues")).unwrap_err();
    assert!(error.misfit().hint.as_ref().unwrap().contains("github."), "{error}");
    let error = classify("gmail", &raw("GET", "/gmail/v1/users/bob@example.com/messages")).unwrap_err();
    assert!(!error.to_string().contains("example.com"), "{error}");
    let error = classify("gmail", &raw("GET", &format!("{LIST}?max_results=5"))).unwrap_err();
    assert!(error.to_string().contains("did you mean `maxResults`?"), "{error}");
}
