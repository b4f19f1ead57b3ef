//! A pass as tools: each tool's call is the request that it stands for, and no schema is narrower than the pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::*;
use datalog::catalog::Service;
use datalog::json::Json;
use datalog::*;
use serde_json::{Value, json};

fn services() -> Vec<Arc<Service>> {
    CATALOG.services().cloned().collect()
}

fn connections() -> Vec<KnownConnection> {
    services().iter().map(|service| known_service(service.name.as_str(), account(service))).collect()
}

fn account(service: &Service) -> &'static str {
    if service.name.as_str() == "slack" { "U0123" } else { "me@example.com" }
}

fn everything() -> Arc<VerifiedPass> {
    let all: Vec<String> = services().iter().map(|service| format!("{}:*", service.name)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    signed(&args(&all, &[], &[]), &connections())
}

/// A value that fits a schema.
fn example(schema: &Value) -> Value {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values[0].clone();
    }
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        return example(&options[0]);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(7)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => json!([example(&schema["items"])]),
        Some("object") => {
            let needed = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            let fields = needed.iter().filter_map(Value::as_str);
            Value::Object(
                fields.map(|name| (name.to_owned(), example(&schema["properties"][name]))).collect(),
            )
        }
        Some("string") => json!("C0123ABCD"),
        _ => json!("7"),
    }
}

/// The least that a tool takes, with values of its schema.
fn least(tool: &Tool) -> Value {
    let mut call = example(&tool.input);
    for (name, value) in [("to", json!(["bob@example.com"])), ("text", json!("hello"))] {
        if call.get(name).is_some() && tool.input["properties"][name]["description"].is_string() {
            call[name] = value;
        }
    }
    call
}

fn classify_call(tool: &Tool, service: &Service, call: &Value) -> Result<Request, String> {
    let call = Json::parse(call.to_string().as_bytes()).unwrap();
    let spelled = spell(service, &tool.operation, &call).map_err(|message| message.in_full())?;
    let raw = RawRequest {
        query: spelled.query.as_deref(),
        content_type: spelled.content_type,
        body: &spelled.body,
        ..RawRequest::new(spelled.method, &spelled.path)
    };
    let account = account(service).parse().unwrap();
    service.classify(&tool.connection, &account, &raw).map_err(|error| format!("{error:?}"))
}

#[test]
fn a_call_is_classified_as_the_operation_of_its_tool() {
    let (pass, services) = (everything(), services());
    let (mut fitted, mut unfit) = (0, Vec::new());
    for tool in tools(pass.content(), &services) {
        let service = services.iter().find(|one| one.operation(&tool.operation.id).is_some()).unwrap();
        match classify_call(&tool, service, &least(&tool)) {
            Ok(request) => {
                assert_eq!(request.operation.id, tool.operation.id, "{}", tool.name);
                fitted += 1;
            }
            // An id that this test made up is refused by name, and so is a body of bytes.
            Err(why) => unfit.push(format!("{}: {why}", tool.name)),
        }
    }
    assert!(fitted > 1_400, "{fitted} fit; {} do not:\n{}", unfit.len(), unfit.join("\n"));
}

#[test]
fn names_and_keys_are_ones_that_every_client_takes() {
    let (pass, services) = (everything(), services());
    let tools = tools(pass.content(), &services);
    let names: BTreeSet<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names.len(), tools.len());
    for tool in &tools {
        assert!(tool.name.len() <= 48, "{}", tool.name);
        assert!(tool.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{}", tool.name);
        assert!(tool.description.len() <= 2_000 && !tool.description.contains('\n'), "{}", tool.description);
        for key in tool.input["properties"].as_object().unwrap().keys() {
            assert!(key.len() <= 64, "{key}");
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
            assert!(key.bytes().all(plain), "{}: {key}", tool.name);
        }
        let found = find_tool(pass.content(), &services, &tool.name).unwrap();
        assert_eq!((found.connection, &found.operation.id), (tool.connection.clone(), &tool.operation.id));
    }
}

#[test]
fn the_limits_of_a_pass_stand_in_the_schema_and_in_words() {
    let narrow = Narrowing::default()
        .with(&flags::ARG, [r#"gmail.users.messages.list: maxResults<=10, q = "is:unread", pageToken?"#])
        .with(&flags::LIMIT, ["send=3/h"]);
    let args = MintArgs { narrow, ..args(&["gmail:read"], &["gmail.users.messages.send"], &[]) };
    let pass = verified(&args, &[known_service("gmail", "me@example.com")]);
    let all = tools(pass.content(), &services());
    let named = |name: &str| all.iter().find(|tool| tool.name == name).unwrap_or_else(|| panic!("{name}"));
    let list = named("gmail_users_messages_list");
    assert_eq!(
        list.input["properties"],
        json!({
            "maxResults": {"type": "integer", "maximum": 10},
            "pageToken": {"type": "string"},
            "q": {"type": "string", "enum": ["is:unread"]},
        })
    );
    assert_eq!(list.input["required"], json!(["maxResults", "q"]));
    assert!(list.description.contains("at most 10"), "{}", list.description);
    assert_eq!(list.annotations["readOnlyHint"], true);
    assert_eq!(list.title, "List letters");
    let send = named("gmail_users_messages_send");
    let keys: Vec<&String> = send.input["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["bcc", "cc", "fields", "inReplyTo", "subject", "text", "threadId", "to"]);
    assert!(send.description.contains("A person is asked"), "{}", send.description);
    assert!(send.description.contains("budget `send/h`"), "{}", send.description);
    assert_eq!(
        (&send.annotations["readOnlyHint"], &send.annotations["destructiveHint"]),
        (&json!(false), &json!(true))
    );
    assert!(!all.iter().any(|tool| tool.name.contains("delete")), "what is denied is not listed");
    assert!(
        find_tool(pass.content(), &services(), "gmail_users_messages_delete").is_some(),
        "but it is known"
    );
}

#[test]
fn a_body_that_is_no_plain_object_stays_in_the_schema_under_a_limit_on_its_fields() {
    let github = known_service("github", "alice");
    let limited = |bound: &str| {
        let narrow = Narrowing::default().with(&flags::ARG, [bound]);
        let pass =
            signed(&MintArgs { narrow, ..args(&["github.*"], &[], &[]) }, std::slice::from_ref(&github));
        tools(pass.content(), &services())
    };
    let merge = limited(r#"github.pulls/merge: merge_method = "squash""#);
    let merge = merge.iter().find(|tool| tool.name == "github_pulls_merge").unwrap();
    assert_eq!(merge.input["properties"]["merge_method"]["enum"], json!(["squash"]), "{}", merge.input);
    let mut whole = 0;
    let pass = everything();
    for tool in tools(pass.content(), &services()) {
        let own = tool.operation.id.as_str();
        // Some operations have a field of that name, which is a text.
        let is_whole =
            tool.input["properties"].get("body").is_some_and(|body| body.to_string().contains("object"));
        if !own.starts_with("github.") || !is_whole {
            continue;
        }
        let all = limited(&format!("{own}:"));
        let same = all.iter().find(|one| one.name == tool.name).unwrap();
        assert!(same.input["properties"].get("body").is_some(), "{own}: {}", same.input);
        whole += 1;
    }
    assert!(whole > 2, "{whole}");
}

#[test]
fn a_pattern_is_one_that_every_reader_of_them_takes() {
    let narrow = Narrowing::default()
        .with(&flags::ARG, [r#"github.git/create-ref: ref starts_with "refs/heads/a-b.c#", sha"#]);
    let github = known_service("github", "alice");
    let pass = signed(&MintArgs { narrow, ..args(&["github.*"], &[], &[]) }, &[github]);
    let all = tools(pass.content(), &services());
    let create = all.iter().find(|tool| tool.name == "github_git_create_ref").unwrap();
    assert_eq!(create.input["properties"]["ref"]["pattern"], r"^refs/heads/a-b\.c#");
}

/// Passes with bounds, and calls around them: what the pass allows, the schema takes.
#[test]
fn a_request_that_the_pass_allows_fits_the_schema_of_its_tool() {
    let bounds = [
        "maxResults<=10",
        "maxResults<10, q?",
        "maxResults>=3, q contains \"a\"",
        "maxResults>3",
        "maxResults in (1, 5, 10)",
        "q in (\"a\", \"b\")",
        "q starts_with \"is:\"",
        "includeSpamTrash = false, maxResults?",
        "q, maxResults?",
        "labelIds in (\"INBOX\", \"SENT\")",
    ];
    let numbers = [json!(1), json!(3), json!(4), json!(5), json!(9), json!(10), json!(11)];
    let texts = [json!("a"), json!("b"), json!("is:unread"), json!("xa")];
    let mut calls = vec![json!({})];
    for number in &numbers {
        calls.push(json!({"maxResults": number}));
        for text in &texts {
            calls.push(json!({"maxResults": number, "q": text}));
            calls.push(json!({"q": text}));
        }
    }
    calls.push(json!({"includeSpamTrash": false}));
    calls.push(json!({"includeSpamTrash": true, "maxResults": 3}));
    calls.push(json!({"labelIds": ["INBOX", "SENT"]}));
    calls.push(json!({"labelIds": ["INBOX", "TRASH"]}));
    let service = CATALOG.service(&"gmail".parse().unwrap()).unwrap();
    let (mut allowed, mut outside) = (0, 0);
    for bound in bounds {
        let narrow = Narrowing::default().with(&flags::ARG, [format!("gmail.users.messages.list: {bound}")]);
        let args = MintArgs { narrow, ..args(&["gmail:read"], &[], &[]) };
        let pass = signed(&args, &[known_service("gmail", "me@example.com")]);
        let all = tools(pass.content(), &services());
        let list = all.iter().find(|tool| tool.name == "gmail_users_messages_list").unwrap();
        for call in &calls {
            let request = classify_call(list, service, call).unwrap();
            let is_allowed = matches!(decide(&pass, request, &Context::default(), NOW), Decided::Allow(_));
            let fits = fits(&list.input, call);
            assert!(fits || !is_allowed, "{bound}: {call} is allowed, and does not fit {}", list.input);
            allowed += usize::from(is_allowed);
            outside += usize::from(!fits);
        }
    }
    assert!(allowed > 50 && outside > 200, "{allowed} allowed, {outside} outside");
}

/// Whether a value fits a schema, as far as the schemas of tools go.
fn fits(schema: &Value, value: &Value) -> bool {
    let is_type = match schema.get("type").and_then(Value::as_str) {
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("array") => {
            value.as_array().is_some_and(|all| all.iter().all(|one| fits(&schema["items"], one)))
        }
        Some("object") => value.as_object().is_some_and(|fields| {
            let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let known = |name: &String| schema["properties"].get(name);
            needed.into_iter().all(|name| fields.contains_key(name))
                && fields.iter().all(|(name, value)| known(name).is_some_and(|schema| fits(schema, value)))
        }),
        _ => true,
    };
    let number = |name: &str| schema.get(name).and_then(Value::as_i64);
    is_type
        && number("maximum").is_none_or(|most| value.as_i64().is_some_and(|value| value <= most))
        && number("minimum").is_none_or(|least| value.as_i64().is_some_and(|value| value >= least))
        && schema.get("enum").and_then(Value::as_array).is_none_or(|known| known.contains(value))
        && schema.get("pattern").and_then(Value::as_str).is_none_or(|pattern| {
            let start = pattern.trim_start_matches('^').replace('\\', "");
            value.as_str().is_some_and(|text| text.starts_with(&start))
        })
}

#[test]
fn hostile_arguments_are_errors_or_the_very_request_of_the_tool() {
    let (pass, services) = (everything(), services());
    let all = tools(pass.content(), &services);
    let service = CATALOG.service(&"gmail".parse().unwrap()).unwrap();
    let get = all.iter().find(|tool| tool.name == "gmail_users_messages_get").unwrap();
    for call in [
        json!({"id": "../../drafts"}),
        json!({"id": "a/b"}),
        json!({"id": "a?format=raw"}),
        json!({"id": "a#b"}),
        json!({"id": "a%2Fb"}),
        json!({"id": ""}),
        json!({"id": ["a"]}),
        json!({"id": {"a": 1}}),
        json!({"id": null}),
        json!({}),
        json!({"id": "a", "format": "raw&alt=media"}),
        json!({"id": "a", "userId": "eve@evil.example"}),
        json!({"id": "a", "access_token": "x"}),
        json!({"id": "a", "__proto__": {}}),
        json!({"id": "a", "alt": "media"}),
        json!({"id": "a\u{0}b"}),
    ] {
        if let Ok(request) = classify_call(get, service, &call) {
            assert_eq!(request.operation.id.as_str(), "gmail.users.messages.get", "{call}");
            let path = request.path.strip_prefix("/gmail/v1/users/me/messages/").unwrap();
            assert!(!path.contains('/'), "{call}: {path}");
            assert!(!request.query.contains("alt="), "{call}: {}", request.query);
        }
    }
    let list = all.iter().find(|tool| tool.name == "gmail_users_messages_list").unwrap();
    for call in [
        json!({"maxResults": 1.5}),
        json!({"maxResults": "1e2"}),
        json!({"maxresults": 3}),
        json!([1]),
        json!("x"),
    ] {
        assert!(classify_call(list, service, &call).is_err(), "{call}");
    }
}
