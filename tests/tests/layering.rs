//! The rules of ARCHITECTURE.md as tests: which crate may be built from what, who may name whom, and how long a file
//! or a function may grow.

use harness::source::{self, Source};

/// What `package` must not be built from, however indirectly.
fn is_not_built_from(package: &str, forbidden: &[&str]) {
    let found = source::built_from(&source::metadata(), package);
    assert!(found.len() > 10, "the dependencies of `{package}` were read: {found:?}");
    let wrong: Vec<_> = forbidden.iter().filter(|name| found.contains(**name)).collect();
    assert!(wrong.is_empty(), "`{package}` is built from {wrong:?}");
}

/// Code (not comments, strings or tests) of `sources` that names one of `forbidden`.
fn names_none_of(sources: &[Source], forbidden: &[&str]) {
    assert!(!sources.is_empty(), "there is code to look at");
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

#[test]
fn nothing_below_the_authority_is_built_from_it() {
    is_not_built_from("hallpass-datalog", &["hallpass-gateway", "hallpass-authority"]);
    is_not_built_from("hallpass-gateway", &["hallpass-authority"]);
}

/// The folders and files of a crate's `src` that are its edges, and who may name each.
const EDGES: &[(&str, &str, &[&str])] = &[
    ("authority", "cli", &["main.rs"]),
    ("authority", "api", &["cli", "console", "serve"]),
    ("authority", "console", &["serve"]),
    ("authority", "demo", &["cli"]),
    ("authority", "serve", &["cli", "demo"]),
    ("authority", "store::sqlite", &["store", "app"]),
    ("verifier", "service", &["server"]),
    ("verifier", "server", &[]),
];

#[test]
fn the_core_never_imports_an_edge() {
    for (member, edge, allowed) in EDGES {
        let folder = format!("{member}/src/");
        let may = |source: &Source| {
            let inside = source.path.trim_start_matches(&folder);
            let part = inside.split(['/', '.']).next().unwrap_or_default();
            part == *edge || inside == "lib.rs" || allowed.iter().any(|name| part == *name || inside == *name)
        };
        let others: Vec<_> = source::sources(&folder).into_iter().filter(|source| !may(source)).collect();
        names_none_of(&others, &[&format!("crate::{edge}"), &format!("super::{edge}")]);
    }
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

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    // Put together here, so that this file does not name them either.
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
            // A path begins a word; `https://host/home/` and `$X/root/` are none of this machine.
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

#[test]
fn every_invariant_names_a_test_that_holds_it() {
    let text =
        std::fs::read_to_string(source::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let every: Vec<Source> = ["datalog", "verifier", "authority", "examples", "tests"]
        .iter()
        .flat_map(|folder| source::sources(folder))
        .collect();
    let is_test = |name: &str| every.iter().any(|source| has_test(&source.text, name));
    let invariants: Vec<_> = text.lines().filter(|line| line.contains("Invariant:")).collect();
    assert!(invariants.len() >= 5, "the invariants were found: {invariants:#?}");
    let unheld: Vec<_> =
        invariants.iter().filter(|line| !line.split('`').skip(1).step_by(2).any(is_test)).collect();
    assert!(unheld.is_empty(), "{unheld:#?}");
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
