//! Refreshing without losing a grant, against a strict server: refresh tokens rotate, and a second use of one revokes
//! the grant. Whatever happens to the process, the connection works afterwards or says that it needs a person.

use std::thread;

use harness::{Answer, CLIENT_ID, Hallpass, Request, Upstream, parallel, poll};
use serde_json::json;

const LIST: &str = "/gmail/v1/users/me/messages";

struct Mail {
    hallpass: Hallpass,
    oidc: Upstream,
    pass: String,
}

impl Mail {
    /// Connected and served, with an access token that has stopped working.
    fn with_expired_token() -> Self {
        Self::new(&json!({ "access_ttl": 5 }), |hallpass| hallpass)
    }

    fn new(settings: &serde_json::Value, configure: impl Fn(Hallpass) -> Hallpass) -> Self {
        let oidc = Upstream::oidc(settings);
        let mut hallpass = configure(Hallpass::new().with_oidc(&oidc));
        hallpass.connect_as("alice", &["gmail"]);
        hallpass.serve();
        let pass = hallpass.mint(&["read", "--allow", "gmail:read"]);
        let mail = Self { hallpass, oidc, pass };
        mail.oidc.control(&json!({ "access_ttl": 3600 }));
        mail.expire();
        mail.oidc.forget();
        mail
    }

    /// Every access token issued so far stops working.
    fn expire(&self) {
        self.oidc.control(&json!({ "expire": true }));
    }

    fn list(&self) -> Request {
        self.hallpass.agent(&self.pass, "GET", "gmail", LIST)
    }

    /// Lists until it works. The first request with a token that the provider has revoked may fail; the next one must
    /// not.
    fn works(&self) {
        let answer = poll("the mailbox", || self.list().try_send().filter(|answer| answer.status == 200));
        assert_eq!(answer.json()["messages"][0]["id"], "of-alice");
    }

    fn refreshes(&self) -> usize {
        self.oidc.seen_at("/token").len()
    }

    fn status(&self) -> String {
        let connections = self.hallpass.json(&["connections"]);
        connections[0]["status"].as_str().expect("a status").to_owned()
    }

    /// Kills Hallpass again and again while the provider holds a refresh: before the provider has refreshed, or after.
    fn outlives_kills_while_held(&mut self, hold: &str) {
        for _ in 0..5 {
            self.oidc.control(&json!({ "hold": hold }));
            self.oidc.forget();
            let agent = self.listing();
            poll("the refresh", || (self.refreshes() == 1).then_some(()));
            self.hallpass.kill();
            agent.join().expect("the agent ends");
            self.oidc.control(&json!({ "hold": null }));
            self.hallpass.serve();
            self.works();
            self.expire();
        }
        assert_eq!(self.status(), "healthy");
    }

    fn listing(&self) -> thread::JoinHandle<Option<Answer>> {
        let request = self.list();
        thread::spawn(move || request.try_send())
    }
}

#[test]
fn a_thousand_requests_on_an_expired_token_refresh_once() {
    let mail = Mail::with_expired_token();
    let answers = parallel((0..1_000).map(|_| mail.list()));
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(refused.is_empty(), "{} of 1000: {}", refused.len(), refused[0].text());
    assert_eq!(mail.refreshes(), 1);
}

#[test]
fn rotation_is_followed_from_token_to_token() {
    let mail = Mail::with_expired_token();
    for rotated in 1..=5 {
        mail.works();
        assert_eq!(mail.refreshes(), rotated);
        mail.expire();
    }
    assert_eq!(mail.status(), "healthy");
}

#[test]
fn a_token_that_the_provider_takes_back_early_is_replaced_once() {
    let mail = Mail::with_expired_token();
    mail.works();
    assert_eq!(mail.refreshes(), 1);
    mail.expire();
    let answers = parallel((0..100).map(|_| mail.list()));
    // A 401 means only the pass: an SDK would answer it by asking for another token.
    assert!(answers.iter().all(|answer| answer.status != 401), "{}", answers[0].text());
    mail.works();
    assert_eq!(mail.refreshes(), 2);
}

#[test]
fn a_refresh_outlives_the_agent_that_caused_it() {
    let mail = Mail::with_expired_token();
    mail.oidc.control(&json!({ "hold": "before" }));
    let mut agent = harness::Running::start({
        let mut curl = std::process::Command::new("curl");
        curl.args(["--silent", "--header", &format!("Authorization: Bearer {}", mail.pass)]);
        curl.arg(format!("{}{LIST}", mail.hallpass.base("gmail")));
        curl
    });
    poll("the refresh", || (mail.refreshes() == 1).then_some(()));
    assert!(!agent.has_ended());
    agent.kill();
    mail.oidc.control(&json!({ "hold": null }));
    mail.works();
    assert_eq!(mail.refreshes(), 1, "the refresh of the departed agent was used");
}

#[test]
fn a_provider_that_is_down_costs_a_request_and_not_the_grant() {
    let mail = Mail::with_expired_token();
    mail.oidc.control(&json!({ "fail": 1 }));
    let answer = mail.list().send();
    assert!((500..600).contains(&answer.status) || answer.status == 200, "{}", answer.text());
    mail.works();
    assert_eq!(mail.status(), "healthy");
}

#[test]
fn a_grant_that_is_gone_needs_a_person_and_says_so() {
    let mail = Mail::with_expired_token();
    mail.oidc.control(&json!({ "forget": true }));
    let answer = poll("a refusal", || Some(mail.list().send()).filter(|answer| answer.status == 403));
    assert_eq!(answer.code(), "connection-needs-reconnect", "{}", answer.text());
    assert_eq!(mail.status(), "needs-reconnect");
    let asked = mail.refreshes();
    mail.list().send().expect(403);
    assert_eq!(mail.refreshes(), asked, "a grant that is gone is not asked for again");

    mail.hallpass.connect_as("alice", &["gmail"]);
    mail.works();
    assert_eq!(mail.status(), "healthy");
}

#[test]
fn a_kill_before_the_provider_answers_loses_no_grant() {
    let mut mail = Mail::with_expired_token();
    mail.outlives_kills_while_held("before");
}

#[test]
fn a_kill_after_an_agent_was_answered_loses_no_grant() {
    let mut mail = Mail::with_expired_token();
    for _ in 0..5 {
        mail.works();
        mail.hallpass.kill();
        mail.expire();
        mail.hallpass.serve();
    }
    mail.works();
    assert_eq!(mail.status(), "healthy");
}

/// As in the README: the client is named on the command line when connecting, and never again.
#[test]
fn a_client_that_only_connect_was_told_of_refreshes_too() {
    let oidc = Upstream::oidc(&json!({ "access_ttl": 5 }));
    let mut hallpass = Hallpass::new().with_oidc(&oidc);
    let configured = hallpass.home().join("client-secret");
    let secret = hallpass.home().join("secret.txt");
    std::fs::rename(&configured, &secret).expect("the secret is there");
    hallpass.reconfigure(&format!("client_id = \"{CLIENT_ID}\"\n"), "");
    hallpass.reconfigure(&format!("client_secret_file = \"{}\"\n", configured.display()), "");
    let file = secret.to_string_lossy().into_owned();
    hallpass.connect_as("alice", &["gmail", "--client-id", CLIENT_ID, "--client-secret-file", &file]);
    std::fs::remove_file(&secret).expect("the file is ours");
    hallpass.serve();
    let pass = hallpass.mint(&["read", "--allow", "gmail:read"]);
    let mail = Mail { hallpass, oidc, pass };
    mail.expire();
    mail.works();
    assert_eq!(mail.status(), "healthy");
}

/// If refresh tokens do not rotate (Google's), the answer may also be lost.
#[test]
fn a_kill_while_the_answer_is_on_its_way_loses_no_grant_that_does_not_rotate() {
    let mut mail = Mail::new(&json!({ "access_ttl": 5, "rotate": false }), |mut hallpass| {
        hallpass.reconfigure("refresh = \"rotates\"", "refresh = \"keeps\"");
        hallpass
    });
    mail.outlives_kills_while_held("after");
}
