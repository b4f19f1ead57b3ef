//! A service that fails: what the agent is told, what the record says, and what is never sent again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::common::{Renews, Seen, Step, json};
use crate::parity::case::{Case, Meant, allows, get, post};

const COMMENTER: [&str; 3] = ["github:write", "github:send", "github:run"];
const SENT: &str = "POST /repos/o/r/issues/1/comments";

fn comment() -> Meant {
    post("github", "/repos/o/r/issues/1/comments", r#"{"body":"x"}"#)
}

fn closes(_: &Seen) -> Vec<Step> {
    vec![Step::Close]
}

fn cut(_: &Seen) -> Vec<Step> {
    vec![
        Step::send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nhalf"),
        Step::Close,
    ]
}

fn slow(_: &Seen) -> Vec<Step> {
    std::thread::sleep(Duration::from_secs(4));
    vec![Step::Close]
}

/// Answers as a service that accepts only the second credential.
fn takes_the_second(seen: &Seen) -> Vec<Step> {
    let second = format!("Bearer {}2", crate::common::CREDENTIAL);
    match seen.header("authorization") == Some(second.as_str()) {
        true => json("200 OK", r#"{"id":1}"#),
        false => json("401 Unauthorized", "{}"),
    }
}

pub(super) fn fails() -> Vec<Case> {
    let reads = |name| Case::minted("upstream", name, allows(&["github:read"]));
    let writes = |name| Case::minted("upstream", name, allows(&COMMENTER));
    vec![
        reads("closes on a read")
            .upstream(closes)
            .asks(get("github", "/user"), "upstream-unreachable")
            .sends(&["GET /user", "GET /user"])
            .records(&["sent allow [upstream-unreachable Perhaps]"]),
        reads("500 on a read")
            .upstream(|_| json("500 Oops", r#"{"message":"m"}"#))
            .asks(get("github", "/user"), "500")
            .sends(&["GET /user"])
            .records(&["sent allow [500 15]"]),
        reads("goes away in the middle")
            .upstream(cut)
            .asks(get("github", "/user"), "200 cut off")
            .sends(&["GET /user"])
            .records(&["sent allow [upstream-unreachable Yes]"]),
        writes("too slow to begin")
            .limits(|limits| limits.first_byte = Duration::from_secs(1))
            .upstream(slow)
            .asks(comment(), "outcome-unknown")
            .sends(&[SENT])
            .records(&["sent allow [upstream-timeout Perhaps]"]),
        reads("too slow to begin, on a read")
            .limits(|limits| limits.first_byte = Duration::from_secs(1))
            .upstream(slow)
            .asks(get("github", "/user"), "upstream-timeout")
            .sends(&["GET /user"])
            .records(&["sent allow [upstream-timeout Perhaps]"]),
        writes("500 on a write")
            .upstream(|_| json("500 Oops", r#"{"message":"m"}"#))
            .asks(comment(), "outcome-unknown")
            .sends(&[SENT])
            .records(&["sent allow [upstream-unreachable Perhaps]"]),
        reads("does not take the first credential")
            .upstream(takes_the_second)
            .asks(get("github", "/user"), "200")
            .sends(&["GET /user", "GET /user"])
            .records(&["sent allow [200 8]"]),
        writes("does not take the first credential of a write")
            .upstream(takes_the_second)
            .asks(comment(), "upstream-unreachable")
            .sends(&[SENT])
            .records(&["sent allow [upstream-unreachable No]"]),
        reads("takes no credential")
            .upstream(|_| json("401 Unauthorized", "{}"))
            .asks(get("github", "/user"), "credential-refused")
            .sends(&["GET /user", "GET /user"])
            .records(&["sent allow [credential-refused No]"]),
        reads("the provider refuses the client")
            .happens(|stage| *stage.authority.renews.lock().unwrap() = Renews::ClientIsRefused)
            .upstream(|_| json("401 Unauthorized", "{}"))
            .asks(get("github", "/user"), "client-refused")
            .sends(&["GET /user"])
            .records(&["sent allow [client-refused No]"]),
        Case::minted("upstream", "nobody listens", allows(&["github-gone:read"]))
            .asks(get("github-gone", "/user"), "upstream-unreachable")
            .records(&["sent allow [upstream-unreachable NotSent]"]),
        Case::minted("upstream", "its name leads inside", allows(&["inward:read"]))
            .asks(get("inward", "/gmail/v1/users/me/messages"), "upstream-address-refused")
            .records(&["sent allow [upstream-address-refused NotSent]"]),
        Case::minted("upstream", "an address that is not dialled", allows(&["rebound:read"]))
            .asks(get("rebound", "/user"), "upstream-unreachable")
            .records(&["not sent upstream-unreachable"]),
    ]
}

pub(super) fn once() -> Vec<Case> {
    let writes = |name| Case::minted("once", name, allows(&COMMENTER));
    const OPEN: &str = "sent allow [upstream-unreachable Perhaps]";
    vec![
        writes("a write of which nothing came")
            .upstream(closes)
            .asks(comment(), "outcome-unknown")
            .asks(comment(), "outcome-unknown")
            .sends(&[SENT])
            .records(&[OPEN, "not sent outcome-unknown"]),
        writes("when its time has passed")
            .upstream(closes)
            .asks(comment(), "outcome-unknown")
            .happens(|stage| stage.clock.advance(601))
            .asks(comment(), "outcome-unknown")
            .sends(&[SENT, SENT])
            .records(&[OPEN, OPEN]),
        writes("answered, and meant once more")
            .asks(comment(), "200")
            .asks(comment(), "200")
            .sends(&[SENT, SENT])
            .records(&["sent allow [200 8]", "sent allow [200 8]"]),
        writes("revoked between two")
            .upstream(closes)
            .asks(comment(), "outcome-unknown")
            .happens(|stage| stage.authority.stopped.store(true, Ordering::SeqCst))
            .asks(comment(), "stopped")
            .sends(&[SENT])
            .records(&[OPEN, "not sent stopped"]),
    ]
}
