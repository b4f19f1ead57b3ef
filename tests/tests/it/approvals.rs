//! A person is asked. An SDK's agent waits for the answer, gets it, or is refused. The request goes once, whatever is
//! raced or killed, and only a person says yes.

use std::thread;

use harness::{Answer, Hallpass, Request, Running, Upstream, get, parallel, poll, python, request};
use serde_json::{Value, json};

const SEND: &str = "/gmail/v1/users/me/messages/send";

struct Desk {
    hallpass: Hallpass,
    google: Upstream,
    pass: String,
}

impl Desk {
    fn new() -> Self {
        let flags =
            ["answer my mail", "--allow", "gmail:read", "--ask", "gmail:send", "--ask", "gmail:write"];
        let (hallpass, google, pass) = Hallpass::with_a_pass(&flags);
        Self { hallpass, google, pass }
    }

    fn agent(&self, scenario: &str) -> Running {
        let mut command = python("agents/gmail.py");
        command.args([scenario, "bob@example.net"]);
        command.env("BASE_URL", self.hallpass.base("gmail")).env("PASS", &self.pass);
        Running::start(command)
    }

    /// The one question that waits.
    fn asked(&self) -> Value {
        poll("a question", || {
            let waiting = self.hallpass.json(&["approvals"]);
            let list = waiting.as_array().expect("a list");
            assert!(list.len() < 2, "{waiting:#}");
            list.first().cloned()
        })
    }

    fn send(&self, number: u32) -> Request {
        self.send_as(&self.pass, number)
    }

    fn send_as(&self, pass: &str, number: u32) -> Request {
        self.letter(pass, &format!("To: bob@example.net\r\n\r\nletter {number:06}\r\n"))
    }

    fn letter(&self, pass: &str, text: &str) -> Request {
        self.hallpass.agent(pass, "POST", "gmail", SEND).json(&json!({ "raw": base64url(text.as_bytes()) }))
    }

    fn sent(&self) -> usize {
        self.google.seen_at(SEND).len()
    }

    fn id(answer: &Answer) -> String {
        answer.json()["approval"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
    }
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number =
            group.iter().enumerate().fold(0u32, |sum, (at, byte)| sum | u32::from(*byte) << (16 - 8 * at));
        for place in 0..=group.len() {
            text.push(char::from(LETTERS[(number >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

fn printed(agent: Running) -> Value {
    let (_, stdout, stderr) = agent.finish();
    serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}\n{stderr}"))
}

#[test]
fn an_sdk_waits_for_a_person_and_gets_its_yes() {
    let desk = Desk::new();
    let agent = desk.agent("send-and-wait");
    let asked = desk.asked();
    assert_eq!(asked["operation"], "gmail.users.messages.send");
    assert_eq!(asked["shown"]["recipients"], json!(["bob@example.net"]));
    assert_eq!(asked["shown"]["letters"][0]["subject"], "re: letter 1");
    assert_eq!(asked["shown"]["letters"][0]["text"], "thanks");
    assert!(asked["shown"]["irreversible"].is_string(), "{asked:#}");
    assert_eq!(desk.sent(), 0);
    let told = desk.hallpass.run(&["approve", asked["id"].as_str().unwrap()]).expect(0);
    assert!(told.stdout.ends_with("approved\n") && told.stderr.contains("bob@example.net"), "{told:?}");
    let answer = printed(agent);
    assert!(answer["result"]["id"].is_string(), "{answer}");
    assert_eq!(desk.sent(), 1);
    assert_eq!(desk.hallpass.json(&["approvals"]), json!([]));
}

#[test]
fn an_sdk_reads_why_a_person_said_no() {
    let desk = Desk::new();
    let agent = desk.agent("send-and-wait");
    let id = desk.asked()["id"].as_str().unwrap().to_owned();
    desk.hallpass.run(&["deny", &id, "--because", "not to bob"]).expect(0);
    let answer = printed(agent);
    let error = answer["error"].as_str().unwrap_or_else(|| panic!("was not refused: {answer}"));
    assert!(error.contains("approval-denied") && error.contains("not to bob"), "{error}");
    assert_eq!(answer["status"], 403);
    assert_eq!(desk.sent(), 0);
}

#[test]
fn an_sdk_that_does_not_wait_is_told_to_come_back_and_may() {
    let desk = Desk::new();
    let error = printed(desk.agent("send"))["error"].as_str().expect("a refusal").to_owned();
    assert!(error.contains("approval-required"), "{error}");
    let id = desk.asked()["id"].as_str().unwrap().to_owned();
    desk.hallpass.run(&["approve", &id]).expect(0);
    let answer = printed(desk.agent("send"));
    assert!(answer["result"]["id"].is_string(), "{answer}");
    assert_eq!(desk.sent(), 1);
}

/// The boundary, date and id differ each time. Once, another client sends the letter.
#[test]
fn a_letter_that_an_sdk_builds_anew_is_one_question_and_goes_once() {
    let desk = Desk::new();
    for _ in 0..2 {
        let error = printed(desk.agent("send-attached"))["error"].as_str().expect("a refusal").to_owned();
        assert!(error.contains("approval-required"), "{error}");
    }
    let asked = desk.asked();
    let letter = &asked["shown"]["letters"][0];
    assert_eq!((&letter["to"], &letter["text"]), (&json!(["bob@example.net"]), &json!("see the file")));
    assert_eq!(letter["attachments"][0]["name"], "a.pdf");
    desk.hallpass.run(&["approve", asked["id"].as_str().unwrap()]).expect(0);
    let answer = printed(desk.agent("send-attached"));
    assert!(answer["result"]["id"].is_string(), "{answer}");
    let error = printed(desk.agent("send-attached"))["error"].as_str().expect("a refusal").to_owned();
    assert!(error.contains("approval-required"), "approved once goes once: {error}");
    assert_eq!(desk.sent(), 1);
    let held = desk.send(9).header("Accept", "*/*").send();
    desk.hallpass.run(&["approve", &Desk::id(&held)]).expect(0);
    desk.send(9).header("Accept", "application/json").header("User-Agent", "another").send().expect(200);
}

#[test]
fn a_no_stands_at_every_door_until_who_said_it_takes_it_back() {
    let desk = Desk::new();
    for name in ["anna", "bob"] {
        desk.hallpass.run(&["approvers", "add", name]).expect(0);
    }
    let id = Desk::id(&desk.send(1).send().expect(403));
    let denied = desk.hallpass.run(&["deny", &id, "--because", "not to bob"]).expect(0);
    assert!(denied.stderr.contains("denied as `owner`; `--as NAME`"), "{denied:?}");
    for by in [&["--as", "bob"][..], &["--as", "anna"], &[], &["--version", "2"], &["--version", "1"]] {
        let refused = desk.hallpass.run(&[&["approve", &id], by].concat()).expect(1);
        assert!(refused.stderr.contains("was denied by `owner` at"), "{by:?}: {refused:?}");
        assert!(
            refused.stderr.contains("not to bob") && refused.stderr.contains("hallpass reopen"),
            "{refused:?}"
        );
    }
    let refused = desk.hallpass.run(&["approve", &id, "--json"]).expect(1);
    assert!(
        refused.stderr.contains(r#""outcome":"failed""#) && refused.stderr.contains("denied by"),
        "{refused:?}"
    );
    desk.hallpass.run(&["reopen", &id, "--as", "bob"]).expect(1);
    // Ten other texts to the same people raise no further question.
    for number in 2..12 {
        let told = desk.send(number).send();
        assert_eq!(told.code(), "approval-denied");
        assert!(told.text().contains("not to bob"), "{}", told.text());
    }
    assert_eq!(desk.hallpass.json(&["approvals"]), json!([]));
    assert_eq!(desk.hallpass.log().iter().filter(|one| one["event"] == "asked").count(), 1);
    desk.hallpass.run(&["reopen", &id]).expect(0);
    assert_eq!(desk.send(1).send().code(), "approval-required");
    desk.hallpass.run(&["approve", &id, "--as", "bob"]).expect(0);
    let all = desk.hallpass.json(&["approvals", "--all"]);
    let said: Vec<_> =
        all[0]["history"].as_array().unwrap().iter().map(|one| (&one["by"], &one["said"])).collect();
    let words =
        [("owner", "no"), ("owner", "reopened"), ("bob", "yes")].map(|(by, said)| (json!(by), json!(said)));
    assert_eq!(said, words.each_ref().map(|(by, said)| (by, said)), "{all:#}");
    let told = desk.hallpass.run(&["approvals", "--all"]).expect(0).stdout;
    assert!(told.contains("denied by owner") && told.contains("approved by bob"), "{told}");
    desk.send(1).send().expect(200);
    assert_eq!(desk.sent(), 1);
}

#[test]
fn a_person_reads_in_the_terminal_what_the_recipient_will_read() {
    let desk = Desk::new();
    let text = "From: Alice <alice@example.com>\r\nTo: Bob <bob@example.net>\r\nCc: eve@evil.example\r\nReply-To: x@evil.example\r\n\
        Subject: hi\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nThanks!\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>WIRE 1000</p><i hidden>psst</i>\u{2800}\r\n--b--\r\n";
    let asked = desk.letter(&desk.pass, &text.replace('\u{2800}', "&#10240;")).send();
    assert_eq!(asked.code(), "approval-required", "{}", asked.text());
    let shown = desk.hallpass.run(&["approvals"]).expect(0).stdout;
    for seen in [
        "from      alice@example.com (Alice)",
        "to        bob@example.net (Bob)",
        "cc        eve@evil.example",
        "field     reply-to: x@evil.example",
        "text      Thanks!",
        "page      WIRE 1000",
        "[may be hidden: psst]",
        r"\u{2800}",
    ] {
        assert!(shown.contains(seen), "{seen}: {shown}");
    }
}

#[test]
fn of_a_hundred_held_and_retried_requests_one_is_sent() {
    let desk = Desk::new();
    let id = Desk::id(&desk.send(1).send().expect(403));
    let held: Vec<Request> = (0..50).map(|_| desk.send(1).header("Prefer", "wait=10")).collect();
    let waiting = thread::spawn(move || parallel(held));
    desk.hallpass.run(&["approve", &id]).expect(0);
    let retried = parallel((0..50).map(|_| desk.send(1)));
    let answers = [waiting.join().expect("the agents end"), retried].concat();
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(desk.sent(), 1);
}

#[test]
fn an_approval_is_a_block_that_a_stock_library_verifies() {
    let desk = Desk::new();
    let refused = desk.send(1).send().expect(403);
    desk.hallpass.run(&["approve", &Desk::id(&refused)]).expect(0);
    let all = desk.hallpass.json(&["approvals", "--all"]);
    let (digest, block) =
        (all[0]["digest"].as_str().unwrap(), all[0]["answers"][0]["block"].as_str().unwrap());
    let approvers = desk.hallpass.json(&["approvers"]);
    let approver = approvers[0]["public_key"].as_str().unwrap();
    let keys = desk.hallpass.root_keys();
    let verified = |token: &str| -> Value {
        let output = python("agents/approval.py")
            .arg(token)
            .env("KEYS", keys.to_string())
            .output()
            .expect("the agent runs");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    };
    let token = desk.hallpass.run(&["approvers", "prove", &desk.pass, block]).expect(0).line();
    let good = verified(&token);
    let source = good["source"].as_str().unwrap_or_else(|| panic!("{good}"));
    assert!(source.contains(&format!("approved(\"{digest}\")")), "{source}");
    assert!(source.contains("approver(\"owner\")") && source.contains("approved_until("), "{source}");
    assert!(good["by"].as_str().is_some_and(|key| key.contains(approver)), "{good}");
    let other = desk.hallpass.mint(&["another", "--ask", "gmail:send", "--ask", "gmail:write"]);
    let forged = desk.hallpass.run(&["approvers", "prove", &other, block]).expect(0).line();
    assert!(verified(&forged)["error"].is_string(), "another pass");
    assert!(desk.send_as(&token, 2).send().status >= 400, "it is a proof, not a pass");
    let log = desk.hallpass.log();
    assert!(
        log.iter().any(|one| one["event"] == "approved" && one["approval"]["block"] == block),
        "{log:#?}"
    );
}

#[test]
fn nobody_but_a_person_approves() {
    let desk = Desk::new();
    let refused = desk.send(1).send().expect(403);
    let (id, status) = (Desk::id(&refused), refused.json()["status_url"].as_str().unwrap().to_owned());
    assert_eq!(get(&status).bearer(&desk.pass).send().expect(200).json()["status"], "pending");
    assert_eq!(get(&status).send().status, 401, "the link alone tells nothing");
    let other = desk.hallpass.mint(&["another", "--ask", "gmail:send", "--ask", "gmail:write"]);
    assert_eq!(get(&status).bearer(&other).send().status, 404);
    for (method, path) in [
        ("POST", format!("/approvals/{id}")),
        ("PUT", format!("/approvals/{id}")),
        ("PUT", format!("/v1/approvals/{id}/approval")),
        ("POST", format!("/v1/approvals/{id}/approval")),
        ("GET", "/v1/approvals".to_owned()),
    ] {
        for host in [&desk.hallpass.gateway, &desk.hallpass.authority] {
            let answer = request(method, format!("{host}{path}")).bearer(&desk.pass).json(&json!({})).send();
            assert!(answer.status >= 400, "{method} {host}{path}: {}", answer.text());
        }
    }
    assert_eq!(desk.send(1).send().code(), "approval-required");
    assert_eq!(desk.sent(), 0);
}

#[test]
fn a_stop_drops_what_is_held_at_once() {
    let desk = Desk::new();
    for scope in [&[][..], &["--connection", "gmail"], &["--task", "answer my mail"]] {
        let held = desk.send(1).header("Prefer", "wait=60");
        let waiting = thread::spawn(move || held.send());
        desk.asked();
        desk.hallpass.run(&[&["stop"], scope].concat()).expect(0);
        let answer = waiting.join().expect("the agent ends");
        assert_eq!(answer.code(), "stopped", "{scope:?}: {}", answer.text());
        assert!(desk.send(1).send().status >= 400);
        desk.hallpass.run(&[&["resume"], scope].concat()).expect(0);
        assert_eq!(desk.send(1).send().code(), "approval-required", "the question still stands");
    }
    desk.hallpass.run(&["approve", desk.asked()["id"].as_str().unwrap()]).expect(0);
    desk.send(1).send().expect(200);
    assert_eq!(desk.sent(), 1);
}

#[test]
fn a_holder_gives_up_its_pass_and_not_its_parents() {
    let desk = Desk::new();
    let child = desk.hallpass.run(&["attenuate", &desk.pass, "--only", "gmail:read"]).expect(0).line();
    let page = format!("{}/pass", desk.hallpass.gateway);
    request("DELETE", &page).bearer(&child).send().expect(200);
    assert_eq!(get(&page).bearer(&child).send().expect(401).code(), "pass-revoked");
    get(&page).bearer(&desk.pass).send().expect(200);
    request("DELETE", &page).bearer(&desk.pass).send().expect(200);
    get(&page).bearer(&desk.pass).send().expect(401);
    let given_up = |one: &&Value| one["event"] == "revoked" && one["detail"] == "its holder gave it up";
    assert_eq!(desk.hallpass.log().iter().filter(given_up).count(), 2);
}

/// A kill at any point between the yes and the answer: nothing is sent twice, or without a record.
#[test]
fn a_kill_between_the_yes_and_the_answer_sends_nothing_twice() {
    let mut desk = Desk::new();
    let mut approved = 0;
    for round in 0..9u32 {
        let id = Desk::id(&desk.send(round).send().expect(403));
        let held: Vec<Request> = (0..8).map(|_| desk.send(round).header("Prefer", "wait=30")).collect();
        let waiting: Vec<_> = held.into_iter().map(|one| thread::spawn(move || one.try_send())).collect();
        let sent_before = desk.sent();
        desk.hallpass.run(&["approve", &id]).expect(0);
        approved += 1;
        match round % 3 {
            0 => {}
            1 => poll("the letter on its way", || (desk.sent() > sent_before).then_some(())),
            _ => poll("an answer", || waiting.iter().any(thread::JoinHandle::is_finished).then_some(())),
        }
        desk.hallpass.kill();
        for agent in waiting {
            agent.join().expect("the agent ends");
        }
        desk.hallpass.serve();
        // An approved request that was not sent may still go, once; one that was sent may not.
        let again = desk.send(round).send();
        assert!(matches!(again.status, 200 | 403), "{}", again.text());
        let letter = base64url(format!("To: bob@example.net\r\n\r\nletter {round:06}\r\n").as_bytes());
        let sent = desk.google.seen_at(SEND).iter().filter(|seen| seen.body.contains(&letter)).count();
        assert!(sent <= 1, "round {round}: sent {sent} times");
    }
    let log = desk.hallpass.log();
    let intents = log.iter().filter(|one| one["kind"] == "intent" && one["approval"].is_string()).count();
    assert!(desk.sent() <= intents && intents <= approved, "{} sent, {intents} records", desk.sent());
    desk.hallpass.run(&["log", "verify"]).expect(0);
}

/// A webhook's requests: headers and body.
fn notices(told: &Upstream) -> Vec<(harness::Seen, Value)> {
    let all = told.seen_at("/hook").into_iter();
    all.map(|seen| (seen.clone(), serde_json::from_str(&seen.body).expect("a notice is JSON"))).collect()
}

#[test]
fn a_person_is_told_once_of_a_flood_and_of_a_stop() {
    let mut desk = Desk::new();
    let folder = desk.hallpass.home();
    let heard = folder.join("heard.jsonl");
    let told = Upstream::oidc(&json!({}));
    std::fs::write(folder.join("webhook.txt"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    desk.hallpass.configure(&format!(
        "\n[notify]\nwebhook = \"{}/hook\"\nwebhook_secret_file = \"webhook.txt\"\n\
         command = [\"sh\", \"-c\", \"cat >> '{}'\"]\n",
        told.url,
        heard.display()
    ));
    desk.hallpass.terminate();
    desk.hallpass.serve();
    let answers = parallel((0..14).map(|number| desk.send(number)));
    assert!(answers.iter().all(|answer| answer.code() == "approval-required"));
    desk.hallpass.run(&["stop"]).expect(0);
    let lines = || std::fs::read_to_string(&heard).unwrap_or_default();
    let read = poll("the notices", || {
        let all: Vec<Value> = lines().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        all.iter().any(|one| one["type"] == "stopped").then_some(all)
    });
    let asked: Vec<&Value> = read.iter().filter(|one| one["type"] == "approval.asked").collect();
    assert!(asked.len() <= 2, "a flood causes one notice, or two if it began before the first: {read:#?}");
    assert!(!lines().contains("bob@example.net") && !lines().contains("letter 00"), "{}", lines());
    // The webhook refuses the notice, and gets it again.
    let (first, body) = poll("the webhook, twice", || {
        let all = notices(&told);
        let again = all.iter().filter(|one| one.0.headers["webhook-id"] == all[0].0.headers["webhook-id"]);
        (again.count() > 1).then(|| all[0].clone())
    });
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert!(first.headers.contains_key(header), "{first:?}");
    }
    assert!(first.headers["webhook-signature"].starts_with("v1,"));
    assert!(body["type"].is_string(), "{body}");
}

/// `hallpass approvals --watch` at a terminal.
fn at_a_terminal(desk: &Desk) -> Running {
    let watch = desk.hallpass.command(&["approvals", "--watch"]);
    let mut terminal = python("agents/terminal.py");
    terminal.arg(watch.get_program()).args(watch.get_args()).env("NO_COLOR", "1");
    Running::start(terminal)
}

#[test]
fn a_person_at_a_terminal_answers_by_a_line_what_is_there_to_be_read() {
    let desk = Desk::new();
    let mut terminal = at_a_terminal(&desk);
    let says = |text: &'static str| move |line: &str| line.contains(text).then_some(());
    assert_eq!(desk.send(1).send().code(), "approval-required");
    terminal.wait_for("whom it reaches", says("bob@example.net"));
    terminal.wait_for("choice", says("y once"));
    terminal.write_line("y");
    terminal.wait_for("answer", says("approved"));
    desk.send(1).send().expect(200);

    // A line that was typed before a question does not answer it.
    terminal.write_line("y");
    terminal.wait_for("echo", |line| (line.trim() == "y").then_some(()));
    assert_eq!(desk.send(2).send().code(), "approval-required");
    terminal.wait_for("choice", says("y once"));
    assert_eq!(desk.asked()["status"], "pending");
    terminal.write_line("n not before noon");
    terminal.wait_for("answer", says("denied"));
    let told = desk.send(2).send();
    assert_eq!(told.code(), "approval-denied");
    assert!(told.text().contains("not before noon"), "{}", told.text());

    assert_eq!(desk.send(3).send().code(), "approval-denied", "other words to the same people");

    let to_carol = |text| desk.letter(&desk.pass, &format!("To: carol@example.net\r\n\r\n{text}\r\n")).send();
    assert_eq!(to_carol("one").code(), "approval-required");
    terminal.wait_for("choice", says("y once"));
    terminal.write_line("o shorter");
    terminal.wait_for("answer", says("denied"));
    assert_eq!(to_carol("two").code(), "approval-required", "only that one was denied");
    terminal.wait_for("choice", says("y once"));
    // Meanwhile somebody answers elsewhere.
    desk.hallpass.run(&["deny", desk.asked()["id"].as_str().unwrap(), "--because", "elsewhere"]).expect(0);
    terminal.write_line("y");
    terminal.wait_for("what was said elsewhere", says("was denied by `owner`"));
    assert_eq!(to_carol("two").code(), "approval-denied");

    assert_eq!(
        desk.letter(&desk.pass, "To: dan@example.net\r\n\r\nhi\r\n").send().code(),
        "approval-required"
    );
    terminal.wait_for("choice", says("y once"));
    terminal.write_line("q");
    let (status, shown, _) = terminal.finish();
    assert!(status.success(), "{shown}");
    assert_eq!(desk.sent(), 1);
}
