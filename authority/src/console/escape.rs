//! The one way in which a value gets onto a page: as text that misleads neither a browser nor an eye.
//!
//! askama.toml names this escaper for every template, so no page can leave it out. Beside HTML's own characters it
//! makes control and bidirectional characters visible, so a subject cannot rearrange its line.
//!
//! - Invariant: A page shows each value as text, with every misleading character made visible (`markup_is_text`,
//!   `what_would_mislead_an_eye_is_visible`).

use std::fmt::{self, Write};

use askama::filters::Escaper as _;
use datalog::visible::misleads;

/// Text that is shown and does nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inert;

impl askama::filters::Escaper for Inert {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        for c in string.chars() {
            match c {
                '<' => dest.write_str("&lt;")?,
                '>' => dest.write_str("&gt;")?,
                '&' => dest.write_str("&amp;")?,
                '"' => dest.write_str("&quot;")?,
                '\'' => dest.write_str("&#39;")?,
                '\n' => dest.write_char(c)?,
                c if misleads(c) => write!(dest, "{}", c.escape_unicode())?,
                c => dest.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A sentence in which `names in backticks` are set apart. Each piece goes through the same escaper. Templates may call
/// only this type safe.
pub(crate) struct Prose<'a>(&'a str);

pub(crate) fn prose(text: &str) -> Prose<'_> {
    Prose(text)
}

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = self.0.matches('`').count();
        for (place, piece) in self.0.split('`').enumerate() {
            // A backtick without a partner is only a backtick.
            match (place % 2 == 1, place < pieces) {
                (true, true) => {
                    f.write_str("<code>")?;
                    Inert.write_escaped_str(&mut *f, piece)?;
                    f.write_str("</code>")?;
                }
                (true, false) => {
                    f.write_char('`')?;
                    Inert.write_escaped_str(&mut *f, piece)?;
                }
                (false, _) => Inert.write_escaped_str(&mut *f, piece)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut shown = String::new();
        Inert.write_escaped_str(&mut shown, text).unwrap();
        shown
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(shown("<b onclick='x'>\"&"), "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;");
    }

    #[test]
    fn no_template_calls_anything_else_safe() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/console/templates");
        let mut templates = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for value in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
                let is_prose = value.trim().starts_with("crate::console::escape::prose(");
                assert!(is_prose || !value.contains('|'), "{value}");
            }
            assert!(!text.contains("{% filter") && !text.contains("{% autoescape"), "{text}");
            templates += 1;
        }
        assert!(templates > 15, "the templates were found");
    }

    #[test]
    fn names_in_backticks_are_set_apart_and_still_text() {
        assert_eq!(prose("on `a<b`: `c`").to_string(), "on <code>a&lt;b</code>: <code>c</code>");
        assert_eq!(prose("one ` alone <i>").to_string(), "one ` alone &lt;i&gt;");
        assert_eq!(prose("`</code><script>`").to_string(), "<code>&lt;/code&gt;&lt;script&gt;</code>");
    }

    #[test]
    fn what_would_mislead_an_eye_is_visible() {
        assert_eq!(shown("pay \u{202e}eve\u{0}\u{200b}"), "pay \\u{202e}eve\\u{0}\\u{200b}");
        assert_eq!(shown("Grüße,\n世界"), "Grüße,\n世界");
    }
}
