//! Conditions on answers: age, number, fields. An answer that cannot be judged is not passed on.

use crate::common::{Reply, Stage, Step, json};
use datalog::{MintArgs, Narrowing, flags};
use serde_json::Value;
use verifier::ports::Outcome;

/// Now, by the stage's clock: 2026-09-21T14:13:20Z.
const NOW: i64 = 1_790_000_000;
const MESSAGES: &str = "/gmail/gmail/v1/users/me/messages";
const THREADS: &str = "/gmail/gmail/v1/users/me/threads";

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn newer(age: &str) -> MintArgs {
    MintArgs {
        allow: strings(&["gmail:read", "gmail:write", "gmail:delete"]),
        narrow: Narrowing::default().with(&flags::NEWER_THAN, [age]),
        ..MintArgs::default()
    }
}

fn message(id: &str, hours_ago: i64) -> String {
    let date = (NOW - hours_ago * 3_600) * 1_000;
    format!(
        r#"{{"id":"{id}","threadId":"t1","labelIds":["INBOX"],"snippet":"the words of {id}","internalDate":"{date}"}}"#
    )
}

fn of(reply: &Reply) -> Value {
    reply.json()
}

#[test]
fn a_message_that_is_too_old_is_refused_and_its_record_says_so() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    stage.upstream.answers(|_| json("200 OK", &message("m1", 23)));
    assert_eq!(stage.get(&pass, &format!("{MESSAGES}/m1")).text(), message("m1", 23));
    stage.upstream.answers(|_| json("200 OK", &message("m1", 25)));
    let old = stage.get(&pass, &format!("{MESSAGES}/m1"));
    assert_eq!((old.status, old.code().as_str()), (403, "denied"), "{old:?}");
    assert!(
        old.text().contains("nothing older than 24 hours")
            && old.text().contains("got one that is 25 hours old"),
        "{old:?}"
    );
    assert!(!old.text().contains("the words of"), "{old:?}");
    let written = stage.authority.written();
    assert!(
        matches!(written[1].outcomes.as_slice(), [Outcome::Failed { code: "denied", .. }]),
        "{written:?}"
    );
}

#[test]
fn the_exact_age_is_allowed_and_a_second_more_is_not() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    stage.upstream.answers(|_| json("200 OK", &message("m1", 24)));
    assert_eq!(stage.get(&pass, &format!("{MESSAGES}/m1")).status, 200);
    stage.clock.advance(1);
    assert_eq!(stage.get(&pass, &format!("{MESSAGES}/m1")).code(), "denied");
}

#[test]
fn an_old_message_of_a_thread_is_withheld_in_its_place_with_the_reason() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    let body = format!(
        r#"{{"id":"t1","historyId":"7","snippet":"the words of m1","messages":[{},{}]}}"#,
        message("m1", 48),
        message("m2", 1)
    );
    stage.upstream.answers(move |_| json("200 OK", &body));
    let reply = stage.get(&pass, &format!("{THREADS}/t1"));
    assert!(!reply.text().contains("the words of m1"), "{reply:?}");
    let thread = of(&reply);
    let messages = thread["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "nothing is silently dropped");
    assert_eq!((&messages[0]["id"], &messages[0]["threadId"]), (&"m1".into(), &"t1".into()));
    let why = messages[0]["hallpass"]["withheld"].as_str().unwrap();
    assert!(why.contains("nothing older than 24 hours"), "{why}");
    assert_eq!(messages[1]["snippet"], "the words of m2");
    assert_eq!(thread["id"], "t1");
    assert!(thread.get("snippet").is_none(), "a thread's snippet may be of any message");
}

#[test]
fn a_list_shows_ids_alone() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    let ids = r#"{"messages":[{"id":"m1","threadId":"t1"}],"nextPageToken":"9","resultSizeEstimate":1}"#;
    stage.upstream.answers(move |_| json("200 OK", ids));
    assert_eq!(stage.get(&pass, MESSAGES).text(), ids);
    stage.upstream.answers(|_| {
        json(
            "200 OK",
            r#"{"threads":[{"id":"t1","snippet":"secret words","historyId":"1"}],"other":"secret words"}"#,
        )
    });
    let reply = stage.get(&pass, THREADS);
    assert!(!reply.text().contains("secret words"), "{reply:?}");
    assert_eq!(of(&reply)["threads"][0]["id"], "t1");
}

#[test]
fn an_answer_that_does_not_say_when_it_is_from_is_not_passed_on() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    let long = format!("{}{}{}", r#"{"id":"m1","internalDate":"#, "9".repeat(30), "}");
    for body in [
        r#"{"id":"m1","snippet":"secret words"}"#,
        r#"{"id":"m1","snippet":"secret words","internalDate":"yesterday"}"#,
        r#"{"id":"m1","snippet":"secret words","internalDate":null}"#,
        r#"{"id":"m1","snippet":"secret words","internalDate":["1789999000000"]}"#,
        r#"{"id":"m1","snippet":"secret words","internalDate":"1789999000000","internalDate":"1"}"#,
        r#""secret words""#,
        r#"{"id":"m1","snippet":"secret words""#,
        "secret words",
        long.as_str(),
    ] {
        let answer = body.to_owned();
        stage.upstream.answers(move |_| json("200 OK", &answer));
        let reply = stage.get(&pass, &format!("{MESSAGES}/m1"));
        assert_eq!((reply.status, reply.code().as_str()), (403, "unevaluable"), "{body}: {reply:?}");
        assert!(!reply.text().contains("secret words"), "{reply:?}");
    }
}

#[test]
fn a_part_another_coding_or_another_type_is_not_passed_on() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    let body = message("m1", 1);
    let length = body.len();
    for head in [
        "HTTP/1.1 206 Partial Content\r\nContent-Type: application/json",
        "HTTP/1.1 200 OK\r\nContent-Type: message/rfc822",
        "HTTP/1.1 200 OK",
    ] {
        let answer = format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        stage.upstream.answers(move |_| vec![Step::send(answer.clone())]);
        let reply = stage.get(&pass, &format!("{MESSAGES}/m1"));
        assert_eq!((reply.status, reply.code().as_str()), (403, "unevaluable"), "{head}: {reply:?}");
    }
    let line = format!("Authorization: Bearer {pass}");
    let before = stage.upstream.seen().len();
    let request =
        crate::common::request("GET", &format!("{MESSAGES}/m1"), &[&line, "Range: bytes=0-99"], b"");
    assert_eq!(stage.send(request).code(), "unevaluable");
    assert_eq!(stage.upstream.seen().len(), before, "this is known before anything is sent");
}

#[test]
fn an_operation_whose_answers_nobody_can_judge_is_refused_before_it_is_sent() {
    let stage = Stage::new();
    for target in
        [format!("{MESSAGES}/m1/attachments/a1"), "/gmail/gmail/v1/users/me/history?startHistoryId=1".into()]
    {
        let pass = stage.mint(&newer("24h"));
        let line = format!("Authorization: Bearer {pass}");
        stage.refuses(crate::common::request("GET", &target, &[&line], b""), "unevaluable");
    }
}

#[test]
fn what_shows_no_message_passes_as_it_came() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    let labels = r#"{"labels":[{"id":"INBOX","name":"INBOX"}]}"#;
    stage.upstream.answers(move |_| json("200 OK", labels));
    assert_eq!(stage.get(&pass, "/gmail/gmail/v1/users/me/labels").text(), labels);
    stage.upstream.answers(|_| vec![Step::send("HTTP/1.1 204 No Content\r\n\r\n")]);
    let gone = stage.post(&pass, &format!("{MESSAGES}/batchDelete"), r#"{"ids":["m1"]}"#);
    assert_eq!(gone.status, 204, "{gone:?}");
    // An error is in the service's own words, and shows no items.
    stage.upstream.answers(|_| json("404 Not Found", r#"{"error":{"code":404}}"#));
    assert_eq!(stage.get(&pass, &format!("{MESSAGES}/m1")).status, 404);
}

#[test]
fn a_draft_is_created_and_shows_its_ids() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    let answer = r#"{"id":"d1","message":{"id":"m9","threadId":"t9","labelIds":["DRAFT"]}}"#;
    stage.upstream.answers(move |_| json("200 OK", answer));
    let reply =
        stage.post(&pass, "/gmail/gmail/v1/users/me/drafts", r#"{"message":{"raw":"VG86IGFAYi5jDQoNCng"}}"#);
    assert_eq!(reply.text(), answer, "{reply:?}");
}

#[test]
fn today_begins_at_midnight_in_the_zone_that_is_named() {
    let stage = Stage::new();
    // 14:13 UTC is 23:13 in Tokyo, where the day began at 15:00 UTC the day before.
    let (tokyo, utc) = (stage.mint(&newer("today@Asia/Tokyo")), stage.mint(&newer("today@UTC")));
    for (hours, in_tokyo, in_utc) in [(14, 200, 200), (23, 200, 403), (24, 403, 403)] {
        stage.upstream.answers(move |_| json("200 OK", &message("m1", hours)));
        let get = |pass: &str| stage.get(pass, &format!("{MESSAGES}/m1")).status;
        assert_eq!((get(&tokyo), get(&utc)), (in_tokyo, in_utc), "{hours} hours ago");
    }
}

#[test]
fn another_connection_of_the_pass_is_left_alone_unless_it_is_named() {
    let stage = Stage::new();
    let both = |newer_than: &[&str]| MintArgs {
        allow: strings(&["gmail:read", "github:read"]),
        connections: strings(&["gmail", "github"]),
        narrow: Narrowing::default().with(&flags::NEWER_THAN, strings(newer_than)),
        ..MintArgs::default()
    };
    let (mails, issues) = (stage.mint(&both(&["24h"])), stage.mint(&both(&["24h", "github:7d"])));
    let old = r#"[{"number":1,"title":"secret words","updated_at":"2026-01-01T00:00:00Z"}]"#;
    stage.upstream.answers(move |_| json("200 OK", old));
    assert_eq!(stage.get(&mails, "/github/repos/o/r/issues").text(), old);
    assert_eq!(stage.get(&mails, "/github/user").status, 200);
    let withheld = stage.get(&issues, "/github/repos/o/r/issues");
    assert_eq!(withheld.status, 200);
    assert!(!withheld.text().contains("secret words"), "{withheld:?}");
    assert_eq!(stage.get(&issues, "/github/user").status, 200, "the account's own profile has no date");
    assert_eq!(stage.get(&issues, "/github/search/code?q=x").code(), "unevaluable");
}

#[test]
fn an_answer_of_too_many_items_is_refused_whole() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: strings(&["gmail:read"]),
        narrow: Narrowing::default().with(&flags::MAX_ITEMS, ["2"]),
        ..MintArgs::default()
    });
    let list = |count: usize| {
        let items = (0..count).map(|n| format!(r#"{{"id":"m{n}","threadId":"t"}}"#)).collect::<Vec<_>>();
        format!(r#"{{"messages":[{}]}}"#, items.join(","))
    };
    stage.upstream.answers(move |_| json("200 OK", &list(2)));
    assert_eq!(stage.get(&pass, MESSAGES).text(), list(2));
    stage.upstream.answers(move |_| json("200 OK", &list(3)));
    let reply = stage.get(&pass, MESSAGES);
    assert_eq!((reply.status, reply.code().as_str()), (403, "denied"), "{reply:?}");
    assert!(reply.text().contains("at most 2 items"), "{reply:?}");
}

#[test]
fn redacted_fields_are_emptied_wherever_they_stand_and_the_answer_says_so() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: strings(&["gmail:read"]),
        narrow: Narrowing::default().with(&flags::REDACT, ["body.data", "gmail:headers"]),
        ..MintArgs::default()
    });
    let answer = r#"{"id":"m1","snippet":"secret words","raw":"secret words","payload":{"headers":[{"name":"Subject","value":"secret words"}],"mimeType":"text/plain","body":{"size":3,"data":"secret words"},"parts":[{"body":{"size":3,"data":"secret words"}}]}}"#;
    stage.upstream.answers(move |_| json("200 OK", answer));
    let reply = stage.get(&pass, &format!("{MESSAGES}/m1"));
    assert!(!reply.text().contains("secret words"), "{reply:?}");
    let shown = of(&reply);
    assert_eq!(shown["payload"]["body"], serde_json::json!({ "size": 3, "data": "" }));
    assert_eq!(shown["payload"]["mimeType"], "text/plain");
    let said = shown["hallpass"]["redacted"].to_string();
    assert!(said.contains("payload.parts.body.data") && said.contains("payload.headers"), "{said}");
    // An unreadable answer could show anything.
    stage.upstream.answers(|_| {
        vec![Step::send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nsecret")]
    });
    assert_eq!(stage.get(&pass, &format!("{MESSAGES}/m1")).code(), "unevaluable");
}

#[test]
fn an_attachment_is_redacted_as_the_body_that_it_is() {
    let stage = Stage::new();
    let answer = r#"{"size":3,"data":"c2VjcmV0"}"#;
    for (field, kept) in [("body", false), ("body.data", false), ("payload", false), ("headers", true)] {
        let pass = stage.mint(&MintArgs {
            allow: strings(&["gmail:read"]),
            narrow: Narrowing::default().with(&flags::REDACT, [field]),
            ..MintArgs::default()
        });
        stage.upstream.answers(move |_| json("200 OK", answer));
        let reply = stage.get(&pass, &format!("{MESSAGES}/m1/attachments/a1"));
        assert_eq!(reply.text().contains("c2VjcmV0"), kept, "{field}: {reply:?}");
    }
}

#[test]
fn an_answer_too_large_to_be_judged_is_refused_with_a_hint() {
    let stage = Stage::new();
    let pass = stage.mint(&newer("24h"));
    stage.upstream.answers(|_| {
        let body = format!(r#"{{"id":"m1","internalDate":"1789999000000","raw":"{}"}}"#, "x".repeat(9 << 20));
        json("200 OK", &body)
    });
    let reply = stage.get(&pass, &format!("{MESSAGES}/m1"));
    assert_eq!(reply.code(), "unevaluable");
    assert!(reply.text().contains("ask for less at a time"), "{reply:?}");
}

#[test]
fn a_large_answer_that_only_shows_ids_streams_on_unjudged() {
    let stage = Stage::new();
    let pass = stage.mint(&MintArgs {
        allow: strings(&["gmail:read"]),
        narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["thread"]),
        ..MintArgs::default()
    });
    let body = format!(r#"{{"id":"m1","threadId":"t1","raw":"{}"}}"#, "x".repeat(9 << 20));
    for chunked in [false, true] {
        let text = body.clone();
        stage.upstream.answers(move |_| match chunked {
            false => json("200 OK", &text),
            true => vec![Step::send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
                text.len()
            ))],
        });
        let reply = stage.get(&pass, &format!("{MESSAGES}/m1"));
        assert!(reply.whole && reply.text() == body, "{} bytes", reply.text().len());
    }
    assert!(stage.authority.shown().is_empty());
}
