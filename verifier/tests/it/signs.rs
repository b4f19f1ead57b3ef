//! What a service tells a connection's owner in an answer: the owner hears all of it, the agent gets no address.

use crate::common::{Stage, Step, json};
use verifier::ports::Sign;

const LINK: &str = "https://github.com/orgs/o/sso?authorization_request=SECRET";

fn answer(status: &str, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![Step::send(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))]
}

#[test]
fn single_sign_on_is_told_the_owner_with_its_address_and_the_agent_without() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let header = format!("X-GitHub-SSO: required; url={LINK}\r\n");
    stage.upstream.answers(move |_| answer("403 Forbidden", &header, r#"{"message":"protected"}"#));
    let reply = stage.get(&pass, "/github/repos/o/r");
    assert_eq!(reply.status, 403);
    assert!(!format!("{reply:?}").contains("SECRET"), "{reply:?}");
    let notice = reply.header("hallpass-notice").unwrap();
    assert!(notice.contains("has to authorize single sign-on for an organization first"), "{notice}");
    let signs = stage.authority.signs.lock().unwrap().clone();
    assert!(
        matches!(&signs[..], [(name, Sign::Owner { link: Some(link), .. })] if name == "github" && link == LINK)
    );
}

#[test]
fn an_answer_that_leaves_something_out_says_so() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let header = "X-GitHub-SSO: partial-results; organizations=21955855,20582480\r\n";
    stage.upstream.answers(move |_| answer("200 OK", header, "[]"));
    let reply = stage.get(&pass, "/github/user/repos");
    assert_eq!((reply.status, reply.text().as_str()), (200, "[]"));
    assert!(reply.header("hallpass-notice").unwrap().contains("this answer is incomplete"), "{reply:?}");
    assert!(!format!("{reply:?}").contains("21955855"), "{reply:?}");
    assert!(matches!(&stage.authority.signs.lock().unwrap()[..], [(_, Sign::Owner { link: None, .. })]));
}

#[test]
fn a_scope_that_the_service_misses_is_told_the_owner() {
    let scopes = "X-OAuth-Scopes: read:user\r\nX-Accepted-OAuth-Scopes: admin:org, repo\r\n";
    let challenge =
        "WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"gmail.settings.basic\"\r\n";
    for (connection, path, status, headers, expected) in [
        ("github", "/github/repos/o/r", "404 Not Found", scopes, "admin:org or repo"),
        ("gmail", "/gmail/gmail/v1/users/me/profile", "403 Forbidden", challenge, "gmail.settings.basic"),
    ] {
        let stage = Stage::new();
        let pass = stage.pass_for_everything(&[connection]);
        stage.upstream.answers(move |_| answer(status, headers, "{}"));
        let reply = stage.get(&pass, path);
        assert!(reply.header("hallpass-notice").unwrap().contains("did not grant the scope"), "{reply:?}");
        assert_eq!(reply.header("www-authenticate"), None);
        let signs = stage.authority.signs.lock().unwrap().clone();
        let [(_, Sign::MissingScopes { scopes, .. })] = &signs[..] else { panic!("{signs:?}") };
        assert_eq!(*scopes, [expected]);
    }
}

#[test]
fn a_scope_that_a_body_says_is_missing_is_told_the_owner() {
    let google = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#;
    let slack = r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"identify"}"#;
    for (connection, path, status, body, expected) in [
        ("gmail", "/gmail/gmail/v1/users/me/profile", "403 Forbidden", google, &[][..]),
        ("slack", "/slack/api/emoji.list", "200 OK", slack, &["chat:write"][..]),
    ] {
        let stage = Stage::new();
        let pass = stage.pass_for_everything(&[connection]);
        stage.upstream.answers(move |_| answer(status, "", body));
        let reply = stage.get(&pass, path);
        assert!(
            reply.header("hallpass-notice").is_some_and(|told| told.contains("did not grant")),
            "{reply:?}"
        );
        assert_eq!(reply.text(), body, "the answer is unchanged");
        let signs = stage.authority.signs.lock().unwrap().clone();
        let [(_, Sign::MissingScopes { scopes, .. })] = &signs[..] else { panic!("{signs:?}") };
        assert_eq!(scopes, expected);
    }
}

#[test]
fn an_answer_that_says_nothing_of_the_connection_tells_nobody_anything() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github"]);
    let scopes = "X-OAuth-Scopes: repo\r\nX-Accepted-OAuth-Scopes: repo\r\n";
    for status in ["200 OK", "403 Forbidden", "404 Not Found"] {
        stage.upstream.answers(move |_| answer(status, scopes, "{}"));
        assert_eq!(stage.get(&pass, "/github/repos/o/r").header("hallpass-notice"), None, "{status}");
    }
    stage.upstream.answers(|_| json("200 OK", "{}"));
    assert_eq!(stage.get(&pass, "/github/repos/o/r").header("hallpass-notice"), None);
    assert!(stage.authority.signs.lock().unwrap().is_empty());
}
