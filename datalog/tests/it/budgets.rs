//! Budgets beyond counts: what a pass says about them, what a request takes, and when waiting helps.

use std::sync::Arc;
use std::time::Duration;

use crate::common::*;
use base64::Engine;
use datalog::flags;
use datalog::*;

fn limited(limits: &[&str]) -> MintArgs {
    MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, strings(limits)),
        ..args(&["gmail:read", "gmail:write", "gmail:send"], &[], &[])
    }
}

fn gmail() -> KnownConnection {
    known_service("gmail", "me@example.com")
}

fn pass(limits: &[&str]) -> Arc<VerifiedPass> {
    verified(&limited(limits), &[gmail()])
}

fn message(to: &[&str]) -> Request {
    let raw = format!("From: me@example.com\r\nTo: {}\r\nSubject: x\r\n\r\nhello", to.join(", "));
    let raw = base64::engine::general_purpose::URL_SAFE.encode(raw);
    let body = format!("{{\"raw\":\"{raw}\"}}");
    let line = "POST /gmail/v1/users/me/messages/send";
    classified(&gmail(), line, "application/json", body.as_bytes()).unwrap()
}

fn list() -> Request {
    classified(&gmail(), "GET /gmail/v1/users/me/messages", "", b"").unwrap()
}

/// The store's answer for the first limit.
fn stands(pass: &VerifiedPass, spent: Spent) -> Context {
    Context { used: [(pass.limits()[0].budget.clone(), spent)].into(), ..Context::default() }
}

fn denied(pass: &Arc<VerifiedPass>, request: Request, context: &Context) -> Refused {
    match decide(pass, request, context, NOW) {
        Decided::Deny(refused) => refused,
        other => panic!("expected a deny, got {other:?}"),
    }
}

fn reserved(pass: &Arc<VerifiedPass>, request: Request, context: &Context) -> Vec<Reservation> {
    match decide(pass, request, context, NOW) {
        Decided::Allow(permitted) => permitted.reservations().to_vec(),
        other => panic!("expected an allow, got {other:?}"),
    }
}

#[test]
fn what_budgets_say_is_datalog_and_words_derived_from_it() {
    let limits =
        ["send=3/h", "gmail.users.messages.get=10", "gmail:recipients=5/d", "recipients=8", "bytes=10MB"];
    let content = pass(&limits);
    let shown = inspect::describe(content.content());
    let of_budgets = |text: &String| text.contains("budget") || text.contains("used");
    let mut lines: Vec<String> =
        shown.blocks[0].facts.iter().filter(|text| of_budgets(text)).cloned().collect();
    for caveat in shown.blocks[0].caveats.iter().filter(|caveat| of_budgets(&caveat.datalog)) {
        lines.push(format!("{}\n  {}", caveat.datalog, caveat.plain));
    }
    lines.extend(shown.says.iter().map(ToString::to_string));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_budget_that_is_not_understood_is_refused_with_what_to_write() {
    for bad in [
        "send",
        "send=",
        "send=-1",
        "send=3/w",
        "send=3/",
        "send=3kB",
        "bytes=10XB",
        "bytes=1.5MB",
        "recipients=5MB",
        "nobody:recipients=5",
        "sand=3",
        "bytes=",
        "send=3/h/h",
    ] {
        let told = MintTerms::parse(&limited(&[bad]), &[gmail()], NOW);
        assert!(told.is_err(), "{bad} was taken");
    }
    let twice = MintTerms::parse(&limited(&["send=3/h", "send=4/h"]), &[gmail()], NOW).unwrap_err();
    assert_eq!(twice.to_string(), "the budget `send/h` is given twice");
    assert!(MintTerms::parse(&limited(&["send=3/h", "send=9/d", "send=20"]), &[gmail()], NOW).is_ok());
}

#[test]
fn a_budget_of_recipients_where_nobody_is_read_is_refused() {
    let github = known_service("github", "me");
    let args = MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["recipients=5"]),
        ..args(&["github:read"], &[], &[])
    };
    let told = MintTerms::parse(&args, &[github], NOW).unwrap_err();
    let says = told.to_string();
    assert!(says.starts_with("`recipients=5` would count nobody"), "{says}");
}

#[test]
fn recipients_count_once_and_their_addresses_are_not_in_what_is_reserved() {
    let pass = pass(&["recipients=3"]);
    let two = message(&["a@example.com", "b@example.com", "a@example.com"]);
    let [taken] = &reserved(&pass, two.clone(), &Context::default())[..] else { panic!("one budget") };
    let Counts::Once(items) = &taken.counts else { panic!("{taken:?}") };
    assert_eq!((items.len(), taken.cost), (2, 2));
    assert!(!format!("{taken:?}").contains("example.com"));
    // Two were counted before, and this request reaches both of them again.
    let known = stands(&pass, Spent { used: 3, cost: Some(0), wait: None, ..Spent::default() });
    assert_eq!(reserved(&pass, two.clone(), &known).len(), 1);
    let one_new = stands(&pass, Spent { used: 3, cost: Some(1), wait: None, ..Spent::default() });
    assert!(denied(&pass, two.clone(), &one_new).exhausted());
    // If the store does not say, the worst is assumed.
    let unsaid = stands(&pass, 2.into());
    assert!(denied(&pass, two, &unsaid).exhausted());
    assert_eq!(reserved(&pass, list(), &stands(&pass, 3.into()))[0].cost, 0, "reading reaches nobody");
}

#[test]
fn a_request_that_hides_whom_it_reaches_is_unevaluable_under_a_budget_of_recipients() {
    let line = "POST /gmail/v1/users/me/drafts/send";
    let draft = classified(&gmail(), line, "application/json", br#"{"id":"r-1"}"#).unwrap();
    let refused = denied(&pass(&["recipients=3"]), draft.clone(), &Context::default());
    assert_eq!(refused.ground(), Ground::Unevaluable);
    assert!(matches!(decide(&pass(&["send=3"]), draft, &Context::default(), NOW), Decided::Allow(_)));
}

#[test]
fn bytes_are_reserved_for_the_request_and_a_little_of_the_answer_and_never_past_what_is_left() {
    let pass = pass(&["bytes=100kB"]);
    let request = message(&["a@example.com"]);
    let own = request.body_length();
    let taken = |used: u64| reserved(&pass, request.clone(), &stands(&pass, used.into()))[0].cost;
    assert_eq!(taken(0), own + 64 * 1024);
    assert_eq!(taken(90_000), 10_000);
    assert_eq!(taken(100_000 - own - 1), own + 1, "at least one byte of an answer is reserved");
    let refused = denied(&pass, request.clone(), &stands(&pass, (100_000 - own).into()));
    assert!(refused.exhausted());
}

#[test]
fn waiting_helps_where_every_budget_that_is_used_up_slides() {
    let both = pass(&["send=3/h", "send=9"]);
    let request = message(&["a@example.com"]);
    let [hourly, total] = both.limits() else { panic!("two budgets") };
    let context = |first: Spent, second: Spent| Context {
        used: [(hourly.budget.clone(), first), (total.budget.clone(), second)].into(),
        ..Context::default()
    };
    let full = Spent { used: 3, cost: None, wait: Some(90_000), ..Spent::default() };
    let refused = denied(&both, request.clone(), &context(full, 4.into()));
    assert_eq!(refused.wait(), Some(Duration::from_secs(90)));
    let refused = denied(&both, request.clone(), &context(full, 9.into()));
    assert_eq!((refused.exhausted(), refused.wait()), (true, None), "the other budget never refills");
    assert!(reserved(&both, list(), &context(full, 9.into())).is_empty());
}

#[test]
fn a_child_may_set_windows_of_its_own_and_none_on_its_parents_budgets() {
    let parent = MintTerms::parse(&limited(&["send=3"]), &[gmail()], NOW).unwrap();
    let parent = parent.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
    let services = [gmail().service];
    let narrower = AttenuateArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["send=1/m", "bytes=1MB/d"]),
        ..AttenuateArgs::default()
    };
    let child = attenuate(&parent, &narrower, &services, NOW).unwrap().content;
    let said: Vec<_> = child.limits.iter().map(|one| (one.name.as_str(), one.measure, one.window)).collect();
    assert_eq!(
        said,
        [
            ("send", Measure::Requests, None),
            ("send/m#1", Measure::Requests, Some(Window::Minute)),
            ("bytes/d#1", Measure::Bytes, Some(Window::Day)),
        ]
    );
    // By hand: a block that would make the parent's budget count bytes, or slide.
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&parent[PREFIX.len()..]).unwrap();
    for fact in [r#"budget_window("send", 60)"#, r#"budget_counts("send", "bytes")"#] {
        let token = biscuit_auth::UnverifiedBiscuit::from(&bytes).unwrap();
        let block = biscuit_auth::builder::BlockBuilder::new().fact(fact).unwrap();
        let text = token.append(block).unwrap().to_base64().unwrap();
        assert!(inspect::read(&text).is_err(), "{fact}");
    }
}

#[test]
fn counts_of_a_parents_budget_outlast_a_child_that_ends_sooner() {
    let parent = MintTerms::parse(&limited(&["send=3"]), &[gmail()], NOW).unwrap();
    let parent = parent.mint(&PassId::from_random([9; 16]), &root()).unwrap();
    let sooner = AttenuateArgs {
        narrow: Narrowing::default().with(&flags::FOR, ["1m"]).with(&flags::LIMIT, ["send=1"]),
        ..AttenuateArgs::default()
    };
    let child = attenuate(&parent.text, &sooner, &[gmail().service], NOW).unwrap().content;
    assert_eq!(child.limits[0].ends, parent.content.expires);
    assert_eq!(child.limits[1].ends, child.expires);
    assert!(child.expires < parent.content.expires);
}
