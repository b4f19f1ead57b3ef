//! Pages that list the flags agree with the table that the program is made from.

use datalog::flags::{self, Flag};
use harness::document;

/// A flag's row in a page's table.
fn row(flag: &Flag) -> String {
    let written: Vec<String> = flag.written().iter().map(|one| format!("`{one}`")).collect();
    format!("| {} | {} |", flag.wish, written.join(", "))
}

#[test]
fn the_readme_lists_every_flag_that_narrows_as_the_program_has_it() {
    let page = document::page("README.md");
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| *line != "| to say | write |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = flags::ALL.iter().map(|flag| row(flag)).collect();
    assert_eq!(rows, expected, "README.md needs these rows:\n{}", expected.join("\n"));
}

#[test]
fn every_flag_says_what_it_is_for() {
    for flag in flags::ALL {
        for text in [flag.help, flag.title, flag.wish] {
            assert!(!text.is_empty() && !text.ends_with('.'), "--{}: {text:?}", flag.name);
        }
        assert_eq!(flag.value.is_empty(), flag.takes == flags::Takes::Nothing, "--{}", flag.name);
    }
}
