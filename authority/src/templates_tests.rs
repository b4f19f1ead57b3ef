//! Each template is minted as it comes and walked through the whole catalog: what it allows, asks and denies is
//! pinned. A folder of operations that are all denied stands as one line.

use std::collections::BTreeMap;

use datalog::can::{Possible, table};
use datalog::catalog::Catalog;
use datalog::{KnownConnection, MintTerms, Narrowing, PassId, RootKeyPair};
use time::macros::datetime;

use super::*;

const NOW: time::OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn embedded(name: &str) -> Template {
    let (_, text) = EMBEDDED.into_iter().find(|(known, _)| *known == name).unwrap();
    Template::read(name, Origin::Program, text.to_owned()).unwrap()
}

fn given(template: &Template) -> MintArgs {
    let resources =
        template.flags.own.needs_resource.iter().map(|kind| format!("{kind}=octo/hello")).collect();
    MintArgs { narrow: Narrowing { resources, ..Narrowing::default() }, ..MintArgs::default() }
}

/// Connections to everything, so that what a template does not mean is in reach.
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
    lines.extend(datalog::inspect::describe(&minted.content).says);
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

#[test]
fn flags_win_over_a_template_or_add_to_it() {
    let given = MintArgs {
        task: "mine".into(),
        deny: vec!["gmail.users.labels.*".into()],
        narrow: Narrowing {
            duration: Some("5m".into()),
            limits: vec!["send=1/h".into(), "send=9".into()],
            ..Narrowing::default()
        },
        ..MintArgs::default()
    };
    let args = embedded("inbox-triage").with(given).unwrap();
    let limits = &args.narrow.limits;
    assert_eq!((args.task.as_str(), args.narrow.duration.as_deref()), ("mine", Some("5m")));
    assert!(limits.contains(&"send=1/h".into()) && limits.contains(&"send=9".into()));
    assert!(!limits.contains(&"send=5/h".into()) && limits.contains(&"gmail.users.messages.get=200".into()));
    assert_eq!((args.services, args.deny.len()), (vec!["gmail".to_owned()], 2));
}

#[test]
fn a_template_without_what_it_needs_is_refused() {
    let told = embedded("pr-reviewer").with(MintArgs::default()).unwrap_err().to_string();
    assert_eq!(
        told,
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
    // Not the program's own in its place: whoever wrote the file meant another.
    let told = find(&home, "inbox-triage").unwrap_err().to_string();
    assert!(told.contains("`inbox-triage` is not understood") && told.contains("alow"), "{told}");
}
