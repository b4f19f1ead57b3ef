//! The closed world has no hole. For any argument of any operation in any carrier, a pass that limits the operation's
//! arguments covers it or denies the request. Nothing is sent that is not an argument.
//!
//! Requests are generated from the catalog's facts, and another reader reads the sent bytes again.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::{CATALOG, NOW, known_service, root, signed, verify};
use datalog::catalog::{Carriers, Named, Operation, QueryParameter, Service, Type};
use datalog::*;
use datalog::{RawRequest, flags};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// A source of choices: the same number makes the same choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides.max(1)
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }
}

/// An id if the service takes nothing else, otherwise a word.
fn word(name: &str) -> String {
    let slack = [
        ("user", "U0123"),
        ("channel", "C0123"),
        ("usergroup", "S0123"),
        ("file", "F0123"),
        ("canvas", "F0123"),
        ("team", "T0123"),
        ("bot", "B0123"),
    ];
    let id = slack.iter().find(|(kind, _)| name.contains(kind));
    id.map_or_else(|| "main".to_owned(), |(_, id)| (*id).to_owned())
}

fn text(service: &Service, ty: &Type, name: &str, dice: &mut Dice) -> String {
    match service.types.resolve(ty) {
        Type::Int | Type::Number => "7".into(),
        Type::Bool => (*dice.pick(&["true", "false"])).into(),
        Type::Literal(value) => value.to_string(),
        Type::OneOf(options) => text(service, dice.pick(options), name, dice),
        _ => word(name),
    }
}

fn body(service: &Service, ty: &Type, name: &str, depth: usize, dice: &mut Dice) -> Value {
    match service.types.resolve(ty) {
        Type::Null => Value::Null,
        Type::Int | Type::Number => json!(7),
        Type::Bool => json!(dice.one_in(2)),
        Type::Literal(value) => json!(value.as_ref()),
        Type::String => json!(word(name)),
        Type::Any => dice.pick(&[json!("x"), json!({"a": {"b": 1}}), json!([1, 2]), json!(null)]).clone(),
        Type::List(item) => {
            let length = dice.roll(3);
            (0..length).map(|_| body(service, item, name, depth + 1, dice)).collect()
        }
        Type::Map(value) => {
            let mut map = Map::new();
            for key in ["k", "k.l"].iter().take(dice.roll(3)) {
                map.insert((*key).into(), body(service, value, name, depth + 1, dice));
            }
            map.into()
        }
        Type::OneOf(options) => {
            let option = dice.pick(options).clone();
            body(service, &option, name, depth, dice)
        }
        Type::Named(at) => {
            let Some(Named::Object { fields, .. }) = service.types.entry(*at) else { return Value::Null };
            let mut map = Map::new();
            for field in fields {
                if field.required || (depth < 4 && dice.one_in(3)) {
                    map.insert(
                        field.name.to_string(),
                        body(service, &field.ty, &field.name, depth + 1, dice),
                    );
                }
            }
            map.into()
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn pairs(service: &Service, parameters: &[QueryParameter], dice: &mut Dice) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for parameter in parameters {
        if parameter.required || dice.one_in(3) {
            let value = match service.types.resolve(&parameter.ty) {
                Type::Any => "{\"a\":[1]}".to_owned(),
                _ => text(service, &parameter.ty, &parameter.name, dice),
            };
            found.push((parameter.name.to_string(), value));
        }
    }
    found
}

fn joined(pairs: &[(String, String)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// What an agent sends.
struct Sent {
    method: &'static str,
    path: String,
    query: String,
    kind: Option<&'static str>,
    body: Vec<u8>,
}

fn made_up(service: &Service, operation: &Operation, dice: &mut Dice) -> Sent {
    let mut path = operation.template.shown();
    for parameter in &operation.template.parameters {
        let value = match &*parameter.name {
            "userId" => "me".to_owned(),
            name => text(service, &parameter.ty, name, dice),
        };
        path = path.replacen(&format!("{{{}}}", parameter.name), &escaped(&value), 1);
    }
    let mut query = pairs(service, &operation.query, dice);
    let form = pairs(service, operation.form(), dice);
    let mut sent =
        Sent { method: operation.method.as_str(), path, query: String::new(), kind: None, body: Vec::new() };
    let json = operation.body.as_ref().and_then(|body| body.json.clone());
    match (json, service.carriers) {
        (Some(ty), _) if operation.body.as_ref().unwrap().required || !dice.one_in(4) => {
            sent.kind = Some("application/json");
            sent.body = body(service, &ty, "", 0, dice).to_string().into_bytes();
        }
        (_, Carriers::Any) => {
            let (in_query, rest): (Vec<_>, Vec<_>) = form.into_iter().partition(|_| dice.one_in(3));
            query.extend(in_query);
            match dice.roll(3) {
                0 => {
                    sent.method = "GET";
                    query.extend(rest);
                }
                1 => {
                    let map: Map<String, Value> =
                        rest.into_iter().map(|(name, value)| (name, json!(value))).collect();
                    sent.kind = Some("application/json; charset=utf-8");
                    sent.body = Value::from(map).to_string().into_bytes();
                }
                _ => {
                    sent.kind = Some(FORM);
                    sent.body = joined(&rest).into_bytes();
                }
            }
        }
        _ if !form.is_empty() => {
            sent.kind = Some(FORM);
            sent.body = joined(&form).into_bytes();
        }
        _ => {}
    }
    sent.query = joined(&query);
    sent
}

/// A request that the catalog understands, if this number makes one.
fn request(seed: u64) -> Option<(KnownConnection, Request)> {
    let mut dice = Dice(seed | 1);
    let services: Vec<_> = CATALOG.services().collect();
    let service = *dice.pick(&services);
    let operation = dice.pick(&service.operations).clone();
    let known = known_service(service.name.as_str(), "me@example.com");
    // Several tries, because two places of one name must agree.
    (0..8).find_map(|_| {
        let sent = made_up(service, &operation, &mut dice);
        let raw = RawRequest {
            query: (!sent.query.is_empty()).then_some(sent.query.as_str()),
            content_type: sent.kind,
            body: &sent.body,
            ..RawRequest::new(sent.method, &sent.path)
        };
        let request = known.service.classify(&known.name, &known.account, &raw).ok()?;
        (request.operation.id == operation.id).then(|| (known.clone(), request))
    })
}

fn names(request: &Request) -> BTreeSet<String> {
    request.arguments.iter().map(|argument| argument.name.to_string()).collect()
}

/// The paths of everything in a JSON body, with keys unescaped, through lists.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(key.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| leaves(item, path, found)),
        // An empty body says nothing.
        Value::Object(_) if path.is_empty() => {}
        _ => found.push(path.clone()),
    }
}

/// Whether an argument of this name covers the path: a key that is data is `*`, and its content is `*.value`; a part
/// of any shape is one argument.
fn names_leaf(name: &[&str], is_free: bool, path: &[String]) -> bool {
    match (name, path) {
        ([], []) => true,
        ([], _) => is_free,
        (["*", "value", rest @ ..], [_, below @ ..]) => names_leaf(rest, is_free, below),
        (["*"], _) => is_free,
        ([first, rest @ ..], [key, below @ ..]) => first == key && names_leaf(rest, is_free, below),
        (_, []) => false,
    }
}

/// Everything that is sent but that no argument names.
fn unnamed(known: &KnownConnection, request: &Request) -> Vec<String> {
    let all = names(request);
    let service = &known.service;
    let shapes =
        |name: &str| service.common_query().iter().any(|one| *one.name == *name) || name == "uploadType";
    let mut missing = Vec::new();
    let form = match request.wire_body() {
        Some((kind, bytes)) if kind == FORM => String::from_utf8(bytes).unwrap(),
        Some((kind, bytes)) if kind == "application/json" => {
            let mut found = Vec::new();
            leaves(&serde_json::from_slice(&bytes).unwrap(), &mut Vec::new(), &mut found);
            for path in found {
                let named = request.arguments.iter().any(|one| {
                    let name: Vec<&str> =
                        if &*one.name == "*" { Vec::new() } else { one.name.split('.').collect() };
                    names_leaf(&name, matches!(one.value, Scalar::Other(_)), &path)
                });
                if !named {
                    missing.push(path.join("."));
                }
            }
            String::new()
        }
        _ => String::new(),
    };
    for pair in request.query.split('&').chain(form.split('&')).filter(|pair| !pair.is_empty()) {
        let name =
            pair.split('=').next().unwrap().replace("%24", "$").replace("%5B", "[").replace("%5D", "]");
        if !all.contains(&name)
            && !shapes(&name)
            && !name.starts_with("useDomainAdminAccess")
            && !name.starts_with("useAdminAccess")
        {
            missing.push(name);
        }
    }
    missing
}

fn pass(known: &KnownConnection, args: &[String]) -> Arc<VerifiedPass> {
    let all = format!("{}.*", known.name);
    let args = MintArgs {
        task: "t".into(),
        allow: vec![all],
        narrow: Narrowing::default().with(&flags::ARG, args.to_vec()),
        ..MintArgs::default()
    };
    signed(&args, std::slice::from_ref(known))
}

fn is_allowed(pass: &Arc<VerifiedPass>, request: &Request) -> bool {
    matches!(decide(pass, request.clone(), &Context::default(), NOW), Decided::Allow(_))
}

/// The operation and these names, as `OPERATION: a?, b?`.
fn mentioning<'a>(request: &Request, names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("{name}?")).collect();
    format!("{}: {}", request.operation.id, names.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_argument_is_covered_or_the_request_is_denied(seed in any::<u64>(), choice in any::<u64>()) {
        let Some((known, request)) = request(seed) else { return Ok(()) };
        prop_assert_eq!(unnamed(&known, &request), Vec::<String>::new(), "{}", request.operation.id);
        let present = names(&request);
        let implied: BTreeSet<String> =
            known.service.implied_arguments(&request.operation).into_iter().map(str::to_owned).collect();
        let mut dice = Dice(choice | 1);
        let covered: BTreeSet<&String> = present.iter().filter(|_| !dice.one_in(6)).collect();
        let holds = present.iter().all(|name| covered.contains(name) || implied.contains(name));
        let allowed = is_allowed(&pass(&known, &[mentioning(&request, covered.iter().copied())]), &request);
        prop_assert_eq!(allowed, holds, "{}: {:?} of {:?}", request.operation.id, covered, present);
    }

    #[test]
    fn a_value_that_differs_is_denied_whatever_carries_it(seed in any::<u64>(), choice in any::<u64>()) {
        let Some((known, request)) = request(seed) else { return Ok(()) };
        let mut dice = Dice(choice | 1);
        let comparable: Vec<&Argument> =
            request.arguments.iter().filter(|one| !matches!(one.value, Scalar::Other(_))).collect();
        if comparable.is_empty() {
            return Ok(());
        }
        let argument = *dice.pick(&comparable);
        let (same, other) = match &argument.value {
            Scalar::String(text) => (format!("\"{text}\""), "\"something else\"".to_owned()),
            Scalar::Int(number) => (number.to_string(), "424242".into()),
            Scalar::Bool(flag) => (flag.to_string(), (!flag).to_string()),
            Scalar::Other(_) => return Ok(()),
        };
        let rest = mentioning(&request, &names(&request));
        let with = |value: &str| format!("{}: {} = {value}", request.operation.id, argument.name);
        prop_assert!(!is_allowed(&pass(&known, &[rest.clone(), with(&other)]), &request), "{}", with(&other));
        let all_alike = request.arguments.iter().filter(|one| one.name == argument.name).all(|one| one.value == argument.value);
        prop_assert_eq!(is_allowed(&pass(&known, &[rest, with(&same)]), &request), all_alike, "{}", with(&same));
    }
}

proptest! {
    // Each case searches the whole catalog for what the child loses.
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn a_child_that_says_more_of_arguments_allows_no_more(seed in any::<u64>(), choice in any::<u64>()) {
        let Some((known, request)) = request(seed) else { return Ok(()) };
        let mut dice = Dice(choice | 1);
        let present = names(&request);
        let mut some = |sides| mentioning(&request, present.iter().filter(|_| !dice.one_in(sides)).collect::<Vec<_>>());
        let parents = MintArgs { task: "t".into(), allow: vec![format!("{}.*", known.name)], narrow: Narrowing::default().with(&flags::ARG, [some(8)]), ..MintArgs::default() };
        let terms = MintTerms::parse(&parents, std::slice::from_ref(&known), NOW).unwrap();
        let parent = terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
        let narrower = AttenuateArgs { narrow: Narrowing::default().with(&flags::ARG, [some(8)]), ..AttenuateArgs::default() };
        let child = attenuate(&parent, &narrower, std::slice::from_ref(&known.service), NOW).unwrap().text;
        let (parent, child) = (verify(&parent).unwrap(), verify(&child).unwrap());
        prop_assert!(!is_allowed(&child, &request) || is_allowed(&parent, &request));
    }
}

#[test]
fn the_requests_that_are_made_up_are_of_every_service_and_carrier() {
    let mut seen = BTreeSet::new();
    for seed in 0..4_000u64 {
        let Some((known, request)) = request(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)) else { continue };
        let kind = request.wire_body().map_or_else(|| "none".to_owned(), |(kind, _)| kind);
        let query = if request.query.is_empty() { "no query" } else { "query" };
        seen.insert(format!("{} {kind} {query}", known.name));
    }
    for expected in [
        "github application/json no query",
        "github none query",
        "gmail application/json query",
        "google-calendar application/json query",
        "google-drive application/json query",
        "slack application/x-www-form-urlencoded no query",
    ] {
        assert!(seen.contains(expected), "{expected} is not among {seen:#?}");
    }
}
