//! Connecting an account: the whole OAuth flow against emulated Google and GitHub and against a strict server, with
//! nobody at a browser.

use harness::{ALICE, Browser, Hallpass, Running, Upstream, get};
use serde_json::json;

#[test]
fn gmail_connects_by_authorization_code_and_pkce() {
    let mut hallpass = Hallpass::new();
    let google = Upstream::google(hallpass.redirect_port);
    hallpass = hallpass.with_google(&google);
    let page = hallpass.connect("gmail");
    assert_eq!(page.answer.status, 200, "the person is told that it worked: {}", page.answer.text());

    let authorize = &google.seen_at("/o/oauth2/v2/auth?")[0];
    assert!(authorize.path.contains("code_challenge_method=S256"), "{}", authorize.path);
    let token = &google.seen_at("/oauth2/token")[0];
    assert!(token.body.contains("code_verifier="), "{}", token.body);

    let connections = hallpass.json(&["connections"]);
    assert_eq!(connections[0]["name"], "gmail");
    assert_eq!(connections[0]["account"], ALICE, "the account is the one that consented, not the decoy");
    assert_eq!(connections[0]["status"], "healthy");
    assert_eq!(connections[0]["base_url"], hallpass.base("gmail"));
    assert_eq!(connections[0]["own_base_url"], hallpass.own_base());
}

#[test]
fn github_connects_though_its_tokens_do_not_expire() {
    let mut hallpass = Hallpass::new();
    let github = Upstream::github(hallpass.redirect_port);
    hallpass = hallpass.with_github(&github);
    hallpass.connect("github");
    let connections = hallpass.json(&["connections"]);
    assert_eq!(connections[0]["account"], "alice");
    assert_eq!(connections[0]["status"], "healthy");
    assert!(connections[0]["token_expires"].is_null());
}

#[test]
fn two_accounts_of_one_service_are_two_connections() {
    let mut hallpass = Hallpass::new();
    let google = Upstream::google(hallpass.redirect_port);
    hallpass = hallpass.with_google(&google);
    hallpass.connect_as(ALICE, &["gmail"]);
    hallpass.connect_as(harness::DECOY, &["gmail", "--as", "gmail-work"]);
    let mut accounts: Vec<_> = hallpass
        .json(&["connections"])
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| (c["name"].as_str().unwrap().to_owned(), c["account"].as_str().unwrap().to_owned()))
        .collect();
    accounts.sort();
    assert_eq!(accounts, [("gmail".into(), ALICE.into()), ("gmail-work".into(), harness::DECOY.to_string())]);
}

#[test]
fn the_strict_server_connects() {
    let oidc = Upstream::oidc(&json!({}));
    let hallpass = Hallpass::new().with_oidc(&oidc);
    hallpass.connect_as("alice", &["gmail"]);
    let connections = hallpass.json(&["connections"]);
    assert_eq!(connections[0]["account"], "alice");
}

#[test]
fn a_device_code_connects_without_a_redirect() {
    let oidc = Upstream::oidc(&json!({}));
    let hallpass = Hallpass::new().with_oidc(&oidc);
    hallpass.connect_device("gmail", "alice");
    assert_eq!(hallpass.json(&["connections"])[0]["account"], "alice");
    assert_eq!(oidc.seen_at("/auth?").len(), 0, "no authorization code was asked for");
}

/// Starts `connect`, answers its callback with `parameters` in the provider's place, and expects it to fail.
fn connect_is_refused_by(parameters: impl Fn(&str) -> String) -> Upstream {
    let oidc = Upstream::oidc(&json!({}));
    let hallpass = Hallpass::new().with_oidc(&oidc);
    let port = hallpass.redirect_port.to_string();
    let command = hallpass.command(&["connect", "gmail", "--no-browser", "--redirect-port", &port]);
    let connecting = Running::start(command);
    let url = connecting.wait_for("address to consent at", |line| {
        line.find("http://").and_then(|at| line[at..].split_whitespace().next().map(str::to_owned))
    });
    let state = url::Url::parse(&url)
        .unwrap()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned())
        .expect("a state");
    get(format!("http://127.0.0.1:{port}/callback?{}", parameters(&state))).try_send();
    // A callback that is not believed may leave the command waiting for the real one.
    drop(connecting);
    assert_eq!(hallpass.json(&["connections"]), json!([]), "nothing is connected");
    oidc
}

#[test]
fn a_callback_with_another_state_redeems_nothing() {
    let oidc = connect_is_refused_by(|_| "state=forged&code=stolen".to_owned());
    assert_eq!(oidc.seen_at("/token").len(), 0, "no code was redeemed");
}

#[test]
fn a_callback_from_another_issuer_redeems_nothing() {
    let oidc = connect_is_refused_by(|state| format!("state={state}&code=stolen&iss=http://127.0.0.1:1"));
    assert_eq!(oidc.seen_at("/token").len(), 0, "no code was redeemed");
    let oidc = connect_is_refused_by(|state| format!("state={state}&code=stolen"));
    assert_eq!(oidc.seen_at("/token").len(), 0, "a missing issuer does not match");
}

#[test]
fn a_person_who_declines_is_told_so() {
    let oidc = Upstream::oidc(&json!({}));
    let hallpass = Hallpass::new().with_oidc(&oidc);
    let port = hallpass.redirect_port.to_string();
    let connecting =
        Running::start(hallpass.command(&["connect", "gmail", "--no-browser", "--redirect-port", &port]));
    let url = connecting.wait_for("address to consent at", |line| {
        line.find("http://").and_then(|at| line[at..].split_whitespace().next().map(str::to_owned))
    });
    let state =
        url.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state").to_owned();
    let issuer = oidc.url.replace(':', "%3A").replace('/', "%2F");
    Browser::default()
        .open(&format!("http://127.0.0.1:{port}/callback?error=access_denied&state={state}&iss={issuer}"));
    let (status, _, stderr) = connecting.finish();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("access_denied") || stderr.contains("declined"), "{stderr}");
}

#[test]
fn disconnecting_takes_the_grant_back_at_the_provider() {
    let mut hallpass = Hallpass::new();
    let google = Upstream::google(hallpass.redirect_port);
    hallpass = hallpass.with_google(&google);
    hallpass.connect("gmail");
    hallpass.run(&["disconnect", "gmail"]).expect(0);
    assert!(!google.seen_at("/oauth2/revoke").is_empty(), "the provider was told");
    assert_eq!(hallpass.json(&["connections"]), json!([]));
}

#[test]
fn no_token_lies_readable_in_the_home() {
    let mut hallpass = Hallpass::new();
    let google = Upstream::google(hallpass.redirect_port);
    hallpass = hallpass.with_google(&google);
    hallpass.connect("gmail");
    let mut looked_at = 0;
    for entry in std::fs::read_dir(hallpass.home()).expect("the home") {
        let path = entry.expect("an entry").path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        // The beginning of the emulator's tokens.
        assert!(!text.contains("google_refresh_"), "{}: a refresh token in clear", path.display());
        assert!(!text.contains("google_"), "{}: an access token in clear", path.display());
        looked_at += 1;
    }
    assert!(looked_at >= 2, "the search read the database and the keys");
}
