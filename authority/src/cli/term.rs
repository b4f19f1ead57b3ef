//! The rules of the terminal.
//!
//! 1. Standard output carries the result alone; everything said to a person goes to standard error.
//! 2. With `--json` the result is one JSON value (a stream: one a line), and nothing else is said but errors.
//! 3. Colour and column widths only where the stream is a terminal; `NO_COLOR` turns colour off.
//! 4. Text from outside (tasks, accounts, operation names) is shown with its control and bidirectional
//!    characters made visible: no record can redraw the terminal it is read on.
//! 5. Nothing asks a question, so that every command runs the same under a script: but `approvals --watch`, where a
//!    person sits at the terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use super::failure::{Failure, Kind};

/// What the result is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// Whether letters may be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    On,
    Off,
}

/// A meaning that has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
    Quiet,
    Strong,
}

impl Colour {
    /// `text` in the colour of `tone`, or as it is.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match (self, tone) {
            (Self::Off, _) => return text.to_owned(),
            (Self::On, Tone::Good) => "32",
            (Self::On, Tone::Warn) => "33",
            (Self::On, Tone::Bad) => "31",
            (Self::On, Tone::Quiet) => "2",
            (Self::On, Tone::Strong) => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The two streams and what they can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    format: Format,
    out_colour: Colour,
    err_colour: Colour,
    /// Columns of the terminal that standard output is; none for a file or a pipe.
    width: Option<usize>,
}

impl Term {
    /// The streams of this process; `wanted` is what the environment says of colour.
    pub(super) fn new(format: Format, wanted: Colour) -> Self {
        let colour = |terminal: bool| if terminal { wanted } else { Colour::Off };
        Self {
            format,
            out_colour: colour(io::stdout().is_terminal()),
            err_colour: colour(io::stderr().is_terminal()),
            width: terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0)),
        }
    }

    /// The colour of standard output.
    pub(super) fn colour(&self) -> Colour {
        self.out_colour
    }

    pub(super) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Writes the result: `value` as JSON, or the text that `human` makes.
    pub(super) fn result<T: Serialize>(
        &self,
        value: &T,
        human: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json => json_line(value)?,
            Format::Text => human(),
        };
        self.out(&text)
    }

    /// Writes a line of a result that is told bit by bit. JSON has it whole, at the end.
    pub(super) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        match self.format {
            Format::Json => Ok(()),
            Format::Text => self.out(text.as_ref()),
        }
    }

    /// Writes a line of a result that is JSON Lines in either format.
    pub(super) fn raw(&self, text: &str) -> Result<(), Failure> {
        self.out(text)
    }

    /// Writes one piece of the result; a line end is added where there is none.
    fn out(&self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{text}{end}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::of(Kind::Closed, "standard output was closed"),
            _ => Failure::failed(format_args!("standard output cannot be written: {error}")),
        })
    }

    /// Says something to the person. A script that asked for JSON is not spoken to.
    pub(super) fn say(&self, text: impl AsRef<str>) {
        if self.format == Format::Text {
            self.err(text.as_ref());
        }
    }

    /// Says something to the person in the colour of `tone`.
    pub(super) fn say_in(&self, tone: Tone, text: impl AsRef<str>) {
        self.say(self.err_colour.paint(tone, text.as_ref()));
    }

    /// Writes to standard error in either format: what whoever started the command has to know or do.
    pub(super) fn notice<T: Serialize>(&self, value: &T, human: impl FnOnce() -> String) {
        match self.format {
            Format::Json => self.err(&serde_json::to_string(value).unwrap_or_default()),
            Format::Text => self.err(&human()),
        }
    }

    /// The last words of a command that failed.
    pub(super) fn failure(&self, failure: &Failure) {
        if failure.kind == Kind::Closed {
            return;
        }
        self.notice(failure, || {
            let mut text =
                format!("{} {}", self.err_colour.paint(Tone::Bad, "error:"), visible(&failure.message));
            if let Some(hint) = &failure.hint {
                let _ = write!(text, "\n{} {}", self.err_colour.paint(Tone::Warn, "hint:"), visible(hint));
            }
            text
        });
    }

    // Where standard error is gone there is nobody left to tell.
    fn err(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
    }
}

fn json_line<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::failed(format_args!("the result is not JSON: {error}")))
}

/// `text` with every character escaped that a terminal would obey or a reader would not see. Line ends stay.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && (c.is_control() || is_invisible(c)) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Bidirectional controls, zero-width characters, line and paragraph separators, tags (Unicode 17, DerivedCoreProperties).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_drive_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\rc"), "a\\u{1b}[2Jb\\u{d}c");
        assert_eq!(visible("pay \u{202e}eve"), "pay \\u{202e}eve");
        assert_eq!(visible("Grüße, 世界\n"), "Grüße, 世界\n");
    }

    #[test]
    fn colour_that_is_off_adds_nothing() {
        assert_eq!(Colour::Off.paint(Tone::Bad, "x"), "x");
        assert_eq!(Colour::On.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
