//! The rules of the terminal.
//!
//! 1. Standard output carries only the result. Everything that is said to a person goes to standard error.
//! 2. With `--json` the result is one JSON value; for a stream, one value a line. Besides it, only errors are said.
//! 3. There are colours and column widths only if the stream is a terminal. `NO_COLOR` turns colour off.
//! 4. No text drives the terminal: every character that a terminal obeys or that nobody sees is made visible here,
//!    whoever wrote it. Colours are marks that only this process can make, and become colours here.
//! 5. Text from outside stays in its line: it goes through `inline` wherever a sentence is put together.
//! 6. No command asks a question, so that each runs the same under a script. Only `approvals --watch` does, and only at
//!    a terminal.
//!
//! - Invariant: No text from outside drives the terminal, in any command or flag
//!   (`what_is_typed_comes_back_in_a_form_that_drives_nothing`,
//!   `what_a_description_a_template_or_a_setting_says_drives_nothing`).

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use datalog::Message;
use serde::Serialize;

use super::failure::{Failure, FailureKind};
use super::plain::{self, barred, inline, visible, visible_line};

/// The format of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// Whether text may be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    On,
    Off,
}

/// A meaning with a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
    Quiet,
    Strong,
}

impl Colour {
    /// Returns `text` in the colour of `tone`, or as it is. The colour is a mark until the text is written.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match (self, tone) {
            (Self::Off, _) => return text.to_owned(),
            (Self::On, Tone::Good) => "32",
            (Self::On, Tone::Warn) => "33",
            (Self::On, Tone::Bad) => "31",
            (Self::On, Tone::Quiet) => "2",
            (Self::On, Tone::Strong) => "1",
        };
        format!("{}{text}{}", plain::mark(code), plain::mark("0"))
    }
}

/// The two streams and what they can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    format: Format,
    out_colour: Colour,
    err_colour: Colour,
    /// Columns of standard output's terminal; none for a file or a pipe.
    width: Option<usize>,
}

impl Term {
    /// Looks at the streams of this process. `wanted` is what the environment says about colour.
    pub(super) fn new(format: Format, wanted: Colour) -> Self {
        let colour = |terminal: bool| if terminal { wanted } else { Colour::Off };
        Self {
            format,
            out_colour: colour(io::stdout().is_terminal()),
            err_colour: colour(io::stderr().is_terminal()),
            width: terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0)),
        }
    }

    /// Returns the colour of standard output.
    pub(super) fn colour(&self) -> Colour {
        self.out_colour
    }

    pub(super) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Columns of standard error's terminal.
    pub(super) fn err_width(&self) -> Option<usize> {
        terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0))
    }

    /// Writes the result: `value` as JSON, or the text that `human` makes.
    pub(super) fn result<T: Serialize>(
        &self,
        value: &T,
        human: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json => json_line(value)?,
            Format::Text => visible(&human()),
        };
        self.out(&text)
    }

    /// Writes a result that programs read letter by letter: unchanged, unless a terminal would read it.
    pub(super) fn document<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.out(&json_line(value)?),
            Format::Text => self.raw(&text()),
        }
    }

    /// Writes a line of a result that comes bit by bit. In JSON the whole result comes at the end instead.
    pub(super) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        match self.format {
            Format::Json => Ok(()),
            Format::Text => self.out(&visible(text.as_ref())),
        }
    }

    /// Writes a part of a result that programs read letter by letter. It is the same in both formats.
    pub(super) fn raw(&self, text: &str) -> Result<(), Failure> {
        match io::stdout().is_terminal() {
            true => self.out(&visible(text)),
            false => self.out(text),
        }
    }

    /// Writes a piece of the result that is already safe. Adds a line end if there is none.
    fn out(&self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{text}{end}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::of(FailureKind::Closed, "standard output was closed"),
            _ => Failure::failed(format!("standard output cannot be written: {error}")),
        })
    }

    /// Says something to the person, in one line. With JSON it says nothing.
    pub(super) fn say(&self, text: impl AsRef<str>) {
        if self.format == Format::Text {
            self.err(&visible_line(text.as_ref()));
        }
    }

    /// Says several lines to the person. This program has put them together.
    pub(super) fn say_lines(&self, text: impl AsRef<str>) {
        if self.format == Format::Text {
            self.err(&visible(text.as_ref()));
        }
    }

    /// Warns the person in one line, with another line for the hint.
    pub(super) fn warn(&self, message: impl Into<Message>) {
        let Message { says, hint } = message.into();
        self.say(format!("{} {}", self.err_colour.paint(Tone::Warn, "warning:"), inline(&says)));
        if let Some(hint) = hint {
            self.say(self.hint(&inline(&hint)));
        }
    }

    /// Says something to the person in the colour of `tone`.
    pub(super) fn say_in(&self, tone: Tone, text: impl AsRef<str>) {
        self.say(self.err_colour.paint(tone, text.as_ref()));
    }

    /// Writes to standard error in either format, for things that a person must know or do.
    pub(super) fn notice<T: Serialize>(&self, value: &T, human: impl FnOnce() -> String) {
        match self.format {
            Format::Json => self.err(&plain::json(value).unwrap_or_default()),
            Format::Text => self.err(&visible(&human())),
        }
    }

    /// Writes the last words of a command that failed.
    pub(super) fn failure(&self, failure: &Failure) {
        if failure.kind == FailureKind::Closed {
            return;
        }
        self.notice(failure, || {
            let mut text =
                format!("{} {}", self.err_colour.paint(Tone::Bad, "error:"), barred(&failure.message));
            if let Some(hint) = &failure.hint {
                let _ = write!(text, "\n{}", self.hint(&barred(hint)));
            }
            text
        });
    }

    fn hint(&self, text: &str) -> String {
        format!("{} {text}", self.err_colour.paint(Tone::Warn, "hint:"))
    }

    // If standard error is gone, there is nobody left to tell.
    fn err(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
    }
}

fn json_line<T: Serialize>(value: &T) -> Result<String, Failure> {
    plain::json(value).map_err(|error| Failure::failed(format!("the result is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_log_and_console_write_out_the_same_of_all_of_unicode() {
        use askama::filters::Escaper as _;
        use datalog::visible::misleads;
        for c in (char::MIN..=char::MAX).filter(|c| !matches!(c, '\n' | '<' | '>' | '&' | '"' | '\'')) {
            let text = c.to_string();
            let mut console = String::new();
            crate::console::Inert.write_escaped_str(&mut console, &text).unwrap();
            assert_eq!(visible(&text) != text, misleads(c), "{c:?} in a terminal");
            assert_eq!(crate::audit::plain(&text) != text, misleads(c), "{c:?} in the log");
            assert_eq!(console != text, misleads(c), "{c:?} in the console");
        }
    }

    #[test]
    fn colour_that_is_off_adds_nothing() {
        assert_eq!(Colour::Off.paint(Tone::Bad, "x"), "x");
        assert_eq!(visible(&Colour::On.paint(Tone::Bad, "x")), "\u{1b}[31mx\u{1b}[0m");
    }
}
