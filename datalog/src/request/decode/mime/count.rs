//! The number of attachments in a message: in doubt, more rather than fewer.

use crate::request::decode::mime::part::{MimePart, PartContent};

pub(super) fn attachments(message: &MimePart<'_>) -> usize {
    Counted::default().letter(message)
}

/// The kinds of text and of multiparts seen so far. The letter has one of each. A second one counts as an attachment.
#[derive(Default)]
struct Counted<'a>(Vec<&'a str>);

impl<'a> Counted<'a> {
    fn letter(&mut self, letter: &'a MimePart<'_>) -> usize {
        let named = usize::from(letter.disposition.is_file);
        match &letter.content {
            PartContent::Parts { parts, .. } => self.within(letter, parts) + named,
            _ => self.part(letter),
        }
    }

    fn part(&mut self, part: &'a MimePart<'_>) -> usize {
        let named = part.disposition.is_file;
        match &part.content {
            PartContent::Parts { parts, .. } => {
                // A part beside the letter's text is itself an attachment for some readers.
                let around = matches!(&*part.kind.essence, "multipart/alternative" | "multipart/related");
                let beside = self.again(&part.kind.essence) || !around;
                self.within(part, parts).max(usize::from(beside)) + usize::from(named)
            }
            PartContent::Text(_) => usize::from(self.again(&part.kind.essence) || named),
            PartContent::Message { letter, .. } => 1 + self.letter(letter),
            PartContent::Attached(_) => 1,
        }
    }

    fn within(&mut self, whole: &'a MimePart<'_>, parts: &'a [MimePart<'_>]) -> usize {
        // A parameter decides which of these parts is the text; the others belong to it.
        let least = if whole.kind.essence == "multipart/related" { parts.len().saturating_sub(1) } else { 0 };
        let total: usize = parts.iter().map(|part| self.part(part)).sum();
        total.max(least)
    }

    fn again(&mut self, essence: &'a str) -> bool {
        let again = self.0.contains(&essence);
        if !again {
            self.0.push(essence);
        }
        again
    }
}
