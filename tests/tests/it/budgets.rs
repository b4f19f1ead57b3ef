//! Budgets through the real gateway: a thousand requests of a pass and its child race, and processes are killed
//! between reserving and sending. What was taken stays taken, and no more requests reach the service than the budget
//! has.

use std::thread;
use std::time::{Duration, Instant};

use harness::{Answer, Hallpass, Request, Upstream, get, poll, race};
use serde_json::{Value, json};

const LIST: &str = "/gmail/v1/users/me/messages";
const SEND: &str = "/gmail/v1/users/me/messages/send";

struct Mail {
    hallpass: Hallpass,
    oidc: Upstream,
    connected: Instant,
}

impl Mail {
    fn new() -> Self {
        Self::with_token_of(3_600)
    }

    /// Connected with an access token of this many seconds; refreshed ones last longer.
    fn with_token_of(seconds: u32) -> Self {
        let oidc = Upstream::oidc(&json!({ "access_ttl": seconds }));
        let mut hallpass = Hallpass::new().with_oidc(&oidc);
        hallpass.connect_as("alice", &["gmail"]);
        let connected = Instant::now();
        hallpass.serve();
        oidc.control(&json!({ "access_ttl": 3_600 }));
        Self { hallpass, oidc, connected }
    }

    /// A pass with this budget, and one that was attenuated from it.
    fn passes(&self, limit: &str) -> [String; 2] {
        let pass = self.hallpass.mint(&[
            "race",
            "--allow",
            "gmail:read",
            "--allow",
            "gmail:send",
            "--allow",
            "gmail:write",
            "--limit",
            limit,
        ]);
        let child = self.hallpass.run(&["attenuate", &pass, "--for", "20m"]).expect(0).line();
        [pass, child]
    }

    fn list(&self, pass: &str) -> Request {
        self.hallpass.agent(pass, "GET", "gmail", LIST)
    }

    fn send(&self, pass: &str, to: usize) -> Request {
        use base64::Engine as _;
        let letter = format!("To: person-{to}@example.net\r\n\r\nhello\r\n");
        let raw = base64::engine::general_purpose::URL_SAFE.encode(letter);
        self.hallpass.agent(pass, "POST", "gmail", SEND).json(&json!({ "raw": raw }))
    }

    fn reached(&self) -> usize {
        self.oidc.seen_at("/gmail/").len()
    }

    /// The rest of the pass's one budget, as its holder reads it.
    fn left(&self, pass: &str) -> u64 {
        let page = get(format!("{}/pass", self.hallpass.gateway)).bearer(pass).send().expect(200).json();
        page["budgets"][0]["left"].as_u64().expect("a number")
    }
}

fn id_of(mail: &Mail, pass: &str) -> String {
    mail.hallpass.json(&["inspect", pass])["id"].as_str().expect("an id").to_owned()
}

/// The result of a race: every answer but budget refusals (403, because no budget refills within a minute), and how
/// many connections were lost.
struct Raced {
    answered: Vec<Answer>,
    lost: usize,
}

fn raced(requests: impl IntoIterator<Item = Request>) -> Raced {
    let mut raced = Raced { answered: Vec::new(), lost: 0 };
    for answer in race(requests) {
        match answer {
            Ok(answer) if answer.status == 200 => raced.answered.push(answer),
            Ok(other) => {
                let refusal = (other.status, other.code());
                assert_eq!(refusal, (403, "budget-exhausted".into()), "{}", other.text());
            }
            Err(_) => raced.lost += 1,
        }
    }
    raced
}

impl Raced {
    /// Checks that exactly as many went as the budget has. A request whose connection was lost counts as unknown.
    fn went(&self, size: usize, reached: usize, what: &str) {
        let (answered, lost) = (self.answered.len(), self.lost);
        let fits =
            answered <= reached && reached <= size && reached + lost >= size && answered + lost >= size;
        assert!(fits, "{what}: {answered} answered and {reached} reached of {size}, {lost} lost");
    }
}

#[test]
fn of_a_thousand_that_race_for_a_budget_as_many_go_as_it_has() {
    let mail = Mail::new();
    for (limit, size) in
        [("gmail.users.messages.list=7", 7), ("gmail:send=5/h", 5), ("gmail:recipients=6", 6)]
    {
        let both = mail.passes(limit);
        mail.oidc.forget();
        let requests = (0..1_000).map(|number| {
            let pass = &both[number % 2];
            if limit.contains("list") { mail.list(pass) } else { mail.send(pass, number) }
        });
        raced(requests).went(size, mail.reached(), limit);
        assert_eq!([mail.left(&both[0]), mail.left(&both[1])], [0, 0], "{limit}: one budget for both");
        assert_eq!(mail.hallpass.json(&["passes", &id_of(&mail, &both[0])])["budgets"][0]["left"], 0);
    }
}

#[test]
fn a_child_has_its_own_budget_within_its_parents() {
    let mail = Mail::new();
    let [parent, _] = mail.passes("gmail:read=9");
    let child = mail.hallpass.run(&["attenuate", &parent, "--limit", "gmail:read=4"]).expect(0).line();
    mail.oidc.forget();
    raced((0..500).map(|_| mail.list(&child))).went(4, mail.reached(), "the child's");
    raced((0..500).map(|number| mail.list(if number % 2 == 0 { &parent } else { &child })));
    assert_eq!((mail.reached(), mail.left(&parent)), (9, 0));
}

#[test]
fn of_a_thousand_that_race_for_bytes_no_more_are_given_than_there_are() {
    let mail = Mail::new();
    let both = mail.passes("gmail:bytes=20kB");
    mail.oidc.forget();
    let raced = raced((0..1_000).map(|number| mail.list(&both[number % 2])));
    let given = raced.answered.iter().map(|one| one.body.len() as u64).sum::<u64>();
    assert!(given > 0 && given <= 20_000, "{given} bytes were given");
    if raced.lost == 0 {
        // Unused bytes are back once the answer has ended.
        poll("what is left", || (mail.left(&both[0]) == 20_000 - given).then_some(()));
        assert_eq!(mail.reached(), raced.answered.len());
    }
}

const SIZE: u64 = 8;

/// Six requests of a pass and its child; Hallpass is killed when `time` says so. Afterwards no taken use is back, and
/// exactly the rest goes. Returns how many had left by then, and how many should have.
fn killed(mail: &mut Mail, time: impl Fn(&Mail, &str, &[thread::JoinHandle<Option<Answer>>])) -> (u64, u64) {
    let [pass, child] = mail.passes(&format!("gmail:read={SIZE}"));
    let id = id_of(mail, &pass);
    mail.oidc.forget();
    let asking: Vec<_> = (0..6)
        .map(|number| mail.list(if number % 2 == 0 { &pass } else { &child }))
        .map(|request| thread::spawn(move || request.try_send()))
        .collect();
    time(mail, &pass, &asking);
    mail.hallpass.kill();
    asking.into_iter().for_each(|agent| drop(agent.join()));
    mail.oidc.control(&json!({ "hold": null, "hold_mail": false }));
    let is_intent = |one: &&Value| one["kind"] == "intent" && one["lineage"][0] == *id;
    let intents = mail.hallpass.log().iter().filter(is_intent).count() as u64;
    let sent = mail.reached() as u64;
    assert!(sent <= intents && intents <= SIZE, "{sent} sent, {intents} records");
    let shown = mail.hallpass.json(&["passes", &id]);
    assert_eq!(shown["budgets"][0]["left"], SIZE - intents, "not given back");
    mail.hallpass.serve();
    assert_eq!(mail.left(&child), SIZE - intents, "not given back");
    poll("the rest", || {
        mail.list(&pass).try_send()?;
        (mail.left(&pass) == 0).then_some(())
    });
    let last = mail.list(&pass).send();
    assert_eq!(last.code(), "budget-exhausted", "{}", last.text());
    let all = mail.reached() as u64;
    assert!(
        all - sent <= SIZE - intents && all <= SIZE,
        "{all} of {SIZE}, {sent} before the end of {intents}"
    );
    (sent, intents)
}

/// Hallpass is killed while it waits for the credential: everything is durable, and nothing has left.
#[test]
fn a_kill_between_what_is_reserved_and_what_is_sent_gives_nothing_back() {
    for taken in [1, 6] {
        let mut mail = Mail::with_token_of(5);
        poll("the end of the token", || (mail.connected.elapsed() > Duration::from_secs(5)).then_some(()));
        mail.oidc.control(&json!({ "hold": "before" }));
        let (sent, intents) = killed(&mut mail, |mail, pass, _| {
            poll("what is reserved", || (mail.left(pass) <= SIZE - taken).then_some(()));
        });
        assert!(sent == 0 && intents >= taken, "{sent} of {intents}");
    }
}

/// Hallpass is killed when requests were sent but not answered, and at any moment between.
#[test]
fn a_kill_at_any_moment_of_a_race_gives_nothing_back() {
    let mut mail = Mail::new();
    for round in 0..8u64 {
        mail.oidc.control(&json!({ "hold_mail": round % 2 == 0 }));
        killed(&mut mail, |mail, pass, asking| match round % 2 {
            0 => poll("what is reserved", || (mail.left(pass) < SIZE - round / 2).then_some(())),
            _ => poll("an answer", || {
                asking.iter().filter(|one| one.is_finished()).nth(usize::try_from(round / 2).ok()?).map(drop)
            }),
        });
    }
    mail.hallpass.run(&["log", "verify"]).expect(0);
}

#[test]
fn what_is_left_is_told_to_the_holder_and_to_the_person() {
    let mail = Mail::new();
    let pass = mail.hallpass.mint(&[
        "tell",
        "--allow",
        "gmail:read",
        "--allow",
        "gmail:send",
        "--allow",
        "gmail:write",
        "--limit",
        "send=3/h",
        "--limit",
        "recipients=4",
        "--limit",
        "gmail:bytes=1MB",
        "--limit",
        "gmail:read=2",
    ]);
    mail.send(&pass, 1).send().expect(200);
    mail.list(&pass).send().expect(200);
    let id = id_of(&mail, &pass);
    let of = |budgets: &Value, name: &str| {
        let all = budgets.as_array().expect("a list");
        all.iter().find(|one| one["of"] == name).unwrap_or_else(|| panic!("{name} in {budgets:#}")).clone()
    };
    let page = poll("the bytes that were not needed", || {
        let page = get(format!("{}/pass", mail.hallpass.gateway)).bearer(&pass).send().expect(200).json();
        (of(&page["budgets"], "gmail:bytes")["left"].as_u64()? > 990_000).then_some(page)
    });
    let shown = mail.hallpass.json(&["passes", &id]);
    let listed = mail.hallpass.json(&["passes"]);
    for budgets in [&page["budgets"], &shown["budgets"], &listed[0]["budgets"]] {
        let left = ["send/h", "recipients", "gmail:read"].map(|name| of(budgets, name)["left"].clone());
        assert_eq!(left, [2, 3, 1], "{budgets:#}");
        assert!(of(budgets, "send/h")["refills_at"].is_string(), "{budgets:#}");
        assert!(of(budgets, "recipients")["refills_at"].is_null(), "it never refills");
        assert_eq!(
            (of(budgets, "send/h")["per"].clone(), of(budgets, "gmail:bytes")["counts"].clone()),
            ("hour".into(), "bytes".into())
        );
    }
    let table = mail.hallpass.run(&["passes", &id]).expect(0).stdout;
    assert!(table.contains("3 requests an hour") && table.contains("4 recipients"), "{table}");
    assert!(mail.hallpass.run(&["passes"]).expect(0).stdout.contains("send/h 2 of 3"), "{table}");
    // Offline, `inspect` lists the budgets and says where to ask what is left.
    let inspected = mail.hallpass.run(&["inspect", &pass]).expect(0);
    assert!(inspected.stderr.contains(&format!("hallpass passes {id}")), "{}", inspected.stderr);
}
