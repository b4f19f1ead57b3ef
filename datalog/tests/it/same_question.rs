//! Which requests are the same question for a person: those that differ only in ways that neither the person nor a
//! recipient could notice.

use std::collections::BTreeSet;

use crate::common::{NOW, classified, is_like, known_service};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use datalog::catalog::{Catalog, Method};
use datalog::lookup::Observed;
use datalog::*;
use proptest::prelude::*;
use time::format_description::well_known::Rfc2822;

fn question(request: &Request) -> QuestionDigest {
    request.question(&Observed::default(), NOW)
}

fn asked(request: &Request) -> String {
    let shown = RequestView::of(request, &Observed::default(), NOW);
    serde_json::to_string(&shown).unwrap()
}

/// A letter as a client builds it, with new machine-made parts each time.
#[derive(Debug, Clone)]
struct Built {
    boundary: String,
    inner: String,
    id: String,
    /// Minutes before now.
    age: i64,
    order: bool,
    subject: &'static str,
    to: &'static str,
    plain: &'static str,
    page: &'static str,
    file: &'static str,
    more: &'static str,
}

impl Built {
    fn new() -> Self {
        Self {
            boundary: "===1==".into(),
            inner: "===2==".into(),
            id: "<1@client>".into(),
            age: 0,
            order: false,
            subject: "Report",
            to: "bob@example.com",
            plain: "hello",
            page: "<p>hello</p>",
            file: "AAAA",
            more: "",
        }
    }

    fn text(&self) -> String {
        let Self { boundary, inner, id, subject, to, plain, page, file, more, .. } = self;
        let date = (NOW - time::Duration::minutes(self.age)).format(&Rfc2822).unwrap();
        let machine = format!("Date: {date}\r\nMessage-ID: {id}\r\nMIME-Version: 1.0\r\n");
        let person = format!("From: me@example.com\r\nTo: {to}\r\nSubject: {subject}\r\n{more}");
        let (first, second) = if self.order { (&person, &machine) } else { (&machine, &person) };
        format!(
            "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n{first}{second}\r\n--{boundary}\r\n\
             Content-Type: multipart/alternative; boundary=\"{inner}\"\r\n\r\n\
             --{inner}\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\r\n{plain}\r\n\
             --{inner}\r\nContent-Type: text/html; charset=\"utf-8\"\r\n\r\n{page}\r\n--{inner}--\r\n\
             --{boundary}\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{file}\r\n--{boundary}--\r\n"
        )
    }

    fn raw(&self) -> Request {
        send(&format!(r#"{{"raw":"{}"}}"#, URL_SAFE.encode(self.text())))
    }
}

fn send(body: &str) -> Request {
    let gmail = known_service("gmail", "me@example.com");
    classified(&gmail, "POST /gmail/v1/users/me/messages/send", "application/json", body.as_bytes()).unwrap()
}

#[test]
fn a_letter_that_is_built_anew_is_the_same_question_and_another_request() {
    let first = Built::new();
    for (what, again) in [
        ("boundary", Built { boundary: "===7==".into(), ..first.clone() }),
        ("inner boundary", Built { inner: "===8==".into(), ..first.clone() }),
        ("id", Built { id: "<2.x-y@host.local>".into(), ..first.clone() }),
        ("date", Built { age: 7, ..first.clone() }),
        ("order of fields", Built { order: true, ..first.clone() }),
    ] {
        assert_eq!(question(&again.raw()), question(&first.raw()), "{what}");
        assert_eq!(asked(&again.raw()), asked(&first.raw()), "{what}: the approver sees the same");
        assert_ne!(again.raw().digest(), first.raw().digest(), "{what}: records tell them apart");
    }
    let unpadded = send(&format!(r#"{{"raw":"{}"}}"#, URL_SAFE_NO_PAD.encode(first.text())));
    assert_eq!(question(&unpadded), question(&first.raw()));
}

#[test]
fn whatever_somebody_could_notice_makes_another_question() {
    let first = Built::new();
    for (what, other) in [
        ("subject", Built { subject: "Report!", ..first.clone() }),
        ("recipient", Built { to: "bob@example.com, eve@evil.example", ..first.clone() }),
        ("name", Built { to: "Bob <bob@example.com>", ..first.clone() }),
        ("text", Built { plain: "hello ", ..first.clone() }),
        ("page", Built { page: "<p>hello</p><!-- -->", ..first.clone() }),
        ("attachment", Built { file: "AAAB", ..first.clone() }),
        ("a field more", Built { more: "X-Priority: 1\r\n", ..first.clone() }),
        ("an answer", Built { more: "In-Reply-To: <a@b>\r\n", ..first.clone() }),
        ("a date long ago", Built { age: 60 * 24 * 400, ..first.clone() }),
        ("an id that says something", Built { id: "<pay mallory@now>".into(), ..first.clone() }),
        ("a long id", Built { id: format!("<{}@x>", "a".repeat(200)), ..first.clone() }),
        (
            "another text that is no boundary",
            Built { boundary: "hello".into(), plain: "--hello", ..first.clone() },
        ),
    ] {
        assert_ne!(question(&other.raw()), question(&first.raw()), "{what}");
    }
    let raw = URL_SAFE.encode(first.text());
    let in_thread = send(&format!(r#"{{"raw":"{raw}","threadId":"t1"}}"#));
    assert_ne!(question(&in_thread), question(&first.raw()), "a thread");
    let mut elsewhere = first.raw();
    elsewhere.account = "eve@example.com".parse().unwrap();
    assert_ne!(question(&elsewhere), question(&first.raw()), "an account");
    let mut within = Built::new();
    within.more = "X-A: 1\r\nX-A: 2\r\n";
    let turned = Built { more: "X-A: 2\r\nX-A: 1\r\n", ..first.clone() };
    assert_ne!(question(&within.raw()), question(&turned.raw()), "the order of fields with one name");
}

#[test]
fn what_the_strict_reader_refuses_is_compared_byte_by_byte() {
    let broken = |id: &str| {
        send(&format!(
            r#"{{"raw":"{}"}}"#,
            URL_SAFE.encode(format!(
                "To: bob@example.com\nMessage-ID: <{id}@x>\nContent-Type: x\nContent-Type: y\n\nhi"
            ))
        ))
    };
    assert_eq!(question(&broken("1")), question(&broken("1")));
    assert_ne!(question(&broken("1")), question(&broken("2")));
}

#[test]
fn how_the_agent_would_like_to_be_answered_makes_no_other_question() {
    let with = |headers: &[(&str, &str)]| {
        let mut request = Built::new().raw();
        request.headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
        question(&request)
    };
    let plain = with(&[]);
    assert_eq!(with(&[("accept", "application/json"), ("accept-language", "de")]), plain);
    assert_eq!(with(&[("idempotency-key", "1")]), with(&[("idempotency-key", "2")]));
    assert_ne!(with(&[("if-match", "\"1\"")]), plain);
    assert_ne!(with(&[("x-github-api-version", "2022-11-28")]), plain);
    assert_ne!(
        with(&[("accept", "application/vnd.github.x-preview+json")]),
        plain,
        "an early form of an operation"
    );
}

#[test]
fn the_order_of_keys_and_a_nonce_make_no_other_question() {
    let calendar = known_service("google-calendar", "me@example.com");
    let event = |body: &str| {
        let at = "POST /calendar/v3/calendars/primary/events?conferenceDataVersion=1";
        question(&classified(&calendar, at, "application/json", body.as_bytes()).unwrap())
    };
    let meet = |id: &str| {
        format!(r#"{{"summary":"Lunch","conferenceData":{{"createRequest":{{"requestId":"{id}"}}}}}}"#)
    };
    assert_eq!(event(&meet("1")), event(&meet("2")));
    assert_eq!(event(r#"{"summary":"a","location":"b"}"#), event(r#"{"location":"b","summary":"a"}"#));
    assert_ne!(event(r#"{"summary":"a","location":"b"}"#), event(r#"{"summary":"b","location":"a"}"#));
    assert_ne!(
        event(r#"{"summary":"a","id":"abcde1"}"#),
        event(r#"{"summary":"a","id":"abcde2"}"#),
        "an event's own id"
    );
    assert_ne!(event(&meet("1")), event(r#"{"summary":"Lunch"}"#));
    let drive = known_service("google-drive", "me@example.com");
    let made = |id: &str| {
        let at = format!("POST /drive/v3/drives?requestId={id}");
        question(&classified(&drive, &at, "application/json", br#"{"name":"team"}"#).unwrap())
    };
    assert_eq!(made("1"), made("2"));
}

/// Arguments that look as if a client invented them, but are not nonces: operations, argument, reason.
const NO_NONCES: &[(&str, &str, &str)] = &[
    ("github.*", "client_id", "it names an application, not a request"),
    ("google-calendar.events.*", "iCalUID", "it names the event, in every calendar that has it"),
    ("slack.calls.add", "external_unique_id", "it names the call, and a later request finds the call by it"),
];

/// Whether a name looks like that of a nonce: a value that only tells one request from the next.
fn looks_made_up(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase().replace(['_', '-'], "");
    let parts = [
        "requestid",
        "nonce",
        "idempot",
        "clientmsg",
        "clientid",
        "clienttoken",
        "clientref",
        "clientmutation",
        "clientrequest",
        "unique",
        "uuid",
        "guid",
        "correlation",
        "boundary",
        "mutationid",
        "transactionid",
        "traceid",
        "icaluid",
        "dedup",
        "random",
        "salt",
    ];
    // A request that asks somebody else for a token names itself by this id.
    parts.iter().any(|part| name.contains(part)) && !name.starts_with("pat")
}

/// Every argument of every service that looks like a nonce is listed as one, or has a reason: in path, query, form,
/// and anywhere in a JSON body.
#[test]
fn every_argument_that_clients_make_up_is_a_nonce_or_has_a_reason() {
    let mut left = BTreeSet::new();
    let (mut of_queries, mut of_bodies, mut used) = (0, 0, BTreeSet::new());
    let catalog = Catalog::embedded().unwrap();
    for service in catalog.services() {
        for operation in service.operations.iter().filter(|one| one.method != Method::Get) {
            for name in crate::names::arguments(service, operation) {
                if operation.nonces.iter().any(|nonce| **nonce == *name) {
                    let in_body =
                        operation.query.iter().chain(operation.form()).all(|one| *one.name != *name);
                    *if in_body { &mut of_bodies } else { &mut of_queries } += 1;
                } else if looks_made_up(&name) {
                    let id = operation.id.as_str();
                    match NO_NONCES.iter().find(|(ids, known, _)| is_like(ids, id) && *known == name) {
                        Some(reason) => _ = used.insert(reason),
                        None => _ = left.insert(format!("{id} {name}")),
                    }
                }
            }
        }
    }
    assert!(of_queries > 0 && of_bodies > 0, "no nonce was found in queries, or none in bodies");
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(used.len(), NO_NONCES.len(), "reasons for nothing");
    assert!(NO_NONCES.iter().all(|(_, _, reason)| !reason.is_empty()));
}

#[test]
fn people_are_who_is_reached_whatever_it_says() {
    let people = |built: &Built| built.raw().people(&Observed::default());
    let first = Built::new();
    assert_eq!(people(&first).len(), 1);
    assert_eq!(people(&Built { subject: "other", plain: "other", ..first.clone() }), people(&first));
    let more = people(&Built { to: "Bob <BOB@example.com>, eve@evil.example", ..first.clone() });
    assert!(more.len() == 2 && more.contains(&people(&first)[0]));
    let slack = known_service("slack", "U1");
    let say = |channel: &str, text: &str| {
        let body = format!("channel={channel}&text={text}");
        let at = "POST /api/chat.postMessage";
        classified(&slack, at, "application/x-www-form-urlencoded", body.as_bytes())
            .unwrap()
            .people(&Observed::default())
    };
    assert_eq!(say("C0123456789", "a"), say("C0123456789", "b"));
    assert_ne!(say("C0123456789", "a"), say("C0123456780", "a"));
    let github = known_service("github", "alice");
    let comment = |number: u32, text: &str| {
        let at = format!("POST /repos/o/r/issues/{number}/comments");
        let body = format!(r#"{{"body":"{text}"}}"#);
        classified(&github, &at, "application/json", body.as_bytes()).unwrap().people(&Observed::default())
    };
    assert_eq!(comment(1, "a"), comment(1, "b"));
    assert!(!comment(1, "a").is_empty());
    assert_ne!(comment(1, "a"), comment(2, "a"));
}

fn machine() -> impl Strategy<Value = (String, String, String, i64, bool)> {
    (
        "[A-Za-z0-9=_.]{8,40}",
        "[A-Za-z0-9=_.]{8,40}",
        "<[a-z0-9.]{1,20}@[a-z0-9.]{1,20}>",
        0i64..600,
        any::<bool>(),
    )
}

proptest! {
    /// Two letters are the same question if and only if the person sees the same and only machine-made parts differ.
    #[test]
    fn two_letters_are_one_question_if_and_only_if_nobody_notices_a_difference(
        one in machine(), two in machine(), which in 0usize..7,
    ) {
        prop_assume!(one.0 != one.1 && two.0 != two.1);
        let built = |(boundary, inner, id, age, order): (String, String, String, i64, bool)| {
            Built { boundary: format!("o{boundary}"), inner: format!("i{inner}"), id, age, order, ..Built::new() }
        };
        let (first, second) = (built(one), built(two));
        prop_assert_eq!(question(&first.raw()), question(&second.raw()));
        prop_assert_eq!(asked(&first.raw()), asked(&second.raw()));
        let other = match which {
            0 => Built { subject: "other", ..second },
            1 => Built { to: "eve@evil.example", ..second },
            2 => Built { plain: "other", ..second },
            3 => Built { page: "<p>other</p>", ..second },
            4 => Built { file: "BBBB", ..second },
            5 => Built { more: "Reply-To: eve@evil.example\r\n", ..second },
            _ => Built { more: "X-Anything: other\r\n", ..second },
        };
        prop_assert_ne!(question(&first.raw()), question(&other.raw()));
        prop_assert_ne!(asked(&first.raw()), asked(&other.raw()));
    }
}
