//! Every predicate, once: what the verifier says of a request, and what a pass says of itself.
//!
//! The reserved words, the admission test, the linter of hand-written checks and the reference page are read
//! off these tables. Nothing here evaluates anything.

use serde::Serialize;

/// The type of one term. A predicate has one type per place, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    String,
    Integer,
    Boolean,
    Date,
    /// A set of strings.
    Set,
}

/// How many facts of a predicate one request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    One,
    /// None or several: right only under `check all`, or where one match is what is meant.
    Several,
    /// One for each zone, budget or kind that the pass names. Which one it is of has to be said, because a later block
    /// may name more of them, and must not answer for an earlier one.
    Named,
    /// One for each item of an answer; none while the request is judged.
    Item,
    /// Reserved; the verifier does not say it yet, so that a check on it could never pass.
    NotYet,
}

/// One predicate.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Word {
    pub name: &'static str,
    pub terms: &'static [Type],
    pub count: Count,
    pub meaning: &'static str,
    pub example: &'static str,
}

const fn word(
    name: &'static str,
    terms: &'static [Type],
    count: Count,
    meaning: &'static str,
    example: &'static str,
) -> Word {
    Word { name, terms, count, meaning, example }
}

use Count::{Item, Named, NotYet, One, Several};
use Type::{Boolean, Date, Integer, Set, String as Text};

/// What only the verifier may say. Refused in the facts of any pass.
pub const REQUEST: &[Word] = &[
    word("time", &[Date], One, "now, by the verifier's clock", "time(2026-11-22T09:00:00Z)"),
    word(
        "clock",
        &[Text, Text, Integer],
        Named,
        "the weekday and the minute of the day in a time zone that the pass names",
        r#"clock("Europe/Berlin", "mon", 545)"#,
    ),
    word("connection", &[Text], One, "the connection that the request goes to", r#"connection("gmail")"#),
    word("account", &[Text], One, "the account behind the connection", r#"account("me@example.com")"#),
    word("service", &[Text], One, "the service of the operation", r#"service("gmail")"#),
    word(
        "operation",
        &[Text],
        One,
        "the provider's id of the operation",
        r#"operation("gmail.users.messages.list")"#,
    ),
    word("effect", &[Text], Several, "one fact for each effect of the operation", r#"effect("send")"#),
    word("effects", &[Set], One, "all effects of the operation, as one set", r#"effects({"write", "send"})"#),
    word("method", &[Text], One, "the HTTP method of the operation", r#"method("GET")"#),
    word("host", &[Text], One, "the host that the operation is served by", r#"host("gmail.googleapis.com")"#),
    word(
        "path",
        &[Text],
        One,
        "the upstream path, percent-encoded",
        r#"path("/gmail/v1/users/me/messages")"#,
    ),
    word(
        "resource",
        &[Text, Text],
        Several,
        "a thing that the operation touches: kind, id",
        r#"resource("repo", "o/r")"#,
    ),
    word(
        "arg_name",
        &[Text],
        Several,
        "one fact for each argument that is present",
        r#"arg_name("maxResults")"#,
    ),
    word("arg_count", &[Integer], One, "how many arguments are present", "arg_count(2)"),
    word(
        "arg",
        &[Text, Text],
        Several,
        "a string argument; body fields by dotted path",
        r#"arg("q", "is:unread")"#,
    ),
    word("arg_int", &[Text, Integer], Several, "an integer argument", r#"arg_int("maxResults", 10)"#),
    word(
        "arg_bool",
        &[Text, Boolean],
        Several,
        "a boolean argument",
        r#"arg_bool("includeSpamTrash", false)"#,
    ),
    word(
        "arg_type",
        &[Text, Text],
        Several,
        "a type that values of an argument have: string, integer, boolean, or other (null, a fraction, nothing inside)",
        r#"arg_type("maxResults", "integer")"#,
    ),
    word(
        "used",
        &[Text, Integer],
        Named,
        "how much of a budget was used before this request",
        r#"used("send", 2)"#,
    ),
    word(
        "cost",
        &[Text, Integer],
        Named,
        "what this request takes from a budget, at least",
        r#"cost("recipients", 2)"#,
    ),
    word(
        "request_digest",
        &[Text],
        One,
        "SHA-256 of the canonical request, hexadecimal",
        r#"request_digest("9f86…")"#,
    ),
    word(
        "approved",
        &[Text],
        Several,
        "the digest of a request that a person approved",
        r#"approved("9f86…")"#,
    ),
    word(
        "stage",
        &[Text],
        One,
        "`request`, or `response` for conditions on the answer",
        r#"stage("request")"#,
    ),
    word(
        "recipient",
        &[Text],
        Several,
        "an address that the request reaches",
        r#"recipient("a@example.com")"#,
    ),
    word(
        "recipient_domain",
        &[Text],
        Several,
        "the domain of a recipient",
        r#"recipient_domain("example.com")"#,
    ),
    word("recipient_count", &[Integer], One, "how many recipients there are", "recipient_count(1)"),
    word(
        "attachment_count",
        &[Integer],
        One,
        "how many attachments the message has that the request holds; more rather than fewer",
        "attachment_count(0)",
    ),
    word(
        "subject",
        &[Text],
        One,
        "the subject of the message that the request holds, decoded; empty where there is none",
        r#"subject("Re: lunch")"#,
    ),
    word(
        "thread_participant",
        &[Text],
        Several,
        "an address that letters of the thread, which the message goes into, came from or went to; looked up",
        r#"thread_participant("a@example.com")"#,
    ),
    word(
        "thread_participants",
        &[Set],
        One,
        "all of them, as one set; empty where the request names no thread",
        r#"thread_participants({"a@example.com", "b@example.com"})"#,
    ),
    word(
        "channel_external",
        &[Boolean],
        One,
        "whether another organization takes part in the conversation that the request writes into; looked up",
        "channel_external(false)",
    ),
    word(
        "seen",
        &[Text, Text],
        Several,
        "of the things that the operation touches, one that an earlier answer has shown: kind, id",
        r#"seen("message", "18f…")"#,
    ),
    word(
        "created",
        &[Text, Text],
        Several,
        "of the things that the operation touches, one that this lineage created: kind, id",
        r#"created("draft", "r-1")"#,
    ),
    word(
        "unseen_count",
        &[Text, Integer],
        Named,
        "how many things of a kind it touches that no earlier answer has shown; 0 for a kind that it does not touch",
        r#"unseen_count("message", 0)"#,
    ),
    word(
        "uncreated_count",
        &[Text, Integer],
        Named,
        "how many things of a kind it touches that this lineage did not create",
        r#"uncreated_count("draft", 0)"#,
    ),
    word("holder_key", &[Text], NotYet, "the thumbprint of the holder's key", r#"holder_key("NzbL…")"#),
    word(
        "item_time",
        &[Date],
        Item,
        "the time of the item in the answer that is looked at, where it has one",
        "item_time(2026-11-22T09:00:00Z)",
    ),
    word("item_age", &[Integer], Item, "how many seconds before the request that time is", "item_age(3600)"),
    word("item_count", &[Integer], Item, "how many items the answer has", "item_count(10)"),
    word("item_label", &[Text], Several, "a label of the item", r#"item_label("INBOX")"#),
    word(
        "item_shows",
        &[Text],
        Item,
        "`content`, or `ids` where whatever else the answer has of the item is taken out",
        r#"item_shows("ids")"#,
    ),
];

/// What a pass says of itself, and only its authority block may (budgets: any block).
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

/// What a pass takes out of answers. Any block may state it: it only takes away.
pub const ANSWER: &[Word] = &[word(
    "redact",
    &[Text, Text],
    Several,
    "on a connection, a field that answers do not show: dotted names that its place ends with",
    r#"redact("gmail", "payload.body")"#,
)];

/// The tables in the order of their predicate numbers.
pub fn words() -> impl Iterator<Item = &'static Word> {
    REQUEST.iter().chain(PASS).chain(BUDGET).chain(ANSWER)
}

/// The word of that name.
pub fn find(name: &str) -> Option<&'static Word> {
    words().find(|word| word.name == name)
}

/// The bit of a word of the request, as `Predicate::request_bit` has it. A name that is none does not compile.
#[expect(clippy::indexing_slicing, clippy::panic, reason = "worked out when it is compiled")]
pub(crate) const fn bit(name: &str) -> u64 {
    let name = name.as_bytes();
    let mut place = 0;
    while place < REQUEST.len() {
        let word = REQUEST[place].name.as_bytes();
        let mut at = 0;
        while at < word.len() && at < name.len() && word[at] == name[at] {
            at += 1;
        }
        if at == word.len() && at == name.len() {
            return 1 << place;
        }
        place += 1;
    }
    panic!("no word of the request has this name")
}

/// Whether only the verifier may state it.
pub fn is_reserved(name: &str) -> bool {
    REQUEST.iter().any(|word| word.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_predicate_stands_once_and_its_example_shows_its_arity() {
        let mut seen = std::collections::BTreeSet::new();
        for word in words() {
            assert!(seen.insert(word.name), "{} stands twice", word.name);
            let fact: biscuit_auth::builder::Fact = word.example.try_into().unwrap();
            assert_eq!(fact.predicate.name, word.name);
            assert_eq!(fact.predicate.terms.len(), word.terms.len(), "{}", word.name);
        }
    }
}
