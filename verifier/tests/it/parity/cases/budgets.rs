//! Budgets of calls, of calls in a window, and of bytes; and an audit log that takes nothing.

use std::sync::atomic::Ordering;

use datalog::Narrowing;
use datalog::flags;

use crate::common::{Seen, Step, json};
use crate::parity::case::{Case, Meant, get, narrowed, post};

fn limited(name: &'static str, limit: &str) -> Case {
    let terms = ["github:read", "github:write", "github:send", "github:run"];
    let narrow = Narrowing::default().with(&flags::LIMIT, [limit.to_owned()]);
    Case::minted("budget", name, narrowed(&terms, narrow))
}

fn comment(text: &str) -> Meant {
    post("github", "/repos/o/r/issues/1/comments", &format!(r#"{{"body":"{text}"}}"#))
}

const SENT: &str = "POST /repos/o/r/issues/1/comments";
const ALLOWED: &str = "sent allow [200 8]";

/// Returns an answer in thirty chunks of 10,000 bytes.
fn chunks(_: &Seen) -> Vec<Step> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = || Step::send(format!("2710\r\n{}\r\n", "x".repeat(10_000)));
    let mut steps = vec![Step::send(head)];
    steps.extend((0..30).map(|_| chunk()));
    steps.push(Step::send("0\r\n\r\n"));
    steps
}

pub(super) fn budgets() -> Vec<Case> {
    vec![
        limited("used up", "send=1")
            .asks(comment("a"), "200")
            .asks(comment("b"), "budget-exhausted")
            .sends(&[SENT])
            .records(&[ALLOWED, "not sent budget-exhausted"]),
        limited("used up until later", "send=1/h")
            .asks(comment("a"), "200")
            .asks(comment("b"), "budget-exhausted")
            .sends(&[SENT])
            .records(&[ALLOWED, "not sent budget-exhausted"]),
        limited("given back for what never left", "send=1")
            .happens(|stage| stage.authority.needs_reconnect.store(true, Ordering::SeqCst))
            .asks(comment("a"), "connection-needs-reconnect")
            .happens(|stage| stage.authority.needs_reconnect.store(false, Ordering::SeqCst))
            .asks(comment("a"), "200")
            .sends(&[SENT])
            .records(&["sent allow [connection-needs-reconnect NotSent]", ALLOWED]),
        limited("of bytes, with enough left", "bytes=1MB")
            .upstream(chunks)
            .asks(get("github", "/user"), "200")
            .sends(&["GET /user"])
            .records(&["sent allow [200 300000]"]),
        limited("of bytes, less than one answer", "bytes=100kB")
            .upstream(|_| json("200 OK", &format!(r#"{{"text":"{}"}}"#, "y".repeat(150_000))))
            .asks(get("github", "/user"), "budget-exhausted")
            .sends(&["GET /user"])
            .records(&["sent allow [budget-exhausted Yes]"]),
        limited("a log that takes nothing", "send=1")
            .happens(|stage| stage.authority.audit_is_broken.store(true, Ordering::SeqCst))
            .asks(comment("a"), "audit-unavailable"),
    ]
}
