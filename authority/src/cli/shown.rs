//! A question for a person, in lines: first what would be sent, whom it reaches, what cannot be undone, and what is not
//! shown.
//!
//! Everything in it was parsed from the request. Only the text that would be sent and the task of the pass are other
//! people's own words.

use std::fmt::Write as _;

use datalog::view::{Attachment, Letter};
use datalog::{ApproverName, RequestView};
use time::OffsetDateTime;

use super::plain::inline;
use super::term::{Colour, Tone};
use super::when;
use crate::app::{ApprovalInfo, ApprovalSaid, ApprovalStanding, SaidWord};

/// Returns the whole question.
pub(super) fn question(info: &ApprovalInfo, now: OffsetDateTime, colour: Colour) -> String {
    let mut lines = NamedLines { text: String::new(), colour };
    let waits = if info.waiting_now > 0 { ", an agent waits now" } else { "" };
    let head = format!(
        "{}  {}  asked {}, ends {}{waits}",
        info.id,
        standing(info.status),
        when::from_now(info.asked, now),
        when::from_now(info.expires, now)
    );
    let _ = writeln!(lines.text, "{}", colour.paint(Tone::Strong, &inline(&head)));
    lines.painted("asks", Tone::Strong, &info.title());
    if let Some(held) = &info.held {
        lines.painted("held", Tone::Bad, &format!("nothing goes out for now: {held}"));
    }
    if let Some(shown) = &info.shown {
        request(&mut lines, shown);
    }
    lines.line("task", &info.task);
    if let Some(people) = people(info) {
        lines.line("needs", &people);
    }
    for said in &info.history {
        lines.line("said", &history(said));
    }
    if info.uses > 0 {
        lines.line("used", &format!("{} times", info.uses));
    }
    lines.line("version", &info.version.to_string());
    lines.text
}

pub(super) fn standing(status: ApprovalStanding) -> &'static str {
    match status {
        ApprovalStanding::Pending => "waits",
        ApprovalStanding::Approved => "approved",
        ApprovalStanding::Denied => "denied",
        ApprovalStanding::Used => "used",
        ApprovalStanding::Covered => "covered",
        ApprovalStanding::Expired => "expired",
    }
}

fn history(said: &ApprovalSaid) -> String {
    let word = match said.said {
        SaidWord::Yes => "approved",
        SaidWord::No => "denied",
        SaidWord::TooLate => "denied too late",
        SaidWord::Reopened => "reopened",
    };
    let by = said.by.as_ref().map_or("somebody", ApproverName::as_str);
    let because = said.because.as_ref().map_or_else(String::new, |because| format!(": {because}"));
    let counts = if said.stands { "" } else { " (does not count any more)" };
    format!("{word} by {by}, {}{because}{counts}", when::at(said.at))
}

fn letter(lines: &mut NamedLines, letter: &Letter) {
    let from = if letter.from.is_empty() { "the account's own address" } else { &letter.from };
    lines.line("from", from);
    for (name, people) in [("to", &letter.to), ("cc", &letter.cc), ("bcc", &letter.bcc)] {
        people.iter().for_each(|one| lines.line(name, one));
    }
    lines.line("subject", &letter.subject);
    for one in &letter.unread {
        lines.painted("unread", Tone::Warn, one);
    }
    lines.line(if letter.kind == "text/html" { "page" } else { "text" }, &letter.text);
    lines.rest(letter.characters_not_shown, &letter.notes);
    for other in &letter.others {
        let what = if other.kind == "text/html" { "page" } else { "or" };
        lines.line(what, &other.text);
        lines.rest(other.characters_not_shown, &other.notes);
    }
    for one in &letter.attachments {
        lines.line("attached", &attachment(one));
    }
    for field in &letter.fields {
        let rest = more(field.characters_not_shown);
        lines.line("field", &format!("{}: {}{rest}", field.name, field.value));
    }
    if !letter.fields_not_shown.is_empty() {
        let names = letter.fields_not_shown.join(", ");
        lines.painted("unseen", Tone::Warn, &format!("{} fields: {names}", letter.fields_not_shown.len()));
    }
}

fn attachment(one: &Attachment) -> String {
    let name = if one.name.is_empty() { "without a name" } else { &one.name };
    format!("{name} ({}, {} bytes, SHA-256 {})", one.kind, one.bytes, one.sha256)
}

fn more(characters: usize) -> String {
    match characters {
        0 => String::new(),
        more => format!(" … and {more} characters more"),
    }
}

fn request(lines: &mut NamedLines, shown: &RequestView) {
    lines.line("what", &format!("{} on {} ({})", shown.operation, shown.connection, shown.account));
    lines.line("does", &shown.does);
    if let Some(irreversible) = &shown.undoing.irreversible {
        lines.painted("undo", Tone::Bad, &format!("no: {irreversible}"));
    }
    if let Some(undo) = &shown.undoing.undo {
        lines.line("undo", undo);
    }
    for recipient in &shown.recipients {
        match shown.is_outside(recipient) {
            true => lines.painted("reaches", Tone::Warn, &format!("{recipient} (outside)")),
            false => lines.line("reaches", recipient),
        }
    }
    if let Some(because) = &shown.recipients_unknown {
        lines.painted("reaches", Tone::Warn, &format!("not known: {because}"));
    }
    for one in &shown.letters {
        letter(lines, one);
    }
    if let Some(upload) = &shown.upload {
        lines.line("file", &attachment(upload));
    }
    for resource in &shown.resources {
        lines.line("on", &format!("{} {}", resource.kind, resource.id));
    }
    for argument in &shown.arguments {
        lines.line(
            "with",
            &format!("{} = {}{}", argument.name, argument.value, more(argument.characters_not_shown)),
        );
    }
    if shown.arguments_not_shown > 0 {
        lines.line("with", &format!("{} arguments more, not shown", shown.arguments_not_shown));
    }
    if shown.bytes_not_shown > 0 {
        lines.painted("unseen", Tone::Warn, &format!("{} bytes are not shown", shown.bytes_not_shown));
    }
    lines.line("sent as", &shown.target);
    lines.line("alike", &format!("an approval for more than one request covers {}", shown.alike));
}

fn people(info: &ApprovalInfo) -> Option<String> {
    if info.needed < 2 && info.approvers.is_empty() {
        return None;
    }
    let names =
        |names: &[ApproverName]| names.iter().map(ApproverName::as_str).collect::<Vec<_>>().join(", ");
    let of = if info.approvers.is_empty() { "anybody".into() } else { names(&info.approvers) };
    let given: Vec<ApproverName> = info.answers.iter().map(|answer| answer.by.clone()).collect();
    let given = if given.is_empty() { "nobody yet".into() } else { names(&given) };
    Some(format!("{} of {of}; approved by {given}", info.needed))
}

/// Lines with a name and a value each. Misleading characters are made visible before anything is coloured.
struct NamedLines {
    text: String,
    colour: Colour,
}

impl NamedLines {
    fn line(&mut self, name: &str, value: &str) {
        self.lines(name, value, None);
    }

    fn painted(&mut self, name: &str, tone: Tone, value: &str) {
        self.lines(name, value, Some(tone));
    }

    fn lines(&mut self, name: &str, value: &str, tone: Option<Tone>) {
        for (place, part) in value.split('\n').enumerate() {
            let name = if place == 0 { name } else { "" };
            let part = inline(part);
            let part = tone.map_or_else(|| part.clone(), |tone| self.colour.paint(tone, &part));
            let _ = writeln!(self.text, "  {name:<9} {part}");
        }
    }

    /// Writes how much of a text is not shown, with notes.
    fn rest(&mut self, characters: usize, notes: &[String]) {
        if characters > 0 {
            self.line("", &format!("… and {characters} characters more"));
        }
        notes.iter().for_each(|note| self.painted("unseen", Tone::Warn, note));
    }
}
