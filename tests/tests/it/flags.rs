//! Pages that list the flags agree with the table that the program is made from.

use datalog::flags::{self, Flag};
use harness::{document, source};

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

/// The file that has a flag's row has its tests too.
#[test]
fn every_flag_is_tried_in_its_own_file() {
    let rooms = source::root().join("datalog/src/caveats");
    let table = std::fs::read_to_string(rooms.join("flags.rs")).unwrap();
    let uses: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("pub use crate::caveats::")).collect();
    for flag in flags::ALL {
        let name = flag.name.replace('-', "_").to_uppercase();
        let is_own = |line: &&&str| {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.clone().any(|word| word == name)
        };
        let own = uses.iter().find(is_own).unwrap_or_else(|| panic!("--{} has no row", flag.name));
        let room = own.split("::").next().unwrap();
        let files = [format!("{room}.rs"), format!("{room}/mod.rs"), format!("{room}/tests.rs")];
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(rooms.join(file)).ok());
        let all: String = texts.collect();
        assert!(all.contains(&format!("trial(&{name}, ")), "{files:?} do not try --{}", flag.name);
    }
}
