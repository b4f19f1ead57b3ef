//! The console in a real browser, headless: every page at two widths in light and dark, and every flow of a person, with
//! an agent at the gateway behind it.
//!
//! The stories are in `tests/browser/`. Each runs in its own browser against its own Hallpass, and leaves pictures of
//! the pages in `target/screenshots/`.

use std::path::Path;

use harness::{Hallpass, TRIAGE, Upstream, binary, browser};

struct Desk {
    hallpass: Hallpass,
    google: Upstream,
    /// The pass that the agent works with.
    pass: String,
}

impl Desk {
    /// Connected and served, with a pass and a little of everything in the log.
    fn new() -> Self {
        let flags = [&TRIAGE[..], &["--limit", "gmail.users.messages.get=10"]].concat();
        let (hallpass, google, pass) = Hallpass::with_a_pass(&flags);
        Self { hallpass, google, pass }
    }

    /// The traces of an afternoon: requests of a pass and of its child, refusals, a revoked pass.
    fn after_work(&self) {
        let hallpass = &self.hallpass;
        let child =
            hallpass.run(&["attenuate", &self.pass, "--only", "gmail.users.messages.list"]).expect(0).line();
        hallpass.agent(&child, "GET", "gmail", "/gmail/v1/users/me/messages").send().expect(200);
        hallpass.agent(&child, "GET", "gmail", "/gmail/v1/users/me/messages/alice-1").send().expect(403);
        hallpass.agent(&self.pass, "GET", "gmail", "/gmail/v1/users/me/messages/alice-1").send().expect(200);
        hallpass
            .agent(&self.pass, "DELETE", "gmail", "/gmail/v1/users/me/messages/alice-1")
            .send()
            .expect(403);
        let other = hallpass.mint(&["tidy up the drafts", "--allow", "gmail.users.drafts.*", "--for", "2h"]);
        let id = hallpass.json(&["inspect", &other])["id"].as_str().expect("an id").to_owned();
        hallpass.run(&["revoke", &id, "--because", "it was the wrong one"]).expect(0);
    }

    fn pass_id(&self) -> String {
        self.hallpass.json(&["inspect", &self.pass])["id"].as_str().expect("an id").to_owned()
    }

    /// A browser plays a story. Returns what it printed.
    fn tell(&self, script: &str, story: &str, more: &[(&str, &str)]) {
        let screenshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        let output = browser(script)
            .arg(story)
            .env("HALLPASS", binary())
            .env("HALLPASS_HOME", self.hallpass.home())
            .env("GATEWAY", &self.hallpass.gateway)
            .env("CONSOLE", &self.hallpass.authority)
            .env("PASS", &self.pass)
            .env("SCREENSHOTS", screenshots)
            .envs(more.iter().copied())
            .output()
            .expect("Node runs");
        let (said, wrong) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{story}:\n{said}\n{wrong}");
        assert!(said.contains("told"), "{story} ended early:\n{said}\n{wrong}");
    }

    fn every_page(&self, scheme: &str) {
        self.after_work();
        let log = self.hallpass.log();
        let refusal = log.iter().find(|record| record["decision"] == "denied").expect("a refusal");
        let seq = refusal["seq"].to_string();
        self.tell("browser/pages.mjs", scheme, &[("PASS_ID", &self.pass_id()), ("RECORD", &seq)]);
    }
}

#[test]
fn every_page_is_sound_in_the_light() {
    Desk::new().every_page("light");
}

#[test]
fn every_page_is_sound_in_the_dark() {
    Desk::new().every_page("dark");
}

impl Desk {
    fn flow(&self, story: &str) {
        self.tell_of("browser/flows.mjs", story);
    }

    fn question(&self, story: &str) {
        self.tell_of("browser/questions.mjs", story);
    }

    fn tell_of(&self, script: &str, story: &str) {
        let served = self.hallpass.serving().pid().to_string();
        self.tell(script, story, &[("PASS_ID", &self.pass_id()), ("SERVE_PID", &served)]);
    }
}

impl Desk {
    /// Letters that reached Gmail.
    fn sent(&self) -> usize {
        self.google.seen_at("/gmail/v1/users/me/messages/send").len()
    }
}

#[test]
fn a_mail_is_seen_approved_and_sent_once() {
    let desk = Desk::new();
    desk.question("approve");
    assert_eq!(desk.sent(), 1);
}

#[test]
fn a_mail_that_is_denied_is_not_sent_and_the_agent_reads_why() {
    let desk = Desk::new();
    desk.question("deny");
    assert_eq!(desk.sent(), 0);
}

#[test]
fn an_approval_for_two_is_for_two() {
    let desk = Desk::new();
    desk.question("approveMoreThanOnce");
    assert_eq!(desk.sent(), 2);
}

#[test]
fn a_question_that_was_answered_elsewhere_has_no_buttons_and_takes_no_answer() {
    let desk = Desk::new();
    desk.question("answeredElsewhere");
    assert_eq!(desk.sent(), 1);
}

#[test]
fn nobody_is_chosen_for_the_person_who_answers() {
    Desk::new().question("whoAnswersIsSaid");
}

#[test]
fn a_card_shows_what_the_recipient_will_read_and_that_a_pass_is_held() {
    let desk = Desk::new();
    desk.question("theCardShowsWhatIsRead");
    assert_eq!(desk.sent(), 0);
}

#[test]
fn one_pass_is_stopped_by_itself_and_resumed() {
    Desk::new().flow("stopOne");
}

#[test]
fn a_pass_that_stopped_by_itself_shows_what_it_tried_and_is_ended() {
    Desk::new().flow("breaker");
}

#[test]
fn a_page_says_that_nobody_answers_and_a_session_outlives_a_restart() {
    Desk::new().flow("theServerGoes");
}

/// Everything on the authority's port, and everything that its socket serves, requested over TCP with a valid pass.
#[test]
fn a_pass_opens_nothing_of_the_authority() {
    let desk = Desk::new();
    let link = desk.hallpass.run(&["console", "--no-browser"]).expect(0).line();
    let place = "0123456789abcdefABCDEF";
    let pages = [
        "now",
        "approvals",
        "passes",
        "mint",
        "connections",
        "audit",
        "audit/1",
        "services",
        "events",
        "resume",
    ];
    let verbs =
        ["stop", "resume", "mint", "mint/preview", "stop-one", "resume-one", "sign-out", "audit/verify"];
    let of_the_socket = [
        "passes",
        "stop",
        "revocations",
        "log",
        "keys",
        "approvals",
        "approvers",
        "connections",
        "console/links",
        "status",
    ];
    let all = pages.map(|page| ("GET", format!("/s/{place}/{page}"))).into_iter();
    let all = all.chain(verbs.map(|verb| ("POST", format!("/s/{place}/{verb}"))));
    let all = all.chain(
        ["GET", "POST", "PUT"]
            .into_iter()
            .flat_map(|method| of_the_socket.map(move |path| (method, format!("/v1/{path}")))),
    );
    for (method, path) in all {
        let answer = harness::request(method, format!("{}{path}", desk.hallpass.authority))
            .bearer(&desk.pass)
            .header("cookie", &format!("hallpass-session={}", desk.pass))
            .header("origin", &desk.hallpass.authority)
            .body("application/x-www-form-urlencoded", format!("csrf={0}&code={0}", desk.pass))
            .send();
        assert!(
            [403, 404, 405].contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(!answer.text().contains("alice"), "{method} {path}: {}", answer.text());
    }
    // None of this stopped anything or used the link.
    desk.hallpass.agent(&desk.pass, "GET", "gmail", "/gmail/v1/users/me/messages").send().expect(200);
    harness::get(link).send().expect(200);
}

#[test]
fn a_link_signs_in_once_and_signing_out_ends_it() {
    Desk::new().flow("theLinkWorksOnce");
}

#[test]
fn one_press_stops_everything_until_it_is_resumed() {
    Desk::new().flow("oneStopHolds");
}

#[test]
fn a_template_fills_in_the_form_and_what_it_asks_is_asked() {
    Desk::new().flow("mintFromATemplate");
}

#[test]
fn a_pass_is_minted_from_the_form_shown_once_and_used() {
    Desk::new().flow("mint");
}

#[test]
fn a_pass_is_revoked_from_its_page() {
    Desk::new().flow("revoke");
}

#[test]
fn the_log_is_filtered_explained_and_verified() {
    let desk = Desk::new();
    desk.after_work();
    desk.flow("audit");
}

#[test]
fn a_page_shows_what_happens_and_that_its_session_ended() {
    Desk::new().flow("live");
}

#[test]
fn keys_lead_around() {
    Desk::new().flow("keys");
}

#[test]
fn everything_works_without_scripts() {
    Desk::new().flow("withoutScripts");
}

#[test]
fn a_page_that_an_agent_serves_reads_nothing_and_does_nothing() {
    Desk::new().flow("aStrangerOnThisMachine");
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    let desk = Desk::new();
    // A task may not hold control characters, but it may hold characters that reverse the reading order.
    let task = "<script>alert(1)</script><img src=x onerror=alert(2)> \u{202e}evil";
    let pass = desk.hallpass.mint(&[task, "--allow", "gmail:read"]);
    let id = desk.hallpass.json(&["inspect", &pass])["id"].as_str().expect("an id").to_owned();
    let path = "/gmail/v1/users/me/messages/%3Cscript%3Ealert(8)%3C%2Fscript%3E";
    desk.hallpass.agent(&pass, "DELETE", "gmail", path).send();
    let seq = desk.hallpass.log().last().expect("a record")["seq"].to_string();
    let more = [("PASS_ID", desk.pass_id()), ("HOSTILE_ID", id), ("HOSTILE_RECORD", seq)];
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
    desk.tell("browser/flows.mjs", "hostileTexts", &more);
}
