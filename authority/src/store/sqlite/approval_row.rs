//! The rows of the approval tables as values, and their words. `approval` changes them.

use datalog::{ApprovalId, ApproverName, ConnectionName};
use rusqlite::{Connection, OptionalExtension, Row, params};
use time::OffsetDateTime;

use super::columns::{millis, name_at, parse_name, time_at};
use crate::store::approval::{ApprovalReach, ApprovalRow, ApprovalStatus, Bar, Grant, Question, Said, Word};

/// `?1` is the time. By then an open question may have ended.
pub(super) const COLUMNS: &str = "id, lineage, task, connection, operation, digest, alike, people, request, shown, needed, approvers,
    CASE WHEN state IN ('pending', 'approved', 'denied') AND expires_at <= ?1 THEN 'expired' ELSE state END AS state,
    version, reach, uses_left, uses, asked_at, expires_at, pass_ends_at";

pub(super) fn one(
    connection: &Connection,
    id: &ApprovalId,
    now: OffsetDateTime,
) -> rusqlite::Result<Option<ApprovalRow>> {
    let sql = format!("SELECT {COLUMNS} FROM approval WHERE id = ?2");
    let row =
        connection.prepare_cached(&sql)?.query_row(params![millis(now), id.as_str()], approval).optional()?;
    row.map(|row| with_said(connection, row)).transpose()
}

/// People's statements are in a separate table.
pub(super) fn with_said(connection: &Connection, mut row: ApprovalRow) -> rusqlite::Result<ApprovalRow> {
    row.question.said = connection
        .prepare_cached(
            "SELECT approver, said, said_at, stands, because, bar, block, reach, times, until_at FROM approval_said
             WHERE approval = ?1 ORDER BY place",
        )?
        .query_map([row.id.as_str()], said)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(row)
}

fn said(row: &Row<'_>) -> rusqlite::Result<Said> {
    let by: Option<String> = row.get("approver")?;
    let because = row.get("because")?;
    let word = match row.get::<_, String>("said")?.as_str() {
        "yes" => Word::Yes {
            block: row.get("block")?,
            grant: Grant {
                reach: reach(&row.get::<_, String>("reach")?),
                times: row.get("times")?,
                until: time_at(row, "until_at")?,
            },
        },
        "reopened" => Word::Reopened,
        "too-late" => Word::TooLate { because },
        // The table holds no other word.
        _ => Word::No { because, bar: bar(row.get::<_, Option<String>>("bar")?.as_deref()) },
    };
    Ok(Said {
        by: by.as_deref().map(parse_name::<ApproverName>).transpose()?,
        at: time_at(row, "said_at")?,
        word,
        stands: row.get("stands")?,
    })
}

/// Writes people's statements over the earlier ones.
pub(super) fn write_said(connection: &Connection, id: &ApprovalId, all: &[Said]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO approval_said (approval, place, approver, said, said_at, stands, because, bar, block, reach, times, until_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (approval, place) DO UPDATE SET stands = excluded.stands",
    )?;
    for (place, said) in all.iter().enumerate() {
        let (because, bar, block, grant) = match &said.word {
            Word::Yes { block, grant } => (None, None, Some(block.as_slice()), Some(grant)),
            Word::No { because, bar } => (because.as_deref(), Some(bar_word(*bar)), None, None),
            Word::TooLate { because } => (because.as_deref(), None, None, None),
            Word::Reopened => (None, None, None, None),
        };
        statement.execute(params![
            id.as_str(),
            place,
            said.by.as_ref().map(ApproverName::as_str),
            said_word(&said.word),
            millis(said.at),
            said.stands,
            because,
            bar,
            block,
            grant.map(|grant| reach_word(grant.reach)),
            grant.and_then(|grant| grant.times),
            grant.map(|grant| millis(grant.until)),
        ])?;
    }
    Ok(())
}

pub(super) fn approval(row: &Row<'_>) -> rusqlite::Result<ApprovalRow> {
    let words = |column: &str| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let (lineage, approvers, people) = (words("lineage")?, words("approvers")?, words("people")?);
    Ok(ApprovalRow {
        id: name_at(row, "id")?,
        lineage: lineage.split_whitespace().map(parse_name).collect::<rusqlite::Result<_>>()?,
        task: row.get("task")?,
        connection: name_at::<ConnectionName>(row, "connection")?,
        operation: row.get("operation")?,
        digest: row.get("digest")?,
        alike: row.get("alike")?,
        people: people.split_whitespace().map(str::to_owned).collect(),
        request: row.get("request")?,
        shown: row.get("shown")?,
        asked: time_at(row, "asked_at")?,
        question: Question {
            version: row.get("version")?,
            status: status(&row.get::<_, String>("state")?),
            needed: row.get("needed")?,
            approvers: approvers.split_whitespace().map(parse_name).collect::<rusqlite::Result<_>>()?,
            said: Vec::new(),
            reach: row.get::<_, Option<String>>("reach")?.as_deref().map(reach),
            uses_left: row.get("uses_left")?,
            uses: row.get("uses")?,
            expires: time_at(row, "expires_at")?,
            pass_ends: time_at(row, "pass_ends_at")?,
        },
    })
}

const STATES: [(ApprovalStatus, &str); 6] = [
    (ApprovalStatus::Pending, "pending"),
    (ApprovalStatus::Approved, "approved"),
    (ApprovalStatus::Denied, "denied"),
    (ApprovalStatus::Used, "used"),
    (ApprovalStatus::Covered, "covered"),
    (ApprovalStatus::Expired, "expired"),
];

pub(super) fn word(status: ApprovalStatus) -> &'static str {
    STATES.iter().find(|(known, _)| *known == status).map_or("expired", |(_, word)| word)
}

/// Reads a state. The table holds no other word than these. Another one would have no effect.
fn status(word: &str) -> ApprovalStatus {
    STATES.iter().find(|(_, known)| *known == word).map_or(ApprovalStatus::Expired, |(status, _)| *status)
}

pub(super) fn reach_word(reach: ApprovalReach) -> &'static str {
    match reach {
        ApprovalReach::Exact => "exact",
        ApprovalReach::Alike => "alike",
    }
}

/// Reads what a yes covers. If the word is none of ours, it means the least.
fn reach(word: &str) -> ApprovalReach {
    if word == "alike" { ApprovalReach::Alike } else { ApprovalReach::Exact }
}

fn bar_word(bar: Bar) -> &'static str {
    match bar {
        Bar::Exact => "exact",
        Bar::People => "people",
    }
}

fn bar(word: Option<&str>) -> Bar {
    if word == Some("people") { Bar::People } else { Bar::Exact }
}

fn said_word(word: &Word) -> &'static str {
    match word {
        Word::Yes { .. } => "yes",
        Word::No { .. } => "no",
        Word::TooLate { .. } => "too-late",
        Word::Reopened => "reopened",
    }
}
