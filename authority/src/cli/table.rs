//! A table of text that fits the terminal: columns as wide as they need, with the widest cut first.
//!
//! Off a terminal nothing is cut, so that a pipe gets every character. There are no borders and no wrapping.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::plain::inline;
use super::term::{Colour, Term, Tone};

const GAP: &str = "  ";
/// A narrower column would tell nothing.
const NARROWEST: usize = 8;

/// Rows under a header. Every row has as many cells as the header.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[Cell; N]>,
    /// A column that is never cut, because people type its values again.
    whole: Option<usize>,
}

/// One cell: its text and its tone.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl Cell {
    pub(super) fn in_tone(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { tone: Some(tone), ..Self::from(text.as_ref()) }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self { text: inline(text), tone: None }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<const N: usize> Table<N> {
    pub(super) fn new(header: [&'static str; N]) -> Self {
        Self { header, rows: Vec::new(), whole: None }
    }

    /// Returns the table with a column that is never cut.
    pub(super) fn with_whole(mut self, column: usize) -> Self {
        self.whole = Some(column);
        self
    }

    pub(super) fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    /// Returns the table as lines, for `term`; nothing if it has no rows.
    pub(super) fn render(&self, term: &Term) -> String {
        self.lines(term.width(), term.colour())
    }

    fn lines(&self, width: Option<usize>, colour: Colour) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let header = self.header.map(|name| Cell::in_tone(name, Tone::Quiet));
        let widths = self.widths(&header, width);
        let mut text = String::new();
        for row in std::iter::once(&header).chain(&self.rows) {
            line(&mut text, row, &widths, colour);
        }
        text
    }

    fn widths(&self, header: &[Cell; N], limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = header.iter().map(Cell::width).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let Some(limit) = limit else { return widths };
        let gaps = GAP.len() * N.saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > limit {
            let cut = widths.iter_mut().enumerate().filter(|(column, _)| self.whole != Some(*column));
            let widest = cut.map(|(_, width)| width).max().filter(|width| **width > NARROWEST);
            let Some(widest) = widest else { break };
            *widest -= 1;
        }
        widths
    }
}

fn line<const N: usize>(text: &mut String, row: &[Cell; N], widths: &[usize], colour: Colour) {
    for (position, (cell, width)) in row.iter().zip(widths).enumerate() {
        if position > 0 {
            text.push_str(GAP);
        }
        let shown = cut(&cell.text, *width);
        let padding = width.saturating_sub(shown.width());
        match cell.tone {
            Some(tone) => text.push_str(&colour.paint(tone, &shown)),
            None => text.push_str(&shown),
        }
        if position + 1 < N {
            text.extend(std::iter::repeat_n(' ', padding));
        }
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut columns = 1;
    for letter in text.chars() {
        columns += letter.width().unwrap_or_default();
        if columns > width {
            break;
        }
        shown.push(letter);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table<3> {
        let mut table = Table::new(["NAME", "ACCOUNT", "HEALTH"]);
        table.row(["gmail".into(), "somebody.with.a.long.name@example.com".into(), "healthy".into()]);
        table
    }

    #[test]
    fn a_pipe_gets_every_character() {
        insta::assert_snapshot!(sample().lines(None, Colour::Off), @r"
        NAME   ACCOUNT                                HEALTH
        gmail  somebody.with.a.long.name@example.com  healthy
        ");
    }

    #[test]
    fn a_column_is_as_wide_as_a_terminal_shows_it() {
        let mut table = Table::new(["TASK", "STATUS"]);
        table.row(["会議の予定".into(), "live".into()]);
        table.row(["0123456789".into(), "live".into()]);
        let text = table.lines(None, Colour::Off);
        assert!(text.contains("会議の予定  live") && text.contains("0123456789  live"), "{text}");
        let cut = table.lines(Some(16), Colour::Off);
        assert!(cut.contains("会議の…") && cut.lines().all(|line| line.width() <= 16), "{cut}");
    }

    #[test]
    fn what_is_typed_again_is_never_cut() {
        let text = sample().with_whole(1).lines(Some(40), Colour::Off);
        assert!(text.contains("somebody.with.a.long.name@example.com"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = sample().lines(Some(40), Colour::Off);
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.contains('…'), "{text}");
    }
}
