//! The project's own source as data, for tests of its shape: files, functions, dependencies.
//!
//! It reads Rust well enough to tell code from comments, strings and tests, and to find where a function ends. It is
//! no parser: rustc or clippy check what they can.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// One Rust file.
#[derive(Debug)]
pub struct Source {
    /// From the workspace's root.
    pub path: String,
    pub text: String,
    /// The text with comments, strings and tests blanked out; line for line the same.
    pub code: String,
}

/// One function: its place and length.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// Every file that is committed or will be, from the workspace's root.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "the tests of the source run in a git checkout");
    let text = String::from_utf8(listed.stdout).expect("file names are text");
    text.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect()
}

/// The Rust files under a folder of the workspace.
pub fn sources(under: &str) -> Vec<Source> {
    let rust =
        |path: &String| path.starts_with(under) && Path::new(path).extension().is_some_and(|e| e == "rs");
    files()
        .into_iter()
        .filter(rust)
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).expect("a source is text");
            let code = without_tests(&without_words(&text));
            Source { path, text, code }
        })
        .collect()
}

impl Source {
    /// Whether the whole file is tests.
    pub fn is_test(&self) -> bool {
        let in_folder = |folder: &str| self.path.split('/').any(|part| part == folder);
        in_folder("tests") || in_folder("benches") || self.path.ends_with("/tests.rs")
    }

    /// The text without comments and tests, line for line the same: code and its strings.
    pub fn said(&self) -> String {
        let blanked = test_lines(&without_words(&self.text));
        let text = blank(&self.text, |word| word.starts_with(b"//") || word.starts_with(b"/*"));
        let lines = text.lines().enumerate().map(|(n, line)| if blanked.contains(&n) { "" } else { line });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The number of lines outside the tests.
    pub fn code_lines(&self) -> usize {
        let blanked: BTreeSet<usize> = test_lines(&without_words(&self.text));
        self.text.lines().count() - blanked.len()
    }

    pub fn functions(&self) -> Vec<Function> {
        let starts = self.code.match_indices("fn ").filter(|(at, _)| !ends_in_word(&self.code[..*at]));
        starts.filter_map(|(at, _)| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let name: String =
            self.code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            return None;
        }
        let open = at + self.code[at..].find(['{', ';'])?;
        let end = block_end(&self.code, open)?;
        let line = self.code[..at].matches('\n').count() + 1;
        Some(Function { name, line, lines: self.code[at..end].matches('\n').count() + 1 })
    }
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The end of the block that opens at `open`; none if there is no block.
fn block_end(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(offset + 1);
                }
            }
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Blanks out what stands under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let blanked = test_lines(code);
    let lines = code.lines().enumerate().map(|(n, line)| if blanked.contains(&n) { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn test_lines(code: &str) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let rest = &code[at..];
        let Some(open) = rest.find(['{', ';']).map(|offset| at + offset) else { continue };
        let end = block_end(code, open).unwrap_or(open);
        let line = |offset: usize| code[..offset].matches('\n').count();
        lines.extend(line(at)..=line(end));
    }
    lines
}

/// Blanks out comments, strings and character literals, and keeps every line break.
fn without_words(text: &str) -> String {
    blank(text, |_| true)
}

/// Blanks out those comments and literals that are chosen.
fn blank(text: &str, chosen: impl Fn(&[u8]) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = word_end(bytes, at);
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else if !chosen(&bytes[at..end]) {
            out.extend(&bytes[at..end]);
            at = end;
        } else {
            out.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
            at = end;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the comment or literal that begins at `at`; `at` if none does.
fn word_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let find = |from: usize, needle: &[u8]| {
        let found = rest[from..].windows(needle.len()).position(|window| window == needle);
        found.map_or(bytes.len(), |offset| at + from + offset + needle.len())
    };
    let after_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => find(2, b"\n") - 1,
        [b'/', b'*', ..] => find(2, b"*/"),
        [b'r', b'"' | b'#', ..] if !after_name => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return at;
            }
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            find(2 + hashes, &close)
        }
        [b'"', ..] => quoted_end(bytes, at, b'"'),
        [b'\'', b'\\', ..] => quoted_end(bytes, at, b'\''),
        // A character literal, not a lifetime.
        [b'\'', ..] => match std::str::from_utf8(&rest[1..rest.len().min(6)]) {
            Ok(next) => character_end(at, next),
            Err(error) => {
                character_end(at, std::str::from_utf8(&rest[1..=error.valid_up_to()]).unwrap_or_default())
            }
        },
        _ => at,
    }
}

fn character_end(at: usize, next: &str) -> usize {
    let mut characters = next.chars();
    match (characters.next(), characters.next()) {
        (Some(character), Some('\'')) => at + 2 + character.len_utf8(),
        _ => at,
    }
}

fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut next = at + 1;
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'\\' => next += 2,
            byte if *byte == quote => return next + 1,
            _ => next += 1,
        }
    }
    bytes.len()
}

/// `cargo metadata` of the workspace.
pub fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// The names of all packages that a workspace package is built from, without itself, tests and build scripts.
pub fn built_from(metadata: &Value, package: &str) -> BTreeSet<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, String> =
        list(&metadata["packages"]).iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let mut edges = BTreeMap::<String, Vec<String>>::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let normal = |dep: &Value| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let deps =
            list(&node["deps"]).iter().filter(|dep| normal(dep)).map(|dep| text(&dep["pkg"])).collect();
        edges.insert(text(&node["id"]), deps);
    }
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let start = names.iter().find(|(id, name)| *name == package && members.contains(*id));
    let mut open = vec![start.unwrap_or_else(|| panic!("no package `{package}`")).0.clone()];
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dep in edges.get(&id).into_iter().flatten() {
            if found.insert(dep.clone()) {
                open.push(dep.clone());
            }
        }
    }
    found.iter().filter_map(|id| names.get(id).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tests_are_no_code() {
        let text = "fn a<'x>() { let b = \"} fn c() {\"; /* { */ '{'; '\\''; r#\"{\"\"#; } // }\n\
                    #[cfg(test)]\nmod tests {\n    fn d() {}\n}\nfn e();\nfn f() {\n}\n";
        let code = without_tests(&without_words(text));
        let source = Source { path: "x/src/y.rs".to_owned(), text: text.to_owned(), code };
        let functions = source.functions();
        let found: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(found, [("a", 1, 1), ("f", 7, 2)]);
        assert_eq!(source.code_lines(), 4);
    }
}
