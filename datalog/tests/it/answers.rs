//! A pass's conditions on answers and provenance: in its words, its table and its linter.

use crate::common::*;
use datalog::flags;
use datalog::*;

fn says(text: &str) -> Vec<String> {
    let inspection = inspect(text).unwrap();
    inspection.blocks.into_iter().flat_map(|block| block.caveats).map(|caveat| caveat.plain).collect()
}

fn gmail(args: MintArgs) -> MintArgs {
    MintArgs { task: "read".into(), allow: strings(&["gmail:read"]), ..args }
}

fn minted(args: &MintArgs) -> Result<String, TermError> {
    let known = [known_service("gmail", "me@example.com"), known_service("github", "me")];
    let terms = MintTerms::parse(args, &known, NOW)?;
    Ok(terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text)
}

#[test]
fn conditions_are_told_in_words() {
    let text = minted(&gmail(MintArgs {
        narrow: Narrowing::default()
            .with(&flags::NEWER_THAN, ["24h", "today@Europe/Berlin"])
            .with(&flags::MAX_ITEMS, ["10"])
            .with(&flags::ONLY_SEEN, ["message"])
            .with(&flags::ONLY_CREATED, ["gmail:draft"])
            .with(&flags::REDACT, ["payload.body"]),
        ..MintArgs::default()
    }))
    .unwrap();
    let said = says(&text);
    for sentence in [
        "answers on `gmail`: nothing older than 24 hours (older items show only ids)",
        "answers on `gmail`: nothing from before 2026-11-21T23:00:00Z (older items show only ids)",
        "answers on `gmail`: at most 10 items",
        "`message`: only one that an earlier answer has shown",
        "`draft` on `gmail`: only one that this pass, or one attenuated from it, created",
    ] {
        assert!(said.iter().any(|known| known == sentence), "{sentence}\n{said:#?}");
    }
    let lines = inspect(&text).unwrap().says;
    assert!(
        lines.iter().any(|line| line.to_string() == "sees on `gmail` never `payload.body`"),
        "{lines:#?}"
    );
}

#[test]
fn the_table_shows_what_is_asked_of_answers_and_denies_what_cannot_be_judged() {
    let args = gmail(MintArgs {
        narrow: Narrowing::default().with(&flags::NEWER_THAN, ["24h"]),
        ..MintArgs::default()
    });
    let content = inspect::read(&minted(&args).unwrap()).unwrap();
    let services: Vec<_> = CATALOG.services().cloned().collect();
    let table = can::table(&content, &services);
    let row = |id: &str| table.iter().find(|row| row.operation == id).unwrap();
    let get = row("gmail.users.messages.get");
    assert_eq!(get.possible, can::Possible::Allow);
    assert!(get.conditions.iter().any(|one| one.contains("nothing older than 24 hours")), "{get:?}");
    assert_eq!(row("gmail.users.messages.attachments.get").possible, can::Possible::Deny);
    let labels = row("gmail.users.labels.list");
    assert!(!labels.conditions.iter().any(|one| one.contains("older")), "{labels:?}");
}

#[test]
fn mistakes_in_conditions_are_told() {
    let wrong = |args: MintArgs| minted(&gmail(args)).unwrap_err().to_string();
    let newer = |text: &str| {
        wrong(MintArgs {
            narrow: Narrowing::default().with(&flags::NEWER_THAN, [text]),
            ..MintArgs::default()
        })
    };
    assert!(newer("yesterday").contains("is no age"), "{}", newer("yesterday"));
    assert!(newer("today@Mars/Base").contains("is not a time zone"), "{}", newer("today@Mars/Base"));
    assert!(newer("nowhere:24h").contains("no connection is called `nowhere`"), "{}", newer("nowhere:24h"));
    let kind = wrong(MintArgs {
        narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["letter"]),
        ..MintArgs::default()
    });
    assert!(kind.contains("`message`"), "it lists the known kinds: {kind}");
    let created = wrong(MintArgs {
        narrow: Narrowing::default().with(&flags::ONLY_CREATED, ["thread"]),
        ..MintArgs::default()
    });
    assert!(created.contains("--only-created"), "{created}");
    for bad in ["0", "-1", "ten"] {
        let text = wrong(MintArgs {
            narrow: Narrowing::default().with(&flags::MAX_ITEMS, [bad]),
            ..MintArgs::default()
        });
        assert!(text.contains("is no number of items"), "{text}");
    }
    for bad in ["", "a..b", "a b", ".body"] {
        let text = wrong(MintArgs {
            narrow: Narrowing::default().with(&flags::REDACT, [bad]),
            ..MintArgs::default()
        });
        assert!(text.contains("is no field"), "{text}");
    }
}

#[test]
fn a_check_that_forgets_a_stage_is_refused_with_what_to_write() {
    let told = |check: &str| {
        let args = gmail(MintArgs {
            narrow: Narrowing::default().with(&flags::CHECK, [check]),
            ..MintArgs::default()
        });
        minted(&args).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
    };
    assert!(told("check if item_age($a), $a <= 60").contains("a request has no items yet"));
    assert!(told(r#"check if stage("response")"#).contains("a request has no items yet"));
    assert!(told(r#"check if stage("request"), method("GET")"#).contains("no answer is at the stage"));
    assert!(told("check if unseen_count($k, 0)").contains("write which one"));
    for good in [
        r#"check if stage("request") or item_age($a), $a <= 60"#,
        r#"check if unseen_count("message", $n), $n < 1"#,
        r#"reject if item_label("SPAM")"#,
    ] {
        assert_eq!(told(good), "", "{good}");
    }
}

/// A pass that only reads fields of the request puts no condition on its answer.
#[test]
fn a_pass_that_asks_nothing_of_answers_has_no_review() {
    let pass = verify(&mint(&args(&["mail.*"], &[], &[]))).unwrap();
    let Decided::Allow(permitted) = decide(&pass, request("mail.messages.list"), &Context::default(), NOW)
    else {
        panic!("allowed");
    };
    assert!(permitted.review().is_none());
}
