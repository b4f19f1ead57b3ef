//! Requests that are allowed, denied on each ground, unknown to the catalog, or looked up first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use datalog::flags;
use datalog::{MintArgs, Narrowing};

use crate::common::{Seen, Step, json};
use crate::parity::case::{Case, allows, get, narrowed, post, strings};

const USER: &str = "/user";
const COMMENTS: &str = "/repos/o/r/issues/1/comments";
const SEND: &str = "/gmail/v1/users/me/messages/send";

const COMMENTER: [&str; 3] = ["github:write", "github:send", "github:run"];

pub(super) fn allow() -> Vec<Case> {
    let read = || Case::minted("allow", "a read", allows(&["github:read"]));
    vec![
        read().asks(get("github", USER), "200").sends(&["GET /user"]).records(&["sent allow [200 8]"]),
        Case::minted("allow", "a read with a query and headers", allows(&["github:read"]))
            .asks(
                get("github", "/user/repos?per_page=2&sort=full_name")
                    .with("If-None-Match", "\"abc\"")
                    .with("Accept", "application/vnd.github+json")
                    .with("X-GitHub-Api-Version", "2022-11-28"),
                "200",
            )
            .sends(&["GET /user/repos?per_page=2&sort=full_name"])
            .records(&["sent allow [200 8]"]),
        Case::minted("allow", "a write with a body", allows(&COMMENTER))
            .upstream(|_| json("201 Created", r#"{"id":7}"#))
            .asks(post("github", COMMENTS, r#"{"body":"hello"}"#), "201")
            .sends(&["POST /repos/o/r/issues/1/comments"])
            .records(&["sent allow [201 8]"]),
        Case::minted("allow", "an escaped path", allows(&["github:read"]))
            .asks(get("github", "/repos/o/r/contents/a%20b/c"), "200")
            .sends(&["GET /repos/o/r/contents/a%20b/c"])
            .records(&["sent allow [200 8]"]),
        Case::minted("allow", "a form", allows(&["slack:read", "slack:write", "slack:send"]))
            .upstream(|_| json("200 OK", r#"{"ok":true}"#))
            .asks(
                post("slack", "/api/chat.postMessage", "channel=C0123ABCD&text=hi%21")
                    .of_type("application/x-www-form-urlencoded"),
                "200",
            )
            .sends(&["POST /api/chat.postMessage"])
            .records(&["sent allow [200 11]"]),
        Case::minted("allow", "a read of which nothing is new", allows(&["github:read"]))
            .upstream(|_| vec![Step::send("HTTP/1.1 304 Not Modified\r\nETag: \"abc\"\r\n\r\n")])
            .asks(get("github", USER).with("If-None-Match", "\"abc\""), "304")
            .sends(&["GET /user"])
            .records(&["sent allow [304 0]"]),
    ]
}

pub(super) fn deny() -> Vec<Case> {
    let case = |name, args| Case::minted("deny", name, args);
    let raw = URL_SAFE.encode("To: eve@evil.test\r\nSubject: s\r\n\r\nhello\r\n");
    let to_eve = format!(r#"{{"raw":"{raw}"}}"#);
    let to = |whom: &str| narrowed(&["gmail:send"], Narrowing::default().with(&flags::TO, [whom]));
    let resource = Narrowing::default().with(&flags::RESOURCE, ["repo=o/r"]);
    let argument = Narrowing::default().with(&flags::ARG, ["gmail.users.messages.list: maxResults<=10"]);
    let seen = Narrowing::default().with(&flags::ONLY_SEEN, ["message"]);
    let denied = MintArgs { deny: strings(&["github:delete"]), ..allows(&["github:delete", "github:read"]) };
    vec![
        case("an operation that is not allowed", allows(&["github:read"]))
            .asks(post("github", COMMENTS, r#"{"body":"x"}"#), "denied")
            .records(&["not sent denied"]),
        case("a connection that is not covered", allows(&["github:read"]))
            .asks(get("gmail", "/gmail/v1/users/me/messages"), "denied")
            .records(&["not sent denied"]),
        case("a connection that is not there", allows(&["github:read"]))
            .asks(get("nowhere", USER), "denied")
            .records(&["not sent denied"]),
        case("an effect that the pass denies", denied)
            .asks(get("github", "/repos/o/r/issues/comments/1").by("DELETE"), "denied")
            .records(&["not sent denied"]),
        case("a person that may not be reached", to("bob@partner.test"))
            .asks(post("gmail", SEND, &to_eve), "denied")
            .records(&["not sent denied"]),
        case("a person that may be reached", to("eve@evil.test"))
            .asks(post("gmail", SEND, &to_eve), "200")
            .sends(&["POST /gmail/v1/users/me/messages/send"])
            .records(&["sent allow [200 8]"]),
        case("another resource", narrowed(&["github:read"], resource))
            .asks(get("github", "/repos/o/other/issues"), "denied")
            .asks(get("github", "/repos/o/r/issues"), "200")
            .sends(&["GET /repos/o/r/issues"])
            .records(&["not sent denied", "sent allow [200 8]"]),
        case("an argument beyond its bound", narrowed(&["gmail:read"], argument))
            .asks(get("gmail", "/gmail/v1/users/me/messages?maxResults=11"), "denied")
            .asks(get("gmail", "/gmail/v1/users/me/messages?maxResults=10"), "200")
            .sends(&["GET /gmail/v1/users/me/messages?maxResults=10"])
            .records(&["not sent denied", "sent allow [200 8]"]),
        case("an id that nobody was shown", narrowed(&["gmail:read"], seen))
            .upstream(|_| json("200 OK", r#"{"messages":[{"id":"m1","threadId":"t1"}]}"#))
            .asks(get("gmail", "/gmail/v1/users/me/messages/m1"), "denied")
            .asks(get("gmail", "/gmail/v1/users/me/messages"), "200")
            .asks(get("gmail", "/gmail/v1/users/me/messages/m1"), "200")
            .sends(&["GET /gmail/v1/users/me/messages", "GET /gmail/v1/users/me/messages/m1"])
            .records(&["not sent denied", "sent allow [200 ", "sent allow [200 "]),
    ]
}

pub(super) fn unreadable() -> Vec<Case> {
    let all = || allows(&["github:read", "github:write", "github:send", "github:run"]);
    let case = |name| Case::minted("unreadable", name, all());
    vec![
        case("no operation")
            .asks(get("github", "/no/such"), "unknown-operation")
            .records(&["not sent unknown-operation"]),
        case("a path that climbs")
            .asks(get("github", "/repos/o/r/../../../user"), "ambiguous-request")
            .records(&["not sent ambiguous-request"]),
        case("an argument twice")
            .asks(get("github", "/user/repos?page=1&page=2"), "ambiguous-request")
            .records(&["not sent ambiguous-request"]),
        case("a body that is no JSON")
            .asks(post("github", COMMENTS, r#"{"body":"x""#), "ambiguous-request")
            .records(&["not sent ambiguous-request"]),
        case("a member twice")
            .asks(post("github", COMMENTS, r#"{"body":"x","body":"y"}"#), "ambiguous-request")
            .records(&["not sent ambiguous-request"]),
        case("a body of another kind")
            .asks(post("github", COMMENTS, "body=x").of_type("text/plain"), "unsupported-media-type")
            .records(&["not sent unsupported-media-type"]),
        case("a token in the query")
            .asks(get("github", "/user?access_token=abc"), "foreign-credential")
            .records(&["not sent foreign-credential"]),
        case("a credential in a header")
            .asks(get("github", USER).with("X-Api-Key", "abc"), "foreign-credential")
            .records(&["not sent foreign-credential"]),
        case("a body that is too large")
            .asks(post("github", COMMENTS, &"x".repeat(10 * 1024 * 1024 + 1)), "body-too-large")
            .records(&["not sent body-too-large"]),
    ]
}

const THREAD: &str = r#"{"id":"t1","messages":[{"id":"m1","threadId":"t1","labelIds":["INBOX"],"payload":{"headers":[{"name":"From","value":"Bob <bob@partner.test>"}]}}]}"#;

fn in_a_thread(seen: &Seen) -> Vec<Step> {
    json("200 OK", if seen.line.starts_with("GET ") { THREAD } else { r#"{"id":"m2"}"# })
}

pub(super) fn looked_up() -> Vec<Case> {
    let participants =
        || narrowed(&["gmail:send"], Narrowing::default().with(&flags::TO_THREAD_PARTICIPANTS, ["yes"]));
    let case = |name| Case::minted("look", name, participants()).upstream(in_a_thread);
    let reply = |to: &str| {
        let raw = URL_SAFE.encode(format!("To: {to}\r\nSubject: Re: lunch\r\n\r\nyes\r\n"));
        post("gmail", SEND, &format!(r#"{{"raw":"{raw}","threadId":"t1"}}"#))
    };
    const LOOK: &str = "GET /gmail/v1/users/me/threads/t1?format=metadata&metadataHeaders=From&metadataHeaders=To&metadataHeaders=Cc&metadataHeaders=Reply-To";
    vec![
        case("whoever is in the thread")
            .asks(reply("bob@partner.test"), "200")
            .sends(&[LOOK, "POST /gmail/v1/users/me/messages/send"])
            .records(&["sent allow [200 11]"]),
        case("somebody else")
            .asks(reply("eve@evil.test"), "denied")
            .sends(&[LOOK])
            .records(&["not sent denied"]),
        case("a thread that is not found")
            .upstream(|_| json("404 Not Found", "{}"))
            .asks(reply("bob@partner.test"), "unevaluable")
            .sends(&[LOOK])
            .records(&["not sent unevaluable"]),
    ]
}
