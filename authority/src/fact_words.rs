//! The stored facts of a decision in words: whom the request reached, what it touched, with which arguments.
//!
//! `explain` and the console both use these words. They also say what was not stored. Nothing is decided here.

use datalog::StoredFacts;

/// If there are more than this of one kind, the rest is only counted.
const MOST: usize = 20;

/// Returns names and values. A name without values is left out.
pub(crate) fn facts(kept: &StoredFacts) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    let mut tell = |name, all: Vec<String>| {
        if !all.is_empty() {
            told.push((name, list(all)));
        }
    };
    let firsts = |word: &str| -> Vec<String> {
        kept.values(word).into_iter().filter_map(|terms| terms.into_iter().next()).collect()
    };
    let pairs = |word: &str, between: &str| -> Vec<String> {
        kept.values(word).iter().map(|terms| terms.join(between)).collect()
    };
    tell("Recipients", firsts("recipient"));
    tell("Subject", firsts("subject").into_iter().filter(|subject| !subject.is_empty()).collect());
    tell("Thread", firsts("thread_participant"));
    tell("Touches", pairs("resource", " "));
    tell("Shown before", pairs("seen", " "));
    let values = ["arg", "arg_int", "arg_bool"].map(|word| pairs(word, " = "));
    tell("Arguments", values.concat());
    tell("Used before", pairs("used", ": "));
    tell("Not kept", kept.left_out());
    told
}

fn list(mut all: Vec<String>) -> String {
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    let mut text = all.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
