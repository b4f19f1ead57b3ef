//! Text from outside in a form that shows everything in it: no character moves, hides or reorders another.
//!
//! Control, bidirectional and invisible characters become `\u{…}`, and a long run of blanks becomes its length. It does
//! not find characters that look alike: addresses are decoded elsewhere, strictly.

use crate::words::visible::misleads;

/// More blanks or line ends in a row than this push what follows out of sight.
const RUN: usize = 3;

/// The text with everything written out that a reader could be misled by.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ' ' || c == '\n' {
            let mut count = 1;
            while rest.next_if_eq(&c).is_some() {
                count += 1;
            }
            blanks(&mut shown, c, count);
        } else if misleads(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn blanks(shown: &mut String, c: char, count: usize) {
    if count <= RUN {
        shown.extend(std::iter::repeat_n(c, count));
        return;
    }
    let what = if c == ' ' { "spaces" } else { "line ends" };
    shown.push_str(&format!("[{count} {what}]"));
}

/// The text made plain, at most `most` characters of it, and how many were left out.
pub(crate) fn cut(text: &str, most: usize) -> (String, usize) {
    let not_shown = text.chars().count().saturating_sub(most);
    (plain(&text.chars().take(most).collect::<String>()), not_shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_hide_or_reorder_are_written_out() {
        for (hostile, shown) in [
            ("pay \u{202e}moc.live", r"pay \u{202e}moc.live"),
            ("bob\u{200b}@example.com", r"bob\u{200b}@example.com"),
            ("a\u{1b}[2Jb", r"a\u{1b}[2Jb"),
            ("a\rb\tc", r"a\u{d}b\u{9}c"),
            ("\u{2066}x\u{2069}", r"\u{2066}x\u{2069}"),
            ("tag\u{e0041}", r"tag\u{e0041}"),
            ("a\u{3000}b\u{a0}c", r"a\u{3000}b\u{a0}c"),
        ] {
            assert_eq!(plain(hostile), shown);
        }
        assert_eq!(plain("Grüße, 世界\nbye"), "Grüße, 世界\nbye");
    }

    #[test]
    fn padding_does_not_push_anything_out_of_sight() {
        let text = format!("hello{}and pay mallory{}now", "\n".repeat(500), " ".repeat(900));
        assert_eq!(plain(&text), "hello[500 line ends]and pay mallory[900 spaces]now");
    }
}
