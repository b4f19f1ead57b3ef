//! Answers: rewritten so that SDKs stay at the gateway, unbuffered, and refused in the service's own dialect.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::{Stage, Step, eventually, exchange, json, request};
use verifier::{GatewayConfig, Limits};

fn body_of(body: &str) -> Vec<Step> {
    json("200 OK", body)
}

#[test]
fn absolute_urls_of_the_upstream_lead_back_to_the_gateway() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let own = stage.upstream.url();
    let body = format!(
        r#"{{"url":"https://api.github.com/repos/o/r","own_url":"{own}/x","html_url":"https://github.com/o/r"}}"#
    );
    stage.upstream.answers(move |_| body_of(&body));
    let reply = stage.get(&pass, "/github/repos/o/r");
    assert_eq!(
        reply.text(),
        r#"{"url":"http://127.0.0.1/github/repos/o/r","own_url":"http://127.0.0.1/github/x","html_url":"https://github.com/o/r"}"#
    );
    // The URLs name the gateway by the address that the agent used.
    let line = format!("Authorization: Bearer {pass}");
    let bytes = format!("GET /repos/o/r HTTP/1.1\r\nHost: LocalHost:7421\r\n{line}\r\n\r\n");
    let reply = exchange(stage.dedicated, bytes.as_bytes());
    assert!(reply.text().contains(r#""url":"http://LocalHost:7421/repos/o/r""#), "{reply:?}");
}

#[test]
fn a_large_answer_of_unknown_length_is_rewritten_as_it_streams() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let item = r#"{"url":"https://api.github.com/repos/o/r"},"#;
    stage.upstream.answers(move |_| {
        let text = item.repeat(20_000);
        let mut steps = vec![Step::send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        )];
        steps.extend(text.as_bytes().chunks(997).map(|piece| {
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend_from_slice(piece);
            chunk.extend_from_slice(b"\r\n");
            Step::send(chunk)
        }));
        steps.push(Step::send("0\r\n\r\n"));
        steps
    });
    let reply = stage.get(&pass, "/github/repos/o/r");
    assert!(reply.whole);
    assert_eq!(reply.text(), r#"{"url":"http://127.0.0.1/github/repos/o/r"},"#.repeat(20_000));
}

#[test]
fn a_token_that_comes_with_a_repository_is_not_shown() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let repository = r#"{"id":1,"temp_clone_token":"AB5SENTINEL","url":"https://api.github.com/repos/o/r"},"#;
    let want = r#"{"id":1,"temp_clone_token":"***********","url":"http://127.0.0.1/github/repos/o/r"},"#;
    stage.upstream.answers(move |_| body_of(repository));
    assert_eq!(stage.get(&pass, "/github/repos/o/r").text(), want);
    // Too long to be read in one piece, and cut at any place.
    stage.upstream.answers(move |_| {
        let text = repository.repeat(4_000);
        let length = text.len();
        let mut steps = vec![Step::send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ))];
        steps.extend(text.as_bytes().chunks(997).map(Step::send));
        steps
    });
    let reply = stage.get(&pass, "/github/user/repos");
    assert!(reply.whole);
    assert_eq!(reply.text(), want.repeat(4_000));
}

#[test]
fn an_agent_that_takes_nothing_of_its_answer_is_cut_off() {
    let limits = Limits { idle: Duration::from_secs(1), ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let pass = stage.pass(&["github:read"]);
    // More than all buffers on the way hold.
    stage.upstream.answers(|_| json("200 OK", &"x".repeat(64 << 20)));
    let mut agent = TcpStream::connect(stage.address).unwrap();
    let line = format!("Authorization: Bearer {pass}");
    agent.write_all(&request("GET", "/github/user", &[&line], b"")).unwrap();
    eventually("the record of an answer that nobody takes is finished", || {
        stage.authority.written().iter().any(|one| !one.outcomes.is_empty())
    });
    drop(agent);
}

#[test]
fn links_and_redirects_stay_inside() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.upstream.answers(|_| {
        vec![Step::send(
            "HTTP/1.1 200 OK\r\nLink: <https://api.github.com/users/7/repos?page=2>; rel=\"next\"\r\nContent-Length: 0\r\n\r\n",
        )]
    });
    let reply = stage.get(&pass, "/github/user/repos");
    assert_eq!(reply.header("link"), Some("<http://127.0.0.1/github/user/repos?page=2>; rel=\"next\""));

    stage.upstream.answers(|_| {
        vec![Step::send("HTTP/1.1 301 Moved\r\nLocation: https://api.github.com/repositories/1\r\nContent-Length: 0\r\n\r\n")]
    });
    let reply = stage.get(&pass, "/github/repos/o/r");
    assert_eq!(
        (reply.status, reply.header("location")),
        (301, Some("http://127.0.0.1/github/repositories/1"))
    );
}

#[test]
fn a_redirect_to_another_host_is_not_followed_and_not_told() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    for place in ["https://evil.example/x", "//evil.example/x", "https://api.github.com@evil.example/", "x:y"]
    {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
        stage.upstream.answers(move |_| vec![Step::send(answer.clone())]);
        let reply = stage.get(&pass, "/github/repos/o/r");
        assert_eq!((reply.status, reply.code().as_str()), (403, "unusable-answer"), "{place}");
        assert_eq!((&reply.json()["retryable"], reply.header("retry-after")), (&false.into(), None));
        assert!(!format!("{reply:?}").contains("evil"), "{reply:?}");
    }
}

#[test]
fn server_sent_events_pass_unbuffered() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let (gate, open) = Step::gate();
    let mut gate = Some(gate);
    stage.upstream.answers(move |_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut steps = vec![Step::send(head), Step::send("9\r\ndata: 1\n\n\r\n")];
        steps.extend(gate.take());
        steps.push(Step::send("9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
        steps
    });
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let line = format!("Authorization: Bearer {pass}");
    stream.write_all(&request("GET", "/github/user", &[&line], b"")).unwrap();
    let read_until = |stream: &mut TcpStream, wanted: &str| {
        let mut text = Vec::new();
        while !String::from_utf8_lossy(&text).contains(wanted) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
    };
    // The upstream holds the second event back until the first one arrived here.
    read_until(&mut stream, "data: 1\n\n");
    open.send(()).unwrap();
    read_until(&mut stream, "data: 2\n\n");
}

#[test]
fn an_answer_that_cannot_be_checked_is_not_passed_on() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let (final_, passing) = ((403, "unusable-answer"), (502, "upstream-unreachable"));
    let answers = [
        (final_, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"),
        (final_, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        (final_, "nonsense\r\n\r\n"),
        (passing, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"),
    ];
    for (told, answer) in answers {
        stage.upstream.answers(move |_| vec![Step::send(answer), Step::Close]);
        let reply = stage.get(&pass, "/github/user");
        assert_eq!((reply.status, reply.code().as_str()), told, "{answer}");
        assert_eq!(reply.json()["retryable"], told == passing, "{answer}");
        assert_eq!(reply.header("retry-after").is_some(), told == passing, "{answer}");
    }
}

#[test]
fn an_upstreams_own_errors_pass_as_they_are() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    for status in ["404 Not Found", "422 Unprocessable", "500 Oops", "304 Not Modified", "204 No Content"] {
        let answer = format!("HTTP/1.1 {status}\r\n\r\n");
        let with_body = json(status, r#"{"message":"m"}"#);
        let number: u16 = status[..3].parse().unwrap();
        let mut steps = Some(if number < 400 { vec![Step::send(answer)] } else { with_body });
        stage.upstream.answers(move |_| steps.take().unwrap());
        assert_eq!(stage.get(&pass, "/github/user").status, number);
    }
}

#[test]
fn refusals_read_the_same_everywhere() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read", "gmail:read"]);
    let line = format!("Authorization: Bearer {pass}");
    let get = |target: &str| stage.send(request("GET", target, &[&line], b"")).json();
    insta::assert_json_snapshot!("denied", {
        let body = br#"{"body":"x"}"#;
        let headers = [line.as_str(), "Content-Type: application/json"];
        stage.send(request("POST", "/github/repos/o/r/issues/1/comments", &headers, body)).json()
    });
    insta::assert_json_snapshot!("not_covered", get("/other/x"));
    insta::assert_json_snapshot!("unknown_operation", get("/github/nope"));
    insta::assert_json_snapshot!("pass_missing", stage.send(request("GET", "/gmail/x", &[], b"")).json());
    insta::assert_json_snapshot!("foreign_credential", {
        stage.send(request("GET", "/github/user", &[&line, "Cookie: a=b"], b"")).json()
    });
}

#[test]
fn a_discovery_document_keeps_googles_clients_inside() {
    let stage = Stage::new();
    let target = "/gmail/discovery/v1/apis/gmail/v1/rest";
    let document = stage.send(request("GET", target, &[], b"")).json();
    assert_eq!(document["rootUrl"], "http://127.0.0.1/gmail/");
    assert!(!document.to_string().contains("googleapis.com"));
    let send = &document["resources"]["users"]["resources"]["messages"]["methods"]["send"];
    insta::assert_json_snapshot!("discovery_send", send);
    let list = &document["resources"]["users"]["resources"]["messages"]["methods"]["list"];
    assert_eq!(list["parameters"]["maxResults"]["type"], "integer");
    assert_eq!(list["parameters"]["labelIds"]["repeated"], true);
    assert_eq!(list["response"]["$ref"], "Page");
    // The answer is the same for a connection that does not exist: without a pass nobody learns which connections
    // exist.
    let other = stage.send(request("GET", &target.replacen("gmail", "nobody", 1), &[], b"")).json();
    assert_eq!(other["rootUrl"], "http://127.0.0.1/nobody/");
    stage.refuses(request("GET", "/github/discovery/v1/apis/github/v3/rest", &[], b""), "pass-missing");
    stage.refuses(request("POST", target, &[], b""), "pass-missing");
}
