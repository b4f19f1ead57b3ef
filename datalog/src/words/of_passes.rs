//! The predicates that a pass states of itself.

use Count::{One, Several};
use TermType::{Integer, Set, String as Text};

use crate::words::word::{Count, TermType, Word, word};

/// Facts that a pass states about itself. Only its authority block may (budgets: any block).
pub const PASS: &[Word] = &[
    word(
        "pass_id",
        &[Text],
        One,
        "the random id that revokes the whole lineage",
        r#"pass_id("p_0123456789abcdefghijkl")"#,
    ),
    word(
        "task",
        &[Text],
        One,
        "the purpose, in the words of the person who minted it",
        r#"task("triage my inbox")"#,
    ),
    word(
        "connected",
        &[Text, Text, Text],
        Several,
        "the service and the account that a connection had when the pass was minted",
        r#"connected("gmail", "gmail", "me@example.com")"#,
    ),
    word(
        "grant_effects",
        &[Text, Text, Set],
        Several,
        "allow, ask or deny: on a connection, for operations by their effects",
        r#"grant_effects("allow", "gmail", {"read"})"#,
    ),
    word(
        "grant_operation",
        &[Text, Text, Text],
        Several,
        "allow, ask or deny: on a connection, for one operation",
        r#"grant_operation("ask", "gmail", "gmail.users.messages.send")"#,
    ),
    word(
        "grant_glob",
        &[Text, Text, Text, Text],
        Several,
        "allow, ask or deny: on a connection, for operations by the start and the end of their ids",
        r#"grant_glob("deny", "gmail", "gmail.users.settings.", "")"#,
    ),
    word(
        "approvers_needed",
        &[Integer],
        Several,
        "how many distinct approvers have to approve what it asks about; one where it is not said",
        "approvers_needed(2)",
    ),
    word(
        "approver_named",
        &[Text],
        Several,
        "an approver who may approve what it asks about; any where none is named",
        r#"approver_named("alice")"#,
    ),
];

/// Budgets: the first term names the budget, which `used` then counts; the last is its size. `*` is any connection.
pub const BUDGET: &[Word] = &[
    word(
        "budget_effect",
        &[Text, Text, Text, Integer],
        Several,
        "name, connection, effect, size",
        r#"budget_effect("send", "*", "send", 3)"#,
    ),
    word(
        "budget_operation",
        &[Text, Text, Text, Integer],
        Several,
        "name, connection, operation, size",
        r#"budget_operation("gmail.users.messages.get", "*", "gmail.users.messages.get", 10)"#,
    ),
    word(
        "budget_glob",
        &[Text, Text, Text, Text, Integer],
        Several,
        "name, connection, start and end of the operation's id, size",
        r#"budget_glob("gmail.*", "*", "gmail.", "", 100)"#,
    ),
    word(
        "budget_window",
        &[Text, Integer],
        Several,
        "name of a budget of this block, and the seconds that it looks back over: 60, 3600 or 86400",
        r#"budget_window("send/h", 3600)"#,
    ),
    word(
        "budget_counts",
        &[Text, Text],
        Several,
        "name of a budget of this block, and what it counts in place of requests: `recipients` (addresses, each once) or `bytes` (of requests and answers)",
        r#"budget_counts("recipients", "recipients")"#,
    ),
];

/// Facts by which a pass hides parts of answers. Any block may state them, because they only take away.
pub const ANSWER: &[Word] = &[word(
    "redact",
    &[Text, Text],
    Several,
    "on a connection, a field that answers do not show: dotted names that its place ends with",
    r#"redact("gmail", "payload.body")"#,
)];
