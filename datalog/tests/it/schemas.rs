//! Every rule of every overlay on answers, checked against the provider's own description: Google's Discovery
//! documents, GitHub's OpenAPI description, and the declarations of Slack's client.
//!
//! A rule for a missing field would show, withhold or remember nothing, and nobody would notice.

use std::collections::BTreeSet;

use crate::common::CATALOG;
use crate::described::{Described, follow};
use datalog::Effect;
use serde_json::Value;

#[test]
fn no_rule_on_answers_names_a_field_that_answers_do_not_have() {
    let (mut wrong, mut paths) = (Vec::new(), 0);
    for service in CATALOG.services() {
        let described = Described::of(service.name.as_str());
        for operation in &service.operations {
            let Some(rule) = &operation.answer else { continue };
            let Some(answer) = described.answer(service, operation) else {
                if !rule.paths().is_empty() {
                    wrong.push(format!("{}: its answer is not described", operation.id));
                }
                continue;
            };
            for path in rule.paths() {
                paths += 1;
                if !described.has(answer, &path) {
                    wrong.push(format!("{}: {}", operation.id, path.join(".")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(paths > 500, "{paths}");
}

fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| is_like(rest, &text[at..]))
        }),
    }
}

#[test]
fn every_operation_whose_answer_lists_ids_has_a_rule_or_a_reason() {
    let listed = include_str!("unruled.txt");
    let lines = listed.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let reasons: Vec<(&str, &str)> = lines
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("`{line}` gives no reason")))
        .collect();
    let (mut missing, mut used) = (Vec::new(), BTreeSet::new());
    for service in CATALOG.services() {
        let described = Described::of(service.name.as_str());
        for operation in service.operations.iter().filter(|one| one.effects.contains(Effect::Read)) {
            let listed =
                described.answer(service, operation).is_some_and(|answer| described.lists_ids(answer));
            if !listed || operation.answer.is_some() {
                continue;
            }
            match reasons.iter().find(|(pattern, _)| is_like(pattern, operation.id.as_str())) {
                Some((pattern, _)) => _ = used.insert(*pattern),
                None => missing.push(operation.id.to_string()),
            }
        }
    }
    assert!(missing.is_empty(), "they have no rule and no reason: {missing:#?}");
    let dead: Vec<&str> =
        reasons.iter().map(|(pattern, _)| *pattern).filter(|pattern| !used.contains(pattern)).collect();
    assert!(dead.is_empty(), "reasons that apply to nothing: {dead:#?}");
}

/// Kinds of things, and the types with which the providers describe them.
const KINDS: &[(&str, &str, &[&str])] = &[
    ("gmail", "message", &["Message"]),
    ("gmail", "thread", &["Thread", "Message"]),
    ("gmail", "draft", &["Draft"]),
    ("gmail", "label", &["Label", "Message"]),
    ("gmail", "filter", &["Filter"]),
    ("gmail", "delegate", &["Delegate"]),
    ("gmail", "forwarding-address", &["ForwardingAddress", "AutoForwarding"]),
    ("gmail", "send-as", &["SendAs"]),
    ("google-calendar", "calendar", &["Calendar", "CalendarListEntry", "Event", "FreeBusyResponse"]),
    ("google-calendar", "event", &["Event"]),
    ("google-calendar", "acl-rule", &["AclRule"]),
    ("google-calendar", "setting", &["Setting"]),
    ("google-calendar", "channel", &["Channel"]),
    ("google-drive", "file", &["File", "Change"]),
    ("google-drive", "permission", &["Permission", "PermissionList"]),
    ("google-drive", "comment", &["Comment"]),
    ("google-drive", "reply", &["Reply"]),
    ("google-drive", "revision", &["Revision"]),
    ("google-drive", "drive", &["Drive", "TeamDrive"]),
    ("google-drive", "label", &["Label"]),
    ("google-drive", "access-proposal", &["AccessProposal"]),
    ("google-drive", "approval", &["Approval"]),
    ("google-drive", "app", &["App"]),
    ("google-drive", "channel", &["Channel"]),
    ("google-drive", "operation", &["Operation"]),
    ("github", "repo", &["full-repository", "minimal-repository", "repository", "code-search-result-item"]),
    ("github", "issue", &["issue", "nullable-issue", "issue-search-result-item"]),
    ("github", "pull", &["pull-request", "pull-request-simple"]),
    ("github", "issue-comment", &["issue-comment", "timeline-comment-event"]),
    ("github", "review", &["pull-request-review"]),
    ("github", "review-comment", &["pull-request-review-comment", "review-comment"]),
    ("github", "commit-comment", &["commit-comment"]),
    ("github", "milestone", &["milestone", "nullable-milestone"]),
    ("github", "label", &["label"]),
    ("github", "branch", &["branch-short", "branch-with-protection", "short-branch"]),
    ("github", "commit", &["commit", "git-commit"]),
    ("github", "release", &["release"]),
    ("github", "release-asset", &["release-asset"]),
    ("github", "deployment", &["deployment"]),
    ("github", "environment", &["environment"]),
    ("github", "hook", &["hook"]),
    ("github", "artifact", &["artifact"]),
    ("github", "job", &["job"]),
    ("github", "workflow", &["workflow"]),
    ("github", "run", &["workflow-run"]),
    ("github", "check-run", &["check-run"]),
    ("github", "check-suite", &["check-suite"]),
    ("github", "gist", &["base-gist", "gist-simple"]),
    ("github", "gist-comment", &["gist-comment"]),
    ("github", "team", &["team", "team-full"]),
    ("github", "org", &["organization-full"]),
    ("github", "codespace", &["codespace"]),
    ("github", "thread", &["thread"]),
    ("github", "project", &["projects-v2"]),
    ("slack", "channel", &["Channel", "MessageElement"]),
    ("slack", "message", &["MessageElement", "Message", "Match"]),
    ("slack", "file", &["File", "FileElement"]),
    ("slack", "user", &["User", "Member", "MessageElement"]),
    ("slack", "usergroup", &["Usergroup"]),
    ("slack", "bookmark", &["Bookmark"]),
    ("slack", "reminder", &["Reminder"]),
    ("slack", "scheduled-message", &["ScheduledMessage"]),
    ("slack", "view", &["View"]),
    ("slack", "team", &["Team"]),
];

/// Answers in which a type means something else, or a part of the thing that the request names.
const OTHERWISE: &[(&str, &str, &str)] =
    &[("slack.*", "view", "how a message or a file is shown, and no window that `views.*` opens")];

impl Described {
    /// The names of all types within a schema.
    fn types<'a>(&'a self, schema: &'a Value, found: &mut BTreeSet<&'a str>) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit(['/', '.']).next().unwrap_or_default();
            if found.insert(name) {
                self.types(follow(&self.root, schema), found);
            }
            return;
        }
        let inner = schema["properties"].as_object().into_iter().flat_map(serde_json::Map::values);
        inner.for_each(|one| self.types(one, found));
        for one in [schema.get("items"), schema.get("additionalProperties")].into_iter().flatten() {
            self.types(one, found);
        }
        self.ways(schema).for_each(|way| self.types(way, found));
    }
}

#[test]
fn every_answer_that_holds_things_of_a_kind_is_one_that_may_touch_it() {
    let (mut missing, mut used) = (Vec::new(), BTreeSet::new());
    for service in CATALOG.services() {
        let described = Described::of(service.name.as_str());
        for operation in &service.operations {
            let Some(answer) = described.answer(service, operation) else { continue };
            let mut types = BTreeSet::new();
            described.types(answer, &mut types);
            for (_, kind, names) in KINDS.iter().filter(|(of, ..)| *of == service.name.as_str()) {
                if !names.iter().any(|name| types.contains(name)) || operation.may_touch(kind) {
                    continue;
                }
                let known = |(pattern, of, _): &(&str, &str, &str)| {
                    is_like(pattern, operation.id.as_str()) && of == kind
                };
                match OTHERWISE.iter().position(known) {
                    Some(line) => _ = used.insert(line),
                    None => missing.push(format!("{} {kind}", operation.id)),
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} may touch what the overlay does not say:\n{}",
        missing.len(),
        missing.join("\n")
    );
    assert_eq!(used.len(), OTHERWISE.len(), "reasons for nothing");
}
