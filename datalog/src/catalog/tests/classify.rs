//! Requests as SDKs send them, and their classification.

use super::service;
use crate::classify::misfit::ClassifyError;
use crate::classify::raw::RawRequest;
use crate::request::canonical::{Body, Request};

pub(crate) fn raw<'a>(method: &'a str, target: &'a str) -> RawRequest<'a> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    RawRequest { query, ..RawRequest::new(method, path) }
}

pub(crate) fn classify(name: &str, raw: &RawRequest<'_>) -> Result<Request, ClassifyError> {
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

#[test]
fn arguments_are_typed_and_named_by_dotted_path() {
    let body = br#"{"message":"m","content":"aGk=","committer":{"name":"n","email":"e@x"},"branch":"main"}"#;
    let raw = RawRequest {
        content_type: Some("application/json"),
        body,
        ..raw("PUT", "/repos/o/r/contents/a/b.txt")
    };
    let request = classify("github", &raw).unwrap();
    let shown: Vec<String> = request
        .arguments
        .iter()
        .map(|argument| format!("{:?} {} {:?}", argument.location, argument.name, argument.value))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    let resources: Vec<String> =
        request.resources.iter().map(|one| format!("{} {}", one.kind, one.id)).collect();
    assert_eq!(resources, ["branch o/r/main", "file o/r/a/b.txt", "repo o/r"]);
}

#[test]
fn the_keys_of_a_map_are_values_and_never_names() {
    let body = br#"{"files":{"public":{"content":"x"},"a.b":{"content":"y"}},"public":false}"#;
    let raw = RawRequest { content_type: Some("application/json"), body, ..raw("POST", "/gists") };
    let request = classify("github", &raw).unwrap();
    let names: Vec<&str> = request.arguments.iter().map(|argument| argument.name.as_ref()).collect();
    assert_eq!(names, ["files.*", "files.*.value.content", "files.*", "files.*.value.content", "public"]);
}

#[test]
fn nothing_in_a_body_goes_unnamed() {
    for (path, body, name) in [
        ("/repos/o/r/issues", r#"{"title":"t","assignee":null}"#, "assignee"),
        ("/repos/o/r/issues", r#"{"title":"t","labels":[]}"#, "labels"),
        (
            "/repos/o/r/issues",
            r#"{"title":"t","issue_field_values":[{"field_id":1,"value":1.5}]}"#,
            "issue_field_values.value",
        ),
        (
            "/repos/o/r/dispatches",
            r#"{"event_type":"e","client_payload":{"a":{"b":1}}}"#,
            "client_payload.*.value",
        ),
        ("/repos/o/r/issues/1/labels", r#"["bug"]"#, "*"),
    ] {
        let raw =
            RawRequest { content_type: Some("application/json"), body: body.as_bytes(), ..raw("POST", path) };
        let request = classify("github", &raw).unwrap();
        assert!(
            request.arguments.iter().any(|argument| &*argument.name == name),
            "{body}: {:?}",
            request.arguments
        );
    }
}

#[test]
fn an_effect_that_depends_on_an_argument_is_there_only_with_it() {
    let modify = |body: &[u8]| {
        let raw = RawRequest {
            content_type: Some("application/json"),
            body,
            ..raw("POST", "/gmail/v1/users/me/messages/1/modify")
        };
        classify("gmail", &raw).unwrap().effects.to_string()
    };
    assert_eq!(modify(br#"{"addLabelIds":["STARRED"],"removeLabelIds":["TRASH"]}"#), "write");
    assert_eq!(modify(br#"{"addLabelIds":["STARRED","TRASH"]}"#), "write, delete");
    assert_eq!(modify(br#"{"addLabelIds":["SPAM"]}"#), "write, delete");
    let update = |body: &[u8]| {
        let raw = RawRequest { content_type: Some("application/json"), body, ..raw("PATCH", "/repos/o/r") };
        classify("github", &raw).unwrap().effects.to_string()
    };
    assert_eq!(update(br#"{"description":"d"}"#), "write, admin");
    assert_eq!(update(br#"{"description":"d","private":false}"#), "write, share, run, admin");
    assert_eq!(update(br#"{"visibility":"public"}"#), "write, share, run, admin");
    let copy = |body: &[u8]| {
        let raw = RawRequest {
            content_type: Some("application/json"),
            body,
            ..raw("POST", "/drive/v3/files/f1/copy")
        };
        classify("google-drive", &raw).unwrap().effects.to_string()
    };
    // Without a folder of its own, the copy goes where the original is.
    assert_eq!(copy(br#"{"name":"x"}"#), "read, write, share");
    assert_eq!(copy(br#"{"parents":["root"]}"#), "read, write");
    assert_eq!(copy(br#"{"parents":["f9"]}"#), "read, write, share");
}

#[test]
fn what_workflows_wait_for_and_bots_work_on_runs() {
    let effects = |line: &str, body: &str| {
        let (method, path) = line.split_once(' ').unwrap();
        let content_type = (!body.is_empty()).then_some("application/json");
        let raw = RawRequest { content_type, body: body.as_bytes(), ..raw(method, path) };
        classify("github", &raw).unwrap().effects.to_string()
    };
    for (line, body, expected) in [
        ("POST /repos/o/r/issues/1/assignees", r#"{"assignees":["bob"]}"#, "write, send, run"),
        ("PATCH /repos/o/r/issues/1", r#"{"title":"t"}"#, "write, send, run"),
        ("PATCH /repos/o/r/pulls/1", r#"{"body":"b","state":"closed"}"#, "write, send, run"),
        ("POST /repos/o/r/pulls", r#"{"title":"t","head":"topic","base":"main"}"#, "write, send, run"),
        (
            "POST /repos/o/r/pulls",
            r#"{"title":"t","head":"mallory:evil","base":"main"}"#,
            "write, send, share, run",
        ),
        (
            "POST /repos/o/r/pulls",
            r#"{"title":"t","head":"h","base":"main","maintainer_can_modify":true}"#,
            "write, send, share, run",
        ),
        ("POST /repos/o/r/releases", r#"{"tag_name":"v1"}"#, "write, send, share, run"),
        ("PATCH /repos/o/r/git/refs/heads/main", r#"{"sha":"a"}"#, "write, run"),
        ("PATCH /repos/o/r/git/refs/heads/main", r#"{"sha":"a","force":true}"#, "write, delete, run"),
        ("POST /repos/o/r/issues/1/reactions", r#"{"content":"+1"}"#, "write, send"),
    ] {
        assert_eq!(effects(line, body), expected, "{line} {body}");
    }
}

/// As google-api-python-client packs an upload: lines that end with LF.
const PYTHON_UPLOAD: &[u8] = b"--===============1==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{\"threadId\":\"t1\"}\n\
--===============1==\nContent-Type: message/rfc822\nMIME-Version: 1.0\nContent-Transfer-Encoding: binary\n\nTo: bob@example.com\r\n\r\nhi\n\
--===============1==--\n";

#[test]
fn an_upload_twin_is_the_same_operation() {
    let multipart = RawRequest {
        content_type: Some("multipart/related; boundary=\"===============1==\""),
        body: PYTHON_UPLOAD,
        ..raw("POST", "/upload/gmail/v1/users/me/messages/send?alt=json&uploadType=multipart")
    };
    let request = classify("gmail", &multipart).unwrap();
    assert_eq!(request.operation.id.as_str(), "gmail.users.messages.send");
    assert_eq!(request.resources[0].id, "t1");
    let Body::Related { content_type, bytes, .. } = &request.body else { panic!("{:?}", request.body) };
    assert_eq!(
        (content_type.as_str(), bytes.as_slice()),
        ("message/rfc822", b"To: bob@example.com\r\n\r\nhi".as_slice())
    );
    let (kind, wire) = request.wire_body().unwrap();
    let again = RawRequest { content_type: Some(&kind), body: &wire, ..multipart };
    assert_eq!(classify("gmail", &again).unwrap().digest(), request.digest());

    let media = RawRequest {
        content_type: Some("message/rfc822"),
        body: b"To: bob@example.com\r\n\r\nhi",
        ..raw("POST", "/upload/gmail/v1/users/me/messages/send?uploadType=media")
    };
    assert_eq!(classify("gmail", &media).unwrap().operation.id.as_str(), "gmail.users.messages.send");
}

#[test]
fn a_multipart_body_of_any_other_shape_is_refused() {
    let good = "--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nx\r\n--b--\r\n";
    let upload = |kind: &str, body: &str| {
        let target = raw("POST", "/upload/gmail/v1/users/me/messages/send?uploadType=multipart");
        classify("gmail", &RawRequest { content_type: Some(kind), body: body.as_bytes(), ..target }).is_ok()
    };
    let related = "multipart/related; boundary=b";
    assert!(upload(related, good));
    for (from, to) in [
        ("--b\r\nContent-Type: app", "preamble\r\n--b\r\nContent-Type: app"),
        ("--b--\r\n", "--b--\r\nepilogue"),
        ("--b--\r\n", "--b\r\nContent-Type: message/rfc822\r\n\r\ny\r\n--b--\r\n"),
        ("--b--\r\n", ""),
        ("application/json\r\n", "application/json\r\nContent-Type: text/plain\r\n"),
        ("application/json\r\n", "application/json\r\nX-Other: 1\r\n"),
        ("application/json", "text/plain"),
        ("message/rfc822\r\n", "message/rfc822\r\nContent-Transfer-Encoding: base64\r\n"),
        ("Content-Type: message/rfc822", "Content-Type: text/html"),
        ("{}", "{\"unknown\":1}"),
        ("{}", ""),
    ] {
        assert!(!upload(related, &good.replacen(from, to, 1)), "{from} to {to}");
    }
    for kind in [
        "multipart/related",
        "multipart/mixed; boundary=b",
        "multipart/related; boundary=b; boundary=c",
        "multipart/related; boundary=",
        "application/json",
    ] {
        assert!(!upload(kind, good), "{kind}");
    }
    let media = raw("POST", "/upload/gmail/v1/users/me/messages/send");
    assert!(
        classify("gmail", &RawRequest { content_type: Some("message/rfc822"), body: b"x", ..media }).is_err()
    );
}

#[test]
fn only_known_headers_are_in_the_request_and_each_once() {
    let headers = [
        ("x-github-api-version", "2022-11-28"),
        ("accept", "application/vnd.github+json"),
        ("user-agent", "x"),
    ];
    let request = classify("github", &RawRequest { headers: &headers, ..raw("GET", "/user") }).unwrap();
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, ["accept", "x-github-api-version"]);
    for headers in [[("accept", "a"), ("accept", "b")], [("accept", "a\r\nx: y"), ("range", "bytes=0-")]] {
        assert!(classify("github", &RawRequest { headers: &headers, ..raw("GET", "/user") }).is_err());
    }
    assert!(service("github").allows_response_header("x-ratelimit-remaining"));
    assert!(!service("github").allows_response_header("set-cookie"));
    assert!(!service("gmail").allows_response_header("x-github-request-id"));
}

#[test]
fn every_argument_of_a_body_has_a_type_to_write_a_caveat_with() {
    for (path, body) in [
        ("/gists", r#"{"files":{"a.b":{"content":"y"}},"public":false}"#),
        ("/repos/o/r/dispatches", r#"{"event_type":"e","client_payload":{"a":{"b":1}}}"#),
        ("/repos/o/r/issues", r#"{"title":7,"labels":["a",{"name":"b"}],"milestone":null}"#),
    ] {
        let raw =
            RawRequest { content_type: Some("application/json"), body: body.as_bytes(), ..raw("POST", path) };
        let request = classify("github", &raw).unwrap();
        for argument in &request.arguments {
            let types = service("github").argument(&request.operation, &argument.name);
            assert!(!types.is_empty(), "{} of {path}", argument.name);
        }
    }
}
