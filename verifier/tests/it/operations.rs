//! Which operation is it really? A request that is not exactly one operation of the catalog reaches nothing.

use crate::common::{Stage, request};

fn omnipotent(stage: &Stage) -> String {
    stage.pass_for_everything(&["gmail", "github"])
}

fn asked(pass: &str, method: &str, target: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let pass = format!("Authorization: Bearer {pass}");
    let mut all = vec![pass.as_str()];
    all.extend(headers);
    request(method, target, &all, body.as_bytes())
}

#[test]
fn a_path_that_another_reader_would_read_otherwise_is_refused() {
    let stage = Stage::new();
    let pass = omnipotent(&stage);
    let targets = [
        "/github/repos/o/r/../../../user",
        "/github/repos/o/r/%2e%2e/%2e%2e/user",
        "/github/repos/o/r/%2E%2E%2Fuser",
        "/github/repos/o/%252e%252e/user",
        "/github/./user",
        "/github/%2e/user",
        "/github//user",
        "/github/user/",
        "/github/user//repos",
        "/github/user;x=1",
        "/github/user%3Bx=1",
        "/github/user%00",
        "/github/user%0d%0aX:%20y",
        "/github/user%09",
        "/github/user%20",
        "/github/USER",
        "/github/repos/o%2Fr/issues",
        "/github/repos/o%5Cr",
        "/github/repos/o\\r",
        "/github/repos/o/r%c0%ae%c0%ae",
        "/github/repos/o/%ff",
        "/github/user%",
        "/github/user%4",
        "/github/@evil.example/user",
        "/github/https://evil.example/user",
        "/github/%68ttps%3A%2F%2Fevil.example",
        "/github/gmail/gmail/v1/users/me/profile",
        "/gmail/user",
        "/gmail/gmail/v1/users/me/messages/..%2Fdrafts",
        "/gmail/gmail/v1/users/mallory@evil.example/messages",
        "/github/repositories/1",
        "/github/graphql",
    ];
    for target in targets {
        stage.refuses_somehow(asked(&pass, "GET", target, &[], ""));
    }
}

#[test]
fn a_query_that_could_be_read_in_two_ways_is_refused() {
    let stage = Stage::new();
    let pass = omnipotent(&stage);
    let targets = [
        "/github/user/repos?page=1&page=2",
        "/github/user/repos?page=1&pag%65=2",
        "/github/user/repos?page=one",
        "/github/user/repos?page[]=1",
        "/github/user/repos?unknown=1",
        "/github/user/repos?Page=1",
        "/github/user/repos?page=1;per_page=2",
        "/github/user/repos?page=%zz",
        "/github/user/repos?page=%ff",
        "/github/user/repos?_method=DELETE",
        "/github/user/repos?_HttpMethod=DELETE",
        "/gmail/gmail/v1/users/me/messages?callback=alert",
        "/gmail/gmail/v1/users/me/messages?%24httpMethod=DELETE",
    ];
    for target in targets {
        stage.refuses_somehow(asked(&pass, "GET", target, &[], ""));
    }
}

#[test]
fn batches_other_hosts_twins_and_sessions_of_uploads_are_refused() {
    let stage = Stage::new();
    let pass = omnipotent(&stage);
    let requests = [
        ("POST", "/gmail/batch/gmail/v1", "multipart/mixed; boundary=x", "--x--"),
        ("POST", "/gmail/batch", "multipart/mixed; boundary=x", "--x--"),
        ("POST", "/gmail/$batch", "application/json", "{}"),
        (
            "POST",
            "/gmail/upload/gmail/v1/users/me/messages/send?uploadType=resumable",
            "application/json",
            "{}",
        ),
        (
            "PUT",
            "/gmail/upload/gmail/v1/users/me/messages/send?uploadType=media&upload_id=1",
            "message/rfc822",
            "x",
        ),
        ("POST", "/gmail/resumable/upload/gmail/v1/users/me/messages/send", "message/rfc822", "x"),
        ("POST", "/github/graphql", "application/json", r#"{"query":"mutation{x}"}"#),
    ];
    for (method, target, kind, body) in requests {
        stage.refuses_somehow(asked(&pass, method, target, &[&format!("Content-Type: {kind}")], body));
    }
    let reply =
        stage.refuses_somehow(asked(&pass, "POST", "/gmail/batch/gmail/v1", &["Content-Type: x/y"], "z"));
    assert!(reply.json().get("hint").is_some(), "{reply:?}");
}

#[test]
fn a_body_that_two_readers_would_read_differently_is_refused() {
    let stage = Stage::new();
    let pass = omnipotent(&stage);
    let deep = format!("{{\"body\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let bodies: [&[u8]; 14] = [
        br#"{"body":"a","body":"b"}"#,
        br#"{"body":"a","bod\u0079":"b"}"#,
        br#"{"body":"a"}{"body":"b"}"#,
        br#"{"body":"a"} x"#,
        br#"{"body":12345678901234567890}"#,
        br#"{"body":1e400}"#,
        b"\xef\xbb\xbf{\"body\":\"a\"}",
        b"{\x00\"\x00}\x00",
        b"{\"body\":\"\xff\"}",
        br#"{"body":"\ud800"}"#,
        br#"[{"body":"a"}]"#,
        br#"{"body":"a","unknown":1}"#,
        br#"{'body':'a'}"#,
        deep.as_bytes(),
    ];
    for body in bodies {
        let line = format!("Authorization: Bearer {pass}");
        let headers = [line.as_str(), "Content-Type: application/json"];
        stage.refuses_somehow(request("POST", "/github/repos/o/r/issues/1/comments", &headers, body));
    }
}

#[test]
fn the_same_bytes_under_another_content_type_are_refused() {
    let stage = Stage::new();
    let pass = omnipotent(&stage);
    let kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/xml",
        "application/x-protobuf",
    ];
    for kind in kinds {
        let kind = format!("Content-Type: {kind}");
        let target = "/github/repos/o/r/issues/1/comments";
        stage.refuses_somehow(asked(&pass, "POST", target, &[&kind], r#"{"body":"a"}"#));
    }
    for method in ["GET", "DELETE"] {
        let headers = ["Content-Type: application/json"];
        stage.refuses_somehow(asked(&pass, method, "/github/repos/o/r", &headers, r#"{"private":false}"#));
    }
}

#[test]
fn the_long_get_of_googles_client_is_the_get_it_is_and_nothing_else() {
    let stage = Stage::new();
    let reading = stage.pass(&["gmail:read"]);
    let form = "Content-Type: application/x-www-form-urlencoded";
    let long = |wanted: &str, pass: &str| {
        let wanted = format!("X-HTTP-Method-Override: {wanted}");
        asked(
            pass,
            "POST",
            "/gmail/gmail/v1/users/me/messages",
            &[form, &wanted],
            "q=is%3Aunread&maxResults=5",
        )
    };
    assert_eq!(stage.send(long("GET", &reading)).status, 200);
    let seen = stage.upstream.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].line.starts_with("GET /gmail/v1/users/me/messages?"), "{}", seen[0].line);
    assert!(seen[0].line.contains("maxResults=5") && seen[0].body.is_empty(), "{:?}", seen[0]);
    assert_eq!(seen[0].header("x-http-method-override"), None);

    let stage = Stage::new();
    let pass = omnipotent(&stage);
    for wanted in ["DELETE", "get", "PUT", "POST"] {
        stage.refuses(long(wanted, &pass), "ambiguous-request");
    }
    let target = "/github/user/repos";
    stage.refuses_somehow(asked(&pass, "POST", target, &[form, "X-HTTP-Method-Override: GET"], "page=1"));
}

#[test]
fn the_upstream_request_is_built_from_what_was_understood() {
    let stage = Stage::new();
    let pass = omnipotent(&stage);
    let noise = [
        "Content-Type: application/json; charset=UTF-8",
        "Accept: application/vnd.github+json",
        "Accept-Encoding: gzip, br",
        "X-Forwarded-For: 10.0.0.1",
        "Via: 1.1 evil",
        "Referer: http://127.0.0.1/secret",
        "Origin: http://evil.example",
        "X-Request-Id: 1",
        "User-Agent: agent/1",
        "Keep-Alive: 5",
    ];
    let body = "{ \"body\" :\t\"caf\\u00e9\" }";
    let reply = stage.send(asked(&pass, "POST", "/github/repos/o/r/issues/7/comments", &noise, body));
    assert_eq!(reply.status, 200, "{reply:?}");
    let seen = stage.upstream.seen();
    assert_eq!(seen[0].line, "POST /repos/o/r/issues/7/comments HTTP/1.1");
    assert_eq!(String::from_utf8_lossy(&seen[0].body), "{\"body\":\"café\"}");
    let mut names: Vec<&str> = seen[0].headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let known = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ];
    assert_eq!(names, known);
    assert_eq!(seen[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(seen[0].header("host"), Some(stage.upstream.address.to_string().as_str()));
}

#[test]
fn a_client_that_drops_the_prefix_of_a_connection_named_like_the_services_path_is_told_so() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["gmail", "calendar"]);
    for (name, path) in [
        ("gmail", "/gmail/v1/users/me/messages?maxResults=3"),
        ("gmail", "/gmail/v1/users/me/labels/L1"),
        ("calendar", "/calendar/v3/users/me/calendarList"),
    ] {
        let reply = stage.get(&pass, path);
        assert_eq!((reply.status, reply.code().as_str()), (403, "unknown-operation"), "{reply:?}");
        let body = reply.json();
        let hint = body["hint"].as_str().unwrap();
        assert!(hint.contains("drops the path of its base URL"), "{path}: {hint}");
        assert!(hint.contains(&format!("[connections.{name}]")), "{path}: {hint}");
        assert!(body["got"].as_str().unwrap().contains(&format!("`/{name}` was dropped")), "{body}");
        // With the prefix the gateway reads the intended request.
        assert_eq!(stage.get(&pass, &format!("/{name}{path}")).status, 200, "{path}");
    }
    let reply = stage.get(&pass, "/gmail/v1/users/me/nonsense");
    assert!(
        !reply.text().contains("base URL"),
        "without an operation either way there is no such hint: {reply:?}"
    );
}
