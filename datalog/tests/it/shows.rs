//! Answers of Slack and GitHub under a pass that limits provenance: which ids they show, of which kind, and what is
//! withheld.

use crate::common::{NOW, args, classified, known_service, strings, verified};
use datalog::flags;
use datalog::json::Json;
use datalog::response::{Reviewed, Unfit};
use datalog::*;

/// The reviewed answer to a request that the pass allowed.
fn reviewed(args: &MintArgs, service: &str, line: &str, answer: &str) -> Result<Reviewed, Unfit> {
    let known = known_service(service, "U0123");
    let (content, body) =
        line.split_once(" < ").map_or(("", ""), |(_, body)| ("application/x-www-form-urlencoded", body));
    let line = line.split(" < ").next().unwrap();
    let request = classified(&known, line, content, body.as_bytes()).unwrap();
    match decide(&verified(args, &[known]), request, &Context::default(), NOW) {
        Decided::Allow(permitted) => {
            let review = permitted.review().expect("the pass has a condition on answers");
            review.apply(permitted.request(), Json::parse(answer.as_bytes()).unwrap())
        }
        other => panic!("{line}: {other:?}"),
    }
}

fn narrowed(allow: &str, narrow: Narrowing) -> MintArgs {
    MintArgs { narrow, ..args(&[allow], &[], &[]) }
}

fn day(service: &str) -> MintArgs {
    let newer_than = strings(&[&format!("{service}:24h")]);
    narrowed(&format!("{service}:read"), Narrowing::default().with(&flags::NEWER_THAN, newer_than))
}

fn seen(kinds: &[&str], service: &str) -> MintArgs {
    narrowed(&format!("{service}:read"), Narrowing::default().with(&flags::ONLY_SEEN, strings(kinds)))
}

/// The ids in an answer, as `kind id`.
#[track_caller]
fn shows(service: &str, kind: &str, line: &str, answer: &str) -> Vec<String> {
    let reviewed = reviewed(&seen(&[kind], service), service, line, answer).unwrap();
    reviewed.revealed.seen.iter().map(|one| format!("{} {}", one.kind, one.id)).collect()
}

/// This many hours before now, in seconds since 1970.
fn ts(hours: i64) -> String {
    format!("{}.000100", (NOW - time::Duration::hours(hours)).unix_timestamp())
}

#[test]
fn an_old_message_of_a_channel_is_withheld_in_its_place() {
    let history = "POST /api/conversations.history < channel=C0123";
    let body = format!(
        r#"{{"ok":true,"has_more":false,"latest":"secret","messages":[{{"type":"message","ts":"{}","text":"fresh"}},{{"ts":"{}","text":"stale"}},{{"text":"undated"}},{{"ts":17,"text":"wrong"}},{{"ts":"x","text":"worse"}},{{"ts":"-1.5","text":"worst"}}]}}"#,
        ts(1),
        ts(25)
    );
    let reviewed = reviewed(&day("slack"), "slack", history, &body).unwrap();
    let text = serde_json::to_string(&reviewed.answer).unwrap();
    assert!(text.contains("fresh") && text.contains("has_more"), "{text}");
    for hidden in ["stale", "undated", "wrong", "worse", "worst", "secret"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert_eq!(reviewed.withheld, 5);
}

#[test]
fn a_channel_is_shown_without_the_messages_that_its_entry_repeats() {
    let body = r#"{"ok":true,"channel":{"id":"C0123","name":"digest","topic":{"value":"notes"},"latest":{"text":"stale"}}}"#;
    let reviewed =
        reviewed(&day("slack"), "slack", "POST /api/conversations.info < channel=C0123", body).unwrap();
    let text = serde_json::to_string(&reviewed.answer).unwrap();
    assert!(text.contains("digest") && !text.contains("stale"), "{text}");
}

#[test]
fn an_error_of_slack_is_passed_on_and_shows_nothing() {
    let body = r#"{"ok":false,"error":"channel_not_found","needed":"channels:history","detail":"stale"}"#;
    let history = "POST /api/conversations.history < channel=C0123";
    let text =
        serde_json::to_string(&reviewed(&day("slack"), "slack", history, body).unwrap().answer).unwrap();
    assert!(text.contains("channel_not_found") && !text.contains("stale"), "{text}");
    assert_eq!(shows("slack", "message", history, body), Vec::<String>::new());
}

#[test]
fn what_cannot_be_judged_of_slack_is_refused_before_it_is_sent() {
    let known = known_service("slack", "U0123");
    let form = "application/x-www-form-urlencoded";
    let request = classified(&known, "POST /api/search.all", form, b"query=x").unwrap();
    let decided = decide(&verified(&day("slack"), &[known]), request, &Context::default(), NOW);
    let Decided::Deny(refused) = decided else { panic!("{decided:?}") };
    assert_eq!(refused.ground(), Ground::Unevaluable);
}

#[test]
fn a_message_of_slack_is_named_by_its_channel_and_its_time() {
    let history = "POST /api/conversations.history < channel=C0123";
    let body = r#"{"ok":true,"messages":[{"ts":"1.1","thread_ts":"1.0","user":"U0200"},{"ts":""},{"ts":null},{"ts":{"x":1}}]}"#;
    assert_eq!(
        shows("slack", "message", history, body),
        ["message C0123/1.1", "thread C0123/1.0", "user U0200"]
    );
    // In search results each message has its own channel; without one it is no message.
    let search = "POST /api/search.messages < query=x";
    let body = r#"{"ok":true,"messages":{"matches":[{"ts":"1.1","channel":{"id":"C0001"}},{"ts":"2.2","channel":{"id":"C0002"}},{"ts":"3.3"},{"channel":{"id":"C0003"}},{"ts":"4.4","channel":[{"id":"C0004"}]}]}}"#;
    let shown = shows("slack", "message", search, body);
    let messages: Vec<&str> = shown.iter().filter_map(|one| one.strip_prefix("message ")).collect();
    assert_eq!(messages, ["C0001/1.1", "C0002/2.2"], "no id mixes two entries");
}

#[test]
fn an_id_of_one_kind_of_comment_is_none_of_another() {
    let (owned, comments) = ("/repos/Octo/Hello", r#"[{"id":7,"updated_at":"2026-11-22T08:00:00Z"}]"#);
    for (path, expected) in [
        ("issues/1/comments", "issue-comment octo/hello/7"),
        ("pulls/1/comments", "review-comment octo/hello/7"),
        ("comments", "commit-comment octo/hello/7"),
    ] {
        let kind = expected.split(' ').next().unwrap();
        assert_eq!(shows("github", kind, &format!("GET {owned}/{path}"), comments), [expected]);
    }
    // A request for either touches only its own kind.
    for (path, expected) in [
        ("issues/comments/7", "issue-comment"),
        ("pulls/comments/7", "review-comment"),
        ("comments/7", "commit-comment"),
    ] {
        let request =
            classified(&known_service("github", "me"), &format!("GET {owned}/{path}"), "", b"").unwrap();
        let kinds: Vec<&str> = request.resources.iter().map(|one| &*one.kind).collect();
        let others = kinds.into_iter().filter(|kind| *kind != "repo").collect::<Vec<_>>();
        assert_eq!(others, [expected], "{path}");
    }
}

#[test]
fn a_repository_is_seen_whatever_its_spelling() {
    let body = r#"{"total_count":1,"items":[{"full_name":"Octo/Hello"},{"full_name":7},{"name":"x"}]}"#;
    let shown = shows("github", "repo", "GET /search/repositories?q=x", body);
    assert_eq!(shown, ["repo 7", "repo octo/hello"]);
    let runs = r#"{"total_count":1,"workflow_runs":[{"id":5,"workflow_id":6,"head_sha":"abc"}]}"#;
    let shown = shows("github", "run", "GET /repos/octo/hello/actions/runs", runs);
    assert_eq!(shown, ["commit octo/hello/abc", "run octo/hello/5", "workflow octo/hello/6"]);
}

#[test]
fn an_old_issue_is_withheld_and_shows_no_id() {
    let mut both = day("github");
    both.narrow = both.narrow.with(&flags::ONLY_SEEN, ["issue"]);
    let fresh = "2026-11-22T08:00:00Z";
    let body = format!(
        r#"[{{"number":1,"updated_at":"{fresh}","title":"fresh"}},{{"number":2,"updated_at":"2026-11-01T00:00:00Z","title":"stale"}},{{"number":3,"updated_at":17,"title":"wrong"}},{{"number":4,"title":"undated"}}]"#
    );
    let reviewed = reviewed(&both, "github", "GET /repos/octo/hello/issues", &body).unwrap();
    let text = serde_json::to_string(&reviewed.answer).unwrap();
    assert!(text.contains("fresh"), "{text}");
    for hidden in ["stale", "wrong", "undated"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let ids: Vec<&str> = reviewed.revealed.seen.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["octo/hello#1"]);
}
