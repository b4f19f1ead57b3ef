//! The hint of an error is data. It is in no message, and is written out only where people read it.

use harness::{literals, source};

/// Where a message and its hint become text.
const RENDERERS: [&str; 4] = [
    "authority/src/cli/doctor.rs",
    "authority/src/cli/term.rs",
    "datalog/src/words/message.rs",
    "verifier/src/answer/problem.rs",
];

#[test]
fn a_hint_stands_in_no_message() {
    let mut renderers = Vec::new();
    let mut wrong = Vec::new();
    for crate_ in ["authority/src/", "datalog/src/", "verifier/src/"] {
        for file in source::sources(crate_).into_iter().filter(|file| !is_test(file)) {
            let mut hints = literals::strings(&file.text);
            hints.retain(|text| text.contains("hint:"));
            match RENDERERS.contains(&file.path.as_str()) {
                true if hints.is_empty() => {}
                true => renderers.push(file.path),
                false => wrong.extend(hints.iter().map(|text| format!("{}: {text:?}", file.path))),
            }
        }
    }
    assert!(wrong.is_empty(), "a hint is a field of its own:\n{}", wrong.join("\n"));
    renderers.sort();
    assert_eq!(renderers, RENDERERS, "each of these writes hints out");
}

fn is_test(file: &source::Source) -> bool {
    file.is_test() || file.path.ends_with("_tests.rs")
}

/// The check itself: it finds a literal anywhere in the program, and nothing outside it.
#[test]
fn a_string_is_seen_wherever_it_stands() {
    let text = r##"
        /// a comment
        #[error("in an attribute")]
        struct A;
        const B: &str = "a constant";
        fn c() { format!("in {}", vec!["a macro"][0]); }
        impl A { fn d() { e("an argument", r#"raw"#); } #[test] fn f() { e("a test") } }
        #[cfg(test)]
        mod tests { const G: &str = "of tests"; }
    "##;
    let found = literals::strings(text);
    assert_eq!(found, ["in an attribute", "a constant", "in {}", "a macro", "an argument", "raw"]);
}
