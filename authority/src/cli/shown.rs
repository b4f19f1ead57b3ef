//! A question for a person, in lines: what would be sent first, whom it reaches, what cannot be undone, what is not shown.
//!
//! Everything in it was parsed from the request; nothing of it is the agent's word for what it does, but the text
//! that would be sent and the task that the pass was minted for.

use std::fmt::Write as _;

use datalog::shown::Letter;
use datalog::{ApproverName, Shown};
use time::OffsetDateTime;

use super::term::{Colour, Tone, visible};
use super::when;
use crate::app::{ApprovalInfo, ApprovalStanding};

/// The whole question.
pub(super) fn question(info: &ApprovalInfo, now: OffsetDateTime, colour: Colour) -> String {
    let mut text = String::new();
    let head = format!(
        "{}  {}  asked {}, ends {}",
        info.id,
        standing(info.status),
        when::from_now(info.asked, now),
        when::from_now(info.expires, now)
    );
    let _ = writeln!(text, "{}", colour.paint(Tone::Strong, &head));
    match &info.shown {
        Some(shown) => request(&mut text, shown, colour),
        None => line(&mut text, "what", &format!("{} on {}", info.operation, info.connection)),
    }
    line(&mut text, "task", &info.task);
    if let Some(people) = people(info) {
        line(&mut text, "needs", &people);
    }
    if let Some(because) = &info.because {
        line(&mut text, "denied", because);
    }
    if info.uses > 0 {
        line(&mut text, "used", &format!("{} times", info.uses));
    }
    text
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

fn letter(text: &mut String, letter: &Letter) {
    line(text, "subject", &letter.subject);
    line(text, "text", &letter.text);
    if letter.characters_not_shown > 0 {
        line(text, "", &format!("… and {} characters more", letter.characters_not_shown));
    }
    for attachment in &letter.attachments {
        let name = if attachment.name.is_empty() { "without a name" } else { &attachment.name };
        line(text, "attached", &format!("{name} ({}, {} bytes)", attachment.kind, attachment.bytes));
    }
}

fn request(text: &mut String, shown: &Shown, colour: Colour) {
    line(text, "what", &format!("{} on {} ({})", shown.operation, shown.connection, shown.account));
    line(text, "does", &shown.does);
    if let Some(irreversible) = &shown.irreversible {
        line(text, "undo", &colour.paint(Tone::Bad, &format!("no: {irreversible}")));
    }
    for recipient in &shown.recipients {
        line(text, "to", recipient);
    }
    if let Some(because) = &shown.recipients_unknown {
        line(text, "to", &colour.paint(Tone::Warn, &format!("not known: {because}")));
    }
    for one in &shown.letters {
        letter(text, one);
    }
    for resource in &shown.resources {
        line(text, "on", &format!("{} {}", resource.kind, resource.id));
    }
    for argument in &shown.arguments {
        let rest = match argument.characters_not_shown {
            0 => String::new(),
            more => format!(" … and {more} characters more"),
        };
        line(text, "with", &format!("{} = {}{rest}", argument.name, argument.value));
    }
    if shown.arguments_not_shown > 0 {
        line(text, "with", &format!("{} arguments more, not shown", shown.arguments_not_shown));
    }
    if shown.bytes_not_shown > 0 {
        line(
            text,
            "unseen",
            &colour.paint(Tone::Warn, &format!("{} bytes are not shown", shown.bytes_not_shown)),
        );
    }
    line(text, "sent as", &shown.target);
    line(text, "alike", &format!("an answer for more than once covers {}", shown.alike));
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

fn line(text: &mut String, name: &str, value: &str) {
    // The value may be painted here already; what came from outside was made plain when it was parsed.
    for (place, part) in value.split('\n').enumerate() {
        let name = if place == 0 { name } else { "" };
        let part = if part.contains('\u{1b}') { part.to_owned() } else { visible(part) };
        let _ = writeln!(text, "  {name:<9} {part}");
    }
}
