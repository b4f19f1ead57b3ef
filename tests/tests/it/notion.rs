//! Notion's own client, unmodified, through the gateway to an API that reports what reached it. The account is the
//! person who signed in. Some of the client's requests are allowed, some asked, some denied, and some fields of its
//! answers are hidden.

use harness::{Hallpass, Upstream, node};
use serde_json::{Value, json};

const PAGE: &str = "01234567-89ab-cdef-0123-456789abcdef";
const OTHER: &str = "fedcba98-7654-3210-fedc-ba9876543210";

struct Workspace {
    hallpass: Hallpass,
    notion: Upstream,
}

/// The API's answers to a client that signs in and looks around.
fn answers() -> Value {
    let person = json!({ "type": "person", "person": { "email": "alice@example.com" } });
    let bot =
        json!({ "object": "user", "id": OTHER, "bot": { "owner": { "type": "user", "user": person } } });
    let user = |name: &str| json!({ "object": "user", "id": OTHER, "name": name, "person": { "email": format!("{name}@example.com") } });
    json!({
        "GET /v1/users/me": bot,
        "GET /v1/users?page_size=2": { "object": "list", "results": [user("alice"), user("bob")], "has_more": false },
    })
}

impl Workspace {
    fn new() -> Self {
        let notion = Upstream::oidc(&json!({ "api": ["/v1/"], "answers": answers() }));
        let mut hallpass = Hallpass::new().with_notion(&notion);
        hallpass.connect_as("alice", &["notion"]);
        hallpass.serve();
        Self { hallpass, notion }
    }

    fn mint(&self, terms: &[&str]) -> String {
        let pass = self.hallpass.mint(&[&["tidy the notes"], terms].concat());
        self.notion.forget();
        pass
    }

    fn sdk(&self, pass: &str, scenario: &str) -> Value {
        let mut command = node("agents/notion.mjs");
        command.arg(scenario).env("BASE_URL", self.hallpass.base("notion")).env("PASS", pass);
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        })
    }

    fn reaches(&self, pass: &str, scenario: &str, method: &str, path: &str) {
        let answer = self.sdk(pass, scenario);
        assert_eq!(
            (&answer["result"]["method"], &answer["result"]["path"]),
            (&json!(method), &json!(path)),
            "{answer}"
        );
        assert_eq!(answer["result"]["of"], "alice", "{answer}");
    }

    /// The SDK shows why the request was refused, and nothing left.
    fn refuses(&self, pass: &str, scenario: &str, word: &str) {
        self.notion.forget();
        let answer = self.sdk(pass, scenario);
        let error =
            answer["error"].as_str().unwrap_or_else(|| panic!("{scenario} was not refused: {answer}"));
        assert!(error.contains(word), "`{word}` is not in what a person reads:\n{error}");
        assert!(self.notion.seen_at("/v1/").is_empty(), "{:?}", self.notion.seen());
    }
}

#[test]
fn the_account_is_who_signed_in_and_not_the_bot() {
    let workspace = Workspace::new();
    assert_eq!(workspace.hallpass.json(&["connections"])[0]["account"], "alice@example.com");
    let asked = workspace.notion.seen_at("/v1/users/me");
    assert_eq!(asked[0].headers["notion-version"], "2025-09-03", "{asked:?}");
}

#[test]
fn the_client_reads_and_writes_a_page_and_no_more_than_the_pass_says() {
    let workspace = Workspace::new();
    let only = format!("page={PAGE}");
    let pass = workspace.mint(&[
        "--allow",
        "notion:read",
        "--allow",
        "notion.appendBlockChildren",
        "--allow",
        "notion.updatePage",
        "--deny",
        "notion:delete",
        "--ask",
        "notion.createComment",
    ]);
    workspace.reaches(&pass, "page", "GET", "/v1/pages/0123456789abcdef0123456789abcdef");
    workspace.reaches(&pass, "search", "POST", "/v1/search");
    workspace.reaches(&pass, "append", "PATCH", "/v1/blocks/0123456789abcdef0123456789abcdef/children");
    workspace.reaches(&pass, "done", "PATCH", "/v1/pages/0123456789abcdef0123456789abcdef");
    let seen = workspace.notion.seen();
    assert!(seen.iter().all(|one| one.headers["notion-version"] == "2025-09-03"), "{seen:?}");
    let pass_alone = pass.trim_start_matches("hallpass_");
    assert!(!format!("{seen:?}").contains(pass_alone), "the pass reached the provider");

    // Every operation that moves a page to the trash is `delete`.
    for scenario in ["trash", "bin"] {
        workspace.refuses(&pass, scenario, "delete");
    }
    // The refusal names the field that the body may not hold.
    workspace.refuses(&pass, "mirror", "children");

    workspace.refuses(&pass, "comment", "approv");
    let id = workspace.hallpass.json(&["approvals"])[0]["id"].as_str().expect("an id").to_owned();
    workspace.hallpass.run(&["approve", &id]).expect(0);
    workspace.reaches(&pass, "comment", "POST", "/v1/comments");

    // One page has one name, with dashes and without; a relation names the page at its other end.
    let narrow =
        workspace.mint(&["--allow", "notion:read", "--allow", "notion.updatePage", "--resource", &only]);
    workspace.reaches(&narrow, "page", "GET", "/v1/pages/0123456789abcdef0123456789abcdef");
    workspace.reaches(&narrow, "done", "PATCH", "/v1/pages/0123456789abcdef0123456789abcdef");
    workspace.refuses(&narrow, "other", "hallpass denied");
    workspace.refuses(&narrow, "relate", "hallpass denied");
    let but = format!("reject if resource(\"page\", \"{OTHER}\")");
    let rest = workspace.mint(&["--allow", "notion:read", "--check", &but]);
    workspace.reaches(&rest, "page", "GET", "/v1/pages/0123456789abcdef0123456789abcdef");
    workspace.refuses(&rest, "other", "hallpass denied");
}

#[test]
fn addresses_of_people_are_hidden_where_the_pass_says_so() {
    let workspace = Workspace::new();
    let emails = |pass: &str| -> Vec<Value> {
        let answer = workspace.sdk(pass, "users");
        let people = answer["result"]["results"].as_array().unwrap_or_else(|| panic!("{answer}"));
        people.iter().map(|one| one["person"]["email"].clone()).collect()
    };
    let all = workspace.mint(&["--allow", "notion:read"]);
    assert_eq!(emails(&all), ["alice@example.com", "bob@example.com"]);
    let hidden = workspace.mint(&["--allow", "notion:read", "--redact", "person.email"]);
    assert_eq!(emails(&hidden), ["", ""]);
}
