//! Characters that mislead an eye, in one list for the console, the terminal, the log and printed Datalog.
//!
//! The list comes from Unicode 17 (DerivedCoreProperties, PropList, UnicodeData). It has characters that a reader obeys
//! instead of showing (controls, line and paragraph separators, bidirectional and other format controls), characters
//! without a shape (Default_Ignorable_Code_Point: joiners, fillers, variation selectors, tags), and blanks other than
//! the space. It does not find characters that look alike.

/// Blocks of characters, first and last, in order.
const MISLEADING: [(char, char); 24] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    // A pattern of Braille without a dot.
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    // A note head without a shape.
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a reader obeys the character, or cannot see it.
pub fn misleads(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || c.is_whitespace()
        || MISLEADING.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// The text with every such character written out as `\u{…}`.
pub fn visible(text: &str) -> String {
    written_out(text, |_| false)
}

/// Like `visible`, but line ends stay.
pub fn visible_lines(text: &str) -> String {
    written_out(text, |c| c == '\n')
}

fn written_out(text: &str, keep: impl Fn(char) -> bool) -> String {
    // Nearly every text is printable ASCII, and then no letter needs a closer look.
    if text.bytes().fold(true, |so_far, byte| so_far & (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if misleads(c) && !keep(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::value::quote;

    #[test]
    fn what_readers_were_misled_by_is_misleading() {
        let all = "\u{0}\u{1b}\r\u{85}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{180e}\u{200b}\u{200d}\u{202e}\u{2066}\u{2800}\u{3000}\
            \u{3164}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{fffb}\u{1d173}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{e01ef}\u{a0}\u{1680}";
        assert!(all.chars().all(misleads));
        assert!(!"Grüße, 世界 שלום مرحبا नमस्ते 😀 a\u{301}".chars().any(misleads));
    }

    /// The other places are checked against the same list in their own tests.
    #[test]
    fn datalog_and_what_an_approver_is_shown_write_out_the_same_of_all_of_unicode() {
        for c in (char::MIN..=char::MAX).filter(|c| !matches!(c, '\n' | '"' | '\\')) {
            let text = c.to_string();
            let mut datalog = String::new();
            quote(&text, &mut datalog).unwrap();
            assert_eq!(datalog != format!("\"{c}\""), misleads(c), "{c:?} in Datalog");
            assert_eq!(crate::record::view::plain(&text) != text, misleads(c), "{c:?} for an approver");
            assert_eq!(visible(&text) != text, misleads(c), "{c:?}");
        }
    }
}
