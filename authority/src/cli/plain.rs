//! Makes text safe to write to a terminal. This is the one place that does it.
//!
//! A terminal obeys control characters, and eyes do not see some others. Both are shown by their number. Colours pass
//! as marks that hold a secret of this process, so that no text from outside can be one.

use std::io::{self, Write};
use std::sync::LazyLock;

use datalog::visible::misleads;
use serde::Serialize;

/// How this process's marks begin: a noncharacter, and a secret.
static MARK: LazyLock<String> = LazyLock::new(|| {
    let mut random = [0; 8];
    // Without random bytes there are no colours, because `mark` then makes no mark.
    match getrandom::fill(&mut random) {
        Ok(()) => format!("\u{fdd0}{:016x};", u64::from_le_bytes(random)),
        Err(_) => String::new(),
    }
});

/// Returns the mark that stands for the colour with this code until the text is written.
pub(super) fn mark(code: &str) -> String {
    if MARK.is_empty() { String::new() } else { format!("{}{code}m", *MARK) }
}

/// Returns `text` with every character escaped that a terminal would obey or a reader would not see. Line ends stay,
/// and marks become colours.
pub(super) fn visible(text: &str) -> String {
    with_colours(text, LineEnds::Stay)
}

/// Returns the same text in one line.
pub(super) fn visible_line(text: &str) -> String {
    with_colours(text, LineEnds::End)
}

fn with_colours(text: &str, lines: LineEnds) -> String {
    let mut shown = String::with_capacity(text.len());
    if MARK.is_empty() {
        escape(&mut shown, text, lines);
        return shown;
    }
    for (place, part) in text.split(MARK.as_str()).enumerate() {
        let rest = match part.split_once('m') {
            Some((code, rest))
                if place > 0 && code.len() <= 2 && code.bytes().all(|b| b.is_ascii_digit()) =>
            {
                shown.push_str("\u{1b}[");
                shown.push_str(code);
                shown.push('m');
                rest
            }
            _ => part,
        };
        escape(&mut shown, rest, lines);
    }
    shown
}

/// Returns text from outside for a sentence of ours. It starts no line of its own, and has no colour.
pub(super) fn inline(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    escape(&mut shown, text, LineEnds::End);
    shown
}

/// Returns text of several lines that is not all ours. The later lines stand behind a bar.
pub(super) fn barred(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().split('\n').map(inline).collect();
    lines.join("\n  | ")
}

/// Returns a value as one line of JSON with every such character escaped. To any JSON reader it means the same.
pub(super) fn json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.chars().any(misleads) {
        return Ok(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if misleads(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    Ok(shown)
}

/// Whether line ends stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    Stay,
    End,
}

fn escape(shown: &mut String, text: &str, lines: LineEnds) {
    for c in text.chars() {
        match c {
            '\n' if lines == LineEnds::Stay => shown.push(c),
            c if misleads(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
}

/// Standard error for a log. Each record becomes one line of safe text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SafeLog;

impl Write for SafeLog {
    // The logger writes one record at a time.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let mut line = inline(text.trim_end_matches('\n'));
        line.push('\n');
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_drive_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\rc"), "a\\u{1b}[2Jb\\u{d}c");
        assert_eq!(visible("pay \u{202e}eve"), "pay \\u{202e}eve");
        assert_eq!(visible("Grüße, 世界\n"), "Grüße, 世界\n");
        assert_eq!(inline("one\r\ntwo"), "one\\u{d}\\u{a}two");
        assert_eq!(barred("one\n\rtwo\n"), "one\n  | \\u{d}two");
    }

    #[test]
    fn only_a_mark_of_this_process_becomes_a_colour() {
        assert_eq!(visible(&format!("{}x{}", mark("31"), mark("0"))), "\u{1b}[31mx\u{1b}[0m");
        for forged in ["\u{fdd0}31mx", "\u{fdd0}0000000000000000;31mx", "\u{1b}[31mx"] {
            assert!(!visible(forged).contains('\u{1b}'), "{forged:?}");
        }
        // Other text behind a mark is no colour: only a number is.
        assert!(!visible(&mark("31;1H")).contains('\u{1b}'));
    }

    #[test]
    fn json_means_the_same_and_has_nothing_that_drives_a_terminal() {
        let value = "a\u{9b}2J\u{202e}\u{e0041}\u{7f}\n";
        let text = json(&value).unwrap();
        assert!(text.chars().all(|c| !misleads(c)), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }
}
