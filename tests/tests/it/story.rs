//! The story of a pass from the first command to the last: minted, used, narrowed, used up, revoked.

use harness::{Hallpass, Upstream, get, parallel, poll};
use serde_json::Value;

const LIST: &str = "/gmail/v1/users/me/messages";
const LETTER: &str = "/gmail/v1/users/me/messages/alice-1";

struct Story {
    hallpass: Hallpass,
    google: Upstream,
}

impl Story {
    /// Connected and served.
    fn new() -> Self {
        let (hallpass, google) = Hallpass::with_a_mailbox();
        google.forget();
        Self { hallpass, google }
    }

    fn get(&self, pass: &str, path: &str) -> harness::Request {
        self.hallpass.agent(pass, "GET", "gmail", path)
    }

    /// Expects a refusal with this code, and that nothing reached the upstream.
    fn refuses(&self, pass: &str, path: &str, status: u16, code: &str) -> Value {
        let before = self.google.seen().len();
        let request = self.get(pass, path).header("accept", "application/problem+json");
        let answer = request.send().expect(status);
        assert_eq!(answer.code(), code, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(self.google.seen().len(), before, "nothing reached the upstream");
        answer.json()
    }

    fn attenuate(&self, pass: &str, arguments: &[&str]) -> String {
        let all: Vec<&str> = ["attenuate", pass].into_iter().chain(arguments.iter().copied()).collect();
        self.hallpass.run(&all).expect(0).line()
    }

    /// The id of the pass, as `inspect` shows it.
    fn id(&self, pass: &str) -> String {
        let shown = self.hallpass.json(&["inspect", pass]);
        shown["id"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned()
    }
}

#[test]
fn a_pass_works_until_it_is_revoked_mid_run() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["triage my inbox", "--allow", "gmail:read"]);
    assert!(pass.starts_with("hallpass_"), "{pass}");
    for _ in 0..3 {
        story.get(&pass, LETTER).send().expect(200);
    }
    let id = story.id(&pass);
    story.hallpass.run(&["revoke", &id, "--because", "enough"]).expect(0);
    story.refuses(&pass, LETTER, 403, "pass-revoked");
    let passes = story.hallpass.json(&["passes"]);
    assert_eq!(passes[0]["id"], id.as_str());
    assert_eq!(passes[0]["status"], "revoked");
}

#[test]
fn a_pass_is_accepted_with_and_without_its_prefix_and_under_both_schemes() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read"]);
    let bare = pass.trim_start_matches("hallpass_");
    story.get(bare, LIST).send().expect(200);
    let url = format!("{}{LIST}", story.hallpass.base("gmail"));
    get(&url).header("authorization", &format!("token {pass}")).send().expect(200);
}

#[test]
fn a_child_does_less_and_falls_with_its_parent() {
    let story = Story::new();
    let parent = story.hallpass.mint(&["triage my inbox", "--allow", "gmail:read"]);
    let child = story.attenuate(&parent, &["--only", "gmail.users.messages.list", "--for", "5m"]);
    let grandchild = story.attenuate(&child, &["--limit", "gmail.users.messages.list=5"]);
    story.get(&child, LIST).send().expect(200);
    story.get(&grandchild, LIST).send().expect(200);
    let why = story.refuses(&child, LETTER, 403, "denied");
    assert!(
        why["detail"].as_str().is_some_and(|detail| detail.contains("gmail.users.messages.get")),
        "{why}"
    );

    story.hallpass.run(&["revoke", &story.id(&parent)]).expect(0);
    story.refuses(&parent, LIST, 403, "pass-revoked");
    story.refuses(&child, LIST, 403, "pass-revoked");
    story.refuses(&grandchild, LIST, 403, "pass-revoked");
}

#[test]
fn a_revoked_child_leaves_its_parent_standing() {
    let story = Story::new();
    let parent = story.hallpass.mint(&["triage my inbox", "--allow", "gmail:read"]);
    let made = story.hallpass.json(&["attenuate", &parent, "--only", "gmail.users.messages.list"]);
    let child = made["pass"].as_str().expect("a pass").to_owned();
    let grandchild = story.attenuate(&child, &["--for", "1m"]);
    let block = made["revocation_id"].as_str().expect("a revocation id");
    story.hallpass.run(&["revoke", block]).expect(0);
    story.refuses(&child, LIST, 403, "pass-revoked");
    story.refuses(&grandchild, LIST, 403, "pass-revoked");
    story.get(&parent, LIST).send().expect(200);
}

#[test]
fn attenuating_needs_neither_authority_nor_key() {
    let story = Story::new();
    let parent = story.hallpass.mint(&["triage my inbox", "--allow", "gmail:read"]);
    let elsewhere = Hallpass::new();
    let child =
        elsewhere.run(&["attenuate", &parent, "--only", "gmail.users.messages.list"]).expect(0).line();
    story.get(&child, LIST).send().expect(200);
    story.refuses(&child, LETTER, 403, "denied");
}

#[test]
fn a_budget_is_exact_under_two_hundred_parallel_requests() {
    let story = Story::new();
    let pass =
        story.hallpass.mint(&["read", "--allow", "gmail:read", "--limit", "gmail.users.messages.get=50"]);
    let answers = parallel((0..200).map(|_| story.get(&pass, LETTER)));
    let allowed = answers.iter().filter(|answer| answer.status == 200).count();
    let exhausted = answers.iter().filter(|answer| answer.status != 200).map(harness::Answer::code);
    assert_eq!(allowed, 50);
    assert!(exhausted.clone().all(|code| code == "budget-exhausted"), "{:?}", exhausted.collect::<Vec<_>>());
    assert_eq!(story.google.seen_at(LETTER).len(), 50, "the refused requests did not leave");
    story.get(&pass, LIST).send().expect(200);
}

#[test]
fn a_child_spends_its_parents_budget_and_its_own() {
    let story = Story::new();
    let parent =
        story.hallpass.mint(&["read", "--allow", "gmail:read", "--limit", "gmail.users.messages.get=10"]);
    let child = story.attenuate(&parent, &["--limit", "gmail.users.messages.get=6"]);
    let ok = |pass: &str, times: usize| {
        let answers = parallel((0..times).map(|_| story.get(pass, LETTER)));
        answers.iter().filter(|answer| answer.status == 200).count()
    };
    assert_eq!(ok(&child, 20), 6);
    assert_eq!(ok(&parent, 20), 4);
    assert_eq!(story.google.seen_at(LETTER).len(), 10);
}

#[test]
fn a_budget_outlives_the_process() {
    let mut story = Story::new();
    let pass =
        story.hallpass.mint(&["read", "--allow", "gmail:read", "--limit", "gmail.users.messages.get=3"]);
    story.get(&pass, LETTER).send().expect(200);
    story.get(&pass, LETTER).send().expect(200);
    story.hallpass.kill();
    story.hallpass.serve();
    story.get(&pass, LETTER).send().expect(200);
    story.refuses(&pass, LETTER, 403, "budget-exhausted");
}

#[test]
fn a_revocation_outlives_the_process() {
    let mut story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read"]);
    story.hallpass.run(&["revoke", &story.id(&pass)]).expect(0);
    story.hallpass.kill();
    story.hallpass.serve();
    story.refuses(&pass, LIST, 403, "pass-revoked");
}

#[test]
fn a_pass_ends_when_it_said() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read", "--for", "2s"]);
    // An answer on its way when the pass ends is cut off, so a missing answer is not the end yet.
    let ended = poll("the end of the pass", || {
        story.get(&pass, LIST).try_send().filter(|answer| answer.status != 200)
    });
    assert_eq!((ended.status, ended.code().as_str()), (403, "pass-expired"));
}

#[test]
fn the_emergency_stop_holds_for_every_pass_until_a_person_resumes() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read"]);
    story.get(&pass, LIST).send().expect(200);
    story.hallpass.run(&["stop"]).expect(0);
    let before = story.google.seen().len();
    let answer = story.get(&pass, LIST).send();
    assert!(answer.status >= 400, "{}", answer.text());
    assert_eq!(story.google.seen().len(), before);
    story.hallpass.run(&["stop", "--resume"]).expect(0);
    story.get(&pass, LIST).send().expect(200);
}

#[test]
fn what_no_grant_covers_is_denied() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["list only", "--allow", "gmail.users.messages.list"]);
    let why = story.refuses(&pass, LETTER, 403, "denied");
    assert_eq!(why["liftable_by"], "person");
    let denied = story.hallpass.mint(&["no", "--allow", "gmail:read", "--deny", "gmail.users.messages.get"]);
    story.refuses(&denied, LETTER, 403, "denied");
    story.get(&denied, LIST).send().expect(200);
}

#[test]
fn an_ask_waits_for_a_person() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["ask first", "--ask", "gmail:read"]);
    let why = story.refuses(&pass, LETTER, 403, "approval-required");
    assert_eq!(why["liftable_by"], "approval");
}

#[test]
fn an_agent_reads_what_its_pass_may_do() {
    let story = Story::new();
    let pass = story.hallpass.mint(&[
        "triage my inbox",
        "--allow",
        "gmail:read",
        "--limit",
        "gmail.users.messages.get=10",
    ]);
    story.get(&pass, LETTER).send().expect(200);
    let page = get(format!("{}/pass", story.hallpass.gateway)).bearer(&pass).send().expect(200);
    let text = page.text();
    assert!(text.contains("triage my inbox"), "{text}");
    assert!(text.contains("gmail.users.messages.get"), "{text}");
    assert!(!text.contains(pass.trim_start_matches("hallpass_")), "the page does not repeat the pass");
    get(format!("{}/pass", story.hallpass.gateway)).send().expect(401);
}

#[test]
fn an_agent_reaches_no_administration_at_the_gateway() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read"]);
    for path in ["/v1/connections", "/v1/passes", "/v1/log", "/v1/stop", "/v1/stops", "/metrics"] {
        let answer = get(format!("{}{path}", story.hallpass.gateway)).bearer(&pass).send();
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
}

#[test]
fn a_pass_opens_nothing_at_the_authority() {
    let story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read"]);
    for path in ["/v1/connections", "/v1/passes", "/v1/log"] {
        let answer = get(format!("{}{path}", story.hallpass.authority)).bearer(&pass).send();
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
}

#[test]
fn serve_drains_and_ends_on_a_signal() {
    let mut story = Story::new();
    let pass = story.hallpass.mint(&["read", "--allow", "gmail:read"]);
    story.get(&pass, LIST).send().expect(200);
    let ended = story.hallpass.terminate();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        !ended.stderr.contains(pass.trim_start_matches("hallpass_")),
        "no pass in the log of the process"
    );
    assert!(!ended.stderr.contains("google_"), "no credential in the log of the process");
}

#[test]
fn a_second_serve_on_one_home_is_refused() {
    let story = Story::new();
    let second = story.hallpass.run(&["serve"]);
    assert_eq!(second.code, 1, "{}", second.stderr);
}
