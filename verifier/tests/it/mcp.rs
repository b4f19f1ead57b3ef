//! MCP over sockets: both eras on one address, the tools of a pass, calls, questions, and what is refused.

use std::thread;
use std::time::Duration;

use datalog::{MintArgs, Narrowing, flags};
use serde_json::{Value, json};
use verifier::ports::Mode;
use verifier::{GatewayConfig, McpConfig, ToolsShown};

use crate::common::{Kind, Reply, Stage, eventually, exchange, json as answer, request};

const MODERN: &str = "2026-07-28";

/// A message of the newer era, with the headers that it needs.
fn modern(pass: &str, target: &str, method: &str, mut params: Value) -> Vec<u8> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "x-codex-turn-metadata": {"cwd": "secret-project"},
    });
    let mut lines = vec![
        format!("Authorization: Bearer {pass}"),
        "Content-Type: application/json".into(),
        "Accept: application/json, text/event-stream".into(),
        format!("MCP-Protocol-Version: {MODERN}"),
        format!("Mcp-Method: {method}"),
    ];
    lines.extend(params["name"].as_str().map(|name| format!("Mcp-Name: {name}")));
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    request("POST", target, &lines, body.as_bytes())
}

/// A message of the older era.
fn legacy(pass: &str, target: &str, body: &Value) -> Vec<u8> {
    let pass = format!("Authorization: Bearer {pass}");
    let lines =
        ["Content-Type: application/json", "Accept: application/json", "MCP-Protocol-Version: 2025-06-18"];
    request("POST", target, &[&[pass.as_str()], &lines[..]].concat(), body.to_string().as_bytes())
}

fn call(stage: &Stage, pass: &str, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    last(&stage.send(modern(pass, "/mcp", "tools/call", params)))
}

/// The response in a JSON answer, or at the end of a stream.
fn last(reply: &Reply) -> Value {
    let text = reply.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
    serde_json::from_str(data.unwrap_or(&text)).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}

fn text(result: &Value) -> &str {
    result["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result}"))
}

fn asking(stage: &Stage) -> String {
    stage.mint(&MintArgs {
        allow: vec!["gmail:read".into()],
        ask: vec!["gmail:send".into()],
        narrow: Narrowing::default().with(&flags::ARG, ["gmail.users.messages.list: maxResults<=10, q?"]),
        ..MintArgs::default()
    })
}

#[test]
fn both_eras_begin_list_and_call_on_one_address() {
    let stage = Stage::new();
    let pass = asking(&stage);
    stage.upstream.answers(|_| answer("200 OK", r#"{"messages":[ {"id":"m1","threadId":"t1"} ]}"#));
    let discovered = last(&stage.send(modern(&pass, "/mcp", "server/discover", json!({}))));
    let result = &discovered["result"];
    assert_eq!(result["supportedVersions"][0], MODERN);
    assert_eq!((&result["resultType"], &result["cacheScope"]), (&json!("complete"), &json!("private")));
    assert!(
        result["ttlMs"].is_u64() && result["instructions"].as_str().unwrap().contains("a test"),
        "{result}"
    );
    let hello = json!({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}});
    let began = last(&stage.send(legacy(&pass, "/mcp", &hello)));
    assert_eq!((&began["id"], &began["result"]["protocolVersion"]), (&json!("a"), &json!("2025-06-18")));
    assert_eq!(began["result"]["serverInfo"]["name"], "hallpass");
    let told = json!({"jsonrpc": "2.0", "method": "notifications/whatever"});
    let accepted = stage.send(legacy(&pass, "/mcp", &told));
    assert_eq!((accepted.status, accepted.text().as_str()), (202, ""));
    let ping =
        last(&stage.send(legacy(&pass, "/mcp", &json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}))));
    assert_eq!(ping, json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}});
    let (old, new) = (
        last(&stage.send(legacy(&pass, "/mcp", &list))),
        last(&stage.send(modern(&pass, "/mcp", "tools/list", json!({})))),
    );
    assert_eq!(old["result"]["tools"], new["result"]["tools"]);
    let names: Vec<&str> = new["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"gmail_users_messages_list") && names.contains(&"gmail_users_messages_send"),
        "{names:?}"
    );
    assert_eq!(*names.last().unwrap(), "hallpass_pass");
    let called =
        call(&stage, &pass, "gmail_users_messages_list", &json!({"maxResults": 3, "q": "is:unread"}));
    assert_eq!(text(&called), r#"{"messages":[{"id":"m1","threadId":"t1"}]}"#);
    let old = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call",
        "params": {"name": "gmail_users_messages_list", "arguments": {"maxResults": 3}}});
    assert!(text(&last(&stage.send(legacy(&pass, "/mcp", &old)))).contains("m1"));
    let seen = stage.upstream.seen();
    assert_eq!(seen[0].line, "GET /gmail/v1/users/me/messages?maxResults=3&q=is%3Aunread HTTP/1.1");
    assert!(
        seen.iter().all(|one| !format!("{one:?}").contains("secret-project")),
        "nothing of the client's own goes up"
    );
    let written = stage.authority.written();
    assert!(written.iter().all(|one| one.record.mode == Mode::Mcp && one.kind == Kind::Intent));
    assert!(!format!("{written:?}").contains("secret-project"));
}

#[test]
fn what_a_pass_refuses_is_a_result_that_says_why() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let too_many = call(&stage, &pass, "gmail_users_messages_list", &json!({"maxResults": 11}));
    assert_eq!(too_many["result"]["isError"], true);
    let (sentence, line) = text(&too_many).split_once('\n').unwrap();
    assert!(sentence.contains("maxResults") && sentence.contains("11"), "{sentence}");
    let members: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&members["code"], &members["liftable_by"]), (&json!("denied"), &json!("person")));
    let deleted = call(&stage, &pass, "gmail_users_messages_delete", &json!({"id": "m1"}));
    assert!(
        text(&deleted).contains("hallpass denied"),
        "a tool that is not listed is denied as ever: {deleted}"
    );
    let unfit = call(&stage, &pass, "gmail_users_messages_list", &json!({"maxresults": 1}));
    assert!(text(&unfit).contains("did you mean `maxResults`?"), "{unfit}");
    let typed = call(&stage, &pass, "gmail_users_messages_list", &json!({"maxResults": "many"}));
    assert!(text(&typed).contains("`maxResults` to be"), "{typed}");
    let none = call(&stage, &pass, "gmail_users_nothing", &json!({}));
    assert_eq!(none["error"]["code"], -32_602, "{none}");
    let other = call(&stage, &pass, "github_repos_get", &json!({"owner": "o", "repo": "r"}));
    assert_eq!(
        other["error"]["code"], -32_602,
        "a connection that the pass does not cover has no tools: {other}"
    );
    assert!(stage.upstream.seen().is_empty());
    let decisions: Vec<&str> = stage.authority.written().iter().map(|one| one.record.decision).collect();
    assert_eq!(decisions, ["denied", "denied", "ambiguous-request", "ambiguous-request"]);
}

#[test]
fn a_service_that_says_no_is_a_failed_call_with_its_words() {
    let stage = Stage::new();
    let pass = asking(&stage);
    stage.upstream.answers(|_| answer("404 Not Found", r#"{"error":{"code":404,"message":"Not Found"}}"#));
    let called = call(&stage, &pass, "gmail_users_messages_list", &json!({"maxResults": 1}));
    assert_eq!(called["result"]["isError"], true);
    assert!(text(&called).starts_with("gmail answered 404 Not Found: {\"error\""), "{called}");
}

#[test]
fn an_answer_that_is_too_large_is_left_out_and_said() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    stage.upstream.answers(|_| {
        answer("200 OK", &format!("[{}]", vec![format!("\"{}\"", "x".repeat(1_000)); 9_000].join(",")))
    });
    let call_github = |stage: &Stage| call(stage, &pass, "github_users_get_authenticated", &json!({}));
    let large = call_github(&stage);
    assert!(text(&large).starts_with("the answer is larger than 8 MB"), "{large}");
    stage.upstream.answers(|_| {
        answer("200 OK", &format!("[{}]", vec![format!("\"{}\"", "x".repeat(1_000)); 2_000].join(",")))
    });
    let cut = call_github(&stage);
    assert!(
        text(&cut).len() < 46_000 && text(&cut).contains("more items were left out"),
        "{}",
        text(&cut).len()
    );
}

#[test]
fn headers_that_contradict_the_body_are_refused_and_nothing_is_sent() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let bytes = modern(
        &pass,
        "/mcp",
        "tools/call",
        json!({"name": "gmail_users_messages_list", "arguments": {"maxResults": 1}}),
    );
    let whole = String::from_utf8(bytes).unwrap();
    for (from, to) in [
        ("Mcp-Name: gmail_users_messages_list", "Mcp-Name: gmail_users_messages_get"),
        ("Mcp-Name: gmail_users_messages_list\r\n", ""),
        ("Mcp-Method: tools/call", "Mcp-Method: tools/list"),
        ("MCP-Protocol-Version: 2026-07-28", "MCP-Protocol-Version: 2025-11-25"),
        ("Mcp-Method: tools/call", "Mcp-Method: tools/call\r\nMcp-Method: tools/call"),
    ] {
        assert!(whole.contains(from), "{from}");
        let reply = stage.send(whole.replace(from, to));
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (400, &json!(-32_020)), "{to}: {reply:?}");
    }
    assert!(stage.upstream.seen().is_empty() && stage.authority.written().is_empty());
}

#[test]
fn messages_that_are_not_one_strict_object_by_post_are_refused() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let bearer = format!("Authorization: Bearer {pass}");
    let kind = "Content-Type: application/json";
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let post = |target: &str, lines: &[&str], body: &[u8]| stage.send(request("POST", target, lines, body));
    assert_eq!(post("/mcp", &[&bearer, kind], body).status, 200);
    for method in ["GET", "DELETE"] {
        let reply = stage.send(request(method, "/mcp", &[&bearer], b""));
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method}");
    }
    for (origin, status) in
        [("https://evil.example", 403), ("null", 403), ("http://127.0.0.1", 200), ("http://127.0.0.1:1", 403)]
    {
        let origin_line = format!("Origin: {origin}");
        let reply = post("/mcp", &[&bearer, kind, &origin_line], body);
        assert_eq!(reply.status, status, "{origin}: {reply:?}");
    }
    assert_eq!(post("/mcp?pass=x", &[&bearer, kind], body).status, 400);
    assert_eq!(post("/mcp", &[&bearer, "Content-Type: text/plain"], body).status, 400);
    assert_eq!(post("/mcp", &[&bearer, kind, "Cookie: a=b"], body).code(), "foreign-credential");
    let none = post("/mcp", &[kind], body);
    assert_eq!((none.status, none.code().as_str()), (401, "pass-missing"));
    assert!(!none.header("www-authenticate").unwrap().contains("resource_metadata"));
    for (bad, code) in [
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32_700),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}"#,
            -32_700,
        ),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32_600),
    ] {
        let reply = post("/mcp", &[&bearer, kind], bad.as_bytes());
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (400, &json!(code)), "{bad}");
    }
    let unknown = modern(&pass, "/mcp", "resources/list", json!({}));
    let reply = stage.send(unknown);
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (404, &json!(-32_601)));
    let version =
        String::from_utf8(modern(&pass, "/mcp", "ping", json!({}))).unwrap().replace(MODERN, "2031-01-01");
    let reply = stage.send(version);
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["data"]["supported"][0], MODERN, "{reply:?}");
}

#[test]
fn no_client_is_led_into_a_sign_in() {
    let stage = Stage::new();
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        for address in [stage.address, stage.dedicated] {
            let reply = exchange(address, &request("GET", path, &[], b""));
            assert_eq!((reply.status, reply.header("location")), (404, None), "{path}: {reply:?}");
        }
    }
    let known = stage.send(request("GET", "/.well-known/hallpass", &[], b"")).json();
    assert_eq!(known["modes"], json!(["base-url", "mcp"]));
    assert!(known["mcp_url"].as_str().unwrap().ends_with("/mcp"));
}

#[test]
fn an_address_of_one_connection_has_its_tools_alone() {
    let stage = Stage::new();
    let pass = stage.pass(&["gmail:read", "github:read"]);
    let listed = |address, target: &str| {
        let reply = exchange(address, &modern(&pass, target, "tools/list", json!({})));
        let tools = last(&reply)["result"]["tools"].clone();
        tools
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mail = listed(stage.address, "/gmail/mcp");
    assert!(mail.iter().any(|name| name == "gmail_users_messages_list"), "{mail:?}");
    assert!(!mail.iter().any(|name| name.starts_with("github_")), "{mail:?}");
    let own = listed(stage.dedicated, "/mcp");
    assert!(own.contains(&"hallpass_find".to_owned()), "GitHub has too many tools for a list: {own:?}");
    let params = json!({"name": "hallpass_find", "arguments": {"about": "list issues repository"}});
    let found = last(&exchange(stage.dedicated, &modern(&pass, "/mcp", "tools/call", params)));
    assert!(text(&found).contains("github_issues_list_for_repo: "), "{found}");
    let params = json!({"name": "hallpass_describe", "arguments": {"tool": "github_issues_list_for_repo"}});
    let described = last(&exchange(stage.dedicated, &modern(&pass, "/mcp", "tools/call", params)));
    assert!(text(&described).contains("\"inputSchema\""), "{described}");
    let arguments = json!({"tool": "github_issues_list_for_repo", "arguments": {"owner": "o", "repo": "r"}});
    stage.upstream.answers(|_| answer("200 OK", "[]"));
    let params = json!({"name": "hallpass_call", "arguments": arguments});
    let called = last(&exchange(stage.dedicated, &modern(&pass, "/mcp", "tools/call", params)));
    assert_eq!(text(&called), "[]");
    let params = json!({"name": "gmail_users_messages_list", "arguments": {}});
    let other = last(&exchange(stage.dedicated, &modern(&pass, "/mcp", "tools/call", params)));
    assert_eq!(other["error"]["code"], -32_602, "{other}");
}

fn holding(hold: Duration) -> Stage {
    let mcp = McpConfig { hold, ..McpConfig::default() };
    Stage::with(GatewayConfig { threads: 1, mcp, ..GatewayConfig::default() })
}

const LETTER: &str = "gmail_users_messages_send";

fn letter() -> Value {
    json!({"to": ["bob@example.com"], "subject": "lunch", "text": "at one?"})
}

#[test]
fn a_question_holds_the_call_until_a_person_answers() {
    let stage = holding(Duration::from_secs(60));
    let pass = asking(&stage);
    stage.upstream.answers(|_| answer("200 OK", r#"{"id":"s1"}"#));
    let (address, bytes) =
        (stage.address, modern(&pass, "/mcp", "tools/call", json!({"name": LETTER, "arguments": letter()})));
    let flight = thread::spawn(move || exchange(address, &bytes));
    eventually("the question", || stage.authority.desk.asked() == 1);
    assert!(stage.upstream.seen().is_empty());
    // Long enough for the answer to become a stream.
    thread::sleep(Duration::from_millis(600));
    stage.authority.desk.approve(0);
    let reply = flight.join().unwrap();
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(text(&last(&reply)), r#"{"id":"s1"}"#);
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn after_the_wait_the_same_call_finds_the_same_question() {
    let stage = holding(Duration::from_millis(100));
    let pass = asking(&stage);
    stage.upstream.answers(|_| answer("200 OK", r#"{"id":"s1"}"#));
    let first = call(&stage, &pass, LETTER, &letter());
    assert!(
        text(&first).contains("approval-required") && text(&first).contains("the very same request again"),
        "{first}"
    );
    call(&stage, &pass, LETTER, &letter());
    assert_eq!(stage.authority.desk.asked(), 1, "the same arguments are the same question");
    stage.authority.desk.approve(0);
    assert_eq!(text(&call(&stage, &pass, LETTER, &letter())), r#"{"id":"s1"}"#);
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[test]
fn a_client_that_goes_away_while_a_person_is_asked_sends_nothing() {
    use std::io::{Read, Write};
    let stage = holding(Duration::from_secs(60));
    let pass = asking(&stage);
    let mut stream = std::net::TcpStream::connect(stage.address).unwrap();
    let bytes = modern(&pass, "/mcp", "tools/call", json!({"name": LETTER, "arguments": letter()}));
    stream.write_all(&bytes).unwrap();
    eventually("the question", || stage.authority.desk.asked() == 1);
    let mut some = [0; 64];
    stream.read_exact(&mut some).unwrap();
    assert!(some.starts_with(b"HTTP/1.1 200"), "the stream has begun");
    drop(stream);
    eventually("the end", || stage.authority.written().iter().any(|one| one.record.decision == "abandoned"));
    stage.authority.desk.approve(0);
    assert!(stage.upstream.seen().is_empty());
}

#[test]
fn a_pass_that_has_ended_is_a_401_and_a_stop_ends_a_stream_of_changes() {
    let stage = Stage::new();
    let pass = asking(&stage);
    let (address, bytes) = (stage.address, modern(&pass, "/mcp", "subscriptions/listen", json!({})));
    let flight = thread::spawn(move || exchange(address, &bytes));
    thread::sleep(Duration::from_millis(300));
    stage.clock.advance(3_600);
    let heard = flight.join().unwrap().text();
    let methods: Vec<Value> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(methods[0]["method"], "notifications/subscriptions/acknowledged", "{heard}");
    assert_eq!(methods[1]["method"], "notifications/tools/list_changed");
    assert_eq!(methods[1]["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7);
    assert_eq!(methods[2]["id"], 7);
    let ended = stage.send(modern(&pass, "/mcp", "tools/list", json!({})));
    assert_eq!((ended.status, ended.code().as_str()), (401, "pass-expired"));
    assert!(ended.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[test]
fn the_pass_tells_about_itself_and_the_list_can_be_all_of_it() {
    let mcp = McpConfig { tools: ToolsShown::All, ..McpConfig::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, mcp, ..GatewayConfig::default() });
    let pass = stage.pass(&["github:read"]);
    let own = call(&stage, &pass, "hallpass_pass", &json!({}));
    let page: Value = serde_json::from_str(text(&own)).unwrap();
    assert_eq!(page["task"], "a test");
    assert!(page["says"].is_array() && page["seconds_left"].as_i64().unwrap() > 0, "{page}");
    let listed = last(&stage.send(modern(&pass, "/mcp", "tools/list", json!({}))));
    assert!(listed["result"]["tools"].as_array().unwrap().len() > 300);
}
