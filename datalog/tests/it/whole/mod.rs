//! The whole vocabulary, every flag, and requests of real services, for properties over all words.
//!
//! The words come from `vocabulary.rs`; the test `vocabulary` checks that none is left out here.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use datalog::catalog::Service;
use datalog::flags;
use datalog::lookup::{Finds, Inquiry, Unfound};
use datalog::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::common::*;

/// Checks. Each word is in one of them, or a flag states it.
pub(crate) const CHECKS: &[&str] = &[
    "check if time($t), $t < 2027-01-01T00:00:00Z",
    "check if clock(\"Europe/Berlin\", $d, $m), $d == \"sun\" || $m < 600",
    "check if connection($c), service($s), $c == $s",
    "check if account($a), $a.starts_with(\"me@\")",
    "check if operation($o), $o.starts_with(\"gmail.users.messages.\") or effects($e), $e.length() === 1",
    "check all effect($e), {\"read\", \"write\", \"send\"}.contains($e)",
    "check if method($m), {\"GET\", \"POST\"}.contains($m)",
    "check if host($h), $h.ends_with(\".googleapis.com\") or service(\"slack\") or service(\"github\")",
    "check if path($p), !$p.contains(\"/trash\")",
    "reject if resource(\"message\", \"m2\")",
    "check all arg_name($n), {\"userId\", \"q\", \"maxResults\", \"raw\", \"id\", \"threadId\"}.contains($n)",
    "check if arg_count($n), $n < 4",
    "check all arg($n, $v), $v != \"secret\"",
    "check all arg_int(\"maxResults\", $n), $n <= 10 or method(\"POST\") or arg_count($c), $c < 3",
    "reject if arg_bool(\"includeSpamTrash\", true)",
    "reject if arg_type(\"q\", \"integer\")",
    "check if used(\"send\", $n), $n < 2 or method(\"GET\")",
    "check if cost(\"bytes\", $c), $c < 400 or method(\"GET\")",
    "check if request_digest($d), approved($d) or method(\"GET\")",
    "check if stage($s), {\"request\", \"response\"}.contains($s)",
    "check all recipient($r), $r.ends_with(\"@example.com\") or recipient_count(0)",
    "check if recipient_count($n), $n < 2",
    "reject if recipient_domain(\"evil.example\")",
    "check if attachment_count(0)",
    "check if subject($s), !$s.contains(\"secret\") or method(\"GET\")",
    "check all sender($s), {\"me@example.com\", \"alias@example.com\"}.contains($s) or sender_count(0)",
    "check if sender_count($n), $n < 2",
    "reject if reply_to(\"eve@evil.example\")",
    "check if reply_to_count(0) or method(\"GET\")",
    "reject if thread_participant(\"eve@evil.example\")",
    "check if thread_participants($all), $all.length() > 1 or method(\"GET\")",
    "check if channel_external(false)",
    "reject if channel_external(true)",
    "reject if unnamed(\"thread\", \"\")",
    "reject if method(\"GET\"), resource(\"thread\", \"t9\")",
    "check all resource($k, $i), $k != \"label\" or method(\"GET\")",
    "check all resource(\"message\", $i), {\"m1\", \"m2\"}.contains($i) or method(\"POST\")",
    // Provenance.
    "check all seen($k, $i), $i != \"m2\" or unseen_count(\"message\", 0)",
    "check if unseen_count(\"message\", $n), $n < 1",
    "check if created(\"message\", \"m1\") or method(\"GET\")",
    "check if uncreated_count(\"draft\", 0)",
    "reject if seen(\"thread\", \"t1\")",
    // Answers.
    "check if stage(\"request\") or item_time($t), $t >= 2026-11-22T08:00:00Z",
    "check if stage(\"request\") or item_age($a), $a <= 7200 or item_shows(\"ids\")",
    "check if stage(\"request\") or item_count($n), $n < 3",
    "reject if item_label(\"SPAM\")",
    "reject if item_label(\"SPAM\") or item_age($a), $a > 86400",
    "check all item_label($l), $l.starts_with(\"LBL\") || {\"INBOX\", \"UNREAD\"}.contains($l) or stage(\"request\")",
    "check if stage(\"request\") or item_shows(\"content\"), item_count($n), $n < 4 or item_shows(\"ids\")",
    "check if stage(\"response\"), item_age($a), $a >= 60 or method(\"GET\"), stage(\"request\") or method(\"POST\")",
    "reject if stage(\"response\"), item_label(\"UNREAD\"), item_shows(\"content\")",
    // A pass's own facts.
    "check if task($t), $t.length() < 60",
    "check if pass_id($p), $p.starts_with(\"p_\")",
    "check all connected($c, $s, $a), $a.starts_with(\"me\")",
    "check all grant_effects($answer, $c, $e), !$e.contains(\"admin\")",
    "reject if budget_effect(\"send\", \"*\", \"send\", 1)",
    "reject if redact(\"gmail\", \"raw\")",
];

pub(crate) const TARGETS: &[&str] = &[
    "gmail:read",
    "gmail:write",
    "gmail:send",
    "gmail.users.messages.*",
    "gmail.users.drafts.create",
    "gmail.users.messages.send",
    "gmail.users.messages.list",
    "slack:send",
    "slack:read",
    "github:read",
    "google-calendar:read",
];
const LIMITS: &[&str] = &[
    "send=2",
    "bytes=2kB",
    "gmail:send=2/h",
    "gmail:read=3/m",
    "recipients=2",
    "gmail:recipients=3/d",
    "gmail.users.messages.get=1",
    "gmail.users.*=3",
];
const ARGS: &[&str] = &[
    "gmail.users.messages.list: maxResults<=10, q contains \"is:unread\", userId",
    "gmail.users.messages.list: q?, userId",
];
const HOURS: &[&str] = &["sun 09:00-18:00 Europe/Berlin", "mon-fri 09:00-17:00 UTC"];
const NEWER: &[&str] = &["2h", "gmail:24h", "github:1h", "google-calendar:24h", "today@Europe/Berlin"];
const ITEMS: &[&str] = &["2", "github:1", "gmail:3"];
const REDACT: &[&str] =
    &["labelIds", "payload.body", "gmail:internalDate", "id", "title", "messages", "github:updated_at"];
const SEEN: &[&str] = &["message", "gmail:thread", "issue"];
const CREATED: &[&str] = &["draft", "gmail:message"];

fn some(items: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    subsequence(items.to_vec(), 0..=most).prop_map(|list| strings(&list))
}

/// A few of the items; none, most of the time.
fn few(items: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![3 => Just(Vec::new()), 1 => some(items, items.len().min(2))]
}

prop_compose! {
    fn of_answers()(newer_than in few(NEWER), max_items in few(ITEMS), redact in few(REDACT), only_seen in few(SEEN), only_created in few(CREATED))
        -> [Vec<String>; 5] { [newer_than, max_items, redact, only_seen, only_created] }
}

prop_compose! {
    pub fn passes()(
        (allow, ask, deny) in (some(TARGETS, TARGETS.len()), some(TARGETS, 2), some(TARGETS, 1)),
        (limits, args, during) in (some(LIMITS, 4), few(ARGS), few(HOURS)),
        (to, to_domains) in (few(&["a@example.com", "b@example.org"]), few(&["example.com", "example.net"])),
        to_thread_participants in prop::bool::weighted(0.1),
        resources in few(&["message=m1", "message=m2", "channel=C0123ABCD"]),
        [newer_than, max_items, redact, only_seen, only_created] in of_answers(),
        approvers in select(vec![None, None, Some(2)]),
        checks in some(CHECKS, 2),
    ) -> MintArgs {
        let allow = if allow.is_empty() && ask.is_empty() { strings(&["gmail:read"]) } else { allow };
        let approvers = approvers.filter(|_| !ask.is_empty());
        let narrow = Narrowing::default().with(&flags::LIMIT, limits).with(&flags::ARG, args).with(&flags::DURING, during).with(&flags::TO, to).with(&flags::TO_DOMAIN, to_domains).with(&flags::TO_THREAD_PARTICIPANTS, to_thread_participants.then_some("yes")).with(&flags::RESOURCE, resources).with(&flags::NEWER_THAN, newer_than).with(&flags::MAX_ITEMS, max_items).with(&flags::REDACT, redact).with(&flags::ONLY_SEEN, only_seen).with(&flags::ONLY_CREATED, only_created).with(&flags::CHECK, checks);
        MintArgs { task: "t".into(), allow, ask, deny, approvers, narrow, ..MintArgs::default() }
    }
}

prop_compose! {
    pub fn narrowings()(
        (only, ask, deny) in (prop_oneof![1 => Just(Vec::new()), 1 => some(TARGETS, TARGETS.len())], few(TARGETS), few(TARGETS)),
        (limits, args, during) in (few(LIMITS), few(ARGS), few(HOURS)),
        (to, to_domains) in (few(&["a@example.com", "b@example.org"]), few(&["example.com"])),
        to_thread_participants in prop::bool::weighted(0.1),
        [newer_than, max_items, redact, only_seen, only_created] in of_answers(),
        checks in some(CHECKS, 2),
    ) -> AttenuateArgs {
        let narrow = Narrowing::default().with(&flags::LIMIT, limits).with(&flags::ARG, args).with(&flags::DURING, during).with(&flags::TO, to).with(&flags::TO_DOMAIN, to_domains).with(&flags::TO_THREAD_PARTICIPANTS, to_thread_participants.then_some("yes")).with(&flags::NEWER_THAN, newer_than).with(&flags::MAX_ITEMS, max_items).with(&flags::REDACT, redact).with(&flags::ONLY_SEEN, only_seen).with(&flags::ONLY_CREATED, only_created).with(&flags::CHECK, checks).with(&flags::FOR, ["10m"]);
        AttenuateArgs { only, ask, deny, narrow }
    }
}

pub(crate) fn checking(checks: &[&str]) -> Narrowing {
    Narrowing::default().with(&flags::CHECK, checks.iter().copied())
}

/// A pass that uses every flag.
pub(crate) fn everything() -> MintArgs {
    MintArgs {
        ask: strings(&["gmail:send", "gmail.users.drafts.create", "gmail.users.threads.*"]),
        approvers: Some(2),
        approve_by: vec!["alice".parse().unwrap(), "bob".parse().unwrap()],
        narrow: Narrowing::default()
            .with(&flags::LIMIT, strings(LIMITS))
            .with(&flags::ARG, strings(ARGS))
            .with(&flags::DURING, strings(HOURS))
            .with(&flags::TO, ["a@example.com"])
            .with(&flags::AS, ["me@example.com"])
            .with(&flags::RESOURCE, ["message=m1"])
            .with(&flags::NEWER_THAN, strings(NEWER))
            .with(&flags::MAX_ITEMS, strings(ITEMS))
            .with(&flags::REDACT, strings(REDACT))
            .with(&flags::ONLY_SEEN, strings(SEEN))
            .with(&flags::ONLY_CREATED, strings(CREATED)),
        ..args(&["gmail:read", "github:read", "google-calendar:read", "slack:send"], &[], &[])
    }
}

/// The accounts, with the catalog's services.
static CONNECTIONS: LazyLock<Vec<KnownConnection>> = LazyLock::new(|| {
    [("gmail", "me@example.com"), ("slack", "me@T1"), ("github", "me"), ("google-calendar", "me@example.com")]
        .map(|(name, account)| known_service(name, account))
        .into()
});

/// The same connections with only the operations used here, because each operation is searched for what a child
/// loses.
static FEW: LazyLock<Vec<KnownConnection>> = LazyLock::new(|| {
    let used = |id: &str| {
        ["gmail.users.messages.", "gmail.users.drafts.", "gmail.users.threads."]
            .iter()
            .any(|start| id.starts_with(start))
            || ["slack.chat.postMessage", "slack.conversations.history", "google-calendar.events.list"]
                .contains(&id)
            || ["github.issues/list-for-repo", "github.issues/get"].contains(&id)
    };
    let few = |known: &KnownConnection| {
        let (facts, overlay) = match known.name.as_str() {
            "gmail" => (
                include_str!("../../../catalog/gmail/facts.jsonl"),
                include_str!("../../../catalog/gmail/overlay.toml"),
            ),
            "slack" => (
                include_str!("../../../catalog/slack/facts.jsonl"),
                include_str!("../../../catalog/slack/overlay.toml"),
            ),
            "github" => (
                include_str!("../../../catalog/github/facts.jsonl"),
                include_str!("../../../catalog/github/overlay.toml"),
            ),
            _ => (
                include_str!("../../../catalog/google-calendar/facts.jsonl"),
                include_str!("../../../catalog/google-calendar/overlay.toml"),
            ),
        };
        let mut service = Service::load(facts, Some(overlay)).unwrap();
        service.operations.retain(|operation| used(operation.id.as_str()));
        assert!(!service.operations.is_empty(), "{}", known.name);
        KnownConnection { service: Arc::new(service), ..known.clone() }
    };
    CONNECTIONS.iter().map(few).collect()
});

pub(crate) fn connections() -> &'static [KnownConnection] {
    &CONNECTIONS
}

fn sent(to: &str, line: &str, body: &str) -> Request {
    let connection = CONNECTIONS.iter().find(|one| one.name.as_str() == to).unwrap();
    classified(connection, line, "application/json", body.as_bytes())
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Requests whose answers have items.
pub(crate) const SHOWING: &[(&str, &str)] = &[
    ("gmail", "GET /gmail/v1/users/me/messages"),
    ("gmail", "GET /gmail/v1/users/me/messages?maxResults=5&q=is:unread"),
    ("gmail", "GET /gmail/v1/users/me/messages/m1"),
    ("gmail", "GET /gmail/v1/users/me/messages/m2?format=full"),
    ("gmail", "GET /gmail/v1/users/me/threads/t1"),
    ("gmail", "GET /gmail/v1/users/me/threads"),
    ("gmail", "GET /gmail/v1/users/me/drafts"),
    ("gmail", "GET /gmail/v1/users/me/drafts/r1"),
    ("gmail", "POST /gmail/v1/users/me/messages/m2/untrash"),
    ("github", "GET /repos/o/r/issues"),
    ("github", "GET /repos/o/r/issues/7"),
    ("google-calendar", "GET /calendar/v3/calendars/primary/events"),
];

pub(crate) fn showing() -> impl Strategy<Value = Request> {
    select(SHOWING.to_vec()).prop_map(|(to, line)| sent(to, line, ""))
}

pub(crate) fn requests() -> impl Strategy<Value = Request> {
    let reading = select(vec![
        ("gmail", "GET /gmail/v1/users/me/messages?maxResults=50&q=secret&includeSpamTrash=true", ""),
        ("gmail", "POST /gmail/v1/users/me/messages/m2/trash", ""),
        ("gmail", "DELETE /gmail/v1/users/me/messages/m2", ""),
        ("gmail", "POST /gmail/v1/users/me/messages/batchDelete", "{\"ids\":[\"m1\",\"m2\"]}"),
        ("slack", "GET /api/conversations.history?channel=C0123ABCD", ""),
        ("slack", "POST /api/chat.postMessage", "{\"channel\":\"C0123ABCD\",\"text\":\"hello\"}"),
    ])
    .prop_map(|(to, line, body)| sent(to, line, body));
    let to = subsequence(vec!["a@example.com", "b@example.org", "eve@evil.example"], 0..3);
    let sending = (to, select(vec!["hello", "secret"]), any::<bool>(), any::<bool>()).prop_map(
        |(to, subject, in_thread, draft)| {
            let raw =
                format!("From: me@example.com\r\nTo: {}\r\nSubject: {subject}\r\n\r\nhello", to.join(", "));
            let raw = if to.is_empty() { raw.replace("To: \r\n", "") } else { raw };
            let raw = base64::engine::general_purpose::URL_SAFE.encode(raw);
            let thread = if in_thread { ",\"threadId\":\"t1\"" } else { "" };
            let message = format!("{{\"raw\":\"{raw}\"{thread}}}");
            match draft {
                true => {
                    sent("gmail", "POST /gmail/v1/users/me/drafts", &format!("{{\"message\":{message}}}"))
                }
                false => sent("gmail", "POST /gmail/v1/users/me/messages/send", &message),
            }
        },
    );
    prop_oneof![2 => showing(), 1 => reading, 2 => sending]
}

/// Everything that a decision knows besides the request.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    used: u64,
    approved: bool,
    /// Which things of the request, by number, an earlier answer has shown, and which the lineage created.
    seen: u8,
    created: u8,
    external: bool,
}

prop_compose! {
    pub fn situations()(used in 0..4u64, approved in any::<bool>(), seen in any::<u8>(), created in any::<u8>(), external in any::<bool>())
        -> Situation { Situation { used, approved, seen: seen | created, created, external } }
}

const THREAD: &[u8] = br#"{"id":"t1","messages":[{"id":"m1","payload":{"headers":[
    {"name":"From","value":"a@example.com"},{"name":"To","value":"me@example.com"}]}}]}"#;

/// The request and the context, after the look-ups that the pass needs.
pub(crate) fn asked(pass: &VerifiedPass, request: &Request, situation: &Situation) -> (Request, Context) {
    let of = |bits: u8| -> BTreeSet<Resource> {
        let numbered = request.resources.iter().enumerate();
        numbered.filter(|(place, _)| bits >> (place % 8) & 1 == 1).map(|(_, one)| one.clone()).collect()
    };
    let context = Context {
        used: pass.limits().iter().map(|limit| (limit.budget.clone(), situation.used.into())).collect(),
        approved: situation.approved.then(|| request.digest()),
        known: Known { seen: of(situation.seen), created: of(situation.created) },
        ..Context::default()
    };
    let mut inquiry = Inquiry::about(request.clone(), context);
    let service = &CONNECTIONS.iter().find(|one| one.name == request.connection).unwrap().service;
    let channel = format!(
        r#"{{"ok":true,"channel":{{"id":"C0123ABCD","is_ext_shared":{},"is_pending_ext_shared":false}}}}"#,
        situation.external
    );
    while let Some(needed) = inquiry.next(pass, service, NOW) {
        let answer = match needed.finds() {
            Finds::Thread => Ok(THREAD),
            Finds::Conversation => Ok(channel.as_bytes()),
            _ => Err(Unfound::NoAnswer),
        };
        inquiry.learn(&needed, answer);
    }
    inquiry.into_parts()
}

/// None if the flags would make no sense together.
pub(crate) fn minted(args: &MintArgs) -> Option<String> {
    let terms = MintTerms::parse(args, &FEW, NOW).ok()?;
    Some(terms.sign(&PassId::from_random([9; 16]), &root()).ok()?.text)
}

pub(crate) fn child(text: &str, args: &AttenuateArgs) -> Option<String> {
    let services: Vec<_> = FEW.iter().map(|one| one.service.clone()).collect();
    attenuate::append(text, args, &services, NOW).ok().map(|child| child.text)
}

/// 2 for allow, 1 for ask, 0 for deny; and whether it could be evaluated.
pub(crate) fn verdict(pass: &Arc<VerifiedPass>, (request, context): (Request, Context)) -> (u8, bool) {
    match decide(pass, request, &context, NOW) {
        Decided::Allow(_) => (2, true),
        Decided::Ask(_) => (1, true),
        Decided::Deny(refused) => (0, refused.ground() != Ground::Unevaluable),
    }
}

/// Set PROPTEST_CASES to run more.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: count.max(if config.cases == 256 { 0 } else { config.cases }),
        failure_persistence: None,
        max_global_rejects: 1_000_000,
        ..config
    }
}
