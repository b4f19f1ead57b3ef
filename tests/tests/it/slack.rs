//! slack_sdk and @slack/web-api, unmodified, through the gateway to an emulated Slack: the pass holds wherever an
//! argument stands, and the person who runs the SDK reads why a request is refused.

use harness::{Hallpass, Upstream, node, python};
use serde_json::Value;

struct Workspace {
    hallpass: Hallpass,
    slack: Upstream,
    alice: String,
    digest: String,
    board: String,
    pass: String,
}

impl Workspace {
    /// Connected, served, and with a pass to read everything and to post to `digest` alone.
    fn new() -> Self {
        let mut hallpass = Hallpass::new();
        let slack = Upstream::slack(hallpass.redirect_port);
        hallpass = hallpass.with_slack(&slack);
        let alice = slack.slack_id("users.list", "alice");
        let digest = slack.slack_id("conversations.list", "digest");
        let board = slack.slack_id("conversations.list", "board");
        hallpass.connect_as(&alice, &["slack"]);
        hallpass.serve();
        let only_digest =
            format!("slack.chat.postMessage: channel in ({digest}), text, blocks?, unfurl_links?");
        let pass = hallpass.mint(&[
            "post the daily digest",
            "--allow",
            "slack:read",
            "--allow",
            "slack.chat.postMessage",
            "--arg",
            &only_digest,
        ]);
        slack.forget();
        Self { hallpass, slack, alice, digest, board, pass }
    }

    fn run(&self, mut command: std::process::Command, arguments: &[&str]) -> Value {
        let base = self.hallpass.base("slack");
        let output = command.args(arguments).env("BASE_URL", base).env("PASS", &self.pass).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn python(&self, arguments: &[&str]) -> Value {
        self.run(python("agents/slack.py"), arguments)
    }

    fn javascript(&self, arguments: &[&str]) -> Value {
        self.run(node("agents/slack.mjs"), arguments)
    }

    /// Each request had Alice's own token and not the pass, and all its arguments in the form of a POST.
    fn upstream_saw_one_kind_of_request(&self) {
        for seen in self.slack.seen() {
            let all = format!("{} {:?} {}", seen.path, seen.headers, seen.body);
            assert!(!all.contains(self.pass.trim_start_matches("hallpass_")), "{all}");
            assert!(seen.headers["authorization"].starts_with("Bearer xoxp-"), "{all}");
            assert_eq!(seen.method, "POST", "{all}");
            assert!(!seen.path.contains('?'), "{all}");
        }
    }

    fn nothing_was_posted(&self) {
        assert!(self.slack.seen_at("/api/chat.").is_empty(), "{:?}", self.slack.seen_at("/api/chat."));
    }
}

fn reads_why(answer: &Value, words: &[&str]) {
    let error = answer["error"].as_str().unwrap_or_else(|| panic!("was not refused: {answer}"));
    for word in words {
        assert!(error.contains(word), "`{word}` is not in what a person reads:\n{error}");
    }
}

#[test]
fn slack_sdk_acts_as_alice_and_reads_and_posts_where_the_pass_says_so() {
    let workspace = Workspace::new();
    assert_eq!(workspace.python(&["whoami"])["result"], workspace.alice.as_str());
    let channels = workspace.python(&["channels"]);
    assert!(channels["result"].as_array().unwrap().iter().any(|name| name == "digest"), "{channels}");
    for (scenario, text) in
        [("post", "first\nof two lines"), ("post_blocks", "second"), ("post_by_get", "third")]
    {
        assert_eq!(workspace.python(&[scenario, &workspace.digest, text])["result"], text, "{scenario}");
    }
    let history = workspace.python(&["history", &workspace.digest]);
    assert_eq!(history["result"].as_array().unwrap().len(), 3, "{history}");
    workspace.upstream_saw_one_kind_of_request();
}

#[test]
fn slack_sdk_reads_why_another_channel_is_refused_whatever_carries_it() {
    let workspace = Workspace::new();
    for scenario in ["post", "post_blocks", "post_by_get"] {
        let refused = workspace.python(&[scenario, &workspace.board, "to the board"]);
        reads_why(&refused, &["'ok': False", "channel", &workspace.digest]);
    }
    reads_why(&workspace.python(&["post", "#board", "by its name"]), &["the id of `channel`"]);
    reads_why(&workspace.python(&["post", &workspace.alice, "in private"]), &["channel"]);
    let two = workspace.python(&["post_in_two_places", &workspace.digest, &workspace.board]);
    reads_why(&two, &["`channel` once"]);
    reads_why(&workspace.python(&["delete", &workspace.digest, "1.2"]), &["slack.chat.delete"]);
    reads_why(&workspace.python(&["upload", &workspace.digest]), &["slack.files.getUploadURLExternal"]);
    workspace.nothing_was_posted();
}

#[test]
fn web_api_for_node_posts_where_the_pass_says_so_and_reads_why_not_elsewhere() {
    let workspace = Workspace::new();
    assert_eq!(workspace.javascript(&["whoami"])["result"], workspace.alice.as_str());
    assert_eq!(workspace.javascript(&["post_blocks", &workspace.digest, "hello"])["result"], "hello");
    assert_eq!(workspace.javascript(&["history", &workspace.digest])["result"][0], "hello");
    workspace.upstream_saw_one_kind_of_request();
    workspace.slack.forget();
    let refused = workspace.javascript(&["post", &workspace.board, "to the board"]);
    reads_why(&refused, &["channel", &workspace.digest]);
    reads_why(&workspace.javascript(&["delete", &workspace.digest, "1.2"]), &["slack.chat.delete"]);
    workspace.nothing_was_posted();
}

#[test]
fn a_pass_that_says_whom_to_reach_by_address_posts_nothing() {
    let mut workspace = Workspace::new();
    workspace.pass = workspace.hallpass.mint(&[
        "tell my colleagues",
        "--allow",
        "slack:send",
        "--to-domain",
        "example.com",
    ]);
    reads_why(&workspace.python(&["post", &workspace.digest, "hello"]), &["whom"]);
    workspace.nothing_was_posted();
}

#[test]
fn a_conversation_is_looked_up_for_a_pass_that_stays_inside_the_organization() {
    let mut workspace = Workspace::new();
    let inside = ["post inside", "--allow", "slack:send", "--check", "check if channel_external(false)"];
    workspace.pass = workspace.hallpass.mint(&inside);
    // The emulator does not say whether a conversation is shared: unknown, and so denied.
    reads_why(&workspace.python(&["post", &workspace.digest, "hello"]), &["conversation"]);
    let looked = workspace.slack.seen_at("/api/conversations.info");
    assert_eq!(looked.len(), 1);
    assert_eq!(looked[0].body, format!("channel={}", workspace.digest));
    workspace.upstream_saw_one_kind_of_request();
    workspace.nothing_was_posted();
}

#[test]
fn slack_sdk_changes_what_it_wrote_and_nothing_else() {
    let mut workspace = Workspace::new();
    let theirs = workspace.python(&["post_ts", &workspace.digest, "of before"]);
    let of_before = theirs["result"][1].as_str().unwrap_or_else(|| panic!("{theirs}")).to_owned();
    workspace.pass = workspace.hallpass.mint(&[
        "keep one message up to date",
        "--allow",
        "slack:read",
        "--allow",
        "slack.chat.postMessage",
        "--allow",
        "slack.chat.update",
        "--only-created",
        "message",
    ]);
    let posted = workspace.python(&["post_ts", &workspace.digest, "mine"]);
    let ts = posted["result"][1].as_str().unwrap_or_else(|| panic!("{posted}")).to_owned();
    workspace.slack.forget();
    reads_why(&workspace.python(&["edit", &workspace.digest, &of_before, "rewritten"]), &["message"]);
    reads_why(&workspace.python(&["edit", &workspace.board, &ts, "rewritten"]), &["message"]);
    workspace.nothing_was_posted();
    assert_eq!(workspace.python(&["edit", &workspace.digest, &ts, "mine, again"])["result"], "mine, again");
}

#[test]
fn both_sdks_read_a_day_and_no_address_of_anybody() {
    let mut workspace = Workspace::new();
    workspace.python(&["post", &workspace.digest, "fresh"]);
    workspace.pass = workspace.hallpass.mint(&[
        "read what is new",
        "--allow",
        "slack:read",
        "--newer-than",
        "24h",
        "--max-items",
        "5",
        "--redact",
        "profile.email",
    ]);
    assert_eq!(workspace.python(&["history", &workspace.digest])["result"][0], "fresh");
    assert_eq!(workspace.javascript(&["history", &workspace.digest])["result"][0], "fresh");
    let people = workspace.python(&["people"]);
    let people = people["result"].as_array().unwrap_or_else(|| panic!("{people}"));
    assert!(people.len() >= 2 && people.iter().all(|one| one[1] == ""), "{people:?}");
    workspace.slack.forget();
    // An answer with two lists cannot be judged, so the request is not sent.
    reads_why(&workspace.python(&["search", "fresh"]), &["slack.search.all"]);
    assert!(workspace.slack.seen().is_empty(), "{:?}", workspace.slack.seen());
}

#[test]
fn a_direct_message_goes_to_a_colleague() {
    let mut workspace = Workspace::new();
    let colleague = workspace.slack.slack_id("users.list", "decoy");
    let inside = ["tell a colleague", "--allow", "slack:send", "--check", "check if channel_external(false)"];
    workspace.pass = workspace.hallpass.mint(&inside);
    workspace.slack.forget();
    let posted = workspace.python(&["post_ts", &colleague, "hello"]);
    let direct = posted["result"][0].as_str().unwrap_or_else(|| panic!("{posted}")).to_owned();
    let looked = workspace.slack.seen_at("/api/users.info");
    let bodies: Vec<&str> = looked.iter().map(|one| one.body.as_str()).collect();
    assert_eq!(bodies, [format!("user={colleague}"), format!("user={}", workspace.alice)], "{bodies:?}");
    // The conversation's own id names the same person.
    assert_eq!(workspace.python(&["post", &direct, "again"])["result"], "again");
    workspace.slack.forget();
    reads_why(&workspace.python(&["post", "U0NOBODY", "hello"]), &["person"]);
    workspace.nothing_was_posted();
}
