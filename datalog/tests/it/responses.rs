//! Properties of every answer: a child never shows more of it than its parent, and biscuit-auth agrees on every item,
//! by the pass and by its printed form.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::*;
use crate::whole::*;
use biscuit_auth::builder::AuthorizerBuilder;
use biscuit_auth::{AuthorizerLimits, error};
use datalog::catalog::{AnswerRule, ShownPart, TimeFormat};
use datalog::flags;
use datalog::json::Json;
use datalog::reference::{ReferenceVerdict, reference_of_item};
use datalog::response::{Item, Reviewed, Unfit, items, writing};
use datalog::transcript::world_of_item;
use datalog::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;

/// What an item states about itself.
#[derive(Debug, Clone)]
struct Said {
    age: Option<i64>,
    labels: Option<Vec<&'static str>>,
}

#[derive(Debug, Clone)]
struct Answered {
    items: Vec<Said>,
    /// Whether a place that could hold one item holds a list.
    list: bool,
}

prop_compose! {
    fn said()(age in proptest::option::weighted(0.9, select(vec![30, 3_613, 7_219, 90_011])),
              labels in proptest::option::weighted(0.8, subsequence(vec!["INBOX", "UNREAD", "SPAM"], 0..3))) -> Said {
        Said { age, labels }
    }
}

prop_compose! {
    fn answers()(items in proptest::collection::vec(said(), 0..4), list in prop::bool::weighted(0.8)) -> Answered {
        Answered { items, list }
    }
}

fn moment(said: &Said, place: usize) -> Option<time::OffsetDateTime> {
    // No two items have the same time, so that each can be recognized by it.
    Some(NOW - time::Duration::seconds(said.age? + 7 * i64::try_from(place).unwrap()))
}

fn set(at: &mut Value, path: &[Box<str>], value: Value) {
    match path.split_first() {
        None => *at = value,
        Some((first, rest)) => {
            let fields = at.as_object_mut().unwrap();
            set(fields.entry(first.to_string()).or_insert_with(|| json!({})), rest, value);
        }
    }
}

fn item(request: &Request, rule: &AnswerRule, said: &Said, place: usize) -> Value {
    let mut item = json!({
        "payload": {"body": {"data": format!("body-{place}-")}},
        "title": format!("title-{place}-"), "other": [format!("other-{place}-")],
    });
    // Fields that repeat other fields.
    let every =
        request.operation.all.same.iter().filter(|group| group.iter().any(|name| *name.join("") == *"*"));
    for field in every.flatten().map(|field| field.join(".")).filter(|field| field != "*") {
        item[field] = json!(format!("body-{place}-"));
    }
    let inside = rule.shown.iter().flat_map(|one| &one.id).filter_map(|part| match part {
        ShownPart::Field(path) => path.strip_prefix(&*rule.items),
        ShownPart::Text(_) | ShownPart::Argument(_) => None,
    });
    for (number, path) in inside.enumerate() {
        set(&mut item, path, json!(format!("id{number}-{place}-")));
    }
    if let (Some(dated), Some(moment)) = (&rule.time, moment(said, place)) {
        let text = |moment: time::OffsetDateTime| match dated.format {
            TimeFormat::Seconds => format!("{}.000100", moment.unix_timestamp()),
            TimeFormat::Milliseconds => (moment.unix_timestamp() * 1_000).to_string(),
            TimeFormat::Rfc3339 => moment.format(&Rfc3339).unwrap(),
        };
        set(&mut item, &dated.field, json!(text(moment)));
        if let Some(made) = &dated.made {
            // It was made before its last change, so another field has another time.
            set(&mut item, made, json!(text(moment - time::Duration::SECOND)));
        }
    }
    if let (Some(path), Some(labels)) = (&rule.labels, &said.labels) {
        let own = format!("LBL-{place}-");
        set(&mut item, path, json!(labels.iter().copied().chain([own.as_str()]).collect::<Vec<_>>()));
    }
    item
}

fn answer(request: &Request, answered: &Answered) -> Json {
    let rule = request.operation.answer.as_deref().unwrap();
    let said = answered.items.iter().enumerate();
    let items: Vec<Value> = said.map(|(place, said)| item(request, rule, said, place)).collect();
    let items = match items.as_slice() {
        [one] if !answered.list => one.clone(),
        _ => Value::Array(items),
    };
    let mut whole = items.clone();
    if !rule.items.is_empty() {
        whole = Value::Object(Map::new());
        set(&mut whole, &rule.items, items);
        whole["beside"] = json!("beside-");
        for name in &rule.beside {
            set(&mut whole, name, json!(format!("known-{}-", name.join("."))));
        }
    }
    Json::parse(whole.to_string().as_bytes()).unwrap()
}

/// The reviewed answer. None if the request is not sent.
type Outcome = Option<Result<Reviewed, Unfit>>;

fn outcome(pass: &Arc<VerifiedPass>, (request, context): &(Request, Context), answer: &Json) -> Outcome {
    let Decided::Allow(permitted) = decide(pass, request.clone(), context, NOW) else { return None };
    let untouched =
        Reviewed { answer: answer.clone(), withheld: 0, changed: false, revealed: Default::default() };
    Some(permitted.review().map_or(Ok(untouched), |review| review.apply(request, answer.clone())))
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        None => String::new(),
        Some(Ok(reviewed)) => reviewed.answer.to_text(),
        Some(Err(unfit)) => unfit.reason.got.clone(),
    }
}

/// What the words tell about the items: each thing that only one item has, in any wording.
fn tells(words: &str, answered: &Answered) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for (place, said) in answered.items.iter().enumerate() {
        for name in ["body", "title", "other", "id0", "id1", "LBL"] {
            let token = format!("{name}-{place}-");
            if words.contains(&token) {
                told.insert(token);
            }
        }
        let Some(moment) = moment(said, place) else { continue };
        let age = (NOW - moment).whole_seconds();
        let forms = [
            format!("{}.", moment.unix_timestamp()),
            (moment.unix_timestamp() * 1_000).to_string(),
            moment.format(&Rfc3339).unwrap(),
            format!("item_age({age})"),
        ];
        if forms.iter().any(|form| words.contains(form)) {
            told.insert(format!("time-{place}-"));
        }
    }
    told
}

/// Whether everything in `less` is also in `more` at the same place, or emptied, apart from Hallpass's own notes.
fn is_within(less: &Json, more: &Json) -> bool {
    match (less, more) {
        (Json::Object(fields), more) => {
            let mut fields = fields.iter().filter(|(name, _)| name != "hallpass");
            fields.all(|(name, inner)| more.field(name).is_some_and(|outer| is_within(inner, outer)))
        }
        (Json::Array(items), Json::Array(all)) => {
            items.is_empty()
                || items.len() == all.len() && items.iter().zip(all).all(|(one, other)| is_within(one, other))
        }
        (Json::String(text), _) if text.is_empty() => true,
        (Json::Null, _) => true,
        (less, more) => less == more,
    }
}

/// The tokens that a redaction of this field takes out.
fn redacted(field: &str) -> Option<&'static str> {
    match field {
        "labelIds" => Some("LBL"),
        "payload.body" => Some("body"),
        "internalDate" | "updated_at" => Some("time"),
        "title" => Some("title"),
        _ => None,
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_child_never_shows_more_than_its_parent(
        args in passes(), first in narrowings(), second in narrowings(), request in showing(), answered in answers(),
        situation in situations(),
    ) {
        let Some(parent) = minted(&args) else { return Err(TestCaseError::reject("not minted")) };
        let Some(one) = child(&parent, &first) else { return Err(TestCaseError::reject("not narrowed")) };
        let Some(two) = child(&one, &second) else { return Err(TestCaseError::reject("not narrowed")) };
        let whole = answer(&request, &answered);
        let mut before: Outcome = Some(Ok(Reviewed {
            answer: whole.clone(), withheld: 0, changed: false, revealed: Default::default(),
        }));
        let mut told_before = tells(&words(&before), &answered);
        for text in [&parent, &one, &two] {
            let pass = verify(text).unwrap();
            let now = outcome(&pass, &asked(&pass, &request, &situation), &whole);
            let told = tells(&words(&now), &answered);
            prop_assert!(told.is_subset(&told_before), "{:?} of {}", told.difference(&told_before), words(&now));
            match (&now, &before) {
                (None, _) | (Some(Err(_)), Some(_)) => {}
                (Some(Ok(less)), Some(Ok(more))) => {
                    prop_assert!(is_within(&less.answer, &more.answer), "{:?}\n{:?}", less.answer, more.answer);
                    for shown in &less.revealed.seen {
                        prop_assert!(less.answer.to_text().contains(shown.id.rsplit(['#', '/']).next().unwrap()), "{shown:?}");
                    }
                }
                (Some(_), _) => prop_assert!(false, "a child sees more than its parent: {}", words(&now)),
            }
            if now.is_some() {
                for one in pass.content().redactions.iter().filter(|one| one.connection == request.connection) {
                    let lost = redacted(&one.field);
                    prop_assert!(!told.iter().any(|token| Some(token.split('-').next().unwrap()) == lost), "{one:?}: {told:?}");
                }
            }
            (before, told_before) = (now, told);
        }
    }

    #[test]
    fn biscuit_auth_agrees_on_every_item_also_by_what_is_printed(
        args in passes(), narrower in narrowings(), request in showing(), answered in answers(), situation in situations(),
    ) {
        let Some(parent) = minted(&args) else { return Err(TestCaseError::reject("not minted")) };
        let Some(text) = child(&parent, &narrower) else { return Err(TestCaseError::reject("not narrowed")) };
        let rule = request.operation.answer.clone().unwrap();
        let whole = answer(&request, &answered);
        let pass = verify(&text).unwrap();
        let (request, context) = asked(&pass, &request, &situation);
        let Some(outcome) = outcome(&pass, &(request.clone(), context.clone()), &whole) else {
            return Err(TestCaseError::reject("not sent"))
        };
        let found = items(&request, writing(pass.content(), &request), &whole);
        prop_assert_eq!(found.len(), answered.items.len());
        let decided = |item: &Item| {
            let printed = by_what_is_printed(&pass, &request, &context, item);
            if let Some(verdict) = reference_of_item(&pass, &request, &context, NOW, item).unwrap() {
                assert_eq!(printed, verdict == ReferenceVerdict::Allow, "{item:?}");
            }
            printed
        };
        let expected: Vec<Place> = found.iter().map(|item| match decided(item) {
            true => Place::Shown,
            false if !rule.bare.is_empty() && decided(&item.bare()) => Place::Ids,
            false => Place::Withheld,
        }).collect();
        match outcome {
            Ok(reviewed) => {
                // A list that is redacted as a whole is empty.
                let got = places(&reviewed.answer, &rule, &whole);
                prop_assert!(got == expected || got.is_empty() && reviewed.changed, "got {got:?}, expected {expected:?}");
            }
            Err(unfit) => prop_assert!(expected.contains(&Place::Withheld), "{unfit:?}"),
        }
    }
}

/// The treatment of an item.
#[derive(Debug, PartialEq)]
enum Place {
    Shown,
    Ids,
    Withheld,
}

/// The treatment of each item, as the answer itself shows it. Redactions remove more, even whole lists, whose items
/// are judged all the same.
fn places(answer: &Json, rule: &AnswerRule, whole: &Json) -> Vec<Place> {
    let at = |json: &Json| {
        let inner = rule.items.iter().try_fold(json, |json, name| json.field(name)).cloned();
        match inner {
            Some(Json::Array(items)) => items,
            Some(one) => vec![one],
            None => Vec::new(),
        }
    };
    let marked = |item: &Json| {
        let has = |mark: &str| item.field("hallpass").is_some_and(|marks| marks.field(mark).is_some());
        match (has("withheld"), has("shows")) {
            (true, _) => Place::Withheld,
            (_, true) => Place::Ids,
            _ => Place::Shown,
        }
    };
    let shown = at(answer);
    assert!(shown.len() == at(whole).len() || shown.is_empty());
    shown.iter().map(marked).collect()
}

fn by_what_is_printed(pass: &VerifiedPass, request: &Request, context: &Context, item: &Item) -> bool {
    let text = world_of_item(pass.content(), request, context, NOW, item);
    let limits =
        AuthorizerLimits { max_time: std::time::Duration::from_secs(5), ..AuthorizerLimits::default() };
    let builder = AuthorizerBuilder::new().set_limits(limits).code(&text);
    let builder = builder.unwrap_or_else(|error| panic!("{error}: {text}"));
    match builder.build_unauthenticated().unwrap().authorize() {
        Ok(_) => true,
        Err(error::Token::FailedLogic(_) | error::Token::Execution(_)) => false,
        Err(error) => panic!("{error}: {text}"),
    }
}

/// A holder that may not see a field reads it in a check of its own. Nothing that the holder gets depends on the
/// field.
#[test]
fn a_check_of_a_holder_is_no_way_to_ask_about_what_is_redacted() {
    let thread = |labels: &[&'static str], age: i64| {
        let request = classified(&connections()[0], "GET /gmail/v1/users/me/threads/t1", "", b"").unwrap();
        let said = Said { age: Some(age), labels: Some(labels.to_vec()) };
        let whole = answer(&request, &Answered { items: vec![said], list: true });
        (request, whole)
    };
    let parent = MintArgs {
        narrow: Narrowing::default().with(&flags::REDACT, ["labelIds", "internalDate"]),
        ..args(&["gmail:read"], &[], &[])
    };
    let parent = minted(&parent).unwrap();
    for check in [
        "check if stage(\"request\") or item_label(\"SPAM\")",
        "reject if item_label(\"SPAM\")",
        "check if stage(\"request\") or item_age($a), $a < 600",
        "reject if item_time($t), $t < 2026-11-22T08:00:00Z",
        "check if stage(\"request\") or item_label(\"SPAM\") or item_count(1)",
    ] {
        let own = AttenuateArgs { narrow: checking(&[check]), ..AttenuateArgs::default() };
        let pass = verify(&child(&parent, &own).unwrap()).unwrap();
        let got = [(&["SPAM"][..], 30), (&["INBOX"], 90_000)].map(|(labels, age)| {
            let (request, whole) = thread(labels, age);
            words(&outcome(&pass, &(request, Context::default()), &whole))
        });
        assert_eq!(got[0], got[1], "{check}");
        // Without the redaction it is a check like any other.
        let open = minted(&args(&["gmail:read"], &[], &[])).unwrap();
        let pass = verify(&child(&open, &own).unwrap()).unwrap();
        let (request, whole) = thread(&["SPAM"], 30);
        assert!(outcome(&pass, &(request, Context::default()), &whole).unwrap().is_ok(), "{check}");
    }
    // The person who redacts may still check the field, and the reason does not tell its value.
    let asks = MintArgs {
        narrow: Narrowing::default().with(&flags::NEWER_THAN, ["1h"]).with(&flags::REDACT, ["internalDate"]),
        ..args(&["gmail:read"], &[], &[])
    };
    let pass = verify(&minted(&asks).unwrap()).unwrap();
    for (age, shown) in [(30, true), (90_000, false)] {
        let (request, whole) = thread(&["INBOX"], age);
        let got = words(&outcome(&pass, &(request, Context::default()), &whole));
        assert_eq!(got.contains("body-0-"), shown, "{got}");
        assert!(!got.contains("90000") && !got.contains("item_age("), "{got}");
    }
}

/// A cap counts the whole answer: items that another caveat withholds count too.
#[test]
fn items_that_are_withheld_count_for_the_cap() {
    let caps = MintArgs {
        narrow: Narrowing::default()
            .with(&flags::NEWER_THAN, ["gmail:1h"])
            .with(&flags::MAX_ITEMS, ["gmail:2"]),
        ..args(&["gmail:read"], &[], &[])
    };
    let pass = verify(&minted(&caps).unwrap()).unwrap();
    for (count, fits) in [(2, true), (3, false)] {
        for line in ["GET /gmail/v1/users/me/threads/t1", "GET /gmail/v1/users/me/messages"] {
            let request = classified(&connections()[0], line, "", b"").unwrap();
            let items = vec![Said { age: Some(90_000), labels: None }; count];
            let whole = answer(&request, &Answered { items, list: true });
            let got = outcome(&pass, &(request, Context::default()), &whole).unwrap();
            assert_eq!(got.is_ok(), fits, "{line}: {got:?}");
        }
    }
}

/// If the parent shows an item only by its ids, the child learns nothing more, not even why it may not see the ids.
#[test]
fn the_reason_of_a_later_block_says_no_more_than_the_ids() {
    let facts = "{\"hallpass_facts\":1,\"service\":\"mail\",\"title\":\"Mail\",\"source\":\"openapi\",\"revision\":\"1\",\
                 \"hosts\":[\"mail.example.com\"]}\n{\"op\":\"list\",\"at\":\"GET /list\"}";
    let overlay = "[effects]\nlist = [\"read\"]\n[[answer]]\noperations = [\"list\"]\nitems = \"all\"\n\
                   time = \"at\"\nlabels = \"labels\"\nbare = [\"id\"]\n";
    let service = Arc::new(catalog::Service::load(facts, Some(overlay)).unwrap());
    let known = KnownConnection { service, ..connections()[0].clone() };
    let request = classified(&known, "GET /list", "", b"").unwrap();
    let whole = br#"{"all":[{"id":"1","at":"2026-11-21T07:07:07Z","labels":["LBL-0-"]}]}"#;
    let whole = Json::parse(whole).unwrap();
    let parent = MintArgs {
        narrow: checking(&["check if stage(\"request\") or item_shows(\"ids\") or item_age($a), $a < 3600"]),
        ..args(&["gmail:read"], &[], &[])
    };
    let terms = MintTerms::parse(&parent, std::slice::from_ref(&known), NOW).unwrap();
    let parent = terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
    let own =
        "check if stage(\"request\") or item_label(\"OTHER\"), item_time($t), $t > 2026-01-01T00:00:00Z";
    let own = AttenuateArgs { narrow: checking(&[own]), ..AttenuateArgs::default() };
    let child = attenuate(&parent, &own, &[known.service], NOW).unwrap().text;
    let shown = |text: &str| {
        let pass = verify(text).unwrap();
        words(&outcome(&pass, &(request.clone(), Context::default()), &whole))
    };
    let (before, after) = (shown(&parent), shown(&child));
    assert!(before.contains("\"id\":\"1\"") && before.contains("ids alone"), "{before}");
    assert!(after.contains("withheld"), "{after}");
    for told in ["LBL-0-", "07:07:07", "item_age(6"] {
        assert!(!before.contains(told) && !after.contains(told), "{told}: {before}\n{after}");
    }
}

#[test]
fn an_answer_that_no_flag_asks_about_is_not_looked_at() {
    let known = known_service("gmail", "me@example.com");
    let plain = verified(&args(&["gmail:read"], &[], &[]), std::slice::from_ref(&known));
    let seen = MintArgs {
        narrow: Narrowing::default().with(&flags::ONLY_SEEN, ["message"]),
        ..args(&["gmail:read"], &[], &[])
    };
    let seen = verified(&seen, std::slice::from_ref(&known));
    let reviewed = |pass: &Arc<VerifiedPass>, line: &str| {
        let request = classified(&known, line, "", b"").unwrap();
        match decide(pass, request, &Context::default(), NOW) {
            Decided::Allow(permitted) => permitted.review().is_some(),
            other => panic!("{line}: {other:?}"),
        }
    };
    let (list, profile) = ("GET /gmail/v1/users/me/messages", "GET /gmail/v1/users/me/profile");
    assert_eq!((reviewed(&plain, list), reviewed(&plain, profile)), (false, false));
    assert_eq!((reviewed(&seen, list), reviewed(&seen, profile)), (true, false), "a profile shows no ids");
}
