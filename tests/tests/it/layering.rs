//! The rules of ARCHITECTURE.md as tests: what a crate may be built from, which names it may use, and how long a file
//! or a function may be.

use harness::source::{self, Source};

use crate::invariants::{invariants, pages_of, tests_of};
use crate::rooms::ROOMS;

/// `package` must not be built from any of these, not even indirectly.
fn is_not_built_from(package: &str, forbidden: &[&str]) {
    let found = source::built_from(&source::metadata(), package);
    assert!(found.len() > 10, "the dependencies of `{package}` were read: {found:?}");
    let wrong: Vec<_> = forbidden.iter().filter(|name| found.contains(**name)).collect();
    assert!(wrong.is_empty(), "`{package}` is built from {wrong:?}");
}

/// No code (not comments, strings or tests) of `sources` names one of `forbidden`.
fn names_none_of(sources: &[Source], forbidden: &[&str]) {
    assert!(!sources.is_empty(), "there is code to read");
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        for (number, line) in source.code.lines().enumerate() {
            let hits = forbidden.iter().filter(|word| names(line, word));
            wrong.extend(hits.map(|word| format!("{}:{}: `{word}`", source.path, number + 1)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether `line` has `word` as whole words.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part)
            && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

fn production() -> Vec<Source> {
    ["datalog/src", "verifier/src", "authority/src"]
        .iter()
        .flat_map(|folder| source::sources(folder))
        .collect()
}

#[test]
fn datalog_is_built_from_nothing_that_waits_or_stores() {
    is_not_built_from(
        "hallpass-datalog",
        &[
            "tokio",
            "mio",
            "socket2",
            "hyper",
            "reqwest",
            "axum",
            "rusqlite",
            "rustls",
            "clap",
            "directories",
            "oauth2",
        ],
    );
}

#[test]
fn datalog_reads_no_clock_environment_file_or_socket() {
    names_none_of(
        &source::sources("datalog/src"),
        &[
            "SystemTime",
            "Instant",
            "now_utc",
            "now_local",
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "std::io::stdin",
            "File",
            "TcpStream",
            "static mut",
            "thread_local",
            "getrandom",
            "OsRng",
            "thread_rng",
        ],
    );
}

#[test]
fn the_clock_of_the_machine_is_handed_in_from_one_place() {
    let named = |source: &Source| source.code.lines().any(|line| names(line, "Clock::System"));
    let sources = source::sources("authority/src");
    let where_named = sources.iter().filter(|source| !source.is_test() && named(source));
    let paths: Vec<&str> = where_named.map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["authority/src/cli/context.rs"]);
}

#[test]
fn only_datalog_names_biscuit_auth() {
    let others =
        ["verifier/src", "authority/src", "examples"].iter().flat_map(|folder| source::sources(folder));
    names_none_of(&others.collect::<Vec<_>>(), &["biscuit_auth"]);
    let metadata = source::metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let members: Vec<_> = packages.iter().filter(|package| package["source"].is_null()).collect();
    for package in members {
        let direct = package["dependencies"].as_array().expect("dependencies");
        let names_it = direct.iter().any(|d| d["name"] == "biscuit-auth" && d["kind"].is_null());
        assert_eq!(names_it, package["name"] == "hallpass-datalog", "{}", package["name"]);
    }
}

#[test]
fn the_gateway_is_built_from_no_vault_database_or_authority() {
    is_not_built_from(
        "hallpass-gateway",
        &[
            "hallpass-authority",
            "rusqlite",
            "libsqlite3-sys",
            "axum",
            "reqwest",
            "oauth2",
            "clap",
            "chacha20poly1305",
        ],
    );
}

/// A surface takes requests apart and renders answers. The code between them knows no protocol.
#[test]
fn what_is_done_for_every_request_knows_no_protocol_that_it_came_by() {
    let middle = |path: &str| {
        let path = path.trim_start_matches("verifier/src/");
        ["steps/", "pipeline.rs", "would.rs", "record/"].iter().any(|room| path.starts_with(room))
    };
    let sources: Vec<_> =
        source::sources("verifier/src/").into_iter().filter(|one| middle(&one.path)).collect();
    assert!(sources.len() >= 9, "the files were found: {}", sources.len());
    let protocol = ["request::Parts", "Incoming", "hyper::", "HeaderMap", "Response<", "crate::surface"];
    let wrong: Vec<String> = sources
        .iter()
        .flat_map(|one| protocol.iter().map(move |word| (one, word)))
        .filter(|(one, word)| one.code.contains(**word))
        .map(|(one, word)| format!("{} names {word}", one.path))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn nothing_below_the_authority_is_built_from_it() {
    is_not_built_from("hallpass-datalog", &["hallpass-gateway", "hallpass-authority"]);
    is_not_built_from("hallpass-gateway", &["hallpass-authority"]);
}

#[test]
fn files_stay_below_500_lines_and_functions_below_80() {
    let mut wrong = Vec::new();
    for source in production().iter().chain(&source::sources("tests/")).chain(&source::sources("examples/")) {
        let counted = !source.is_test() || source.path.starts_with("tests/");
        if counted && source.code_lines() > 500 {
            wrong.push(format!("{}: {} lines", source.path, source.code_lines()));
        }
        let long = source.functions().into_iter().filter(|function| function.lines > 80);
        wrong.extend(long.map(|f| format!("{}:{}: `{}` has {} lines", source.path, f.line, f.name, f.lines)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent = |source: &Source| !source.is_test() && !source.text.starts_with("//!");
    let wrong: Vec<_> = production().into_iter().filter(silent).map(|source| source.path).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path in a page's backticks that begins with a crate's folder must exist.
#[test]
fn every_file_that_a_page_names_is_there() {
    let begins = ["datalog/", "verifier/", "authority/", "tests/", "examples/"];
    let mut missing = Vec::new();
    for page in source::files().into_iter().filter(|path| path.ends_with(".md")) {
        let text = std::fs::read_to_string(source::root().join(&page)).expect("a page is text");
        for named in text.split('`').skip(1).step_by(2) {
            let is_path = begins.iter().any(|begin| named.starts_with(begin))
                && named.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c))
                && !named.contains("NAME");
            if is_path && !source::root().join(named).exists() {
                missing.push(format!("{page}: {named}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    // Joined here, so that this file does not contain them either.
    let roots = ["root", "home", "Users", "tmp", "work"].map(|folder| format!("/{folder}/"));
    let text = ["rs", "md", "toml", "mjs", "py", "json", "yaml", "yml", "run", "justfile", "txt", "html"];
    let mut wrong = Vec::new();
    for path in source::files() {
        let extension = path.rsplit(['.', '/']).next().unwrap_or_default();
        if !text.contains(&extension) || path.starts_with("datalog/catalog/") {
            continue;
        }
        let content = std::fs::read_to_string(source::root().join(&path)).unwrap_or_default();
        for (number, line) in content.lines().enumerate() {
            // A path begins a word. `https://host/home/` and `$X/root/` do not name this machine.
            let begins = |root: &String| {
                line.match_indices(root.as_str())
                    .any(|(at, _)| line[..at].chars().next_back().is_none_or(|c| " \t\"'`=(:".contains(c)))
            };
            if roots.iter().any(begins) {
                wrong.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// If there are fewer invariants, some place was not read.
const INVARIANTS: [(&str, usize); 4] =
    [("ARCHITECTURE.md", 13), ("datalog/src", 45), ("verifier/src", 22), ("authority/src", 40)];

/// The laws stand in ARCHITECTURE.md, and every other invariant in the `//!` of the module that keeps it. Each ends
/// with the names of its tests in parentheses.
#[test]
fn every_invariant_names_a_test_that_holds_it() {
    let every: Vec<Source> = ["datalog", "verifier", "authority", "examples", "tests"]
        .iter()
        .flat_map(|folder| source::sources(folder))
        .collect();
    let is_test = |name: &str| every.iter().any(|source| has_test(&source.text, name));
    let mut unheld = Vec::new();
    for (place, least) in INVARIANTS {
        let found: Vec<(String, String)> = pages_of(place)
            .into_iter()
            .flat_map(|(path, text)| invariants(&text).into_iter().map(move |found| (path.clone(), found)))
            .collect();
        assert!(
            found.len() >= least,
            "{place}: {} invariants were found, at least {least} stand there",
            found.len()
        );
        unheld.extend(found.into_iter().filter(|(_, invariant)| {
            let names = tests_of(invariant);
            names.is_empty() || !names.into_iter().all(is_test)
        }));
    }
    assert!(unheld.is_empty(), "{unheld:#?}");
}

#[test]
fn the_page_on_the_architecture_stays_high() {
    let text = std::fs::read_to_string(source::root().join("ARCHITECTURE.md")).expect("the page is there");
    let lines = text.lines().count();
    assert!(lines <= 250, "{lines} lines: an invariant or a detail belongs in the docs of its module");
}

/// The page lists the rooms of `rooms.rs`, in the same order.
#[test]
fn the_page_on_the_architecture_lists_the_rooms() {
    let page = std::fs::read_to_string(source::root().join("ARCHITECTURE.md")).expect("the page is there");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, rooms) in ROOMS {
        let listed: Vec<&str> = rooms.split_whitespace().filter(|room| *room != "lib").collect();
        let line = format!("- `{name}`: {}.", listed.join(", "));
        assert!(words.contains(&line), "ARCHITECTURE.md should say: {line}");
    }
}

/// Whether `text` has a test function of that name.
fn has_test(text: &str, name: &str) -> bool {
    let declared = format!("fn {name}(");
    text.match_indices(&declared).any(|(at, _)| {
        let before = &text[..at];
        let attributes = before.rfind('}').map_or(before, |end| &before[end..]);
        attributes.contains("test]") || attributes.contains("test(") || attributes.contains("proptest!")
    })
}
