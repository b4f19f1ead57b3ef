//! A replay tells what the record tells, and never more: if it says allow, ask or deny, the request would have got
//! that answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot be arranged fails")]

use std::collections::BTreeSet;

use crate::common::{CATALOG, NOW, classified, known_service, strings, verified};
use datalog::can::{Possible, would};
use datalog::replay::{Recorded, Replay, Verdict};
use datalog::*;

fn requests() -> Vec<Request> {
    let gmail = known_service("gmail", "me@example.com");
    let mail = "/gmail/v1/users/me";
    let lines = [
        format!("GET {mail}/messages?q=is:unread&maxResults=10"),
        format!("GET {mail}/messages?q=is:unread&maxResults=10&pageToken=7"),
        format!("GET {mail}/messages/18f0"),
        format!("GET {mail}/messages/18f1?format=raw"),
        format!("DELETE {mail}/messages/18f0"),
        format!("GET {mail}/labels"),
        format!("POST {mail}/messages/18f0/trash"),
    ];
    let mut requests: Vec<Request> =
        lines.iter().map(|line| classified(&gmail, line, "", b"").unwrap()).collect();
    let send = format!("POST {mail}/messages/send");
    // To: alice@example.com
    let body = br#"{"raw":"VG86IGFsaWNlQGV4YW1wbGUuY29tDQoNCmhp"}"#;
    requests.push(classified(&gmail, &send, "application/json", body).unwrap());
    requests
}

fn passes() -> Vec<MintArgs> {
    let allow = |allow: &[&str]| MintArgs { task: "t".into(), allow: strings(allow), ..MintArgs::default() };
    let all = ["gmail:read", "gmail:write", "gmail:send", "gmail:delete"];
    vec![
        allow(&["gmail:read"]),
        MintArgs {
            ask: strings(&["gmail:send"]),
            deny: strings(&["gmail:delete"]),
            ..allow(&["gmail:read"])
        },
        MintArgs { narrow: Narrowing::default().with(&flags::RESOURCE, ["message=18f0"]), ..allow(&all) },
        MintArgs {
            narrow: Narrowing::default().with(&flags::ARG, ["gmail.users.messages.list: q, maxResults"]),
            ..allow(&all)
        },
        MintArgs {
            narrow: Narrowing::default()
                .with(&flags::ARG, ["gmail.users.messages.list: q = \"is:unread\", maxResults<=10"]),
            ..allow(&all)
        },
        MintArgs { narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["example.com"]), ..allow(&all) },
        MintArgs {
            narrow: Narrowing::default().with(&flags::DURING, ["sun 08:00-10:00 UTC"]),
            ..allow(&all)
        },
        MintArgs {
            narrow: Narrowing::default().with(&flags::DURING, ["mon 08:00-10:00 UTC"]),
            ..allow(&all)
        },
        MintArgs { narrow: Narrowing::default().with(&flags::LIMIT, ["read=1", "send=2/h"]), ..allow(&all) },
        MintArgs { narrow: Narrowing::default().with(&flags::NEWER_THAN, ["24h"]), ..allow(&["gmail:read"]) },
        MintArgs { narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["message"]), ..allow(&all) },
        MintArgs {
            narrow: Narrowing::default().with(
                &flags::CHECK,
                ["check if arg(\"q\", \"is:unread\") or operation(\"gmail.users.labels.list\")"],
            ),
            ..allow(&all)
        },
    ]
}

#[test]
fn a_replay_never_says_more_than_the_request_would_have_been_answered() {
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let mut seen = BTreeSet::new();
    for args in passes() {
        let pass = verified(&args, &[known_service("gmail", "me@example.com")]);
        let replay = Replay::of(pass.content(), &services);
        for request in requests() {
            let outline = request.outline();
            let recorded = Recorded {
                connection: request.connection.as_str(),
                operation: request.operation.id.as_str(),
                outline: Some(&outline),
                kept: None,
                at: NOW,
            };
            let replayed = replay.answer(&recorded);
            let answered = would(pass.content(), &request, NOW).decision;
            let agrees = match replayed.verdict {
                Verdict::Allow => answered == Possible::Allow,
                Verdict::Ask => answered == Possible::Ask,
                Verdict::Deny => answered == Possible::Deny,
                Verdict::Untold => !replayed.because.is_empty(),
            };
            assert!(agrees, "{args:?}\n{} was {answered:?}: {replayed:?}", request.operation.id);
            seen.insert(replayed.verdict);
        }
    }
    assert_eq!(seen.len(), 4, "every kind of answer occurs: {seen:?}");
}

/// The stored facts of a decision under one pass, tried under another: the result is exact, or untold.
#[test]
fn by_kept_facts_a_pass_answers_as_it_would_have_and_its_own_always() {
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let verify = |args: &MintArgs| verified(args, &[known_service("gmail", "me@example.com")]);
    let context = Context::default();
    let passes: Vec<_> = passes().into_iter().map(|args| (verify(&args), args)).collect();
    let mut seen = BTreeSet::new();
    let (mut told, mut untold) = (0, 0);
    for (decided_by, _) in &passes {
        for request in requests() {
            let outline = request.outline();
            let kept = StoredFacts::of(
                decided_by,
                Judged { request: &request, digest: request.digest() },
                &context,
                NOW,
            );
            let read = StoredFacts::decode(&kept.encode()).unwrap();
            assert_eq!(read, kept, "it reads back unchanged");
            for (pass, args) in &passes {
                let recorded = Recorded {
                    connection: request.connection.as_str(),
                    operation: request.operation.id.as_str(),
                    outline: Some(&outline),
                    kept: Some(&read),
                    at: NOW,
                };
                let replayed = Replay::of(pass.content(), &services).answer(&recorded);
                let agrees = match (replayed.verdict, decide(pass, request.clone(), &context, NOW)) {
                    (Verdict::Allow, Decided::Allow(_)) | (Verdict::Ask, Decided::Ask(_)) => true,
                    (Verdict::Deny, Decided::Deny(_)) => true,
                    (Verdict::Untold, _) => {
                        pass.content().blocks[0].caveats != decided_by.content().blocks[0].caveats
                    }
                    _ => false,
                };
                assert!(agrees, "{args:?}\n{} {kept:?}: {replayed:?}", request.operation.id);
                seen.insert(replayed.verdict);
                *(if replayed.verdict == Verdict::Untold { &mut untold } else { &mut told }) += 1;
            }
        }
    }
    assert_eq!(seen.len(), 4, "every kind of answer occurs: {seen:?}");
    assert!(untold * 20 < told, "too much is untold: {untold} of {told}");
}

#[test]
fn another_account_under_the_same_name_is_denied() {
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let args = MintArgs { task: "t".into(), allow: strings(&["gmail:read"]), ..MintArgs::default() };
    let pass = verified(&args, &[known_service("gmail", "somebody.else@example.com")]);
    let request = requests().remove(0);
    let outline = request.outline();
    let recorded = Recorded {
        connection: "gmail",
        operation: request.operation.id.as_str(),
        outline: Some(&outline),
        kept: None,
        at: NOW,
    };
    assert_eq!(Replay::of(pass.content(), &services).answer(&recorded).verdict, Verdict::Deny);
}
