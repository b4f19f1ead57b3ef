//! Checks deny.toml without cargo-deny: every licence is in its allow list, nothing that it bans is built, and
//! everything comes from the one registry.

use harness::source;
use serde_json::Value;
use toml::Table;

fn policy() -> Table {
    let text = std::fs::read_to_string(source::root().join("deny.toml")).expect("deny.toml is there");
    text.parse().expect("deny.toml is TOML")
}

fn packages() -> Vec<Value> {
    let metadata = source::metadata();
    let all = metadata["packages"].as_array().expect("packages").clone();
    all.into_iter().filter(|package| !package["source"].is_null()).collect()
}

fn word<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// Whether the allowed licences satisfy the licence expression (SPDX, or the old `A/B`).
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = either(&mut words, allowed);
    assert!(words.next().is_none(), "`{expression}` was read to its end");
    met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let first = words.next().expect("a licence");
    if first == "(" {
        let met = either(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next().expect("an exception");
        return allowed.contains(&format!("{first} WITH {exception}").as_str());
    }
    allowed.contains(&first)
}

#[test]
fn every_licence_is_allowed() {
    let policy = policy();
    let allowed: Vec<&str> = policy["licenses"]["allow"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    assert!(is_met("MIT/Apache-2.0", &allowed) && is_met("GPL-3.0 OR (MIT AND ISC)", &allowed));
    assert!(!is_met("GPL-3.0", &allowed) && !is_met("MIT AND GPL-3.0", &allowed));
    let wrong: Vec<_> = packages()
        .iter()
        .filter(|package| word(package, "license").is_empty() || !is_met(word(package, "license"), &allowed))
        .map(|package| format!("{}: `{}`", word(package, "name"), word(package, "license")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The numbers of `1.2.3`, as many as there are.
fn version(text: &str) -> Vec<u64> {
    text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

#[test]
fn nothing_that_is_banned_is_built() {
    let packages = packages();
    for ban in policy()["bans"]["deny"].as_array().expect("a list") {
        let (banned, reason) =
            (ban["crate"].as_str().expect("a name"), ban["reason"].as_str().expect("a reason"));
        let (name, below) =
            banned.split_once("@<").map_or((banned, None), |(name, below)| (name, Some(below)));
        let found = packages.iter().find(|package| {
            word(package, "name") == name
                && below.is_none_or(|below| version(word(package, "version")) < version(below))
        });
        assert!(found.is_none(), "`{banned}` is built, but {reason}");
    }
}

#[test]
fn everything_comes_from_the_one_registry() {
    let policy = policy();
    let registry = policy["sources"]["allow-registry"][0].as_str().expect("a registry");
    for package in packages() {
        assert_eq!(word(&package, "source"), format!("registry+{registry}"), "{}", word(&package, "name"));
    }
}

#[test]
fn every_crate_has_the_workspace_lints() {
    for manifest in ["datalog", "verifier", "authority", "examples", "tests/bench"] {
        let text =
            std::fs::read_to_string(source::root().join(manifest).join("Cargo.toml")).expect("a manifest");
        let manifest: Table = text.parse().expect("TOML");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true));
    }
}
