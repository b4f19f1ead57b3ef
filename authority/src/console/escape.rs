//! The one way that a value gets onto a page: as text that neither a browser nor an eye is misled by.
//!
//! askama.toml names this escaper for every template, so no page can leave it out. Beside HTML's own characters it makes
//! control and bidirectional characters visible: a subject cannot rearrange the line that it is shown in.

use std::fmt::{self, Write};

use crate::audit::misleads;

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

#[cfg(test)]
mod tests {
    use askama::filters::Escaper as _;

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
    fn what_would_mislead_an_eye_is_visible() {
        assert_eq!(shown("pay \u{202e}eve\u{0}\u{200b}"), "pay \\u{202e}eve\\u{0}\\u{200b}");
        assert_eq!(shown("Grüße,\n世界"), "Grüße,\n世界");
    }
}
