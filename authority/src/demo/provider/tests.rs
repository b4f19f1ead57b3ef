//! The provider is as strict as the story says. Each test uses its socket.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use time::macros::datetime;
use url::Url;

use super::grants::challenge;
use super::oauth::{AUTHORIZE_PATH, REVOKE_PATH, TOKEN_PATH};
use super::*;
use crate::demo::provider::shared::CLIENT_ID;

const REDIRECT: &str = "http://127.0.0.1:9/callback";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more-01";
const MAIL: &str = "/gmail/v1/users/me";

async fn provider(access_token_lifetime: Duration) -> DemoProvider {
    let now = datetime!(2026-11-02 09:00 UTC);
    DemoProvider::start(Options { access_token_lifetime, now }).await.unwrap()
}

async fn lasting() -> DemoProvider {
    provider(Duration::from_secs(600)).await
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl DemoProvider {
    fn authorize_url(&self, leave_out: &str) -> Url {
        let mut url = Url::parse(&format!("{}{AUTHORIZE_PATH}", self.base_url())).unwrap();
        let parameters = [
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "mail"),
            ("state", "s1"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
        ];
        url.query_pairs_mut().extend_pairs(parameters.into_iter().filter(|(name, _)| *name != leave_out));
        url
    }

    /// Consents as a person would, and returns the redirect's query.
    async fn consent(&self, answer: &str) -> Vec<(String, String)> {
        let page = http().get(self.authorize_url("")).send().await.unwrap().text().await.unwrap();
        let ticket = page.split("name=\"ticket\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let url = format!("{}{AUTHORIZE_PATH}/consent", self.base_url());
        let form = [("ticket", ticket), ("answer", answer)];
        let answered = http().post(&url).form(&form).send().await.unwrap();
        assert_eq!(answered.status(), StatusCode::SEE_OTHER);
        let again = http().post(&url).form(&form).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::BAD_REQUEST, "a consent page is answered once");
        let back = Url::parse(answered.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(REDIRECT));
        back.query_pairs().into_owned().collect()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.base_url());
        let client = [("client_id", CLIENT_ID), ("client_secret", self.client_secret())];
        let form: Vec<_> = form.iter().copied().chain(client).collect();
        let answer = http().post(url).form(&form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn redeem(&self, code: &str, verifier: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ];
        self.post(TOKEN_PATH, &form).await
    }

    async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        self.post(TOKEN_PATH, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn connect(&self) -> (String, Value) {
        let code = self.consent("allow").await.remove(0).1;
        let (status, tokens) = self.redeem(&code, VERIFIER).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        (code, tokens)
    }

    async fn mail(&self, tokens: &Value) -> (StatusCode, Value) {
        let url = format!("{}{MAIL}/messages?q=is:unread&maxResults=5", self.base_url());
        let answer = http().get(url).bearer_auth(text(tokens, "access_token")).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn consent_gives_a_code_the_state_and_the_issuer_back() {
    let provider = lasting().await;
    let query = provider.consent("allow").await;
    assert!(query[0].0 == "code" && query[0].1.starts_with("demo-code-"));
    assert_eq!(query[1], ("state".into(), "s1".into()));
    assert_eq!(query[2], ("iss".into(), provider.base_url().to_owned()));
    let query = provider.consent("refuse").await;
    assert_eq!(query[0], ("error".into(), "access_denied".into()));
    provider.stop().await.unwrap();
}

#[tokio::test]
async fn pkce_state_and_a_loopback_redirect_are_required() {
    let provider = lasting().await;
    for absent in ["code_challenge", "code_challenge_method", "state", "redirect_uri", "response_type"] {
        let answer = http().get(provider.authorize_url(absent)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "without {absent}");
    }
    for (name, value) in [("redirect_uri", "http://example.net/callback"), ("code_challenge_method", "plain")]
    {
        let mut url = provider.authorize_url(name);
        url.query_pairs_mut().append_pair(name, value);
        assert_eq!(http().get(url).send().await.unwrap().status(), StatusCode::BAD_REQUEST, "{value}");
    }
    let mut twice = provider.authorize_url("");
    twice.query_pairs_mut().append_pair("state", "s2");
    assert_eq!(http().get(twice).send().await.unwrap().status(), StatusCode::BAD_REQUEST);

    let code = provider.consent("allow").await.remove(0).1;
    let (status, answer) = provider.redeem(&code, "some-other-verifier-of-forty-three-characters").await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
}

#[tokio::test]
async fn a_code_is_good_once_and_its_replay_revokes_what_it_gave() {
    let provider = lasting().await;
    let (code, tokens) = provider.connect().await;
    assert_eq!(provider.mail(&tokens).await.0, StatusCode::OK);
    for given in [code.as_str(), text(&tokens, "access_token"), text(&tokens, "refresh_token")] {
        assert!(provider.secrets().iter().any(|secret| secret == given));
    }
    let (status, answer) = provider.redeem(&code, VERIFIER).await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert_eq!(provider.mail(&tokens).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refresh_token_rotates_and_its_reuse_revokes_the_grant() {
    let provider = lasting().await;
    let (_, first) = provider.connect().await;
    let (status, second) = provider.refresh(text(&first, "refresh_token")).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(provider.mail(&second).await.0, StatusCode::OK);
    let (status, answer) = provider.refresh(text(&first, "refresh_token")).await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert_eq!(provider.mail(&second).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(provider.refresh(text(&second, "refresh_token")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_access_token_ends_and_a_revoked_one_opens_nothing() {
    let provider = provider(Duration::ZERO).await;
    let (_, tokens) = provider.connect().await;
    assert_eq!(provider.mail(&tokens).await.0, StatusCode::UNAUTHORIZED);

    let provider = lasting().await;
    let (_, tokens) = provider.connect().await;
    assert_eq!(
        provider.post(REVOKE_PATH, &[("token", text(&tokens, "refresh_token"))]).await.0,
        StatusCode::OK
    );
    assert_eq!(provider.mail(&tokens).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(provider.refresh(text(&tokens, "refresh_token")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_wrong_client_secret_gets_no_tokens() {
    let provider = lasting().await;
    let code = provider.consent("allow").await.remove(0).1;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("client_id", CLIENT_ID)];
    let url = format!("{}{TOKEN_PATH}", provider.base_url());
    assert_eq!(http().post(url).form(&form).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_the_mailbox_is_told_leaves_a_mark_in_its_tally() {
    let provider = lasting().await;
    let (_, tokens) = provider.connect().await;
    let token = text(&tokens, "access_token");
    let (_, found) = provider.mail(&tokens).await;
    assert_eq!(found["messages"].as_array().unwrap().len(), 5);
    assert_eq!(found["resultSizeEstimate"], 6);
    let id = text(&found["messages"][0], "id");
    let url = |path: &str| format!("{}{MAIL}/{path}", provider.base_url());
    let message: Value = http()
        .get(url(&format!("messages/{id}")))
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(message["payload"]["headers"][2]["value"], "Nightly build passed");

    let raw = "VG86IGRlc2tAZXhhbXBsZS5jb20NClN1YmplY3Q6IEhpDQoNCkJvZHk=";
    let told = [
        ("drafts", json!({ "message": { "raw": raw } })),
        ("messages/send", json!({ "raw": raw })),
        ("messages/batchDelete", json!({ "ids": [id] })),
        ("settings/forwardingAddresses", json!({ "forwardingEmail": COLLECTOR })),
    ];
    for (path, body) in told {
        let answer = http().post(url(path)).bearer_auth(token).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }
    let tally = Tally { messages: 12, drafts: 1, sent: 1, deleted: 1, forwarding_addresses: 1 };
    assert_eq!(provider.tally(), tally);
}

#[tokio::test]
async fn every_request_is_remembered_with_what_it_carried() {
    let provider = lasting().await;
    let url = format!("{}{MAIL}/profile?q=in-the-query", provider.base_url());
    let _ = http().post(&url).bearer_auth("in-the-header").body("in-the-body").send().await.unwrap();
    let seen = provider.seen();
    assert_eq!((seen.len(), seen[0].method.as_str()), (1, "POST"));
    assert_eq!(seen[0].header("authorization").collect::<Vec<_>>(), [b"Bearer in-the-header"]);
    for needle in ["in-the-query", "in-the-header", "in-the-body"] {
        assert!(seen[0].contains(needle.as_bytes()), "{needle}");
    }
    assert!(!seen[0].contains(b"nowhere"));
}
