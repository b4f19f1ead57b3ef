//! The table of what a pass could ever do is true of each operation.

use crate::common::{CATALOG, NOW, args, known_service, root};
use datalog::can::{Possible, Row, table};
use datalog::flags;
use datalog::*;

fn rows(narrow: Narrowing) -> Vec<Row> {
    let args = MintArgs { narrow, ..args(&["github:read", "github:write"], &[], &["github.gists/*"]) };
    let terms = MintTerms::parse(&args, &[known_service("github", "me")], NOW).unwrap();
    let minted = terms.mint(&PassId::from_random([9; 16]), &root()).unwrap();
    let services: Vec<_> = CATALOG.services().cloned().collect();
    table(&minted.content, &services)
}

fn row<'a>(rows: &'a [Row], id: &str) -> &'a Row {
    rows.iter().find(|row| row.operation == format!("github.{id}")).unwrap()
}

#[test]
fn what_touches_no_such_thing_is_denied_and_not_allowed_where() {
    let rows = rows(Narrowing::default().with(&flags::RESOURCE, ["repo=octo/hello"]));
    for denied in ["activity/get-feeds", "users/get-authenticated", "search/code", "emojis/get"] {
        assert_eq!(row(&rows, denied).possible, Possible::Deny, "{denied}");
    }
    let get = row(&rows, "repos/get");
    assert_eq!(get.possible, Possible::Allow);
    assert!(get.conditions.iter().any(|one| one.contains("octo/hello")), "{get:?}");
    // Every operation that is not denied touches a repository.
    for row in rows.iter().filter(|row| row.possible != Possible::Deny) {
        let operation =
            CATALOG.services().flat_map(|one| &one.operations).find(|one| one.id.as_str() == row.operation);
        let touches = operation.unwrap().resources.iter().any(|rule| &*rule.kind == "repo");
        assert!(touches, "{} touches no repository", row.operation);
    }
}

#[test]
fn what_is_said_of_one_operation_is_no_condition_of_another() {
    let rows = rows(
        Narrowing::default().with(&flags::ARG, ["github.issues/list-for-repo: owner, repo, state = open"]),
    );
    assert!(row(&rows, "issues/list-for-repo").conditions.iter().any(|one| one.contains("`state` one of")));
    let other = row(&rows, "issues/get");
    assert!(!other.conditions.iter().any(|one| one.contains("list-for-repo")), "{other:?}");
}
