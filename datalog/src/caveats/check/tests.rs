//! Which checks are accepted, refused or warned about.

use super::*;
use crate::caveats::trial::*;
use crate::words::message::Message;

#[test]
fn a_check_holds_for_every_request() {
    let pass = trial(&CHECK, &[r#"check if effects($e), !$e.contains("send")"#]);
    assert!(pass.says().contains("send"), "{}", pass.says());
    assert_eq!(pass.answers(LIST, ""), Ok(()));
    assert!(pass.answers(SEND, &letter("me@example.com", "bob@example.com")).is_err());
    assert!(refused(&CHECK, "check if true").starts_with("`check if true` is not a check: "));
}

#[test]
fn a_check_that_says_nothing_or_fails_open_is_refused_with_what_to_write() {
    let told =
        |text: &str| read(text, &[]).unwrap_err().to_string().lines().next().unwrap_or_default().to_owned();
    let lines: Vec<String> = [
        "check if true",
        "check if false",
        "check if operation($o)",
        "check all time($t), connection($c)",
        "reject if operation($o)",
        "check if arg_count($n), 1 < 2",
        "check if arg_count($n), 2 < 1",
        "check if operation($o), $o < 3",
        "check if operation($o), $o == 3",
        "check if arg_count($n), $n",
        "check if effects($e), $e.contains(3)",
        "check if effects($e), $e.all($x -> $x > 3)",
        "check if effects($e), $e.starts_with(\"x\")",
        "check if effect($e), $e != \"send\"",
        "check if recipient($r), $r.ends_with(\"@example.com\")",
        "check if arg(\"q\", $v), $v == \"is:unread\"",
        "reject if recipient($r), !$r.ends_with(\"@example.com\")",
        "check all recipient($r), thread_participant($r)",
        "check all recipient($r), account($r) or recipient_count(0)",
        "check if effect(\"reed\")",
        "check if operation($o), $o == \"a\" or true",
        "check if recipient(\"a@ok.example\")",
        "check if recipient_domain(\"ok.example\")",
        "check all recipient(\"a@ok.example\")",
        "check if recipient(\"a@ok.example\") or recipient(\"b@ok.example\")",
        "check if effects($e), !$e.contains(\"send\") or recipient_domain(\"ok.example\")",
        "check if operation($o), $o !== \"gmail.users.drafts.send\" or recipient_domain(\"ok.example\")",
        "check if recipient_domain(\"ok.example\"), recipient_count($n), $n <= 2",
        "check all recipient($r), $r.ends_with(\"ok.example\")",
        "check all recipient($r), $r.ends_with(\"ok.example\") or recipient_count(0)",
        "check all recipient($r), $r.ends_with(\"a@ok.example\")",
        "check all recipient($r), $r.starts_with(\"a@ok.example\")",
        "check all recipient($r), $r.starts_with(\"a@\")",
        "check all recipient($r), $r.contains(\"ok.example\")",
        "check all recipient($r), $r.contains(\"@ok.example\")",
        "check all recipient_domain($d), $d.ends_with(\"ok.example\")",
        "check all recipient_domain($d), $d.starts_with(\"ok.\")",
        "check all recipient($r), {\"ok.example\", \"fine.example\"}.any($d -> $r.ends_with($d))",
        "check all recipient($r), $r == \"b@fine.example\" || $r.ends_with(\"ok.example\")",
        "check all recipient($r), !(!$r.ends_with(\"ok.example\"))",
        "reject if recipient_domain(\"Evil.example\")",
        "check if arg(\"a\", \"b\"), recipient(\"a@ok.example\")",
        "check if time($t), $t < 2026-12-01T00:00:00Z, recipient(\"a@ok.example\")",
        "check if clock(\"Europe/Berlin\", $d, $m), $m < 1000, recipient(\"a@ok.example\")",
        "check if unseen_count(\"message\", 0), recipient(\"a@ok.example\")",
        "check all connection($c), recipient($r), $c !== \"mail\" || $r.ends_with(\"ok.example\")",
    ]
    .map(told)
    .to_vec();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_check_that_says_something_is_taken() {
    for good in [
        "check all effect($e), {\"read\", \"write\"}.contains($e)",
        "check all recipient($r), $r.ends_with(\"@example.com\") or recipient_count(0)",
        "check all recipient($r), thread_participants($p), $p.contains($r) or recipient_count(0)",
        "check if subject($s), $s.starts_with(\"Re: \")",
        "check if attachment_count($n), $n < 2 or method(\"GET\")",
        "check if thread_participant(\"bob@example.com\")",
        "check if arg_name(\"q\")",
        "reject if arg_bool(\"includeSpamTrash\", true)",
        "check if request_digest($d), approved($d) or method(\"GET\")",
        "check if time($t), $t < 2027-01-01T00:00:00Z",
        "check if effects($e), $e.length() < 2, !$e.contains(\"send\") && $e != {,}",
        "check if operation($o), $o.starts_with(\"a\") || $o.ends_with(\"b\")",
        "check if connection($c), service($c)",
        "check if recipient(\"a@ok.example\"), recipient_count(1)",
        "check all recipient($r), $r == \"a@ok.example\" or recipient_count(0)",
        "check all recipient($r), {\"a@ok.example\", \"b@ok.example\"}.contains($r) or recipient_count(0)",
        "check all recipient($r), $r.starts_with(\"team-\"), $r.ends_with(\"@ok.example\") or recipient_count(0)",
        "check all recipient($r), $r.ends_with(\"-bot@ok.example\")",
        "check all recipient($r), !$r.ends_with(\"@evil.example\") or recipient_count(0)",
        "check all recipient_domain($d), $d == \"ok.example\" || $d.ends_with(\".ok.example\") or recipient_count(0)",
        "check all recipient_domain($d), {\"ok.example\"}.contains($d) or recipient_count(0)",
        "reject if recipient_domain(\"evil.example\")",
        "check if recipient_count($n), $n <= 3",
    ] {
        assert!(read(good, &[]).is_ok(), "{good}: {}", read(good, &[]).unwrap_err());
    }
}

#[test]
fn a_check_that_one_good_thing_among_several_satisfies_is_warned_about() {
    let warned = |text: &str| {
        let warnings = read(text, &[]).unwrap().1;
        warnings.iter().map(|one| Message::from(one).in_full()).collect::<Vec<_>>()
    };
    let told: Vec<String> = [
        "check if effect(\"read\")",
        "check if effects($e), $e.contains(\"read\")",
        "check if effects($e), $e.any($x -> $x == \"read\")",
        "check if effects($e), $e.intersection({\"read\"}).length() > 0",
        "check if resource(\"repo\", \"octo/hello\")",
        "check all resource($k, $id), $k != \"repo\" || $id.starts_with(\"octo/hello\")",
        "check if arg(\"q\", \"is:unread\")",
        "check if thread_participant(\"bob@example.com\")",
    ]
    .into_iter()
    .flat_map(|text| {
        let told = warned(text);
        assert!(!told.is_empty(), "{text}");
        told
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
    for sound in [
        "check if effects($e), !$e.contains(\"send\")",
        "check if effects($e), {\"read\", \"write\"}.contains($e)",
        "check all effect($e), {\"read\", \"write\"}.contains($e)",
        "check all resource($kind, $id), $kind != \"workflow-file\"",
        "check all resource($k, $id), $k != \"repo\" || $id == \"octo/hello\"",
        "check all resource($k, $id), $k != \"repo\" || $id.starts_with(\"octo/\")",
        "reject if resource(\"repo\", \"octo/hello\")",
        "reject if arg(\"q\", \"is:unread\")",
        "check if arg_name(\"q\")",
        "check if operation($o), $o.starts_with(\"gmail.\")",
    ] {
        assert_eq!(warned(sound), Vec::<String>::new(), "{sound}");
    }
}

#[test]
fn a_hostile_check_is_refused_before_it_is_parsed() {
    for bad in [
        format!("check if {}true{}", "(".repeat(4000), ")".repeat(10)),
        format!("check if {}true", "!".repeat(4000)),
        "check if seen($k, $i)".into(),
        "check if operation($o), $o.matches(\".*\")".into(),
        "check if nonsense($o)".into(),
        "check if operation($o, $p)".into(),
        "allow if true".into(),
        "check if effect($a), effect($b), effect($c), effect($d), effect($e)".into(),
        "check if operation($o), $x == 1".into(),
        "check if operation($o) trusting previous".into(),
        "check if operation({o})".into(),
        "check if operation($o), {{a}}.contains($o)".into(),
        "check if operation($o), [\"a\"].contains($o)".into(),
        "check if time($t), $t > 2026-11-22T09:00:00Z; check if true".into(),
    ] {
        assert!(read(&bad, &[]).is_err(), "{bad:.60} was accepted");
    }
    assert!(read("check if effects($e), !$e.contains(\"send\");", &[]).is_ok());
}
