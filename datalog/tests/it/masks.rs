//! No mask, media type or nesting shows more of an item than the full answer does: for every word on items, every
//! operation whose answers have items, and every way to ask for another form of an answer.

use std::sync::Arc;

use crate::common::*;
use crate::made::{Item, Pick, answer, masks, with_query};
use datalog::catalog::{Operation, Showing};
use datalog::flags;
use datalog::json::Json;
use datalog::*;
use serde_json::Value;

/// Whether an item may be shown, if its answer has this many items.
type May = fn(&Item, usize) -> bool;

/// A caveat on items, and whether it lets an item be shown.
const WORDS: [(&str, May); 6] = [
    (r#"check if stage("request") or item_age($a), $a <= 86400"#, |item, _| item.is_fresh),
    (r#"check if stage("request") or item_time($t), $t >= 2026-11-21T09:00:00Z"#, |item, _| item.is_fresh),
    (r#"reject if item_label("SECRET")"#, |item, _| !item.is_labelled),
    (r#"check if stage("request") or item_label("OPEN")"#, |_, _| false),
    (r#"reject if item_count($n), $n > 1"#, |_, count| count == 1),
    (r#"check if stage("request") or item_age($a), $a <= 86400, item_count($n), $n <= 2"#, |item, _| {
        item.is_fresh
    }),
];

fn pass(known: &KnownConnection, check: &str) -> Arc<VerifiedPass> {
    let narrow = Narrowing::default().with(&flags::CHECK, [check]);
    verified(
        &MintArgs { narrow, ..args(&[&format!("{}:read", known.name)], &[], &[]) },
        std::slice::from_ref(known),
    )
}

/// The answer as it is shown. Empty if it is refused, before or after it is sent.
fn shown(pass: &Arc<VerifiedPass>, request: Request, answer: &Value) -> String {
    let Decided::Allow(permitted) = decide(pass, request, &Context::default(), NOW) else {
        return String::new();
    };
    let json = Json::parse(answer.to_string().as_bytes()).unwrap();
    match permitted.review() {
        None => answer.to_string(),
        Some(review) => {
            review.apply(permitted.request(), json).map(|one| one.answer.to_text()).unwrap_or_default()
        }
    }
}

fn judged(known: &KnownConnection) -> Vec<Arc<Operation>> {
    let items = |one: &&Arc<Operation>| {
        one.answer.as_ref().is_some_and(|rule| rule.shows == Showing::Items)
            && one.effects.iter().all(|effect| effect == Effect::Read)
    };
    known.service.operations.iter().filter(items).cloned().collect()
}

#[test]
fn a_mask_hides_no_word_about_items() {
    let (mut tried, mut kept) = (0, 0);
    for name in ["gmail", "google-calendar", "google-drive", "github", "slack"] {
        let known = known_service(name, "U0123");
        for (check, may) in WORDS {
            let pass = pass(&known, check);
            for operation in judged(&known) {
                let rule = operation.answer.as_deref().unwrap();
                for pick in Pick::ALL {
                    let (whole, items) = answer(rule, pick);
                    for mask in masks(&known, rule) {
                        let request = made_up(&known, &operation);
                        let request = with_query(&known, request, &mask);
                        tried += 1;
                        let got = shown(&pass, request, &mask.of(&whole));
                        for item in items.iter().filter(|item| !may(item, items.len())) {
                            assert!(
                                !got.contains(&item.content),
                                "{} under `{check}` and {mask:?}: {got}",
                                operation.id
                            );
                        }
                        kept += usize::from(items.iter().any(|item| got.contains(&item.content)));
                    }
                }
            }
        }
    }
    assert!(tried > 3_000 && kept > 200, "{tried} tried, {kept} shown");
}

#[test]
fn no_form_that_is_asked_for_evades_what_is_asked_of_answers() {
    let checks = [WORDS[0].0, WORDS[2].0];
    let redact = Narrowing::default().with(&flags::REDACT, ["body"]);
    let known = known_service("github", "U0123");
    let redacting = verified(
        &MintArgs { narrow: redact, ..args(&["github:read"], &[], &[]) },
        std::slice::from_ref(&known),
    );
    let passes = checks.map(|check| pass(&known, check)).into_iter().chain([redacting]);
    let refused = |pass: &Arc<VerifiedPass>, line: &str, accept: &str| {
        let request = accepting(&known, line, accept);
        !matches!(decide(pass, request, &Context::default(), NOW), Decided::Allow(_))
    };
    for pass in passes {
        for accept in [
            "application/vnd.github.full+json",
            "application/vnd.github.html+json",
            "application/vnd.github.text+json",
            "application/vnd.github.v3.full+json",
            "application/vnd.github.v3.html",
            "application/vnd.github.full",
            "application/vnd.github-commitcomment.full+json",
            "APPLICATION/VND.GITHUB.FULL+JSON",
            "application/json, application/vnd.github.text+json;q=0.1",
            "application/vnd.github.text-match+json",
            "application/vnd.github.v3.star+json",
            "application/vnd.github.star+json",
            "application/problem+json",
        ] {
            for line in ["GET /repos/o/r/issues/1", "GET /repos/o/r/issues", "GET /search/issues?q=x"] {
                assert!(refused(&pass, line, accept), "{line}: {accept}");
            }
        }
        for line in ["GET /repos/o/r/pulls/1", "GET /repos/o/r/commits/main", "GET /repos/o/r/compare/a...b"]
        {
            for accept in ["application/vnd.github.diff", "application/vnd.github.v3.patch"] {
                assert!(refused(&pass, line, accept), "{line}: {accept}");
            }
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/vnd.github+json",
            "application/vnd.github.v3+json; charset=utf-8",
            "application/vnd.github.squirrel-girl-preview",
            "application/json, text/plain, */*",
        ] {
            assert!(!refused(&pass, "GET /repos/o/r/issues/1", accept), "{accept}");
        }
    }
}
