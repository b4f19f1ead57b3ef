//! `datalog/catalog/UNEVALUABLE.md` lists exactly the requests that nobody can judge.

use std::collections::BTreeSet;

use crate::common::{CATALOG, args, classified, decided, is_like, known_service, verified, word};
use datalog::catalog::{Operation, Readers};
use datalog::flags;
use datalog::lookup::{Finds, Unfound};
use datalog::*;

const PAGE: &str = include_str!("../../catalog/UNEVALUABLE.md");

/// The first cells of the table under the heading that starts like this, without their quotes.
fn table(heading: &str) -> Vec<Vec<String>> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| {
        row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(rows.len() > 5, "{heading}");
    rows
}

/// Compares the patterns of a table with the matching operations, both ways.
fn lists_all_and_nothing_else(heading: &str, is_unknown: impl Fn(&Operation) -> bool) {
    let rows = table(heading);
    let mut used = BTreeSet::new();
    for operation in CATALOG.services().flat_map(|service| &service.operations).filter(|one| is_unknown(one))
    {
        let id = operation.id.as_str();
        let row = rows.iter().position(|row| is_like(&row[0], id));
        used.insert(row.unwrap_or_else(|| panic!("`{id}` is not listed under {heading}")));
    }
    let dead: Vec<&String> =
        (0..rows.len()).filter(|row| !used.contains(row)).map(|row| &rows[row][0]).collect();
    assert!(dead.is_empty(), "listed under {heading}, but Hallpass can tell: {dead:?}");
}

/// Whether other people read what a request for the operation changes, or hear of it, and nothing says who they are.
fn reaches_unknown(operation: &Operation, tells: &[Finds]) -> bool {
    let outward = operation.effects.contains(Effect::Send) || operation.effects.contains(Effect::Share);
    let changes = [Effect::Write, Effect::Run, Effect::Admin].into_iter();
    let changes = outward || changes.into_iter().any(|effect| operation.effects.contains(effect));
    let looked = operation.looks.iter().any(|look| tells.contains(&look.finds));
    match operation.readers {
        Readers::Own => outward && !looked,
        Readers::Told => false,
        Readers::Untold => changes && !looked,
    }
}

#[test]
fn every_operation_of_which_nobody_knows_whom_it_reaches_is_listed() {
    lists_all_and_nothing_else("Whom it reaches", |one| {
        reaches_unknown(one, &[]) && (one.readers == Readers::Untold || one.decode.is_empty())
    });
}

#[test]
fn every_operation_of_which_nobody_knows_who_reads_along_is_listed() {
    lists_all_and_nothing_else("Whether another organization", |one| {
        one.id.service() == "slack" && reaches_unknown(one, &[Finds::Conversation, Finds::Person])
    });
}

#[test]
fn every_request_that_is_listed_cannot_be_told_whatever_is_looked_up() {
    for row in table("By its arguments") {
        let (line, body) = (&row[0], &row[1]);
        let (service, content) = match line.split('/').nth(1).unwrap() {
            "calendar" => ("google-calendar", "application/json"),
            "drive" => ("google-drive", "application/json"),
            _ => ("slack", "application/x-www-form-urlencoded"),
        };
        let known = known_service(service, "me@example.com");
        let narrow = match service {
            "slack" => Narrowing::default().with(&flags::CHECK, ["check if channel_external(false)"]),
            _ => Narrowing::default().with(&flags::TO_DOMAIN, ["partner.test"]),
        };
        let pass = MintArgs { narrow, ..args(&[&format!("{service}.*")], &[], &[]) };
        let request = classified(&known, line, content, body.as_bytes()).unwrap();
        let never =
            |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up for {line} {body}") };
        let (_, decided) = decided(&verified(&pass, &[known]), request, &never);
        assert_eq!(word(&decided), "unevaluable", "{line} {body}");
    }
}

#[test]
fn every_request_that_touches_what_it_does_not_name_is_open() {
    for row in table("Which things it touches") {
        let [asked, line, body] = [&row[0], &row[1], &row[2]];
        let (service, line) = line.split_once(' ').unwrap();
        let content = match service {
            "slack" => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        let known = known_service(service, "me@example.com");
        let narrow = match asked.contains('(') {
            true => Narrowing::default().with(&flags::CHECK, [asked]),
            false => Narrowing::default().with(&flags::RESOURCE, [asked]),
        };
        let pass = MintArgs { narrow, ..args(&[&format!("{service}.*")], &[], &[]) };
        let request = classified(&known, line, content, body.as_bytes()).unwrap();
        let never =
            |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up for {line} {body}") };
        let (_, decided) = decided(&verified(&pass, &[known]), request, &never);
        assert_eq!(word(&decided), "unevaluable", "{asked} {line} {body}");
    }
}
