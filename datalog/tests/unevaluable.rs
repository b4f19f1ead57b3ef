//! `datalog/catalog/UNEVALUABLE.md` lists what cannot be told, all of it and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be arranged fails"
)]

mod common;

use std::collections::BTreeSet;

use common::{CATALOG, args, classified, decided, known_service, strings, verified, word};
use datalog::catalog::Operation;
use datalog::lookup::{Finds, Unfound};
use datalog::*;

const PAGE: &str = include_str!("../catalog/UNEVALUABLE.md");

/// The first cells of the table under a heading that starts so, without their quotes.
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

fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && is_like(rest, &text[at..]))
        }),
    }
}

/// Holds the patterns of a table against the operations that are so, both ways.
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
    assert!(dead.is_empty(), "listed under {heading}, and told: {dead:?}");
}

fn is_outward(operation: &Operation) -> bool {
    operation.effects.contains(Effect::Send) || operation.effects.contains(Effect::Share)
}

fn looks_for(operation: &Operation, finds: &[Finds]) -> bool {
    operation.looks.iter().any(|look| finds.contains(&look.finds))
}

#[test]
fn every_operation_of_which_nobody_knows_whom_it_reaches_is_listed() {
    let reach = [
        Finds::Event,
        Finds::Series,
        Finds::Calendar,
        Finds::Rule,
        Finds::Permission,
        Finds::Access,
        Finds::Draft,
    ];
    lists_all_and_nothing_else("Whom it reaches", |one| {
        one.addressed && is_outward(one) && one.decode.is_empty() && !looks_for(one, &reach)
    });
}

#[test]
fn every_operation_of_which_nobody_knows_who_reads_along_is_listed() {
    lists_all_and_nothing_else("Whether another organization", |one| {
        one.id.service() == "slack"
            && is_outward(one)
            && !looks_for(one, &[Finds::Conversation, Finds::Person])
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
            "slack" => {
                Narrowing { checks: strings(&["check if channel_external(false)"]), ..Narrowing::default() }
            }
            _ => Narrowing { to_domains: strings(&["partner.test"]), ..Narrowing::default() },
        };
        let pass = MintArgs { narrow, ..args(&[&format!("{service}.*")], &[], &[]) };
        let request = classified(&known, line, content, body.as_bytes()).unwrap();
        let never =
            |target: &str| -> Result<String, Unfound> { panic!("{target} was looked up for {line} {body}") };
        let (_, decided) = decided(&verified(&pass, &[known]), request, &never);
        assert_eq!(word(&decided), "unevaluable", "{line} {body}");
    }
}
