//! A pass is a Biscuit like any other: the libraries for Python and JavaScript read it with the authority's published
//! root key and narrow it, and Hallpass honours the result.

use harness::{Hallpass, node, python};
use serde_json::Value;

const LIST: &str = "/gmail/v1/users/me/messages";
const LETTER: &str = "/gmail/v1/users/me/messages/alice-1";

/// Narrows a pass with `agent` so that it only lists, and uses the result.
fn what_it_narrows_is_honoured(agent: fn() -> std::process::Command) {
    let (hallpass, google) = Hallpass::with_a_mailbox();
    let pass = hallpass.mint(&["triage my inbox", "--allow", "gmail:read"]);

    let keys = hallpass.root_keys();
    let narrow = |check: &str| -> Value {
        let output = agent()
            .arg(check)
            .env("KEYS", keys.to_string())
            .env("PASS", &pass)
            .output()
            .expect("the agent runs");
        // biscuit-wasm first reports that it is loading.
        let printed = String::from_utf8_lossy(&output.stdout);
        let last = printed.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|_| panic!("{output:?}"))
    };
    let child = narrow("check if operation(\"gmail.users.messages.list\")");
    assert_eq!(child["blocks"], 1);
    assert!(child["source"].as_str().is_some_and(|source| source.contains("triage my inbox")), "{child}");
    let text = child["pass"].as_str().expect("a pass");
    for pass in [text.to_owned(), format!("hallpass_{text}")] {
        hallpass.agent(&pass, "GET", "gmail", LIST).send().expect(200);
        let refused = hallpass.agent(&pass, "GET", "gmail", LETTER).send().expect(403);
        assert_eq!(refused.code(), "denied", "{}", refused.text());
    }

    let ended = narrow("check if time($now), $now < 2020-01-01T00:00:00Z");
    let ended = ended["pass"].as_str().expect("a pass");
    assert!(
        hallpass.agent(ended, "GET", "gmail", LIST).send().status >= 400,
        "a child's own end is honoured"
    );

    // A child's own fact about the request, or a wider right, counts for nothing.
    let wider = narrow("operation(\"gmail.users.messages.list\")");
    let wider = wider["pass"].as_str().expect("a pass");
    assert!(hallpass.agent(wider, "GET", "gmail", LIST).send().status >= 400, "a reserved fact is refused");
    assert_eq!(google.seen_at("/gmail/").len(), 2, "only the two lists went through");
}

#[test]
fn what_biscuit_python_narrows_is_honoured() {
    what_it_narrows_is_honoured(|| python("agents/biscuit.py"));
}

#[test]
fn what_biscuit_wasm_narrows_is_honoured() {
    what_it_narrows_is_honoured(|| node("agents/biscuit.mjs"));
}
