//! The state of a question in words: why an answer was not taken, and what people said before.

use datalog::{ApproverName, Message};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::{AppError, ApprovalSaid, ApprovalStanding, SaidWord};
use crate::audit::plain;
use crate::question::{Refused, Said, Word};
use crate::store::{ApprovalRow, ApprovalStatus};

/// Returns why an answer was refused: the decision, who made it and when, and what to do now.
pub(super) fn refused(refused: &Refused, row: &ApprovalRow, by: &ApproverName) -> AppError {
    let id = &row.id;
    let stands = stands(row);
    let (what, hint) = match (refused, row.question.status) {
        (Refused::NotAsked, _) => {
            let names = row.question.approvers.iter().map(|name| format!("`{name}`"));
            let may = names.collect::<Vec<_>>().join(", ");
            return AppError::invalid(format!("the pass asks {may} to approve this, not `{by}`"));
        }
        (Refused::SaidBefore, _) => {
            (format!("`{by}` approved `{id}` already"), "others have to approve it too".into())
        }
        (_, ApprovalStatus::Denied) => {
            let denier = row.question.denial().and_then(|said| said.by.as_ref());
            let hint = match denier {
                Some(name) => format!("only `{name}` can take that back: `hallpass reopen {id} --as {name}`"),
                None => "the name of who said no was not stored; the question ends with the pass".into(),
            };
            (stands, hint)
        }
        (_, ApprovalStatus::Approved) => {
            (stands, format!("`hallpass deny {id}` takes it back while it is not used"))
        }
        (Refused::NotTheirs, _) => (format!("nobody said no to `{id}`"), "it waits for an answer".into()),
        (Refused::AnotherVersion, _) => (
            format!("`{id}` has changed since it was shown: {stands}"),
            "`hallpass approvals` shows its current state".into(),
        ),
        _ => (stands, "the agent sends the request again to ask again".into()),
    };
    AppError::conflict(Message::new(what).hint(hint))
}

pub(super) fn too_late(row: &ApprovalRow) -> AppError {
    AppError::conflict(
        Message::new(format!("`{}` was used before this no: the request went", row.id))
            .hint("the no is on record, and if the request turns out never to have left, it is not sent"),
    )
}

/// Returns the decision in words, with its person and its time.
fn stands(row: &ApprovalRow) -> String {
    let (id, question) = (&row.id, &row.question);
    let by = |said: &Said| {
        let name = said.by.as_ref().map_or("somebody".to_owned(), |name| format!("`{name}`"));
        format!("by {name} at {}", rfc3339(said.at))
    };
    let yes = question.said.iter().rev().find(|said| said.stands && matches!(said.word, Word::Yes { .. }));
    match question.status {
        ApprovalStatus::Denied => match question.denial() {
            Some(said) => {
                let because = match &said.word {
                    Word::No { because: Some(because), .. } => format!(": {}", plain(because)),
                    _ => String::new(),
                };
                format!("`{id}` was denied {}{because}", by(said))
            }
            None => format!("`{id}` was denied"),
        },
        ApprovalStatus::Approved | ApprovalStatus::Used => {
            let how = if question.status == ApprovalStatus::Used { " and used" } else { "" };
            yes.map_or_else(
                || format!("`{id}` was approved{how}"),
                |said| format!("`{id}` was approved{how} {}", by(said)),
            )
        }
        ApprovalStatus::Covered => format!("`{id}` is covered by another answer"),
        ApprovalStatus::Expired => format!("`{id}` has expired"),
        ApprovalStatus::Pending => match question.approved_by().count() {
            0 => format!("`{id}` waits"),
            given => format!("{given} of {} have approved `{id}`", question.needed),
        },
    }
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| time.to_string())
}

pub(super) fn said(said: &Said) -> ApprovalSaid {
    let (word, because) = match &said.word {
        Word::Yes { .. } => (SaidWord::Yes, None),
        Word::No { because, .. } => (SaidWord::No, because.clone()),
        Word::TooLate { because } => (SaidWord::TooLate, because.clone()),
        Word::Reopened => (SaidWord::Reopened, None),
    };
    ApprovalSaid { by: said.by.clone(), at: said.at, said: word, because, stands: said.stands }
}

impl From<ApprovalStanding> for ApprovalStatus {
    fn from(standing: ApprovalStanding) -> Self {
        match standing {
            ApprovalStanding::Pending => Self::Pending,
            ApprovalStanding::Approved => Self::Approved,
            ApprovalStanding::Denied => Self::Denied,
            ApprovalStanding::Used => Self::Used,
            ApprovalStanding::Covered => Self::Covered,
            ApprovalStanding::Expired => Self::Expired,
        }
    }
}

impl From<ApprovalStatus> for ApprovalStanding {
    fn from(status: ApprovalStatus) -> Self {
        match status {
            ApprovalStatus::Pending => Self::Pending,
            ApprovalStatus::Approved => Self::Approved,
            ApprovalStatus::Denied => Self::Denied,
            ApprovalStatus::Used => Self::Used,
            ApprovalStatus::Covered => Self::Covered,
            ApprovalStatus::Expired => Self::Expired,
        }
    }
}
