//! An error is data: no code decides by its text. A text changes with the next version of its author, and may hold
//! anything that a stranger sent.
//!
//! This reads the source, not the types: a value counts as an error's text by its name, or because it was made from
//! one. A reviewer must see what this misses. What this finds must go, or be listed below with its reason.

use std::collections::BTreeSet;

use harness::source::{self, Source};

/// Names of errors and of their texts.
const NAMES: [&str; 14] = [
    "error",
    "err",
    "because",
    "failure",
    "fault",
    "why",
    "reason",
    "mistake",
    "bad",
    "cause",
    "last_error",
    "refusal",
    "unread",
    "message",
];

/// Questions about a text.
const QUESTIONS: [&str; 9] = [
    "contains",
    "starts_with",
    "ends_with",
    "split_once",
    "rsplit_once",
    "strip_prefix",
    "strip_suffix",
    "matches",
    "find",
];

/// Places that only look like a question about an error's text: a file, its text, and the reason.
const ALLOWED: [(&str, &str, &str); 3] = [
    (
        "authority/src/cli/failure.rs",
        "text.split_once(",
        "a hint in the second line is shown apart, and nothing follows from it",
    ),
    ("authority/src/console/frame.rs", "text.split_once(", "the same on a page"),
    ("authority/src/console/sign_in.rs", "text.split_once(", "the same where nobody is signed in"),
];

/// One question about an error's text.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    line: usize,
    asks: String,
}

fn found(code: &str) -> Vec<Found> {
    let mut all = Vec::new();
    for (start, end) in functions(code) {
        let body = &code[start..end];
        let aliases = aliases(body);
        for question in QUESTIONS {
            let call = format!(".{question}(");
            for (at, _) in body.match_indices(&call) {
                let receiver = receiver(body, at);
                if asks_words(body, at + call.len()) && is_error(&receiver, &aliases) {
                    let line = code[..start + at].matches('\n').count() + 1;
                    all.push(Found { line, asks: format!("{receiver}{call}…)") });
                }
            }
        }
    }
    all.sort_by_key(|found| found.line);
    all.dedup();
    all
}

/// The ranges of functions, including nested ones.
fn functions(code: &str) -> Vec<(usize, usize)> {
    let source = Source { path: String::new(), text: code.into(), code: code.into() };
    let starts: Vec<usize> =
        std::iter::once(0).chain(code.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let end = |line: usize| starts.get(line).copied().unwrap_or(code.len());
    source.functions().iter().map(|one| (starts[one.line - 1], end(one.line - 1 + one.lines))).collect()
}

/// The names of variables that hold an error's text.
fn aliases(body: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in body.match_indices("let ") {
        let rest = &body[at + 4..];
        let Some((name, value)) = rest.split_once('=') else { continue };
        let value = value.split(';').next().unwrap_or_default();
        let name = name.trim().trim_start_matches("mut ").split(':').next().unwrap_or_default().trim();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_text = value.contains(".to_string()") || value.contains("format!(");
        if is_name && is_text && value.len() < 200 && is_error(value, &names) && !value.contains('|') {
            names.insert(name.to_owned());
        }
    }
    names
}

/// The expression that a method is called on.
fn receiver(body: &str, at: usize) -> String {
    let mut depth = 0_i32;
    let mut begin = at;
    let mut taken: Vec<char> = Vec::new();
    for (offset, c) in body[..at].char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth == 0 => break,
            '(' | '[' => depth -= 1,
            // A chain continues on the next line.
            c if c.is_whitespace() && body[begin..].starts_with('.') => {
                continue;
            }
            c if depth == 0 && !(c.is_alphanumeric() || matches!(c, '_' | '.' | '?' | ':' | '!')) => break,
            _ => {}
        }
        begin = offset;
        taken.push(c);
    }
    taken.into_iter().rev().collect::<String>().split_whitespace().collect()
}

/// Whether the argument is text: a literal, which is blank in the code, or a constant.
fn asks_words(body: &str, at: usize) -> bool {
    let argument = body[at..].split(')').next().unwrap_or_default().trim().trim_start_matches('&');
    argument.is_empty()
        || argument.starts_with('[')
        || argument.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn is_error(expression: &str, aliases: &BTreeSet<String>) -> bool {
    let words: Vec<&str> = expression.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    words.iter().any(|word| NAMES.contains(word) || aliases.contains(*word))
}

#[test]
fn nothing_is_decided_by_the_text_of_an_error() {
    let folders = ["datalog/src", "verifier/src", "authority/src", "examples"];
    let sources: Vec<Source> = folders.iter().flat_map(|folder| source::sources(folder)).collect();
    assert!(sources.len() > 100, "the sources were read: {}", sources.len());
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test() && !source.path.ends_with("_tests.rs")) {
        for found in found(&source.code) {
            let is_allowed =
                ALLOWED.iter().any(|(path, asks, _)| source.path == *path && found.asks.contains(asks));
            if !is_allowed {
                wrong.push(format!("{}:{}: {}", source.path, found.line, found.asks));
            }
        }
    }
    assert!(wrong.is_empty(), "an error's status, kind or cause says it as data:\n{}", wrong.join("\n"));
}

#[test]
fn a_question_about_an_errors_text_is_found_however_it_is_written() {
    let asks = [
        "if because.contains(     ) { end() }",
        "if !bad.because.starts_with(     ) { return }",
        "let why = error.source()?.to_string(); if why.contains(     ) {}",
        "if error.to_string().contains(     ) {}",
        "if format!(     , error).contains(     ) {}",
        "let text = failure.to_string(); match text.split_once(     ) {}",
        "let told = format!(     , why); told.ends_with(     );",
        "info.last_error.as_deref().map(|error| error.split_once(     ))",
        "error\n            .to_string()\n            .starts_with(PREFIX)",
        "failure.message.find(['a', 'b'])",
    ];
    for line in asks {
        let code = format!("fn f() {{\n{line}\n}}\n");
        assert!(!found(&code).is_empty(), "{line}");
    }
    let asks_not = [
        "errors.contains(&error)",
        "text.contains(     )",
        "matches!(error, Error::Status(401))",
        "names.iter().find(|one| one.is(error))",
        "let text = name.to_string(); text.contains(     )",
        "if path.starts_with(     ) { return Err(error.to_string()) }",
    ];
    for line in asks_not {
        let code = format!("fn f() {{\n{line}\n}}\n");
        assert_eq!(found(&code), [], "{line}");
    }
}
