//! Conditions on answers, and the treatment of every answer.

use datalog::Narrowing;
use datalog::flags;

use crate::common::{CREDENTIAL, Seen, Step, json};
use crate::parity::case::{Case, allows, get, narrowed};

const LIST: &str = "/gmail/v1/users/me/messages";
const ONE: &str = "/gmail/v1/users/me/messages/m1";
const SENT: &str = "GET /gmail/v1/users/me/messages/m1";

fn read(name: &'static str, narrow: Narrowing) -> Case {
    Case::minted("confined answer", name, narrowed(&["gmail:read"], narrow))
}

/// Returns an answer that is so many hours old. Now is 2026-09-21T14:13:20Z.
fn aged(hours: i64) -> Vec<Step> {
    let date = (1_790_000_000 - hours * 3_600) * 1_000;
    json("200 OK", &format!(r#"{{"id":"m1","threadId":"t1","snippet":"words","internalDate":"{date}"}}"#))
}

pub(super) fn confined() -> Vec<Case> {
    let newer = || Narrowing::default().with(&flags::NEWER_THAN, ["24h"]);
    let redact = Narrowing::default().with(&flags::REDACT, ["gmail: snippet"]);
    let most = Narrowing::default().with(&flags::MAX_ITEMS, ["gmail: 1"]);
    vec![
        read("new enough", newer())
            .upstream(|_| aged(23))
            .asks(get("gmail", ONE), "200")
            .sends(&[SENT])
            .records(&["sent allow [200 "]),
        read("too old", newer())
            .upstream(|_| aged(25))
            .asks(get("gmail", ONE), "denied")
            .sends(&[SENT])
            .records(&["sent allow [denied Yes]"]),
        read("without a date", newer())
            .upstream(|_| json("200 OK", r#"{"id":"m1","snippet":"words"}"#))
            .asks(get("gmail", ONE), "unevaluable")
            .sends(&[SENT])
            .records(&["sent allow [unevaluable Yes]"]),
        read("a field that is not shown", redact)
            .upstream(|_| aged(1))
            .asks(get("gmail", ONE), "200")
            .sends(&[SENT])
            .records(&["sent allow [200 "]),
        read("more than may be shown", most)
            .upstream(|_| json("200 OK", r#"{"messages":[{"id":"m1"},{"id":"m2"}]}"#))
            .asks(get("gmail", LIST), "denied")
            .sends(&["GET /gmail/v1/users/me/messages"])
            .records(&["sent allow [denied Yes]"]),
    ]
}

fn repeats_the_credential(_: &Seen) -> Vec<Step> {
    json("200 OK", &format!(r#"{{"login":"alice","echo":"Bearer {CREDENTIAL}"}}"#))
}

fn names_itself(_: &Seen) -> Vec<Step> {
    let body = r#"{"url":"https://api.github.com/user","more":"https://api.github.com/user/repos?page=2"}"#;
    let link = r#"Link: <https://api.github.com/user/repos?page=2>; rel="next""#;
    vec![Step::send(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{link}\r\nETag: \"e\"\r\nX-Secret: no\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))]
}

fn redirects(_: &Seen) -> Vec<Step> {
    vec![Step::send("HTTP/1.1 302 Found\r\nLocation: https://evil.example/x\r\nContent-Length: 0\r\n\r\n")]
}

pub(super) fn treated() -> Vec<Case> {
    let case = |name| Case::minted("treated answer", name, allows(&["github:read"]));
    let sent = &["GET /user"];
    vec![
        case("it repeats the credential")
            .upstream(repeats_the_credential)
            .asks(get("github", "/user"), "200")
            .sends(sent)
            .records(&["sent allow [200 "]),
        case("it names itself")
            .upstream(names_itself)
            .asks(get("github", "/user/repos"), "200")
            .sends(&["GET /user/repos"])
            .records(&["sent allow [200 "]),
        case("it redirects to another host")
            .upstream(redirects)
            .asks(get("github", "/user"), "unusable-answer")
            .sends(sent)
            .records(&["sent allow [unusable-answer "]),
        case("it says no")
            .upstream(|_| json("404 Not Found", r#"{"message":"Not Found"}"#))
            .asks(get("github", "/user"), "404")
            .sends(sent)
            .records(&["sent allow [404 23]"]),
        case("it packs in a way that nobody asked for")
            .upstream(|_| {
                vec![Step::send("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx")]
            })
            .asks(get("github", "/user"), "unusable-answer")
            .sends(sent)
            .records(&["sent allow [unusable-answer "]),
    ]
}
