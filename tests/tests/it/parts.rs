//! The third-party parts behave as the other tests assume. There is no Hallpass here.

use harness::{Browser, CLIENT_ID, CLIENT_SECRET, DECOY, Upstream, free_port, get, post};
use serde_json::{Value, json};

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn google_answers_an_unknown_token_as_the_decoy() {
    let google = Upstream::google(free_port());
    let mailbox =
        get(format!("{}/gmail/v1/users/me/messages", google.url)).bearer("hallpass_x").send().expect(200);
    assert_eq!(mailbox.json()["messages"][0]["id"], "decoy-1");
    let info = get(format!("{}/oauth2/v2/userinfo", google.url)).bearer("hallpass_x").send().expect(200);
    assert_eq!(info.json()["email"], DECOY);
    assert_eq!(google.seen().last().unwrap().headers["authorization"], "Bearer hallpass_x");
}

#[test]
fn github_answers_an_unknown_token_as_the_decoy() {
    let github = Upstream::github(free_port());
    let user = get(format!("{}/user", github.url)).bearer("hallpass_x").send().expect(200);
    assert_eq!(user.json()["login"], "decoy");
    let notes = get(format!("{}/repos/alice/notes", github.url)).bearer("hallpass_x").send();
    assert_ne!(notes.status, 200, "the decoy reads Alice's private repository");
}

/// Consents as Alice and redeems the code: the token answer, and the code.
fn sign_in(oidc: &Upstream) -> (Value, String) {
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let callback = "http://127.0.0.1:1/callback";
    let url = format!(
        "{}/auth?client_id={CLIENT_ID}&response_type=code&redirect_uri={callback}&state=s&prompt=consent\
         &scope=openid%20offline_access%20mail&code_challenge={challenge}&code_challenge_method=S256",
        oidc.url
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = url.replace("127.0.0.1:1/", &format!("127.0.0.1:{port}/"));
    let waiting = std::thread::spawn(move || answer_one(&listener));
    let page = Browser::default().consent(&url, "alice");
    waiting.join().unwrap();
    let query: Vec<(String, String)> = page.url.query_pairs().into_owned().collect();
    let code = &query.iter().find(|(name, _)| name == "code").expect("a code").1;
    assert!(query.iter().any(|(name, value)| name == "iss" && *value == oidc.url));
    let token = post(format!("{}/token", oidc.url))
        .form(&[
            field("grant_type", "authorization_code"),
            field("code", code),
            field("redirect_uri", &format!("http://127.0.0.1:{port}/callback")),
            field("code_verifier", verifier),
            field("client_id", CLIENT_ID),
            field("client_secret", CLIENT_SECRET),
        ])
        .send()
        .expect(200);
    (token.json(), code.clone())
}

fn answer_one(listener: &std::net::TcpListener) {
    use std::io::{Read as _, Write as _};
    let (mut stream, _) = listener.accept().unwrap();
    let _ = stream.read(&mut [0; 4096]).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
}

fn refresh(oidc: &Upstream, token: &str) -> harness::Answer {
    post(format!("{}/token", oidc.url))
        .form(&[
            field("grant_type", "refresh_token"),
            field("refresh_token", token),
            field("client_id", CLIENT_ID),
            field("client_secret", CLIENT_SECRET),
        ])
        .send()
}

#[test]
fn the_strict_server_rotates_and_revokes_on_reuse() {
    let oidc = Upstream::oidc(&json!({}));
    let (first, _) = sign_in(&oidc);
    let old = first["refresh_token"].as_str().expect("a refresh token");
    let second = refresh(&oidc, old).expect(200).json();
    let new = second["refresh_token"].as_str().expect("a refresh token");
    assert_ne!(old, new);
    let mailbox = format!("{}/gmail/v1/users/me/messages", oidc.url);
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(get(&mailbox).bearer(access).send().expect(200).json()["messages"][0]["id"], "of-alice");

    assert_eq!(refresh(&oidc, old).expect(400).json()["error"], "invalid_grant");
    assert_eq!(refresh(&oidc, new).expect(400).json()["error"], "invalid_grant", "reuse revokes the grant");
    get(&mailbox).bearer(access).send().expect(401);
}

#[test]
fn the_strict_server_refuses_a_flow_without_pkce() {
    let oidc = Upstream::oidc(&json!({}));
    let url = format!(
        "{}/auth?client_id={CLIENT_ID}&response_type=code&scope=openid&redirect_uri=http://127.0.0.1:1/callback",
        oidc.url
    );
    let answer = get(url).send();
    assert!(answer.header("location").contains("error=invalid_request"), "{}", answer.header("location"));
}
