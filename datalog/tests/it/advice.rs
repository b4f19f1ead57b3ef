//! A pass that can do nothing is refused when it is made, and a restriction that does not do what it seems to is
//! reported.

use std::sync::Arc;

use crate::common::*;
use datalog::catalog::Service;
use datalog::flags::{self, Flag};
use datalog::*;

fn services() -> Vec<Arc<Service>> {
    CATALOG.services().cloned().collect()
}

fn made(args: &MintArgs) -> Result<Minted, TermError> {
    let known = [known_service("gmail", "me@example.com"), known_service("github", "me")];
    MintTerms::parse(args, &known, NOW)?.mint(&PassId::from_random([9; 16]), &root())
}

fn allowing(allow: &[&str], narrow: Narrowing) -> MintArgs {
    MintArgs { task: "t".into(), allow: strings(allow), narrow, ..MintArgs::default() }
}

/// The warnings about this pass.
fn warned(allow: &[&str], narrow: Narrowing) -> Vec<String> {
    told_of(&made(&allowing(allow, narrow)).unwrap())
}

fn told_of(minted: &Minted) -> Vec<String> {
    minted.warnings.iter().map(Message::in_full).collect()
}

fn with(flag: &Flag, value: &str) -> Narrowing {
    Narrowing::default().with(flag, [value])
}

#[test]
fn a_pass_that_would_allow_nothing_is_not_made() {
    for (allow, ask, deny, why) in [
        (&["gmail:read"][..], &[][..], &["gmail:read"][..], "everything that it allows is also denied"),
        (
            &["gmail.users.messages.get"],
            &[],
            &["gmail.users.messages.*"],
            "everything that it allows is also denied",
        ),
        (&[], &["gmail:send"], &["gmail:send"], "everything that it allows is also denied"),
        (&["gmail:send"], &[], &["gmail:*"], "everything that it allows is also denied"),
    ] {
        let args =
            MintArgs { ask: strings(ask), deny: strings(deny), ..allowing(allow, Narrowing::default()) };
        let error = made(&args).err().unwrap().to_string();
        assert!(error.contains("would allow nothing") && error.contains(why), "{error}");
    }
    let narrow = with(&flags::CHECK, "check if operation(\"gmail.users.messages.send\")");
    let error = made(&allowing(&["gmail:read"], narrow)).err().unwrap().to_string();
    assert!(error.contains("its restrictions leave no operation"), "{error}");
}

#[test]
fn a_pass_that_ends_before_it_begins_is_not_made() {
    let narrow = with(&flags::NOT_BEFORE, "2026-11-23T09:00:00Z")
        .with(&flags::CHECK, ["check if time($t), $t < 2026-11-23T08:00:00Z"]);
    let error = made(&allowing(&["gmail:read"], narrow)).err().unwrap();
    assert!(matches!(error, TermError::NeverHolds { .. }), "{error}");
    let parent = made(&allowing(&["gmail:read"], Narrowing::default())).unwrap().text;
    let narrow = with(&flags::NOT_BEFORE, "2026-11-22T10:00:00Z");
    let args = AttenuateArgs { narrow, ..AttenuateArgs::default() };
    let error = attenuate(&parent, &args, &services(), NOW).err().unwrap().to_string();
    assert!(error.contains("would never hold"), "{error}");
}

#[test]
fn a_narrower_pass_that_would_allow_nothing_is_not_made_and_neither_is_one_of_a_pass_that_ended() {
    let parent = made(&allowing(&["gmail:read"], Narrowing::default())).unwrap().text;
    let of =
        |args: AttenuateArgs, now| attenuate(&parent, &args, &services(), now).err().unwrap().to_string();
    let only = of(AttenuateArgs { only: strings(&["gmail:delete"]), ..AttenuateArgs::default() }, NOW);
    assert!(only.contains("would allow nothing"), "{only}");
    let deny = of(AttenuateArgs { deny: strings(&["gmail:*"]), ..AttenuateArgs::default() }, NOW);
    assert!(deny.contains("would allow nothing"), "{deny}");
    let short = AttenuateArgs { narrow: with(&flags::FOR, "5m"), ..AttenuateArgs::default() };
    let late = of(short, NOW + time::Duration::hours(1));
    assert!(late.contains("ended at 2026-11-22T09:30:00Z"), "{late}");
}

/// Each restriction restricts something that the second pass allows, and nothing that the first allows.
#[test]
fn a_restriction_that_holds_nothing_back_is_said() {
    let cases: [(&str, &str, Narrowing); 11] = [
        ("gmail.users.labels.list", "gmail.users.messages.send", with(&flags::TO, "a@b.org")),
        ("gmail:read", "gmail:send", with(&flags::TO_DOMAIN, "b.org")),
        ("gmail.users.labels.list", "gmail:send", with(&flags::TO_THREAD_PARTICIPANTS, "yes")),
        (
            "gmail.users.labels.list",
            "gmail:read",
            with(&flags::ARG, "gmail.users.messages.list: maxResults<=10"),
        ),
        ("gmail.users.labels.list", "gmail:read", with(&flags::NEWER_THAN, "24h")),
        ("gmail.users.labels.list", "gmail:read", with(&flags::ONLY_SEEN, "message")),
        ("gmail.users.labels.list", "gmail:write", with(&flags::ONLY_CREATED, "draft")),
        ("gmail:read", "gmail:send", with(&flags::LIMIT, "send=3")),
        ("gmail.users.labels.list", "gmail:send", with(&flags::LIMIT, "recipients=3")),
        ("gmail:read", "gmail:write", with(&flags::LIMIT, "gmail.users.messages.modify=10")),
        (
            "gmail:read",
            "gmail:send",
            with(&flags::CHECK, "check if effects($e), !$e.contains(\"send\") or attachment_count(0)"),
        ),
    ];
    for (idle, held, narrow) in cases {
        let said = warned(&[idle], narrow.clone());
        assert!(!said.is_empty(), "{idle} with {narrow:?}");
        let plain = warned(&[held], Narrowing::default());
        assert_eq!(warned(&[held, "gmail:read"], narrow.clone()), plain, "{held} with {narrow:?}");
    }
}

#[test]
fn what_only_follows_what_was_shown_is_said_to_be_nothing_where_nothing_is_shown() {
    let said = warned(&["gmail.users.messages.get"], with(&flags::ONLY_CREATED, "message"));
    assert!(said.iter().any(|one| one.contains("shows a message")), "{said:?}");
}

/// No request says which labels a message has. A check on labels as things stops all reading, and the warning says
/// what to write.
#[test]
fn a_check_on_what_only_answers_say_is_told_what_to_write() {
    let check = |text: &str| with(&flags::CHECK, text);
    for (text, instead) in [
        (r#"reject if resource("label", "Label_7")"#, r#"`reject if item_label("Label_7")`"#),
        (r#"check all resource("label", $l), $l == "Label_7""#, "`check all item_label("),
    ] {
        let said = warned(&["gmail:read"], check(text)).join("\n");
        assert!(
            said.contains(instead) && said.contains("stops `gmail.users.") && said.contains(" more"),
            "{text}: {said}"
        );
        assert!(said.contains("which `label` it touches"), "{said}");
        let error = in_full(made(&allowing(&["gmail.users.messages.get"], check(text))).err().unwrap());
        assert!(error.contains("would allow nothing") && error.contains(instead), "{error}");
    }
    // A holder that asks anyway is refused with the same words.
    let args = allowing(&["gmail:read"], check(r#"reject if resource("label", "Label_7")"#));
    let gmail = known_service("gmail", "me@example.com");
    let request = classified(&gmail, "GET /gmail/v1/users/me/messages/m1", "", b"").unwrap();
    let pass = verified(&args, std::slice::from_ref(&gmail));
    let Decided::Deny(refused) = decide(&pass, request, &Context::default(), NOW) else { panic!() };
    assert_eq!(refused.ground(), Ground::Unevaluable);
    let expected = &refused.reasons()[0].expected;
    assert!(expected.contains(r#"`reject if item_label("Label_7")` checks each item"#), "{expected}");
    for (allow, text) in [
        ("gmail:read", r#"reject if item_label("Label_7")"#),
        ("gmail:read", r#"reject if resource("message", "m1")"#),
        ("gmail.users.labels.get", r#"reject if resource("label", "Label_7")"#),
    ] {
        let said = warned(&[allow], check(text)).join("\n");
        assert!(!said.contains("it touches"), "{allow} {text}: {said}");
    }
}

#[test]
fn what_is_wider_than_people_mean_is_said() {
    let said = warned(&["gmail:*"], Narrowing::default());
    assert!(
        said.iter().any(|one| one.contains("that delete") && one.contains("--ask gmail:delete")),
        "{said:?}"
    );
    assert_eq!(
        warned(&["gmail.users.messages.trash", "gmail:read"], Narrowing::default()),
        Vec::<String>::new()
    );
    let asked = MintArgs {
        ask: strings(&["gmail:delete", "gmail:share", "gmail:admin"]),
        ..allowing(&["gmail:*"], Narrowing::default())
    };
    assert_eq!(told_of(&made(&asked).unwrap()), Vec::<String>::new());
    let long = warned(&["gmail:read"], with(&flags::FOR, "365d"));
    assert!(long.iter().any(|one| one.contains("365 days")), "{long:?}");
    assert_eq!(warned(&["gmail:read"], with(&flags::FOR, "1d")), Vec::<String>::new());
}

#[test]
fn a_grant_beside_others_that_allows_nothing_is_said() {
    let args = MintArgs {
        deny: strings(&["github:read"]),
        ..allowing(&["gmail:read", "github:read"], Narrowing::default())
    };
    let said = told_of(&made(&args).unwrap());
    assert!(said.iter().any(|one| one.starts_with("`read` on `github` allows nothing")), "{said:?}");
}
