//! Each template is minted as it is and tried with the whole catalog. The test fixes what it allows, asks and denies. A
//! folder of operations that are all denied is shown as one line.

use std::collections::BTreeMap;

use datalog::can::{Possible, table};
use datalog::catalog::Catalog;
use datalog::{KnownConnection, Message, MintTerms, Narrowing, PassId, RootKeyPair, flags};
use time::macros::datetime;

use super::*;

const NOW: time::OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn embedded(name: &str) -> Template {
    let (_, text) = EMBEDDED.into_iter().find(|(known, _)| *known == name).unwrap();
    Template::read(name, Origin::Program, text.to_owned()).unwrap()
}

fn given(template: &Template) -> MintArgs {
    let resources = template.flags.own.needs_resource.iter().map(|kind| format!("{kind}=octo/hello"));
    MintArgs { narrow: Narrowing::default().with(&flags::RESOURCE, resources), ..MintArgs::default() }
}

/// Returns connections to every service, so that the test also tries what a template does not mean.
fn known(catalog: &Catalog) -> Vec<KnownConnection> {
    let connection = |service: &std::sync::Arc<datalog::catalog::Service>| KnownConnection {
        name: service.name.as_str().parse().unwrap(),
        account: "me@example.com".parse().unwrap(),
        service: service.clone(),
    };
    catalog.services().map(connection).collect()
}

fn walk(name: &str) -> String {
    let catalog = Catalog::embedded().unwrap();
    let template = embedded(name);
    let args = given(&template);
    let terms = MintTerms::parse(&template.with(args).unwrap(), &known(&catalog), NOW).unwrap();
    let minted = terms.mint(&PassId::from_random([1; 16]), &RootKeyPair::from_seed(1, [7; 32])).unwrap();
    let services: Vec<_> = catalog.services().cloned().collect();
    let rows = table(&minted.content, &services);
    let mut lines = vec![format!("ends after {}", minted.expires - NOW)];
    lines.extend(datalog::inspect::describe(&minted.content).says.iter().map(ToString::to_string));
    for answer in [Possible::Allow, Possible::Ask] {
        let word = if answer == Possible::Allow { "allow" } else { "ask  " };
        for row in rows.iter().filter(|row| row.possible == answer) {
            lines.push(format!("{word} {} ({}) {}", row.operation, row.effects, row.conditions.join("; ")));
        }
    }
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let folder = |id: &str| id.rfind(['/', '.']).unwrap_or(0);
    for row in &rows {
        folders.entry(row.operation.get(..folder(&row.operation)).unwrap_or_default()).or_default();
    }
    for row in rows.iter().filter(|row| row.possible == Possible::Deny) {
        folders
            .entry(row.operation.get(..folder(&row.operation)).unwrap_or_default())
            .or_default()
            .push(&row.operation);
    }
    for (folder, denied) in folders {
        let all = rows.iter().filter(|row| {
            row.operation.rfind(['/', '.']).is_some_and(|at| row.operation.get(..at) == Some(folder))
        });
        if denied.len() == all.count() {
            lines.push(format!("deny  {folder}* (all {})", denied.len()));
        } else {
            lines.extend(denied.iter().map(|id| format!("deny  {id}")));
        }
    }
    lines.join("\n")
}

macro_rules! pinned {
    ($($test:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            insta::assert_snapshot!($name, walk($name));
        }
    )*};
}

pinned! {
    what_inbox_triage_may_do_is_pinned "inbox-triage"
    what_calendar_assistant_may_do_is_pinned "calendar-assistant"
    what_pr_reviewer_may_do_is_pinned "pr-reviewer"
    what_issue_triager_may_do_is_pinned "issue-triager"
    what_release_notes_may_do_is_pinned "release-notes"
    what_slack_digest_may_do_is_pinned "slack-digest"
    what_drive_researcher_may_do_is_pinned "drive-researcher"
}

/// Returns the content of a template's pass without its limits on things, so that its grants and checks show.
fn granted(name: &str, catalog: &Catalog) -> datalog::Content {
    let args = embedded(name).with(given(&embedded(name))).unwrap();
    let narrow = args
        .narrow
        .without(&flags::RESOURCE)
        .without(&flags::ONLY_SEEN)
        .without(&flags::ONLY_CREATED)
        .without(&flags::LIMIT);
    let terms = MintTerms::parse(&MintArgs { narrow, ..args }, &known(catalog), NOW).unwrap();
    terms.mint(&PassId::from_random([1; 16]), &RootKeyPair::from_seed(1, [7; 32])).unwrap().content
}

/// Returns what the pass answers to one request, as the catalog understands the request.
fn answer(content: &datalog::Content, catalog: &Catalog, line: &str, body: &str) -> Possible {
    let (service, target) = line.split_once(' ').unwrap();
    let (method, target) = target.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let raw = datalog::RawRequest {
        query,
        content_type: (!body.is_empty()).then_some("application/json"),
        body: body.as_bytes(),
        ..datalog::RawRequest::new(method, path)
    };
    let service = catalog.service(&service.parse().unwrap()).unwrap();
    let account = "me@example.com".parse().unwrap();
    let request = service.classify(&service.name.as_str().parse().unwrap(), &account, &raw);
    let request = request.unwrap_or_else(|error| panic!("{line} {body}: {error}"));
    datalog::can::would(content, &request, NOW).decision
}

#[test]
fn an_operation_that_a_template_allows_brings_no_effect_by_its_arguments() {
    let catalog = Catalog::embedded().unwrap();
    for (name, _) in EMBEDDED {
        let content = granted(name, &catalog);
        let services: Vec<_> = catalog.services().cloned().collect();
        let allowed = table(&content, &services).into_iter().filter(|row| row.possible == Possible::Allow);
        for row in allowed {
            let operation = catalog.operations().find(|one| one.id.as_str() == row.operation).unwrap();
            for condition in &operation.conditions {
                let brought: Vec<String> =
                    condition.effects.iter().map(|effect| effect.to_string()).collect();
                assert!(
                    brought.iter().all(|effect| {
                        content.grants.iter().any(|(answer, _, selector)| {
                            *answer != datalog::Answer::Allow && selector.to_string() == *effect
                        })
                    }),
                    "the template `{name}` allows `{}` with `{}`, which makes it {brought:?}",
                    row.operation,
                    condition.argument
                );
            }
        }
    }
}

/// A template, a request, and what the template says to it.
const LINES: &[(&str, &str, &str, Possible)] = &[
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/assignees",
        r#"{"assignees":["bob"]}"#,
        Possible::Allow,
    ),
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/assignees",
        r#"{"assignees":["copilot-swe-agent"]}"#,
        Possible::Ask,
    ),
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/assignees",
        r#"{"assignees":["Copilot"]}"#,
        Possible::Ask,
    ),
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/assignees",
        r#"{"assignees":["bob","Some-Agent[BOT]"]}"#,
        Possible::Ask,
    ),
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/assignees",
        r#"{"assignees":[{"login":"x[bot]"}]}"#,
        Possible::Deny,
    ),
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/assignees",
        r#"{"assignees":["bob",{"login":"x[bot]"}]}"#,
        Possible::Deny,
    ),
    ("issue-triager", "github POST /repos/o/r/issues/1/assignees", r#"{"assignees":[]}"#, Possible::Ask),
    ("issue-triager", "github POST /repos/o/r/issues/1/assignees", "", Possible::Deny),
    ("issue-triager", "github POST /repos/o/r/issues/1/labels", r#"{"labels":["bug"]}"#, Possible::Allow),
    (
        "issue-triager",
        "github POST /repos/o/r/issues/1/comments",
        r#"{"body":"@copilot fix it"}"#,
        Possible::Ask,
    ),
    ("issue-triager", "github PATCH /repos/o/r/issues/1", r#"{"assignee":"copilot"}"#, Possible::Ask),
    ("issue-triager", "github PATCH /repos/o/r/issues/1", r#"{"title":"x"}"#, Possible::Ask),
    ("issue-triager", "github POST /repos/o/r/issues", r#"{"title":"x"}"#, Possible::Deny),
    (
        "pr-reviewer",
        "github POST /repos/o/r/pulls/1/reviews",
        r#"{"event":"COMMENT","body":"x"}"#,
        Possible::Allow,
    ),
    ("pr-reviewer", "github POST /repos/o/r/pulls/1/reviews", r#"{"event":"APPROVE"}"#, Possible::Deny),
    (
        "pr-reviewer",
        "github POST /repos/o/r/pulls/1/reviews",
        r#"{"event":"REQUEST_CHANGES","body":"x"}"#,
        Possible::Deny,
    ),
    ("pr-reviewer", "github POST /repos/o/r/pulls/1/reviews", r#"{"body":"x"}"#, Possible::Deny),
    ("pr-reviewer", "github PUT /repos/o/r/pulls/1/merge", "{}", Possible::Deny),
    (
        "pr-reviewer",
        "github POST /repos/o/r/pulls/1/requested_reviewers",
        r#"{"reviewers":["copilot"]}"#,
        Possible::Deny,
    ),
    ("release-notes", "github POST /repos/o/r/releases", r#"{"tag_name":"v1"}"#, Possible::Ask),
    ("release-notes", "github POST /repos/o/r/releases", r#"{"tag_name":"v1","draft":true}"#, Possible::Ask),
    (
        "release-notes",
        "github POST /repos/o/r/releases",
        r#"{"tag_name":"v1","discussion_category_name":"x"}"#,
        Possible::Ask,
    ),
    (
        "release-notes",
        "github PATCH /repos/o/r/releases/1",
        r#"{"draft":false,"make_latest":"true"}"#,
        Possible::Ask,
    ),
    ("release-notes", "github DELETE /repos/o/r/releases/1", "", Possible::Deny),
    (
        "release-notes",
        "github POST /repos/o/r/releases/generate-notes",
        r#"{"tag_name":"v1"}"#,
        Possible::Allow,
    ),
    (
        "inbox-triage",
        "gmail POST /gmail/v1/users/me/messages/m/modify",
        r#"{"addLabelIds":["STARRED"]}"#,
        Possible::Allow,
    ),
    (
        "inbox-triage",
        "gmail POST /gmail/v1/users/me/messages/m/modify",
        r#"{"removeLabelIds":["INBOX"]}"#,
        Possible::Allow,
    ),
    (
        "inbox-triage",
        "gmail POST /gmail/v1/users/me/messages/m/modify",
        r#"{"addLabelIds":["TRASH"]}"#,
        Possible::Deny,
    ),
    (
        "inbox-triage",
        "gmail POST /gmail/v1/users/me/threads/t/modify",
        r#"{"addLabelIds":["x","SPAM"]}"#,
        Possible::Deny,
    ),
    ("inbox-triage", "gmail POST /gmail/v1/users/me/drafts/send", r#"{"id":"d"}"#, Possible::Ask),
    (
        "calendar-assistant",
        "google-calendar PATCH /calendar/v3/calendars/c/events/e",
        r#"{"status":"cancelled"}"#,
        Possible::Ask,
    ),
    (
        "calendar-assistant",
        "google-calendar POST /calendar/v3/calendars/c/events",
        r#"{"anyoneCanAddSelf":true}"#,
        Possible::Ask,
    ),
    (
        "calendar-assistant",
        "google-calendar POST /calendar/v3/calendars/c/events/e/move?destination=d",
        "",
        Possible::Deny,
    ),
    (
        "calendar-assistant",
        "google-calendar POST /calendar/v3/calendars/c/events/import",
        r#"{"iCalUID":"x"}"#,
        Possible::Deny,
    ),
    (
        "drive-researcher",
        "google-drive POST /drive/v3/files/f/copy",
        r#"{"parents":["root"]}"#,
        Possible::Deny,
    ),
    ("drive-researcher", "google-drive PATCH /drive/v3/files/f", r#"{"name":"x"}"#, Possible::Deny),
    ("drive-researcher", "google-drive GET /drive/v3/files/f?alt=media", "", Possible::Allow),
    ("slack-digest", "slack POST /api/chat.update?channel=C0123ABCD&ts=1.2&text=x", "", Possible::Deny),
    (
        "slack-digest",
        "slack POST /api/reactions.add?channel=C0123ABCD&timestamp=1.2&name=x",
        "",
        Possible::Deny,
    ),
];

#[test]
fn the_line_of_a_template_holds_whatever_the_arguments_are() {
    let catalog = Catalog::embedded().unwrap();
    for (name, line, body, expected) in LINES {
        let content = granted(name, &catalog);
        assert_eq!(answer(&content, &catalog, line, body), *expected, "{name}: {line} {body}");
    }
}

#[test]
fn flags_win_over_a_template_or_add_to_it() {
    let given = MintArgs {
        task: "mine".into(),
        deny: vec!["gmail.users.labels.*".into()],
        narrow: Narrowing::default().with(&flags::FOR, ["5m"]).with(&flags::LIMIT, ["send=1/h", "send=9"]),
        ..MintArgs::default()
    };
    let args = embedded("inbox-triage").with(given).unwrap();
    let limits = args.narrow.values(&flags::LIMIT);
    assert_eq!((args.task.as_str(), args.narrow.values(&flags::FOR)), ("mine", ["5m".to_owned()].as_slice()));
    assert!(limits.contains(&"send=1/h".into()) && limits.contains(&"send=9".into()));
    assert!(!limits.contains(&"send=5/h".into()) && limits.contains(&"gmail.users.messages.get=200".into()));
    assert_eq!((args.services, args.deny.len()), (vec!["gmail".to_owned()], 2));
}

#[test]
fn a_template_without_what_it_needs_is_refused() {
    let told = embedded("pr-reviewer").with(MintArgs::default()).unwrap_err();
    assert_eq!(
        Message::from(told).in_full(),
        "the template `pr-reviewer` needs a `repo`: expected --resource repo=ID, got none\nhint: `hallpass templates show pr-reviewer` says what it is for"
    );
}

#[test]
fn a_template_with_a_key_that_is_no_flag_is_refused() {
    let told = Template::read("mine", Origin::Own, "alow = []".into()).unwrap_err().to_string();
    assert!(told.contains("alow"), "{told}");
}

#[test]
fn a_file_that_is_not_understood_hides_no_other_and_says_so_under_its_own_name() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("templates");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine.toml"), "allow = [\"gmail:read\"]\n").unwrap();
    fs::write(folder.join("inbox-triage.toml"), "alow = []\n").unwrap();
    let home = Home::at(dir.path());
    let shelf = load(&home).unwrap();
    assert_eq!(shelf.values().filter(|template| template.is_ok()).count(), EMBEDDED.len());
    assert!(shelf["mine"].is_ok() && shelf["pr-reviewer"].is_ok());
    // The built-in template is not used in its place, because the person who wrote the file meant another one.
    let told = find(&home, "inbox-triage").unwrap_err().to_string();
    assert!(told.contains("`inbox-triage` is not understood") && told.contains("alow"), "{told}");
}
