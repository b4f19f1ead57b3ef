//! The pinned review of effects: a new revision with another serious operation shows up here.

use std::collections::BTreeSet;

use super::{embedded, service};
use crate::catalog::overlay::Overlay;
use crate::catalog::{EMBEDDED, Method, Operation};
use crate::words::effect::{Effect, Effects};

/// Operations that are not GET, and were judged to only look. Slack's are all POST: those are pinned apart.
const ONLY_LOOK: [&str; 9] = [
    "github.markdown/render",
    "github.markdown/render-raw",
    "github.orgs/list-attestations-bulk",
    "github.repos/generate-release-notes",
    "github.users/list-attestations-bulk",
    "google-calendar.freebusy.query",
    "google-drive.files.download",
    "notion.queryDataSource",
    "notion.search",
];

/// GET operations that do more than look.
const GETS_THAT_ACT: [&str; 1] = ["github.dependency-graph/generate-sbom-report"];

fn with(effect: Effect) -> String {
    let ids = embedded().operations().filter(|operation| operation.effects.contains(effect));
    let lines: BTreeSet<String> =
        ids.map(|operation| format!("{}: {}", operation.id, operation.effects)).collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

#[test]
fn every_operation_has_an_effect_and_what_is_not_get_does_more_than_look() {
    let look = Effects::NONE.with(Effect::Read);
    let mut only_look: Vec<&str> = Vec::new();
    for operation in embedded().operations() {
        assert!(!operation.effects.is_empty(), "{} has no effect", operation.id);
        let is_slack = operation.id.service() == "slack";
        if operation.method != Method::Get && operation.effects == look && !is_slack {
            only_look.push(operation.id.as_str());
        }
    }
    only_look.sort_unstable();
    assert_eq!(only_look, ONLY_LOOK);
}

#[test]
fn what_get_does_is_to_look_and_at_most_to_show_a_secret() {
    let most = Effects::NONE.with(Effect::Read).with(Effect::Secret);
    let gets = embedded().operations().filter(|operation| operation.method == Method::Get);
    let odd: Vec<&Operation> = gets
        .map(AsRef::as_ref)
        .filter(|operation| !operation.effects.is_subset(most) || !operation.effects.contains(Effect::Read))
        .filter(|operation| !GETS_THAT_ACT.contains(&operation.id.as_str()))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn conditions_are_on_effects_that_the_operation_has_and_arguments_that_it_takes() {
    for operation in embedded().operations() {
        for condition in &operation.conditions {
            assert!(condition.effects.is_subset(operation.effects), "{}: {condition:?}", operation.id);
        }
    }
}

#[test]
fn operations_of_slack_that_only_look() {
    let look = Effects::NONE.with(Effect::Read);
    let all = service("slack").operations.iter().filter(|operation| operation.effects == look);
    let ids: Vec<&str> = all.map(|operation| operation.id.as_str()).collect();
    insta::assert_snapshot!(ids.join("\n"));
}

#[test]
fn operations_that_hand_out_secrets() {
    insta::assert_snapshot!(with(Effect::Secret));
}

#[test]
fn operations_that_run_code() {
    insta::assert_snapshot!(with(Effect::Run));
}

#[test]
fn operations_that_share() {
    insta::assert_snapshot!(with(Effect::Share));
}

#[test]
fn operations_that_reach_people() {
    insta::assert_snapshot!(with(Effect::Send));
}

#[test]
fn operations_that_administer() {
    insta::assert_snapshot!(with(Effect::Admin));
}

#[test]
fn operations_that_change_data_and_no_more() {
    let write = Effects::NONE.with(Effect::Write);
    let ids: BTreeSet<&str> = embedded()
        .operations()
        .filter(|operation| operation.effects == write)
        .map(|operation| operation.id.as_str())
        .collect();
    insta::assert_snapshot!(ids.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_rule_of_the_overlays_is_alive() {
    // Loading checks that every pattern matches. This checks that every rule on an argument finds an operation with it.
    for (name, _, text, _) in EMBEDDED {
        let overlay = Overlay::parse(text).unwrap();
        let operations = &service(name).operations;
        for line in &overlay.resources {
            let id = crate::catalog::builder::id_parts(&line.id);
            let used = operations.iter().any(|operation| {
                operation.resources.iter().any(|rule| *rule.kind == *line.kind && rule.id == id)
            });
            assert!(used, "the resource `{}` `{}` of {name} finds no operation", line.kind, line.id);
        }
        for slash in &overlay.slashes {
            let used = operations.iter().any(|operation| {
                let mut parameters = operation.template.parameters.iter();
                parameters.any(|parameter| {
                    *parameter.name == *slash.parameter && parameter.span == crate::catalog::Span::Escaped
                })
            });
            assert!(used, "no operation of {name} has `{}`", slash.parameter);
        }
    }
}

#[test]
fn an_overlay_with_a_rule_for_nothing_or_an_unknown_key_does_not_load() {
    let facts = include_str!("../../../catalog/gmail/facts.jsonl");
    let overlay = include_str!("../../../catalog/gmail/overlay.toml");
    let load = |extra: &str| super::Service::load(facts, Some(&format!("{overlay}\n{extra}")));
    for extra in [
        "[[effect]]\neffects = [\"send\"]\noperations = [\"users.nothing\"]",
        "[[effect]]\neffects = [\"send\"]\nat = [\"POST /nowhere*\"]",
        "[[effect]]\neffects = [\"send\"]\noperation = [\"users.watch\"]",
        "[[resource]]\nkind = \"x\"\nid = \"{id}\"\noperations = [\"users.nothing.*\"]",
        "[[slash]]\nparameter = \"id\"\nonly = [\"users.labels.get\"]",
        "[unknown]\nx = 1",
        "[[readers]]\nare = \"own\"\nbecause = \" \"\noperations = [\"users.watch\"]",
        "[[readers]]\nare = \"own\"\noperations = [\"users.watch\"]",
        "[media]\n\"users.nothing\" = [\"*/*\"]",
        "[[only_when]]\neffects = [\"delete\"]\noperations = [\"users.messages.trash\"]\nargument = \"q\"",
        "[[decode]]\nformat = \"addresses\"\nfields = [\"to\"]\noperations = [\"users.messages.send\"]",
        "[[decode]]\nformat = \"addresses\"\nfields = [\"raw\"]\nonly = { kind = [\"x\"] }\noperations = [\"users.messages.send\"]",
    ] {
        assert!(load(extra).is_err(), "{extra} was accepted");
    }
    assert!(load("").is_ok());
    let unlisted = overlay.replace("\"users.stop\" = [\"admin\"]", "");
    assert!(super::Service::load(facts, Some(&unlisted)).is_err());
}
