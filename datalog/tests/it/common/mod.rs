//! A small service, passes for it, and requests: the start of every test of a decision.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod judge;
pub(crate) mod letters;

use std::sync::{Arc, LazyLock};

use datalog::catalog::{Catalog, Method, Service};
use datalog::lookup::{Inquiry, Unfound};
use datalog::*;
use datalog::{ClassifyError, RawRequest};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);

/// An error as people see it, with its hint.
pub(crate) fn in_full(error: impl Into<Message>) -> String {
    error.into().in_full()
}

pub(crate) const OPERATIONS: &[(&str, Method, &[Effect])] = &[
    ("mail.messages.list", Method::Get, &[Effect::Read]),
    ("mail.messages.get", Method::Get, &[Effect::Read]),
    ("mail.messages.send", Method::Post, &[Effect::Write, Effect::Send]),
    ("mail.messages.delete", Method::Delete, &[Effect::Delete]),
    ("mail.drafts.create", Method::Post, &[Effect::Write]),
    ("mail.drafts.send", Method::Post, &[Effect::Send]),
    ("mail.settings.forward", Method::Put, &[Effect::Admin, Effect::Share]),
    ("mail.keys.read", Method::Get, &[Effect::Read, Effect::Secret]),
];

/// Facts and overlay of the service, as an import and a reviewer would have written them.
pub(crate) fn service() -> Arc<Service> {
    let mut facts = String::from(
        r#"{"hallpass_facts":1,"service":"mail","title":"Mail","source":"openapi","revision":"1","hosts":["mail.example.com"]}"#,
    );
    let mut overlay = String::from("[effects]\n");
    for (id, method, effects) in OPERATIONS {
        let op = id.strip_prefix("mail.").unwrap();
        let words: Vec<&str> = effects.iter().map(|effect| effect.as_str()).collect();
        facts.push_str(&format!("\n{{\"op\":\"{op}\",\"at\":\"{method} /{op}\"}}"));
        overlay.push_str(&format!("\"{op}\" = {words:?}\n"));
    }
    // Test requests name messages. No rule says which operations may touch one, so all may.
    overlay.push_str("[[resource]]\nkind = \"message\"\nid = \"{id}\"\n");
    Arc::new(Service::load(&facts, Some(&overlay)).unwrap())
}

pub(crate) fn known(name: &str) -> KnownConnection {
    KnownConnection {
        name: name.parse().unwrap(),
        account: "me@example.com".parse().unwrap(),
        service: service(),
    }
}

pub(crate) fn root() -> RootKeyPair {
    RootKeyPair::from_seed(1, [7; 32])
}

pub(crate) fn roots() -> RootKeys {
    RootKeys::new([root().public()])
}

pub(crate) fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

pub(crate) fn args(allow: &[&str], ask: &[&str], deny: &[&str]) -> MintArgs {
    MintArgs {
        task: "triage".into(),
        allow: strings(allow),
        ask: strings(ask),
        deny: strings(deny),
        ..MintArgs::default()
    }
}

pub(crate) fn mint(args: &MintArgs) -> String {
    let terms = MintTerms::parse(args, &[known("mail")], NOW).unwrap();
    terms.sign(&PassId::from_random([9; 16]), &root()).unwrap().text
}

pub(crate) fn verify(text: &str) -> Result<Arc<VerifiedPass>, PassRefusal> {
    PassCache::new(4).verify(text, &roots(), &|_| false, NOW)
}

pub(crate) fn request(id: &str) -> Request {
    request_with(id, Vec::new())
}

pub(crate) fn request_with(id: &str, arguments: Vec<Argument>) -> Request {
    let service = service();
    let operation = service.operations.iter().find(|one| one.id.as_str() == id).unwrap();
    Request {
        connection: "mail".parse().unwrap(),
        account: "me@example.com".parse().unwrap(),
        operation: operation.clone(),
        effects: operation.effects,
        catalog: Arc::from("d"),
        path: "/x".into(),
        query: String::new(),
        headers: Vec::new(),
        asked: Default::default(),
        arguments,
        resources: Vec::new(),
        unnamed: Vec::new(),
        body: Body::Empty,
    }
}

pub(crate) fn narrow(text: &str, args: &AttenuateArgs) -> String {
    attenuate::append(text, args, &[service()], NOW).unwrap().text
}

/// `allow`, `ask`, or `deny`, and the words of the first reason.
pub(crate) fn answer(text: &str, request: Request, context: &Context) -> (&'static str, String) {
    let pass = verify(text).unwrap();
    match decide(&pass, request, context, NOW) {
        Decided::Allow(permitted) => ("allow", permitted.reasons()[0].got.clone()),
        Decided::Ask(refused) => ("ask", refused.reasons()[0].expected.clone()),
        Decided::Deny(refused) => ("deny", refused.reasons()[0].expected.clone()),
    }
}

/// The answers for every operation, in the order of `OPERATIONS`, as one word of a, ? and -.
pub(crate) fn answers(text: &str) -> String {
    OPERATIONS
        .iter()
        .map(|(id, _, _)| match answer(text, request(id), &Context::default()).0 {
            "allow" => 'a',
            "ask" => '?',
            _ => '-',
        })
        .collect()
}

/// The catalog that comes with the program.
pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

/// A connection to a service of the catalog, under the service's name.
pub(crate) fn known_service(name: &str, account: &str) -> KnownConnection {
    KnownConnection {
        name: name.parse().unwrap(),
        account: account.parse().unwrap(),
        service: CATALOG.service(&name.parse().unwrap()).unwrap().clone(),
    }
}

/// The pass, minted for these connections and verified.
pub(crate) fn verified(args: &MintArgs, known: &[KnownConnection]) -> Arc<VerifiedPass> {
    let terms = MintTerms::parse(args, known, NOW).unwrap();
    verify(&terms.mint(&PassId::from_random([9; 16]), &root()).unwrap().text).unwrap()
}

/// Like `verified`, but without the table that minting makes for a person. It is for tests that need hundreds of
/// passes.
pub(crate) fn signed(args: &MintArgs, known: &[KnownConnection]) -> Arc<VerifiedPass> {
    let terms = MintTerms::parse(args, known, NOW).unwrap();
    verify(&terms.sign(&PassId::from_random([9; 16]), &root()).unwrap().text).unwrap()
}

/// An agent's request, as the catalog understands it.
pub(crate) fn classified(
    known: &KnownConnection,
    line: &str,
    content_type: &str,
    body: &[u8],
) -> Result<Request, ClassifyError> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let raw = RawRequest {
        query,
        content_type: (!body.is_empty()).then_some(content_type),
        body,
        ..RawRequest::new(method, path)
    };
    known.service.classify(&known.name, &known.account, &raw)
}

/// Decides as the gateway does. `answer` gets the target of each look-up and answers it.
pub(crate) fn decided(
    pass: &Arc<VerifiedPass>,
    request: Request,
    answer: &dyn Fn(&str) -> Result<String, Unfound>,
) -> (Vec<String>, Decided) {
    let service = known_service(request.operation.id.service(), request.account.as_str()).service;
    let mut inquiry = Inquiry::about(request, Context::default());
    let mut targets = Vec::new();
    while let Some(needed) = inquiry.next(pass, &service, NOW) {
        let target = needed.request().upstream_target();
        let bytes = answer(&target);
        inquiry.learn(&needed, bytes.as_deref().map(str::as_bytes).map_err(|error| *error));
        targets.push(target);
        assert!(targets.len() < 20, "a plan must end: {targets:?}");
    }
    let (request, context) = inquiry.into_parts();
    (targets, decide(pass, request, &context, NOW))
}

/// Whether a text matches the pattern, in which every `*` stands for anything.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && is_like(rest, &text[at..]))
        }),
    }
}

pub(crate) fn word(decided: &Decided) -> &'static str {
    match decided {
        Decided::Allow(_) => "allow",
        Decided::Ask(_) => "ask",
        Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => "unevaluable",
        Decided::Deny(_) => "deny",
    }
}

/// A request with the header `Accept`, or without it if the value is empty.
pub(crate) fn accepting(known: &KnownConnection, line: &str, accept: &str) -> Request {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let headers = [("accept", accept)];
    let headers: &[(&str, &str)] = if accept.is_empty() { &[] } else { &headers };
    let raw = RawRequest { query, headers, ..RawRequest::new(method, path) };
    known.service.classify(&known.name, &known.account, &raw).unwrap()
}

/// A request for an operation that takes what it needs from its path and query.
pub(crate) fn made_up(known: &KnownConnection, operation: &catalog::Operation) -> Request {
    let mut path = String::new();
    let address = operation.address();
    let mut rest = address.split_once(' ').unwrap().1;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap();
        path.push_str(before);
        path.push_str(if name == "userId" { "me" } else { "7" });
        rest = after;
    }
    path.push_str(rest);
    let needed = operation.query.iter().chain(operation.form()).filter(|parameter| parameter.required);
    let needed: Vec<&str> = needed.map(|parameter| &*parameter.name).collect();
    let made = ["7", "C0123", "U0123", "F0123", "true"].into_iter().find_map(|value| {
        let query = needed.iter().map(|name| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let raw =
            RawRequest { query: (!query.is_empty()).then_some(&*query), ..RawRequest::new("GET", &path) };
        known.service.classify(&known.name, &known.account, &raw).ok()
    });
    made.unwrap_or_else(|| panic!("{}: no request is made of `{path}` and {needed:?}", operation.id))
}
