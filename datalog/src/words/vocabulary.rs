//! Every predicate, once: the facts that the verifier states about a request, and those that a pass states about
//! itself.
//!
//! The reserved words, the admission test, the linter and the reference page all come from these tables. Nothing here
//! evaluates anything.
//!
//! - Invariant: A pass cannot state a fact that only the verifier states
//!   (`the_words_of_the_verifier_cannot_be_stated`).

use crate::words::telling::{Rank, Telling, age, clock, integer, quoted};
use crate::words::value::Value;
use crate::words::word::{FactsOf, word};

use Count::{Item, Named, NotYet, One, Several};
use FactsOf::{WhatHasMessage, WhatReaches, WhatTouches};
use TermType::{Boolean, Date, Integer, Set, String as Text};

pub use crate::words::of_passes::{ANSWER, BUDGET, PASS};
pub use crate::words::word::{Count, TermType, Word};

/// An argument and its value. A record keeps only its name.
const ARGUMENT: Telling = Telling::by(|terms| Some(format!("{} = {}", quoted(terms, 0)?, terms.get(1)?)))
    .kept_as_names("the argument");

/// Facts that only the verifier may state. They are refused in any pass.
pub const REQUEST: &[Word] = &[
    word("time", &[Date], One, "now, by the verifier's clock", "time(2026-11-22T09:00:00Z)")
    .told(Telling::by(|terms| Some(terms.first()?.to_string())).kept()),
    word(
        "clock",
        &[Text, Text, Integer],
        Named,
        "the weekday and the minute of the day in a time zone that the pass names",
        r#"clock("Europe/Berlin", "mon", 545)"#,
    )
    .told(Telling::by(clock).kept()),
    word("connection", &[Text], One, "the connection that the request goes to", r#"connection("gmail")"#)
    .told(Telling::NAMED.kept().rank(Rank::Frame)),
    word("account", &[Text], One, "the account behind the connection", r#"account("me@example.com")"#)
    .told(Telling::NAMED),
    word("service", &[Text], One, "the service of the operation", r#"service("gmail")"#)
    .told(Telling::NAMED.kept().rank(Rank::Frame)),
    word(
        "operation",
        &[Text],
        One,
        "the provider's id of the operation",
        r#"operation("gmail.users.messages.list")"#,
    )
    .told(Telling::TEXT.kept().rank(Rank::Frame)),
    word("effect", &[Text], Several, "one fact for each effect of the operation", r#"effect("send")"#)
    .told(Telling::TEXT.noun("effect").kept()),
    word("effects", &[Set], One, "all effects of the operation, as one set", r#"effects({"write", "send"})"#)
    .told(Telling::DATALOG.rank(Rank::Frame)),
    word("method", &[Text], One, "the HTTP method of the operation", r#"method("GET")"#)
    .told(Telling::NAMED.kept()),
    word("host", &[Text], One, "the host that the operation is served by", r#"host("gmail.googleapis.com")"#)
    .told(Telling::NAMED.kept()),
    word(
        "path",
        &[Text],
        One,
        "the upstream path, percent-encoded",
        r#"path("/gmail/v1/users/me/messages")"#,
    )
    .told(Telling::NAMED),
    word(
        "resource",
        &[Text, Text],
        Several,
        "a thing that the operation touches: kind, id",
        r#"resource("repo", "o/r")"#,
    )
    .of(WhatTouches)
    .told(Telling::by(|terms| Some(format!("{} {}", quoted(terms, 0)?, quoted(terms, 1)?))).kept_as_kinds()),
    word(
        "arg_name",
        &[Text],
        Several,
        "one fact for each argument that is present",
        r#"arg_name("maxResults")"#,
    )
    .told(Telling::TEXT.noun("argument").kept_as_names("the argument")),
    word("arg_count", &[Integer], One, "how many arguments are present", "arg_count(2)")
    .told(Telling::counted("argument")),
    word(
        "arg",
        &[Text, Text],
        Several,
        "a string argument; body fields by dotted path",
        r#"arg("q", "is:unread")"#,
    )
    .told(ARGUMENT),
    word("arg_int", &[Text, Integer], Several, "an integer argument", r#"arg_int("maxResults", 10)"#)
    .told(ARGUMENT),
    word(
        "arg_bool",
        &[Text, Boolean],
        Several,
        "a boolean argument",
        r#"arg_bool("includeSpamTrash", false)"#,
    )
    .told(ARGUMENT),
    word(
        "arg_type",
        &[Text, Text],
        Several,
        "a type that values of an argument have: string, integer, boolean, or other (null, a fraction, nothing inside)",
        r#"arg_type("maxResults", "integer")"#,
    )
    .told(Telling::by(|terms| Some(format!("{} as {}", quoted(terms, 0)?, terms.get(1)?.as_str()?)))
        .kept_as_names("the argument")),
    word(
        "used",
        &[Text, Integer],
        Named,
        "how much of a budget was used before this request",
        r#"used("send", 2)"#,
    )
    .told(Telling::by(|terms| Some(format!("{} used of {}", integer(terms, 1)?, quoted(terms, 0)?))).kept()),
    word(
        "cost",
        &[Text, Integer],
        Named,
        "what this request takes from a budget, at least",
        r#"cost("recipients", 2)"#,
    )
    .told(Telling::by(|terms| Some(format!("{} more of {}", integer(terms, 1)?, quoted(terms, 0)?))).kept()),
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
    )
    .told(Telling::DATALOG.rank(Rank::Frame)),
    word(
        "recipient",
        &[Text],
        Several,
        "an address that the request reaches",
        r#"recipient("a@example.com")"#,
    )
    .of(WhatReaches)
    .told(Telling::TEXT.noun("recipient").kept_as_count("recipient")),
    word(
        "recipient_domain",
        &[Text],
        Several,
        "the domain of a recipient",
        r#"recipient_domain("example.com")"#,
    )
    .of(WhatReaches)
    .told(Telling::by(|terms| Some(format!("somebody at {}", quoted(terms, 0)?)))
        .kept_as_count("recipient domain")),
    word("recipient_count", &[Integer], One, "how many recipients there are", "recipient_count(1)")
    .of(WhatReaches)
    .told(Telling::counted("recipient")),
    word(
        "attachment_count",
        &[Integer],
        One,
        "how many attachments the message has that the request holds; more rather than fewer",
        "attachment_count(0)",
    )
    .told(Telling::counted("attachment").rank(Rank::Thing)),
    word(
        "subject",
        &[Text],
        One,
        "the subject of the message that the request holds, decoded; empty where there is none",
        r#"subject("Re: lunch")"#,
    )
    .told(Telling::by(|terms| Some(format!("the subject {}", terms.first()?)))),
    word(
        "sender",
        &[Text],
        Several,
        "an address that a message which the request holds says it is from; the account's own where it says none",
        r#"sender("me@example.com")"#,
    )
    .of(WhatHasMessage)
    .told(Telling::TEXT.noun("sender").kept_as_count("sender")),
    word(
        "sender_count",
        &[Integer],
        One,
        "how many senders there are; none without a message",
        "sender_count(1)",
    )
    .of(WhatHasMessage)
    .told(Telling::counted("sender")),
    word(
        "reply_to",
        &[Text],
        Several,
        "an address that answers to the message go to in place of its sender; it is a recipient too",
        r#"reply_to("me@example.com")"#,
    )
    .of(WhatHasMessage)
    .told(Telling::TEXT.before("answers to").kept_as_count("address that answers go to")),
    word("reply_to_count", &[Integer], One, "how many such addresses there are", "reply_to_count(0)")
    .of(WhatHasMessage)
    .told(Telling::DATALOG.kept().rank(Rank::Count)),
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
    )
    .told(Telling::by(|terms| match terms.first()? {
        Value::Set(items) if items.is_empty() => Some("no thread that it belongs to".into()),
        _ => None,
    })),
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
    )
    .of(WhatTouches)
    .told(Telling::DATALOG.kept_as_kinds()),
    word(
        "created",
        &[Text, Text],
        Several,
        "of the things that the operation touches, one that this lineage created: kind, id",
        r#"created("draft", "r-1")"#,
    )
    .of(WhatTouches)
    .told(Telling::DATALOG.kept_as_kinds()),
    word(
        "unseen_count",
        &[Text, Integer],
        Named,
        "how many things of a kind it touches that no earlier answer has shown; 0 for a kind that it does not touch",
        r#"unseen_count("message", 0)"#,
    )
    .of(WhatTouches)
    .told(Telling::by(|terms| {
        Some(format!("{} {} that no answer has shown", integer(terms, 1)?, quoted(terms, 0)?))
    })
    .kept()),
    word(
        "uncreated_count",
        &[Text, Integer],
        Named,
        "how many things of a kind it touches that this lineage did not create",
        r#"uncreated_count("draft", 0)"#,
    )
    .of(WhatTouches)
    .told(Telling::by(|terms| {
        Some(format!("{} {} that it did not create", integer(terms, 1)?, quoted(terms, 0)?))
    })
    .kept()),
    word(
        "unnamed",
        &[Text, Text],
        Several,
        "a thing that the operation may touch though the request does not name it by its id: kind, and the name that it has there, empty for none",
        r#"unnamed("branch", "HEAD")"#,
    ),
    word("holder_key", &[Text], NotYet, "the thumbprint of the holder's key", r#"holder_key("NzbL…")"#),
    word(
        "item_time",
        &[Date],
        Item,
        "the time of the item in the answer that is looked at, where it has one",
        "item_time(2026-11-22T09:00:00Z)",
    )
    .told(Telling::by(|terms| Some(format!("one from {}", terms.first()?)))),
    word("item_age", &[Integer], Item, "how many seconds before the request that time is", "item_age(3600)")
    .told(Telling::by(|terms| Some(format!("one that is {} old", age(integer(terms, 0)?))))),
    word("item_count", &[Integer], Item, "how many items the answer has", "item_count(10)")
    .told(Telling::counted("item").rank(Rank::Thing)),
    word("item_label", &[Text], Several, "a label of the item", r#"item_label("INBOX")"#)
    .told(Telling::TEXT.noun("label")),
    word(
        "item_shows",
        &[Text],
        Item,
        "`content`, or `ids` where whatever else the answer has of the item is taken out",
        r#"item_shows("ids")"#,
    )
    .told(Telling::DATALOG.rank(Rank::Frame)),
];

/// The tables in the order of their predicate numbers.
pub fn words() -> impl Iterator<Item = &'static Word> {
    REQUEST.iter().chain(PASS).chain(BUDGET).chain(ANSWER)
}

/// The word of that name.
pub fn find(name: &str) -> Option<&'static Word> {
    words().find(|word| word.name == name)
}

/// The bit of a word of the request, as in `Predicate::request_bit`. A wrong name does not compile.
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
