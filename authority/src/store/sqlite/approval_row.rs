//! The rows of the approval tables as values, and the words that stand in them. What happens to them is in `approval`.

use datalog::{ApprovalId, ConnectionName};
use rusqlite::{Connection, Row};

use super::columns::{name_at, parse_name, time_at};
use crate::store::approval::{AnswerRow, ApprovalRow, ApprovalStatus, Grant, Reach};

/// ?1 is the time, by which an open question may have ended.
pub(super) const COLUMNS: &str = "id, lineage, task, connection, operation, digest, alike, request, shown, needed, approvers,
    CASE WHEN state IN ('pending', 'approved', 'denied') AND expires_at <= ?1 THEN 'expired' ELSE state END AS state,
    uses_left, uses, because, asked_at, expires_at, pass_ends_at";

pub(super) fn with_answers(connection: &Connection, row: ApprovalRow) -> rusqlite::Result<ApprovalRow> {
    let answers = answers(connection, &row.id)?;
    Ok(ApprovalRow { answers, ..row })
}

pub(super) fn answers(connection: &Connection, id: &ApprovalId) -> rusqlite::Result<Vec<AnswerRow>> {
    connection
        .prepare_cached(
            "SELECT approver, answered_at, block, reach, times, until_at FROM approval_answer
             WHERE approval = ?1 ORDER BY answered_at, approver",
        )?
        .query_map([id.as_str()], |row| {
            Ok(AnswerRow {
                approver: name_at(row, "approver")?,
                at: time_at(row, "answered_at")?,
                block: row.get("block")?,
                grant: Grant {
                    reach: if row.get::<_, String>("reach")? == "alike" {
                        Reach::Alike
                    } else {
                        Reach::Exact
                    },
                    times: row.get("times")?,
                    until: time_at(row, "until_at")?,
                },
            })
        })?
        .collect()
}

pub(super) fn approval(row: &Row<'_>) -> rusqlite::Result<ApprovalRow> {
    let lineage: String = row.get("lineage")?;
    let approvers: String = row.get("approvers")?;
    Ok(ApprovalRow {
        id: name_at(row, "id")?,
        lineage: lineage.split_whitespace().map(parse_name).collect::<rusqlite::Result<_>>()?,
        task: row.get("task")?,
        connection: name_at::<ConnectionName>(row, "connection")?,
        operation: row.get("operation")?,
        digest: row.get("digest")?,
        alike: row.get("alike")?,
        request: row.get("request")?,
        shown: row.get("shown")?,
        needed: row.get("needed")?,
        approvers: approvers.split_whitespace().map(parse_name).collect::<rusqlite::Result<_>>()?,
        status: status(&row.get::<_, String>("state")?),
        uses_left: row.get("uses_left")?,
        uses: row.get("uses")?,
        because: row.get("because")?,
        asked: time_at(row, "asked_at")?,
        expires: time_at(row, "expires_at")?,
        pass_ends: time_at(row, "pass_ends_at")?,
        answers: Vec::new(),
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

/// The table holds no other word; one that it did would be good for nothing.
fn status(word: &str) -> ApprovalStatus {
    STATES.iter().find(|(_, known)| *known == word).map_or(ApprovalStatus::Expired, |(status, _)| *status)
}

pub(super) fn reach_word(reach: Reach) -> &'static str {
    match reach {
        Reach::Exact => "exact",
        Reach::Alike => "alike",
    }
}
