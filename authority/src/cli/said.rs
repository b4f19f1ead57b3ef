//! A pass in words, as lines for a terminal: a word in the left column, and the rest beside it.

use std::fmt::Write as _;

use datalog::Inspection;
use datalog::says::{About, Line};

use unicode_width::UnicodeWidthStr as _;

use super::plain::inline;

/// The width of the longest word and a space.
const LEFT: usize = 13;
/// On a terminal narrower than this, lines are not broken.
const NARROWEST: usize = 40;

/// Returns the task, the accounts, and then the lines.
pub(super) fn whole(says: &Inspection, width: Option<usize>) -> String {
    let accounts = says.connections.iter().map(|one| match one.name == one.service {
        true => format!("{} as {}", one.name, one.account),
        false => format!("{} ({}) as {}", one.name, one.service, one.account),
    });
    let mut text = inline(&says.task);
    let _ = writeln!(text, ": {}", inline(&accounts.collect::<Vec<_>>().join(", ")));
    text.push_str(&lines(&says.says, width));
    text
}

/// Returns only the lines, broken if they are wider than `width`.
pub(super) fn lines(lines: &[Line], width: Option<usize>) -> String {
    let mut text = String::new();
    let mut before = None;
    for line in lines {
        // The word is written once for all its lines.
        let word = if before == Some(line.about) { "" } else { line.about.word() };
        before = Some(line.about);
        let said = inline(&line.text);
        if line.about == About::Untold {
            let _ = writeln!(text, "  {said}");
            continue;
        }
        for (number, part) in broken(&said, width).into_iter().enumerate() {
            let word = if number == 0 { word } else { "" };
            let _ = writeln!(text, "  {word:<LEFT$}{part}");
        }
    }
    text
}

/// Breaks a text at spaces into parts that fit.
fn broken(text: &str, width: Option<usize>) -> Vec<String> {
    let room = width.filter(|width| *width >= NARROWEST).map_or(usize::MAX, |width| width - LEFT - 2);
    let mut parts = vec![String::new()];
    for word in text.split(' ') {
        let Some(last) = parts.last_mut() else { break };
        let wide = last.width() + 1 + word.width();
        if last.is_empty() || wide <= room {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        } else {
            parts.push(word.to_owned());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(about: About, text: &str) -> Line {
        Line { about, text: text.into() }
    }

    #[test]
    fn a_word_stands_once_and_what_is_too_wide_is_broken() {
        let all = [
            line(About::May, "read on `gmail`"),
            line(About::Only, "to `bob@example.com`, anybody at `example.com`"),
            line(About::Only, "one\nline"),
        ];
        insta::assert_snapshot!(lines(&all, Some(44)), @r"
          may          read on `gmail`
          only         to `bob@example.com`, anybody
                       at `example.com`
                       one\u{a}line
        ");
    }
}
