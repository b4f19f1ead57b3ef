//! Google's Python client for Calendar and Drive, unmodified, through the gateway to an emulated Google: guests and
//! grantees are only those that the pass names, and the person who runs the SDK reads why another one is refused.

use harness::{Hallpass, Upstream, python};
use serde_json::Value;

struct Workspace {
    hallpass: Hallpass,
    google: Upstream,
    pass: String,
}

const CALENDAR: &str = "google-calendar";
const DRIVE: &str = "google-drive";
const EVENTS: &str = "/calendar/v3/calendars/primary/events";

impl Workspace {
    /// Both services connected and served, and a pass that limits whom its requests reach.
    fn new() -> Self {
        let mut hallpass = Hallpass::new();
        let google = Upstream::google(hallpass.redirect_port);
        hallpass = hallpass.with_google_service(CALENDAR, &google).with_google_service(DRIVE, &google);
        hallpass.connect(CALENDAR);
        hallpass.connect(DRIVE);
        hallpass.serve();
        let pass = hallpass.mint(&[
            "plan with my colleagues",
            "--allow",
            "google-calendar:read",
            "--allow",
            "google-calendar.events.insert",
            "--allow",
            "google-drive:read",
            "--allow",
            "google-drive.permissions.create",
            "--arg",
            "google-drive.permissions.create: type = user, role in (reader, commenter), emailAddress",
            "--to-domain",
            "example.com",
        ]);
        google.forget();
        Self { hallpass, google, pass }
    }

    /// Another pass, for another task.
    fn with_pass(mut self, terms: &[&str]) -> Self {
        self.pass = self.hallpass.mint(terms);
        self.google.forget();
        self
    }

    fn run(&self, arguments: &[&str]) -> Value {
        let output = python("agents/planner.py")
            .args(arguments)
            .env("CALENDAR_URL", self.hallpass.base(CALENDAR))
            .env("DRIVE_URL", self.hallpass.base(DRIVE))
            .env("PASS", &self.pass)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&printed)
            .unwrap_or_else(|_| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The gateway refuses the request, with words that say why.
    fn refused(&self, arguments: &[&str], words: &[&str]) {
        let answer = self.run(arguments);
        let error =
            answer["error"].as_str().unwrap_or_else(|| panic!("{arguments:?} was not refused: {answer}"));
        assert_eq!(answer["status"], 403, "{error}");
        for word in ["hallpass"].iter().chain(words) {
            assert!(error.contains(word), "{arguments:?}: `{word}` is not in what a person reads:\n{error}");
        }
    }

    fn upstream_never_saw_the_pass(&self) {
        for seen in self.google.seen() {
            let all = format!("{} {:?} {}", seen.path, seen.headers, seen.body);
            assert!(!all.contains(self.pass.trim_start_matches("hallpass_")), "{all}");
            assert!(seen.headers["authorization"].starts_with("Bearer google_"), "{all}");
        }
    }
}

#[test]
fn events_are_made_with_guests_of_the_domain_and_no_others() {
    let workspace = Workspace::new();
    assert_eq!(workspace.run(&["events"])["result"][0], "standup");
    assert_eq!(workspace.run(&["packaged_events"])["result"][0], "standup");
    assert_eq!(workspace.run(&["invite", "bob@example.com", "carol@example.com"])["result"], "planning");
    assert_eq!(workspace.run(&["invite_from_package", "bob@example.com"])["result"], "planning");
    workspace.upstream_never_saw_the_pass();

    workspace.google.forget();
    for scenario in ["invite", "invite_from_package"] {
        workspace.refused(&[scenario, "bob@example.com", "eve@evil.example"], &["evil.example"]);
        workspace.refused(&[scenario, "eve@notexample.com"], &["notexample.com"]);
        workspace.refused(&[scenario, "eve@evil.example, bob@example.com"], &[]);
    }
    workspace.refused(&["quick_add", "lunch with eve@evil.example"], &["google-calendar.events.quickAdd"]);
    workspace.refused(&["cancel", "standup"], &["google-calendar.events.delete"]);
    assert!(workspace.google.seen_at(EVENTS).is_empty(), "none of this went upstream");
}

#[test]
fn files_are_shared_with_whom_the_pass_says_and_as_what_it_says() {
    let workspace = Workspace::new();
    assert_eq!(workspace.run(&["files"])["result"][0], "plan.txt");
    workspace.google.forget();
    for arguments in [
        ["share", "plan", "user", "reader", "eve@evil.example"].as_slice(),
        &["share", "plan", "user", "writer", "bob@example.com"],
        &["share", "plan", "domain", "reader"],
        &["share", "plan", "anyone", "reader"],
        &["move", "plan", "a-shared-folder"],
    ] {
        workspace.refused(arguments, &[]);
    }
    assert!(workspace.google.seen_at("/drive/v3/files/plan").is_empty(), "none of this went upstream");

    // The emulator has no permissions: an allowed request arrives there, and finds nothing.
    let shared = workspace.run(&["share", "plan", "user", "reader", "bob@example.com"]);
    assert_eq!(shared["status"], 404, "{shared}");
    let seen = workspace.google.seen_at("/drive/v3/files/plan/permissions");
    assert_eq!(seen.len(), 1);
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({ "type": "user", "role": "reader", "emailAddress": "bob@example.com" })
    );
    workspace.upstream_never_saw_the_pass();
}

const TEAM: &str = "team@group.calendar.google.com";
const OPEN: &str = "open@group.calendar.google.com";
const MIXED: &str = "mixed@group.calendar.google.com";

fn rule(role: &str, kind: &str, value: &str) -> Value {
    serde_json::json!({ "kind": "calendar#aclRule", "id": format!("{kind}:{value}"), "role": role,
        "scope": { "type": kind, "value": value } })
}

fn acl(rules: &[Value]) -> Value {
    serde_json::json!({ "kind": "calendar#acl", "items": rules })
}

fn permissions(emails: &[&str]) -> Value {
    let one = |email: &&str| serde_json::json!({ "id": email, "type": "user", "emailAddress": email });
    serde_json::json!({ "permissions": emails.iter().map(one).collect::<Vec<_>>() })
}

#[test]
fn an_event_is_put_onto_a_calendar_that_colleagues_alone_read() {
    let workspace = Workspace::new();
    let own = rule("owner", "user", "alice@example.com");
    let bob = rule("reader", "user", "bob@example.com");
    let path = |calendar: &str| format!("/calendar/v3/calendars/{calendar}/acl");
    let answers = serde_json::json!({
        path(TEAM): acl(&[own.clone(), bob.clone()]),
        path(MIXED): acl(&[own.clone(), bob, rule("freeBusyReader", "user", "eve@evil.example")]),
        path(OPEN): acl(&[own, rule("reader", "default", "")]),
        "/calendar/v3/calendars/team@group.calendar.google.com/events": { "id": "e9", "summary": "planning" },
    });
    workspace.google.control(&serde_json::json!({ "answers": answers }));
    assert_eq!(workspace.run(&["invite_on", TEAM, "bob@example.com"])["result"], "planning");
    let seen = workspace.google.seen();
    assert_eq!(seen.iter().map(|one| one.method.as_str()).collect::<Vec<_>>(), ["GET", "POST"], "{seen:?}");
    workspace.upstream_never_saw_the_pass();

    workspace.google.forget();
    workspace.refused(&["invite_on", TEAM, "eve@evil.example"], &["denied"]);
    workspace.refused(&["invite_on", MIXED, "bob@example.com"], &["denied"]);
    workspace.refused(&["invite_on", MIXED], &["denied"]);
    workspace.refused(&["invite_on", OPEN], &["unevaluable", "anybody"]);
    workspace.refused(&["invite_on", "nobody-knows@group.calendar.google.com"], &["unevaluable", "calendar"]);
    assert!(workspace.google.seen().iter().all(|one| one.method == "GET"), "only look-ups went upstream");
    let told = workspace.run(&["invite_on", MIXED]);
    assert!(!told.to_string().contains("eve@"), "the refusal does not name the calendar's readers: {told}");
}

#[test]
fn a_file_is_put_into_a_folder_that_colleagues_alone_may_open() {
    let workspace = Workspace::new().with_pass(&[
        "file it where it belongs",
        "--allow",
        "google-drive:write",
        "--allow",
        "google-drive:share",
        "--to-domain",
        "example.com",
    ]);
    let path = |folder: &str| format!("/drive/v3/files/{folder}/permissions");
    let answers = serde_json::json!({
        // The readers of a moved file also read where it goes.
        path("plan"): permissions(&["alice@example.com"]),
        path("theirs"): permissions(&["alice@example.com", "eve@evil.example"]),
        path("team"): permissions(&["alice@example.com", "bob@example.com"]),
        path("mixed"): permissions(&["alice@example.com", "eve@evil.example"]),
        path("open"): { "permissions": [{ "id": "anyoneWithLink", "type": "anyone" }] },
        path("cut"): { "nextPageToken": "x", "permissions": [{ "id": "a", "type": "user", "emailAddress": "alice@example.com" }] },
    });
    workspace.google.control(&serde_json::json!({ "answers": answers }));
    assert_eq!(workspace.run(&["create_in", "team", "notes.txt"])["result"], "notes.txt");
    assert_eq!(workspace.run(&["create_in", "root", "own.txt"])["result"], "own.txt");
    workspace.upstream_never_saw_the_pass();
    workspace.google.forget();
    for scenario in [["create_in", "FOLDER", "x.txt"], ["move", "plan", "FOLDER"]] {
        for (folder, words) in [
            ("mixed", "denied"),
            ("open", "anybody"),
            ("cut", "does not say everything"),
            ("unknown", "unevaluable"),
        ] {
            let arguments = scenario.map(|word| if word == "FOLDER" { folder } else { word });
            workspace.refused(&arguments, &[words]);
        }
    }
    workspace.refused(&["move", "theirs", "team"], &["denied"]);
    assert!(workspace.google.seen().iter().all(|one| one.method == "GET"), "only look-ups went upstream");
}
