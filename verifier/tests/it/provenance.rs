//! A request may touch only things that an earlier answer has shown, or that the lineage created.

use std::sync::atomic::Ordering;

use crate::common::{Stage, json};
use datalog::catalog::Catalog;
use datalog::{AttenuateArgs, MintArgs, Narrowing, attenuate, flags};

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn only_seen(allow: &[&str], kinds: &[&str]) -> MintArgs {
    MintArgs {
        allow: strings(allow),
        narrow: Narrowing::default().with(&flags::ONLY_SEEN, strings(kinds)),
        ..MintArgs::default()
    }
}

const LIST: &str = "/gmail/gmail/v1/users/me/messages";
const LISTED: &str =
    r#"{"messages":[{"id":"m1","threadId":"t1"},{"id":"m2","threadId":"t2"}],"nextPageToken":"9"}"#;

fn message(id: &str) -> String {
    format!("{LIST}/{id}")
}

#[test]
fn an_id_that_no_answer_has_shown_is_refused_and_one_that_was_shown_is_not() {
    let stage = Stage::new();
    let pass = stage.mint(&only_seen(&["gmail:read"], &["message"]));
    stage.upstream.answers(|_| json("200 OK", LISTED));
    let guessed = stage.get(&pass, &message("m1"));
    assert_eq!((guessed.status, guessed.code().as_str()), (403, "denied"), "{guessed:?}");
    assert!(guessed.text().contains("only one that an earlier answer has shown"), "{guessed:?}");
    assert_eq!(stage.upstream.seen().len(), 0);

    assert_eq!(stage.get(&pass, LIST).text(), LISTED, "the list is passed on unchanged");
    assert_eq!(stage.get(&pass, &message("m1")).status, 200);
    assert_eq!(stage.get(&pass, &message("m3")).code(), "denied");
    // The id of the message's thread was shown too, but a thread is no message.
    assert_eq!(stage.get(&pass, &message("t1")).code(), "denied");
    // The pass does not limit threads.
    assert_eq!(stage.get(&pass, "/gmail/gmail/v1/users/me/threads/t9").status, 200);
}

#[test]
fn every_id_of_a_batch_has_to_have_been_shown() {
    let stage = Stage::new();
    let pass = stage.mint(&only_seen(&["gmail:read", "gmail:write", "gmail:delete"], &["message"]));
    stage.upstream.answers(|_| json("200 OK", LISTED));
    assert_eq!(stage.get(&pass, LIST).status, 200);
    let delete = |ids: &str| stage.post(&pass, &message("batchDelete"), &format!(r#"{{"ids":[{ids}]}}"#));
    assert_eq!(delete(r#""m1","m2""#).status, 200);
    assert_eq!(delete(r#""m1","m3""#).code(), "denied");
    let modify = r#"{"ids":["m2","m4"],"addLabelIds":["STARRED"]}"#;
    assert_eq!(stage.post(&pass, &message("batchModify"), modify).code(), "denied");
}

#[test]
fn only_answers_that_succeeded_show_ids() {
    let stage = Stage::new();
    let pass = stage.mint(&only_seen(&["gmail:read"], &["message"]));
    for status in ["404 Not Found", "500 Oops", "302 Found"] {
        stage.upstream.answers(move |_| json(status, LISTED));
        stage.get(&pass, LIST);
        assert_eq!(stage.get(&pass, &message("m1")).code(), "denied", "{status}");
    }
    // Ids that the agent sends do not count as shown.
    let asked = format!("{LIST}?q=rfc822msgid:m1&pageToken=m1");
    stage.upstream.answers(|_| json("200 OK", r#"{"resultSizeEstimate":0,"m1":{"id":"m1"}}"#));
    assert_eq!(stage.get(&pass, &asked).status, 200);
    assert_eq!(stage.get(&pass, &message("m1")).code(), "denied");
}

#[test]
fn what_was_shown_belongs_to_one_lineage_and_one_connection() {
    let stage = Stage::new();
    let args = MintArgs {
        connections: strings(&["github", "github-work"]),
        ..only_seen(&["github:read", "github-work:read"], &["issue"])
    };
    let (pass, other) = (stage.mint(&args), stage.mint(&args));
    stage.upstream.answers(|_| json("200 OK", r#"[{"number":7,"updated_at":"2026-09-21T00:00:00Z"}]"#));
    assert_eq!(stage.get(&pass, "/github/repos/o/r/issues").status, 200);
    assert_eq!(stage.get(&pass, "/github/repos/o/r/issues/7").status, 200);
    assert_eq!(stage.get(&pass, "/github/repos/o/other/issues/7").code(), "denied");
    assert_eq!(stage.get(&pass, "/github-work/repos/o/r/issues/7").code(), "denied");
    assert_eq!(stage.get(&other, "/github/repos/o/r/issues/7").code(), "denied");
}

#[test]
fn a_child_shares_what_its_parent_was_shown() {
    let stage = Stage::new();
    let parent = stage.mint(&only_seen(&["gmail:read"], &["message"]));
    let catalog = Catalog::embedded().unwrap();
    let services: Vec<_> = catalog.services().cloned().collect();
    let args = AttenuateArgs { only: strings(&["gmail.users.messages.get"]), ..AttenuateArgs::default() };
    let now = time::OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
    let child = attenuate(&parent, &args, &services, now).unwrap().text;
    stage.upstream.answers(|_| json("200 OK", LISTED));
    assert_eq!(stage.get(&child, &message("m1")).code(), "denied");
    assert_eq!(stage.get(&parent, LIST).status, 200);
    assert_eq!(stage.get(&child, &message("m1")).status, 200);
}

#[test]
fn only_what_the_lineage_created_may_be_touched_where_the_pass_says_so() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: strings(&["gmail:read", "gmail:write", "gmail:delete"]),
        narrow: Narrowing::default().with(&flags::ONLY_CREATED, ["draft"]),
        ..MintArgs::default()
    });
    let drafts = "/gmail/gmail/v1/users/me/drafts";
    stage.upstream.answers(|seen| {
        let created = r#"{"id":"d2","message":{"id":"m9","threadId":"t9","labelIds":["DRAFT"]}}"#;
        let listed = r#"{"drafts":[{"id":"d1","message":{"id":"m1","threadId":"t1"}}]}"#;
        json("200 OK", if seen.line.starts_with("POST") { created } else { listed })
    });
    assert_eq!(stage.get(&pass, drafts).status, 200);
    assert_eq!(stage.get(&pass, &format!("{drafts}/d1")).code(), "denied", "a seen id is not a created one");
    let reply = stage.post(&pass, drafts, r#"{"message":{"raw":"VG86IGFAYi5jDQoNCng"}}"#);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(stage.get(&pass, &format!("{drafts}/d2")).status, 200);
}

#[test]
fn a_pass_that_asks_no_provenance_costs_no_question() {
    let stage = Stage::new();
    stage.upstream.answers(|_| json("200 OK", LISTED));
    let pass = stage.pass(&["gmail:read"]);
    assert_eq!(stage.get(&pass, LIST).status, 200);
    assert_eq!(stage.get(&pass, &message("m1")).status, 200);
    assert_eq!(stage.authority.asked.load(Ordering::SeqCst), 0);
    assert!(stage.authority.shown().is_empty());
}

#[test]
fn what_was_withheld_is_not_seen() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: strings(&["gmail:read"]),
        narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["message"]).with(&flags::NEWER_THAN, ["24h"]),
        ..MintArgs::default()
    });
    stage.upstream.answers(|_| {
        let message =
            |id: &str, day: u64| format!(r#"{{"id":"{id}","threadId":"t1","internalDate":"{day}"}}"#);
        let (old, new) = (message("m1", 1_700_000_000_000), message("m2", 1_789_999_000_000));
        json("200 OK", &format!(r#"{{"id":"t1","messages":[{old},{new}]}}"#))
    });
    assert_eq!(stage.get(&pass, "/gmail/gmail/v1/users/me/threads/t1").status, 200);
    let seen: Vec<_> = stage.authority.shown().into_iter().flat_map(|one| one.seen).collect();
    assert!(seen.iter().any(|one| one.id == "m2") && !seen.iter().any(|one| one.id == "m1"), "{seen:?}");
}
