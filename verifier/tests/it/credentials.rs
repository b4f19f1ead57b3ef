//! One credential slot: no other credential goes in, the pass never goes upstream, and the real one never reaches the
//! agent.

use crate::common::{CREDENTIAL, Renews, Stage, Step, json, request};
use verifier::ports::Sign;

#[test]
fn a_request_with_a_credential_of_its_own_is_refused_and_not_cleaned() {
    let stage = Stage::new();
    let pass = format!("Authorization: Bearer {}", stage.pass(&["github:read", "gmail:read"]));
    let slots = [
        "Cookie: user_session=1",
        "Proxy-Authorization: Basic eDp5",
        "X-Api-Key: 1",
        "X-Goog-Api-Key: AIza1",
        "X-Auth-Token: 1",
        "Private-Token: 1",
        "X-Goog-IAM-Authorization-Token: 1",
    ];
    for slot in slots {
        stage.refuses(request("GET", "/github/user", &[&pass, slot], b""), "foreign-credential");
        stage.refuses(request("GET", "/github/user", &[slot, &pass], b""), "foreign-credential");
    }
    for second in ["Authorization: Bearer another", "Authorization: Basic eDp5"] {
        stage.refuses(request("GET", "/github/user", &[&pass, second], b""), "ambiguous-request");
        stage.refuses(request("GET", "/github/user", &[second, &pass], b""), "ambiguous-request");
    }
    for query in ["access_token=1", "key=AIza1", "oauth_token=1", "api_key=1", "access%5Ftoken=1"] {
        let target = format!("/gmail/gmail/v1/users/me/messages?{query}");
        stage.refuses(request("GET", &target, &[&pass], b""), "foreign-credential");
    }
}

#[test]
fn what_is_no_pass_is_refused_and_never_repeated() {
    let stage = Stage::new();
    let no_passes = [
        ("ghp_sentinel0123456789", "pass-invalid"),
        ("ya29.sentinel", "pass-invalid"),
        ("xoxb-sentinel", "pass-invalid"),
        ("eyJzZW50aW5lbCI6MX0.x.y", "pass-invalid"),
        ("sentinel", "pass-invalid"),
        ("hallpass_", "pass-invalid"),
        ("hallpass_sentinel", "pass-invalid"),
        ("sentinel,sentinel", "pass-invalid"),
        ("sentinel sentinel", "pass-invalid"),
        ("", "pass-missing"),
    ];
    for (token, code) in no_passes {
        let line = format!("Authorization: Bearer {token}");
        let reply = stage.refuses(request("GET", "/github/user", &[&line], b""), code);
        assert_eq!(reply.status, 401);
        assert!(reply.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
        assert!(!format!("{reply:?}").contains("sentinel"), "{reply:?}");
    }
    let reply = stage.refuses(request("GET", "/github/user", &[], b""), "pass-missing");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"hallpass\""));
    assert!(!format!("{:?}", stage.authority.written()).contains("sentinel"));
}

#[test]
fn a_pass_is_accepted_under_both_schemes_and_replaced_by_the_credential() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let bare = pass.strip_prefix("hallpass_").unwrap();
    for line in [format!("Bearer {pass}"), format!("token {pass}"), format!("bearer {bare}")] {
        let line = format!("Authorization: {line}");
        assert_eq!(stage.send(request("GET", "/github/user", &[&line], b"")).status, 200, "{line}");
    }
    for seen in stage.upstream.seen() {
        assert_eq!(seen.header("authorization"), Some(format!("Bearer {CREDENTIAL}").as_str()));
        assert!(!seen.text().contains(bare), "the pass went upstream");
    }
}

#[test]
fn a_pass_in_an_argument_does_not_go_up() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github", "gmail"]);
    let line = format!("Authorization: Bearer {pass}");
    let bare = pass.strip_prefix("hallpass_").unwrap();
    for text in [pass.as_str(), bare] {
        let body = format!("{{\"body\":\"my token is {text}\"}}");
        let headers = [line.as_str(), "Content-Type: application/json"];
        let bytes = request("POST", "/github/repos/o/r/issues/1/comments", &headers, body.as_bytes());
        stage.refuses(bytes, "foreign-credential");
        let target = format!("/gmail/gmail/v1/users/me/messages?q={text}");
        stage.refuses(request("GET", &target, &[&line], b""), "foreign-credential");
    }
}

#[test]
fn an_upstream_that_repeats_the_credential_is_masked() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let echoes = [
        format!("{{\"error\":\"bad token {CREDENTIAL}\"}}"),
        format!(
            "{{\"url\":\"x?t={}\"}}",
            CREDENTIAL.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")
        ),
        format!("{{\"a\":\"{}\"}}", CREDENTIAL.replace('/', "\\/")),
        format!("{CREDENTIAL}{CREDENTIAL}"),
    ];
    for echo in echoes {
        for kind in ["application/json", "text/plain", "text/event-stream"] {
            let (text, length) = (echo.clone(), echo.len());
            stage.upstream.answers(move |_| {
                let head = format!(
                    "HTTP/1.1 400 Bad\r\nContent-Type: {kind}\r\nETag: {CREDENTIAL}\r\nContent-Length: {length}\r\n\r\n"
                );
                vec![Step::send(head), Step::send(text.clone())]
            });
            let reply = stage.get(&pass, "/github/user");
            assert_eq!(reply.body.len(), length, "{reply:?}");
            assert!(!reply.text().contains("sentinel") && reply.text().contains("*****"), "{reply:?}");
            assert!(!format!("{:?}", reply.headers).contains("sentinel"), "{reply:?}");
        }
    }
}

#[test]
fn a_credential_that_is_split_over_pieces_is_masked() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    for cut in 1..CREDENTIAL.len() {
        let (first, second) = CREDENTIAL.split_at(cut);
        let chunk = |text: &str| Step::send(format!("{:x}\r\n{text}\r\n", text.len()));
        stage.upstream.answers(move |_| {
            vec![
                Step::send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
                ),
                chunk(&format!("before {first}")),
                chunk(&format!("{second} after")),
                Step::send("0\r\n\r\n"),
            ]
        });
        let text = stage.get(&pass, "/github/user").text();
        assert_eq!(text, format!("before {} after", "*".repeat(CREDENTIAL.len())), "cut at {cut}");
    }
}

#[test]
fn cookies_and_scopes_and_what_is_not_listed_stay_behind() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.upstream.answers(|_| {
        vec![Step::send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: s=1\r\nX-OAuth-Scopes: repo\r\n\
             X-Accepted-OAuth-Scopes: repo\r\nWWW-Authenticate: Bearer\r\nServer: x\r\nX-Unknown: 1\r\n\
             X-RateLimit-Remaining: 4999\r\nETag: \"1\"\r\nContent-Length: 2\r\n\r\n{}",
        )]
    });
    let reply = stage.get(&pass, "/github/user");
    let mut names: Vec<&str> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "date", "etag", "x-ratelimit-remaining"]);
}

#[test]
fn an_outdated_credential_is_renewed_once_for_a_read_and_never_for_a_write() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    stage.upstream.answers(|seen| match seen.header("authorization") {
        Some(line) if line.ends_with('2') => json("200 OK", "{}"),
        _ => json("401 Unauthorized", r#"{"message":"Bad credentials"}"#),
    });
    assert_eq!(stage.get(&pass, "/github/user").status, 200);
    assert_eq!(stage.upstream.seen().len(), 2);

    let stage = Stage::new();
    stage.upstream.answers(|_| json("401 Unauthorized", "{}"));
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (403, "credential-refused"));
    assert_eq!(reply.json()["next"], "ask_user");
    assert!(!reply.text().contains("hallpass connect`"), "connecting again does not help: {reply:?}");
    assert_eq!(stage.upstream.seen().len(), 2);
    let reply = stage.post(&pass, "/github/repos/o/r/issues/1/comments", r#"{"body":"x"}"#);
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream-unreachable"));
    assert_eq!(reply.json()["retryable"], true, "a service that answers 401 has done nothing");
    assert_eq!(stage.upstream.seen().len(), 3);
    assert_eq!(*stage.authority.signs.lock().unwrap(), [("github".to_owned(), Sign::Refused)]);
}

#[test]
fn a_provider_that_is_down_is_no_reconnect_for_a_read_or_a_write() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    stage.upstream.answers(|_| json("401 Unauthorized", "{}"));
    *stage.authority.renews.lock().unwrap() = Renews::ProviderIsDown;
    for _ in 0..2 {
        let reply = stage.get(&pass, "/github/user");
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream-unreachable"), "{reply:?}");
        let reply = stage.post(&pass, "/github/repos/o/r/issues/1/comments", r#"{"body":"x"}"#);
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream-unreachable"), "{reply:?}");
    }
    assert_eq!(stage.upstream.seen().len(), 4, "nothing is sent again with a credential that was refused");
}

#[test]
fn a_client_that_is_refused_is_no_trouble_that_passes() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    stage.upstream.answers(|_| json("401 Unauthorized", "{}"));
    *stage.authority.renews.lock().unwrap() = Renews::ClientIsRefused;
    let reply = stage.get(&pass, "/github/user");
    assert_eq!((reply.status, reply.code().as_str()), (403, "client-refused"));
    assert!(reply.text().contains("the operator of Hallpass must correct its id or secret"), "{reply:?}");
    assert!(reply.text().contains("connecting the account again does not help"), "{reply:?}");
    assert_eq!(reply.json()["next"], "ask_user");
    assert!(reply.text().contains(r#""retryable":false"#), "{reply:?}");
    assert_eq!(reply.header("retry-after"), None);
}

/// Slack says with status 200 what other services say with 401. The overlay lists Slack's words for it.
#[test]
fn a_token_that_is_dead_by_a_word_is_renewed_as_by_401() {
    const LIST: &str = "/slack/api/conversations.list";
    const POST: &str = "/slack/api/chat.postMessage";
    let words = ["token_revoked", "token_expired", "invalid_auth", "account_inactive", "not_authed"];
    for word in words {
        let stage = Stage::new();
        let pass = stage.pass(&["slack:slack.conversations.list", "slack:slack.chat.postMessage"]);
        stage.upstream.answers(move |seen| match seen.header("authorization") {
            Some(line) if line.ends_with('2') => json("200 OK", r#"{"ok":true,"channels":[]}"#),
            _ => json("200 OK", &format!(r#"{{"ok":false,"error":"{word}"}}"#)),
        });
        let reply = stage.post(&pass, LIST, "{}");
        assert_eq!((reply.status, reply.text().as_str()), (200, r#"{"ok":true,"channels":[]}"#), "{word}");
        assert_eq!(stage.upstream.seen().len(), 2);

        // If the request does more than read, the agent is told that it was not done, and that it may send it again.
        let stage = Stage::new();
        let pass = stage.pass(&["slack:slack.conversations.list", "slack:slack.chat.postMessage"]);
        stage.upstream.answers(move |_| json("200 OK", &format!(r#"{{"ok":false,"error":"{word}"}}"#)));
        let reply = stage.post(&pass, POST, r#"{"channel":"C0123ABCD","text":"x"}"#);
        assert_eq!(
            (reply.code().as_str(), &reply.json()["retryable"]),
            ("upstream-unreachable", &true.into())
        );
        assert_eq!(stage.upstream.seen().len(), 1);
    }
}

#[test]
fn a_dead_token_that_nothing_renews_is_told_as_what_is_known_of_it() {
    for (renews, code, retryable) in [
        (Renews::ClientIsRefused, "client-refused", false),
        // The token endpoint fails for a moment, which is not the owner's concern.
        (Renews::ProviderIsDown, "upstream-unreachable", true),
    ] {
        let stage = Stage::new();
        *stage.authority.renews.lock().unwrap() = renews;
        let pass = stage.pass(&["slack:slack.conversations.list", "slack:slack.chat.postMessage"]);
        stage.upstream.answers(|_| json("200 OK", r#"{"ok":false,"error":"token_revoked"}"#));
        for (target, body) in [
            ("/slack/api/conversations.list", "{}"),
            ("/slack/api/chat.postMessage", r#"{"channel":"C0123ABCD","text":"x"}"#),
        ] {
            let reply = stage.post(&pass, target, body);
            assert_eq!(
                (reply.code().as_str(), &reply.json()["retryable"]),
                (code, &retryable.into()),
                "{reply:?}"
            );
        }
        assert_eq!(stage.upstream.seen().len(), 2, "no request was sent twice");
    }
}

#[test]
fn what_only_resembles_a_dead_token_passes_as_it_is() {
    let stage = Stage::new();
    let pass = stage.pass(&["slack:slack.conversations.list", "slack:slack.chat.postMessage"]);
    let long = format!(r#"{{"ok":false,"error":"token_revoked","pad":"{}"}}"#, "x".repeat(8_000));
    for body in [
        r#"{"ok":false,"error":"channel_not_found"}"#,
        r#"{"ok":true,"messages":[{"error":"token_revoked"}]}"#,
        r#"["token_revoked"]"#,
        "token_revoked",
        "",
        &long,
    ] {
        let sent = body.to_owned();
        stage.upstream.answers(move |_| json("200 OK", &sent));
        let reply = stage.post(&pass, "/slack/api/conversations.list", "{}");
        assert_eq!((reply.status, reply.text().as_str(), reply.whole), (200, body, true));
        // The same answer without a length, in pieces.
        let sent = body.to_owned();
        stage.upstream.answers(move |_| {
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut steps = vec![Step::send(head)];
            steps.extend(sent.as_bytes().chunks(1_000).map(|piece| {
                Step::send([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())
            }));
            steps.push(Step::send("0\r\n\r\n"));
            steps
        });
        let reply = stage.post(&pass, "/slack/api/conversations.list", "{}");
        assert_eq!((reply.status, reply.text().as_str(), reply.whole), (200, body, true));
    }
    assert_eq!(stage.authority.generation.load(std::sync::atomic::Ordering::SeqCst), 1);
}
