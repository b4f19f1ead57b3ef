//! Services from other people's descriptions: imported by one command, connected by real OAuth, and used by an agent
//! through the gateway, with the service's own SDK if it has one. The descriptions are third-party parts.

use harness::{CLIENT_ID, CLIENT_SECRET, Hallpass, Ran, Upstream, document, node, part};
use serde_json::{Value, json};

const FIGMA: &str = "node_modules/@figma/rest-api-spec/openapi/openapi.yaml";
const NOTION: &str = "node_modules/@notionhq/notion-mcp-server/scripts/notion-openapi.json";

fn import(hallpass: &Hallpass, description: &str, more: &[&str]) -> Ran {
    let file = part(description);
    let mut all = vec!["services", "import", file.to_str().expect("a path in UTF-8")];
    all.extend(more);
    hallpass.run(&all)
}

/// The strict OAuth server, and an API that reports what reached it and with whose token.
fn upstream() -> Upstream {
    Upstream::oidc(&json!({ "api": ["/v1/", "/v2/"], "whoami": ["/v1/me", "/v1/users/me"] }))
}

/// Sets the address of an imported service, because its description cannot know a server on this machine.
fn points_at(hallpass: &mut Hallpass, name: &str, url: &str) {
    hallpass.configure(&format!(
        "\n[services.{name}]\nbase_url = \"{url}\"\nauthorize_url = \"{url}/auth\"\ntoken_url = \"{url}/token\"\n"
    ));
}

fn connect(hallpass: &Hallpass, arguments: &[&str]) {
    let secret = hallpass.home().join("client-secret");
    std::fs::write(&secret, CLIENT_SECRET).expect("the home is writable");
    private(&secret);
    let mut all = arguments.to_vec();
    // The strict server gives tokens only for its own scopes.
    all.extend([
        "--scope",
        "openid",
        "--scope",
        "mail",
        "--client-id",
        CLIENT_ID,
        "--client-secret-file",
        secret.to_str().expect("UTF-8"),
    ]);
    hallpass.connect_as("alice", &all);
}

fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
}

/// Figma's own description, in YAML, unchanged.
fn figma(more: &[&str]) -> (Hallpass, Upstream) {
    let mut hallpass = Hallpass::new();
    let upstream = upstream();
    let all: Vec<&str> = ["--name", "figma"].iter().chain(more).copied().collect();
    import(&hallpass, FIGMA, &all).expect(0);
    points_at(&mut hallpass, "figma", &upstream.url);
    connect(&hallpass, &["figma"]);
    hallpass.serve();
    upstream.forget();
    (hallpass, upstream)
}

const COMMENT: &str = r#"{"message":"looks good","client_meta":{"x":1,"y":2.5}}"#;

fn nothing_of_the_pass_arrived(upstream: &Upstream, pass: &str) {
    let seen = upstream.seen();
    assert!(!seen.is_empty());
    for one in seen {
        let all = format!("{} {:?} {}", one.path, one.headers, one.body);
        assert!(!all.contains(pass.trim_start_matches("hallpass_")), "{all}");
    }
}

#[test]
fn a_service_of_a_foreign_description_is_connected_and_used() {
    let (hallpass, upstream) = figma(&[]);
    let connection = &hallpass.json(&["connections"])[0];
    assert_eq!(connection["account"], "alice@example.com", "the description says where to ask: {connection}");
    let pass = hallpass.mint(&[
        "look through the drawings and comment",
        "--allow",
        "figma:read",
        "--ask",
        "figma.postComment",
        "--arg",
        "figma.getFile: depth<=2",
    ]);
    let me = hallpass.agent(&pass, "GET", "figma", "/v1/me").send().expect(200).json();
    assert_eq!(me["id"], "id-of-alice", "{me}");
    let file = hallpass.agent(&pass, "GET", "figma", "/v1/files/k1?depth=2").send().expect(200).json();
    assert_eq!((&file["of"], &file["path"]), (&json!("alice"), &json!("/v1/files/k1?depth=2")));

    let deep = hallpass.agent(&pass, "GET", "figma", "/v1/files/k1?depth=3").send().expect(403);
    assert_eq!(deep.code(), "denied");
    let other = hallpass.agent(&pass, "GET", "figma", "/v1/files/k1?geometry=paths").send().expect(403);
    assert_eq!(other.code(), "denied", "an argument that the pass does not mention");
    let gone = hallpass.agent(&pass, "DELETE", "figma", "/v1/files/k1/comments/7").send().expect(403);
    assert_eq!(gone.code(), "denied");
    let body: Value = serde_json::from_str(COMMENT).unwrap();
    let asked =
        hallpass.agent(&pass, "POST", "figma", "/v1/files/k1/comments").json(&body).send().expect(403);
    assert_eq!(asked.code(), "approval-required");
    let waiting = hallpass.json(&["approvals"]);
    let id = waiting[0]["id"].as_str().unwrap_or_else(|| panic!("nothing waits: {waiting}"));
    hallpass.run(&["approve", id]).expect(0);
    let sent = hallpass.agent(&pass, "POST", "figma", "/v1/files/k1/comments").json(&body).send().expect(200);
    assert_eq!(serde_json::from_str::<Value>(sent.json()["body"].as_str().unwrap()).unwrap(), body);
    nothing_of_the_pass_arrived(&upstream, &pass);
    let arrived: Vec<String> =
        upstream.seen().iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    assert_eq!(arrived, ["GET /v1/me", "GET /v1/files/k1?depth=2", "POST /v1/files/k1/comments"]);
}

#[test]
fn what_no_description_has_does_not_leave() {
    let (hallpass, upstream) = figma(&[]);
    let pass = hallpass.mint(&["anything at all", "--allow", "figma.*"]);
    let refused = |method: &str, path: &str, body: Option<&str>| {
        let request = hallpass.agent(&pass, method, "figma", path);
        let request = match body {
            Some(body) => request.body("application/json", body.to_owned()),
            None => request,
        };
        let answer = request.send();
        assert!((400..=415).contains(&answer.status), "{method} {path}: {}", answer.status);
        answer.code()
    };
    assert_eq!(refused("GET", "/v1/nowhere", None), "unknown-operation");
    assert_eq!(refused("PUT", "/v1/me", None), "unknown-operation");
    assert_eq!(refused("GET", "/v1/me/", None), "ambiguous-request");
    assert_eq!(refused("GET", "/v1/files/k1?deep=1", None), "ambiguous-request");
    assert_eq!(refused("GET", "/v1/files/k1?depth=two", None), "ambiguous-request");
    assert_eq!(refused("GET", "/v1/me?access_token=x", None), "foreign-credential");
    let comments = "/v1/files/k1/comments";
    assert_eq!(refused("POST", comments, Some(r#"{"message":7}"#)), "ambiguous-request");
    assert_eq!(refused("POST", comments, Some(r#"{"message":"a","message":"b"}"#)), "ambiguous-request");
    let with_key = hallpass.agent(&pass, "GET", "figma", "/v1/me").header("x-figma-token", "stolen").send();
    assert!(
        with_key.status == 403
            || upstream.seen().iter().all(|one| !one.headers.contains_key("x-figma-token"))
    );
    assert!(upstream.seen().iter().all(|one| one.path == "/v1/me"), "{:?}", upstream.seen());
}

#[test]
fn an_overlay_changes_the_answer() {
    let uncorrected = figma(&[]);
    let mint = |hallpass: &Hallpass| hallpass.mint(&["comment on drawings", "--allow", "figma:write"]);
    let comment = |hallpass: &Hallpass, pass: &str| {
        let body: Value = serde_json::from_str(COMMENT).unwrap();
        hallpass.agent(pass, "POST", "figma", "/v1/files/k1/comments").json(&body).send().status
    };
    // A comment counts as reaching people, and `figma:write` does not cover that.
    assert_eq!(comment(&uncorrected.0, &mint(&uncorrected.0)), 403);
    let folder = uncorrected.0.home();
    let overlay = folder.join("mine.overlay.toml");
    std::fs::write(&overlay, "unlisted = \"at-worst\"\n\n[effects]\npostComment = [\"write\"]\n").unwrap();
    let corrected = figma(&["--overlay", overlay.to_str().unwrap()]);
    assert_eq!(comment(&corrected.0, &mint(&corrected.0)), 200);
}

/// Notion's description says that there is a bearer token and who is signed in, but not where to get a token.
fn notion() -> (Hallpass, Upstream) {
    let mut hallpass = Hallpass::new();
    let upstream = upstream();
    let said = import(&hallpass, NOTION, &["--name", "notes"]).expect(0).stderr;
    for words in ["`authorize_url`, `token_url`", "[services.notes]", "hallpass connect notes --client-id"] {
        assert!(said.contains(words), "`{words}` is not in:\n{said}");
    }
    points_at(&mut hallpass, "notes", &upstream.url);
    connect(&hallpass, &["notes"]);
    hallpass.serve();
    assert_eq!(hallpass.json(&["connections"])[0]["account"], "id-of-alice");
    upstream.forget();
    (hallpass, upstream)
}

fn sdk(hallpass: &Hallpass, pass: &str, scenario: &str) -> Value {
    let mut command = node("agents/notion.mjs");
    command.arg(scenario).env("BASE_URL", hallpass.base("notes")).env("PASS", pass);
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

#[test]
fn the_services_own_sdk_works_unmodified() {
    let (hallpass, upstream) = notion();
    let pass =
        hallpass.mint(&["tidy the notes", "--allow", "notes:read", "--allow", "notes.create-a-comment"]);
    let users = sdk(&hallpass, &pass, "users");
    assert_eq!(
        (&users["result"]["of"], &users["result"]["path"]),
        (&json!("alice"), &json!("/v1/users?page_size=2"))
    );
    let comment = sdk(&hallpass, &pass, "comment");
    assert_eq!(comment["result"]["method"], "POST", "{comment}");
    assert!(comment["result"]["body"].as_str().unwrap().contains("looks good"), "{comment}");
    let trash = sdk(&hallpass, &pass, "trash");
    assert_eq!(trash["status"], 403, "{trash}");
    assert!(trash["body"].as_str().is_some_and(|body| body.contains("delete")), "{trash}");
    // Its header names the version of the API.
    let versions = upstream.seen().iter().filter(|one| one.headers.contains_key("notion-version")).count();
    assert_eq!(versions, upstream.seen().len());
    nothing_of_the_pass_arrived(&upstream, &pass);
}

/// An overlay for Figma in a file of its own.
fn overlay(hallpass: &Hallpass, name: &str, effects: &str) -> String {
    let file = hallpass.home().join(name);
    std::fs::write(&file, format!("unlisted = \"at-worst\"\n\n[effects]\npostComment = [{effects}]\n"))
        .unwrap();
    file.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_running_authority_takes_a_service_and_its_overlay_at_once() {
    let mut hallpass = Hallpass::new();
    let upstream = upstream();
    points_at(&mut hallpass, "figma", &upstream.url);
    hallpass.serve();
    let said = import(&hallpass, FIGMA, &["--name", "figma"]).expect(0).stderr;
    assert!(said.contains("the running authority uses it now"), "{said}");
    connect(&hallpass, &["figma"]);
    let body: Value = serde_json::from_str(COMMENT).unwrap();
    let comment =
        |pass: &str| hallpass.agent(pass, "POST", "figma", "/v1/files/k1/comments").json(&body).send();
    let writes = hallpass.mint(&["comment on drawings", "--allow", "figma:write"]);
    let asks = hallpass.mint(&["comment on drawings", "--ask", "figma.postComment"]);
    comment(&writes).expect(403);
    assert_eq!(comment(&asks).expect(403).code(), "approval-required");
    let id = hallpass.json(&["approvals"])[0]["id"].as_str().unwrap().to_owned();
    hallpass.run(&["approve", &id]).expect(0);

    // The change is shown first, and nothing happens yet.
    let file = overlay(&hallpass, "one.toml", "\"write\"");
    let shown = import(&hallpass, FIGMA, &["--name", "figma", "--overlay", &file]).expect(1).stderr;
    assert!(shown.contains("changed: figma.postComment loses send") && shown.contains("--yes"), "{shown}");
    comment(&writes).expect(403);
    import(&hallpass, FIGMA, &["--name", "figma", "--overlay", &file, "--yes"]).expect(0);
    // A pass that was minted before is judged by the new catalog.
    comment(&writes).expect(200);
    // The approval was for the request under the old catalog.
    assert_eq!(comment(&asks).expect(403).code(), "approval-required");
    let file = overlay(&hallpass, "two.toml", "\"write\", \"admin\"");
    import(&hallpass, FIGMA, &["--name", "figma", "--overlay", &file, "--yes"]).expect(0);
    assert_eq!(comment(&writes).expect(403).code(), "denied");
    assert_eq!(upstream.seen_at("/v1/files").len(), 1, "only one of these comments was permitted");

    let refused = hallpass.run(&["services", "remove", "figma"]).expect(1).stderr;
    assert!(refused.contains("hallpass disconnect figma"), "{refused}");
    hallpass.run(&["disconnect", "figma"]).expect(0);
    hallpass.run(&["services", "remove", "figma"]).expect(0);
    let gone = hallpass.run(&["connect", "figma", "--client-id", "x"]).expect(64).stderr;
    assert!(gone.contains("there is no service `figma`"), "{gone}");
    assert_eq!(comment(&writes).expect(503).code(), "connection-needs-reconnect");
}

#[test]
fn the_guide_to_an_api_of_ones_own_can_be_followed() {
    let hallpass = Hallpass::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(part(FIGMA), folder.path().join("openapi.yaml")).unwrap();
    let guide = document::page("examples/GUIDE.md");
    let section = guide
        .split("\n## ")
        .find(|text| text.starts_with("An API of your own"))
        .expect("the section is there");
    for script in document::blocks(section, "sh") {
        let mut bash = std::process::Command::new("bash");
        let command = document::as_reader(&hallpass, bash.args(["-euo", "pipefail", "-c", &script]));
        let output = command.current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let services = hallpass.json(&["services"]);
    let figma =
        services.as_array().unwrap().iter().find(|one| one["name"] == "figma").expect("it is imported");
    assert_eq!(figma["corrected"], true);
    let comment = hallpass.json(&["services", "show", "figma"]);
    let comment = comment.as_array().unwrap().iter().find(|one| one["id"] == "figma.postComment").unwrap();
    assert_eq!(comment["effects"], json!(["write"]));
}
