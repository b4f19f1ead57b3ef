//! The places of the project's invariants, and how they are read: each ends with the names of its tests.

use harness::source::{self, Source};

/// The texts with the invariants of one place: a page, or the module docs of a folder.
pub(crate) fn pages_of(place: &str) -> Vec<(String, String)> {
    if place.ends_with(".md") {
        let text = std::fs::read_to_string(source::root().join(place)).expect("the page is there");
        return vec![(place.to_owned(), text)];
    }
    let docs = |source: Source| {
        let lines = source.text.lines().map_while(|line| line.strip_prefix("//!"));
        let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        (source.path, text.join("\n"))
    };
    source::sources(place).into_iter().map(docs).collect()
}

/// Every invariant of a text as one line: from its first word to the next list item, empty line or end.
pub(crate) fn invariants(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some((_, begins)) = line.split_once("Invariant: ") {
            found.push(begins.to_owned());
            open = true;
        } else if open && line.starts_with(' ') {
            found.last_mut().expect("one is open").extend([" ", line.trim()]);
        } else {
            open = false;
        }
    }
    found
}

/// The names in the parentheses that an invariant ends with.
pub(crate) fn tests_of(invariant: &str) -> Vec<&str> {
    let names = invariant.strip_suffix(").").and_then(|rest| rest.rsplit_once('(')).map(|(_, names)| names);
    names.map(|names| names.split('`').skip(1).step_by(2).collect()).unwrap_or_default()
}

#[test]
fn the_names_that_an_invariant_ends_with_are_read_over_its_lines() {
    let text = "1. Invariant: One `word` (`a_b`,\n   `c_d`).\n\n- Invariant: Two\n  (`e_f`).\n- Invariant: None.\nmore (`g_h`).";
    let found = invariants(text);
    assert_eq!(found, ["One `word` (`a_b`, `c_d`).", "Two (`e_f`).", "None."]);
    let names: Vec<_> = found.iter().map(|invariant| tests_of(invariant)).collect();
    assert_eq!(names, [vec!["a_b", "c_d"], vec!["e_f"], vec![]]);
}
