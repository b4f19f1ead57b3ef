//! A pass in words: all of it, from any flag, and derived from what is evaluated.

use std::collections::BTreeSet;

use crate::common::*;
use datalog::*;
use serde_json::{Value, json};

/// A value for each flag that changes the words of a pass. A new flag fails until it has a line here.
fn examples() -> Vec<(&'static str, Value)> {
    vec![
        ("for", json!("2h")),
        ("not-before", json!("2026-11-22T09:10:00Z")),
        ("to", json!(["bob@example.com"])),
        ("as", json!(["me@example.com"])),
        ("to-domain", json!(["example.com"])),
        ("to-thread-participants", json!(true)),
        ("resource", json!(["label=INBOX"])),
        ("arg", json!(["gmail.users.messages.list: maxResults<=10, q contains \"is:unread\""])),
        ("only-seen", json!(["message"])),
        ("only-created", json!(["draft"])),
        ("newer-than", json!(["24h"])),
        ("max-items", json!(["20"])),
        ("redact", json!(["payload.body"])),
        ("during", json!(["mon-fri 09:00-17:00 Europe/Berlin"])),
        ("limit", json!(["send=3/h", "recipients=5", "bytes=10MB", "gmail:read=7/d"])),
        ("check", json!(["check if effects($e), !$e.contains(\"admin\"), $e.length() < 3"])),
    ]
}

fn base() -> MintArgs {
    MintArgs {
        task: "triage".into(),
        allow: strings(&["gmail:read", "gmail:write"]),
        ask: strings(&["gmail:send"]),
        ..MintArgs::default()
    }
}

fn narrowing(fields: &[(&str, Value)]) -> Narrowing {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    serde_json::from_value(Value::Object(fields.collect())).unwrap()
}

fn minted(args: &MintArgs) -> Minted {
    let terms = MintTerms::parse(args, &[known_service("gmail", "me@example.com")], NOW).unwrap();
    terms.mint(&PassId::from_random([9; 16]), &root()).unwrap()
}

fn says(text: &str) -> Vec<String> {
    inspect(text).unwrap().says.into_iter().map(|line| line.to_string()).collect()
}

#[test]
fn every_flag_changes_what_a_pass_says() {
    let plain = says(&minted(&base()).text);
    for (flag, value) in examples() {
        let said = says(&minted(&MintArgs { narrow: narrowing(&[(flag, value)]), ..base() }).text);
        assert_ne!(said, plain, "--{flag}");
    }
    let of_its_own = [
        MintArgs { allow: strings(&["gmail:read"]), ..base() },
        MintArgs { ask: strings(&["gmail:send", "gmail:delete"]), ..base() },
        MintArgs { deny: strings(&["gmail:delete"]), ..base() },
        MintArgs { approvers: Some(2), ..base() },
        MintArgs { approve_by: vec!["bob".parse().unwrap()], ..base() },
    ];
    for args in of_its_own {
        assert_ne!(says(&minted(&args).text), plain, "{args:?}");
    }
}

/// All flags, by their names in JSON.
#[test]
fn every_flag_has_an_example_here() {
    let known: BTreeSet<String> = match serde_json::to_value(narrowing(&examples())).unwrap() {
        Value::Object(fields) => fields.into_iter().map(|(name, _)| name).collect(),
        other => panic!("{other}"),
    };
    let examples: BTreeSet<String> = examples().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(known, examples);
    let own = match serde_json::to_value(MintArgs::default()).unwrap() {
        Value::Object(fields) => fields.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>(),
        other => panic!("{other}"),
    };
    // Task and connections are not among the lines; `every_flag_changes_what_a_pass_says` has the others.
    let expected =
        ["allow", "approve_by", "approvers", "ask", "connections", "deny", "narrow", "services", "task"];
    assert_eq!(own, expected.iter().map(ToString::to_string).collect());
}

#[test]
fn all_flags_together_are_told_in_the_order_in_which_a_person_asks() {
    let args = MintArgs {
        deny: strings(&["gmail.users.settings.*"]),
        approvers: Some(2),
        approve_by: vec!["bob".parse().unwrap(), "carol".parse().unwrap()],
        narrow: narrowing(&examples()),
        ..base()
    };
    let parent = minted(&args).text;
    insta::assert_snapshot!(says(&parent).join("\n"));
    let base = minted(&base()).text;
    let child = attenuate(
        &base,
        &AttenuateArgs {
            only: strings(&["gmail:read", "gmail.users.messages.send"]),
            ask: strings(&["gmail.users.messages.get"]),
            deny: strings(&["gmail.users.drafts.*"]),
            narrow: narrowing(&[
                ("limit", json!(["read=2"])),
                ("for", json!("5m")),
                ("to", json!(["al@x.org"])),
            ]),
        },
        &CATALOG.services().cloned().collect::<Vec<_>>(),
        NOW,
    )
    .unwrap();
    let before = says(&base);
    let added: Vec<String> = says(&child.text).into_iter().filter(|line| !before.contains(line)).collect();
    insta::assert_snapshot!(added.join("\n"));
}

#[test]
fn every_flag_changes_what_a_narrower_pass_says() {
    let parent = minted(&base()).text;
    let before = says(&parent);
    let services: Vec<_> = CATALOG.services().cloned().collect();
    for (flag, value) in examples() {
        let value = if flag == "for" { json!("5m") } else { value };
        let args = AttenuateArgs { narrow: narrowing(&[(flag, value)]), ..AttenuateArgs::default() };
        let child = attenuate(&parent, &args, &services, NOW).unwrap();
        assert_ne!(says(&child.text), before, "--{flag}");
    }
}

#[test]
fn a_check_that_only_looks_like_a_flags_is_shown_as_it_is() {
    for check in [
        // A tighter number than that of its budget.
        "check if used(\"send\", $n), $n < 2",
        "check if connection($c), $c != \"gmail\" or operation(\"gmail.users.messages.get\")",
        "check if time($t), $t <= 2026-11-22T09:20:00Z or operation(\"gmail.users.messages.get\")",
        "reject if item_label(\"Label_7\")",
    ] {
        let narrow = narrowing(&[("limit", json!(["send=3"])), ("check", json!([check]))]);
        let said = says(&minted(&MintArgs { narrow, ..base() }).text);
        let shown = said.iter().find(|line| line.starts_with("also 1 custom check: `"));
        assert!(shown.is_some(), "{check}: {said:#?}");
    }
}

#[test]
fn an_end_that_a_check_sets_is_the_end_that_is_told() {
    let narrow = narrowing(&[
        ("for", json!("2h")),
        ("check", json!(["check if time($t), $t <= 2026-11-22T09:05:00Z"])),
    ]);
    let minted = minted(&MintArgs { narrow, ..base() });
    assert_eq!(minted.expires, time::macros::datetime!(2026-11-22 09:05 UTC));
    assert!(says(&minted.text).contains(&"when until 2026-11-22T09:05:00Z".to_owned()));
}
