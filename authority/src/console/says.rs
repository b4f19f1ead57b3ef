//! The words of a pass, for the pages that show it.

use datalog::says::Line;

/// Returns each line with its first word. The word is empty if the line before has the same one.
pub(super) fn worded(lines: &[Line]) -> Vec<(&'static str, &Line)> {
    let mut before = None;
    let word = |line: &Line| {
        let word = if before == Some(line.about) { "" } else { line.about.word() };
        before = Some(line.about);
        word
    };
    let words: Vec<&'static str> = lines.iter().map(word).collect();
    words.into_iter().zip(lines).collect()
}

/// Returns a line as a sentence of its own.
pub(super) fn sentence(line: &Line) -> String {
    line.to_string()
}
