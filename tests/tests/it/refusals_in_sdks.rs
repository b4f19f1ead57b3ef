//! What people read when an unmodified SDK gets a refusal or a fault. No SDK sends a request twice by itself.

use std::process::Command;

use harness::{Hallpass, LoggingUpstream, Put, node, poll, python};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// Each SDK: its name, its connection, what it may do, and the address of its write.
const SDKS: [(&str, &str, &str, &str); 3] = [
    ("google", "gmail", "gmail:*", "/gmail/v1/users/me/messages/m1"),
    ("github", "github", "github:*", "/repos/o/r/issues"),
    ("slack", "slack", "slack:*", "/api/chat.postMessage"),
];

#[derive(Clone, Copy)]
enum Language {
    Python,
    JavaScript,
}

struct World {
    hallpass: Hallpass,
    upstream: LoggingUpstream,
}

impl World {
    fn new() -> Self {
        let upstream = LoggingUpstream::start();
        let mut hallpass = Hallpass::new().with_logging(&upstream);
        hallpass.serve();
        upstream.forget();
        Self { hallpass, upstream }
    }

    fn mint(&self, allow: &str, more: &[&str]) -> String {
        self.hallpass.mint(&[&["told", "--allow", allow], more].concat())
    }

    /// The output that a person sees, for each client of this SDK.
    fn told(&self, sdk: &str, connection: &str, does: &str, pass: &str) -> Vec<String> {
        [Language::Python, Language::JavaScript]
            .map(|language| self.one(language, (sdk, connection, does), pass))
            .into()
    }

    /// Google's client for JavaScript drops the path of a base URL, and has the connection's own port.
    fn one(&self, language: Language, (sdk, connection, does): (&str, &str, &str), pass: &str) -> String {
        let (client, base) = match (language, sdk) {
            (Language::Python, _) => (python("agents/told.py"), self.hallpass.base(connection)),
            (Language::JavaScript, "google") => (node("agents/told.mjs"), self.hallpass.own_base()),
            (Language::JavaScript, _) => (node("agents/told.mjs"), self.hallpass.base(connection)),
        };
        error_of(client, &[sdk, does], &base, pass)
    }

    /// How many requests of the service did more than read.
    fn writes(&self) -> usize {
        self.upstream.logged().iter().filter(|seen| seen.method != "GET").count()
    }
}

fn error_of(mut client: Command, arguments: &[&str], base: &str, pass: &str) -> String {
    let output = client.args(arguments).env("BASE_URL", base).env("PASS", pass).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let printed: Value = serde_json::from_str(&printed)
        .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)));
    printed["error"].as_str().unwrap_or_else(|| panic!("{arguments:?} was not refused: {printed}")).to_owned()
}

#[test]
fn no_sdk_sends_again_what_may_have_been_carried_out() {
    let world = World::new();
    for (sdk, connection, allow, path) in SDKS {
        for language in [Language::Python, Language::JavaScript] {
            world.upstream.forget();
            for path in [path.to_owned(), format!("{path}/trash")] {
                let headers = vec![("retry-after".to_owned(), "1".to_owned())];
                world.upstream.answer(&path, Put { status: 503, headers, body: "{}".into() });
            }
            let pass = world.mint(allow, &[]);
            let error = world.one(language, (sdk, connection, "write"), &pass);
            assert!(
                error.contains("may have been carried out: check before you send it again"),
                "{sdk}: {error}"
            );
            assert!(error.contains("record"), "{sdk}: {error}");
            assert_eq!(world.writes(), 1, "{sdk}: {:?}", world.upstream.logged());
            // The program runs again, as a model would run it, and finds the same record.
            let again = world.one(language, (sdk, connection, "write"), &pass);
            assert!(again.contains("is not sent again before"), "{sdk}: {again}");
            assert_eq!(world.writes(), 1, "{sdk}: {:?}", world.upstream.logged());
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "one pass begins an hour after the test runs, and another ends meanwhile"
)]
fn every_sdk_shows_that_its_pass_has_ended_or_is_stopped() {
    let world = World::new();
    for (sdk, connection, allow, _) in SDKS {
        let begins = (OffsetDateTime::now_utc() + Duration::hours(1)).format(&Rfc3339).unwrap();
        let later = world.mint(allow, &["--not-before", &begins, "--for", "2h"]);
        for told in world.told(sdk, connection, "read", &later) {
            assert!(told.contains("pass-not-yet-valid") && told.contains("Wait until"), "{sdk}: {told}");
        }
        let brief = world.mint(allow, &["--for", "1s"]);
        let revoked = world.mint(allow, &[]);
        let id = world.hallpass.json(&["inspect", &revoked])["id"].as_str().unwrap().to_owned();
        world.hallpass.run(&["revoke", &id]).expect(0);
        for told in world.told(sdk, connection, "read", &revoked) {
            assert!(
                told.contains("pass-revoked") && told.contains("there is nothing to refresh"),
                "{sdk}: {told}"
            );
        }
        let stopped = world.mint(allow, &[]);
        world.hallpass.run(&["stop"]).expect(0);
        for told in world.told(sdk, connection, "read", &stopped) {
            assert!(told.contains("hallpass stopped:") && told.contains("you were stopped"), "{sdk}: {told}");
        }
        world.hallpass.run(&["resume"]).expect(0);
        let expires = world.hallpass.json(&["inspect", &brief])["expires"].as_str().unwrap().to_owned();
        let ends = OffsetDateTime::parse(&expires, &Rfc3339).unwrap() + Duration::seconds(1);
        poll("the end of the pass", || (OffsetDateTime::now_utc() > ends).then_some(()));
        for told in world.told(sdk, connection, "read", &brief) {
            assert!(
                told.contains("pass-expired") && told.contains("ask the person for a new pass"),
                "{sdk}: {told}"
            );
        }
    }
    assert_eq!(world.upstream.logged().len(), 0);
}

/// A client that drops the prefix of its base URL, or has none, reads what is wrong.
#[test]
fn what_is_refused_before_its_connection_is_known_is_shown_too() {
    let world = World::new();
    let pass = world.mint("gmail:read", &[]);
    let gateway = world.hallpass.gateway.clone();
    for told in [
        error_of(node("agents/told.mjs"), &["google", "read"], &gateway, "hallpass_nonsense"),
        error_of(python("agents/told.py"), &["google", "read"], &gateway, "hallpass_nonsense"),
    ] {
        assert!(told.contains("hallpass ") && told.contains("port of its own"), "{told}");
    }
    let notion = error_of(node("agents/told.mjs"), &["notion", "read"], &format!("{gateway}/notion"), &pass);
    assert!(notion.contains("hallpass denied: the pass does not cover the connection `notion`"), "{notion}");
}
