//! The approval tables: questions, and the signed answers to them.
//!
//! What a question waits for, and until when, is read beside the time that the caller hands in; an open one whose
//! time has passed is expired, whether or not anybody has written so yet.

use datalog::{ApprovalId, ApproverName, RevocationId};
use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;

use super::SqliteStore;
use super::approval_row::{COLUMNS, answers, approval, reach_word, with_answers, word};
use super::columns::{millis, name_at, time_at};
use super::writer::{Verdict, Writing};
use crate::store::approval::{
    AnswerRow, AnswerTaken, ApprovalQuery, ApprovalRow, ApprovalStatus, ApprovalStore, ApproverRow, Bounds,
    NewApproval, Put, Reach,
};
use crate::store::{Line, Stored};

/// Days that a settled question is kept for, without what was shown of it.
const KEPT: time::Duration = time::Duration::days(7);

impl ApprovalStore for SqliteStore {
    fn asked(&self, ask: NewApproval, bounds: Bounds, event: Line) -> Stored<'_, Put> {
        Box::pin(self.writer.write(move |writing| {
            close_ended(writing.connection, ask.asked)?;
            if let Some(found) = find(writing.connection, &ask)? {
                return Ok(Verdict::Keep(Put::Found(found)));
            }
            let root = ask.lineage.first().map(RevocationId::as_str);
            let waiting: u64 = waiting(writing.connection, root)?;
            let in_all: u64 = waiting_in_all(writing.connection)?;
            if waiting >= u64::from(bounds.of_pass) || in_all >= u64::from(bounds.of_all) {
                return Ok(Verdict::Keep(Put::TooMany { waiting: waiting.max(1) }));
            }
            insert(writing.connection, &ask)?;
            writing.append(&event)?;
            let row = one(writing.connection, &ask.id, ask.asked)?;
            Ok(Verdict::Keep(Put::New(row.ok_or(rusqlite::Error::QueryReturnedNoRows)?)))
        }))
    }

    fn approvals(&self, query: ApprovalQuery) -> Stored<'_, Vec<ApprovalRow>> {
        Box::pin(async move {
            self.read(|connection| {
                let sql = format!(
                    "SELECT * FROM (SELECT {COLUMNS}, holder, rowid AS place FROM approval)
                     WHERE (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR holder = ?3)
                       AND (?4 IS NULL OR instr(' ' || lineage || ' ', ' ' || ?4 || ' ') > 0)
                     ORDER BY asked_at DESC, place DESC LIMIT ?5"
                );
                let rows: Vec<ApprovalRow> = connection
                    .prepare_cached(&sql)?
                    .query_map(
                        params![
                            millis(query.now),
                            query.status.map(word),
                            query.holder.as_ref().map(RevocationId::as_str),
                            query.pass.as_ref().map(RevocationId::as_str),
                            query.limit,
                        ],
                        approval,
                    )?
                    .collect::<rusqlite::Result<_>>()?;
                rows.into_iter().map(|row| with_answers(connection, row)).collect()
            })
        })
    }

    fn approval<'a>(&'a self, id: &'a ApprovalId, now: OffsetDateTime) -> Stored<'a, Option<ApprovalRow>> {
        Box::pin(async move { self.read(|connection| one(connection, id, now)) })
    }

    fn approved(&self, id: ApprovalId, answer: AnswerRow, event: Line) -> Stored<'_, AnswerTaken> {
        Box::pin(self.writer.write(move |writing| {
            let row = match open(writing.connection, &id, answer.at)? {
                Ok(row) => row,
                Err(taken) => return Ok(Verdict::Undo(taken)),
            };
            writing
                .connection
                .prepare_cached(
                    "REPLACE INTO approval_answer (approval, approver, answered_at, block, reach, times, until_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    id.as_str(),
                    answer.approver.as_str(),
                    millis(answer.at),
                    answer.block,
                    reach_word(answer.grant.reach),
                    answer.grant.times,
                    millis(answer.grant.until),
                ])?;
            writing.append(&event)?;
            let answers = answers(writing.connection, &id)?;
            if answers.len() >= usize::try_from(row.needed).unwrap_or(usize::MAX) {
                grant(writing, &row, &answers)?;
            } else if row.status == ApprovalStatus::Denied {
                set_state(writing.connection, &id, "pending")?;
            }
            taken(writing.connection, &id, answer.at)
        }))
    }

    fn denied(
        &self,
        id: ApprovalId,
        because: Option<String>,
        at: OffsetDateTime,
        event: Line,
    ) -> Stored<'_, AnswerTaken> {
        Box::pin(self.writer.write(move |writing| {
            if let Err(taken) = open(writing.connection, &id, at)? {
                return Ok(Verdict::Undo(taken));
            }
            writing
                .connection
                .prepare_cached(
                    "UPDATE approval SET state = 'denied', because = ?2, uses_left = NULL, expires_at = pass_ends_at
                     WHERE id = ?1",
                )?
                .execute(params![id.as_str(), because])?;
            writing
                .connection
                .prepare_cached("DELETE FROM approval_answer WHERE approval = ?1")?
                .execute([id.as_str()])?;
            writing.append(&event)?;
            taken(writing.connection, &id, at)
        }))
    }

    fn approval_returned(&self, id: ApprovalId) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            // Where the same request was asked about anew meanwhile, that question stands.
            writing
                .connection
                .prepare_cached(
                    "UPDATE OR IGNORE approval
                     SET uses_left = uses_left + 1, uses = max(0, uses - 1), state = 'approved'
                     WHERE id = ?1 AND state IN ('approved', 'used')",
                )?
                .execute([id.as_str()])?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn approver_created(&self, approver: ApproverRow, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing
                .connection
                .prepare_cached(
                    "INSERT INTO approver (name, public, seed, created_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    approver.name.as_str(),
                    approver.public,
                    approver.seed,
                    millis(approver.created)
                ])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn approver_retired(&self, name: ApproverName, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing
                .connection
                .prepare_cached("UPDATE approver SET seed = NULL WHERE name = ?1")?
                .execute([name.as_str()])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn approvers(&self) -> Stored<'_, Vec<ApproverRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT name, public, seed, created_at FROM approver ORDER BY created_at, name",
                    )?
                    .query_map([], |row| {
                        Ok(ApproverRow {
                            name: name_at(row, "name")?,
                            public: row.get("public")?,
                            seed: row.get("seed")?,
                            created: time_at(row, "created_at")?,
                        })
                    })?
                    .collect()
            })
        })
    }
}

/// Whether this approval stood for this request, which is then used once.
pub(super) fn use_up(
    connection: &Connection,
    id: &ApprovalId,
    digest: &str,
    at: OffsetDateTime,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE approval
             SET uses = uses + 1, uses_left = uses_left - 1,
                 shown = CASE WHEN uses_left = 1 THEN NULL ELSE shown END,
                 state = CASE WHEN uses_left = 1 THEN 'used' ELSE state END
             WHERE id = ?1 AND state = 'approved' AND expires_at > ?3 AND (uses_left IS NULL OR uses_left > 0)
               AND (digest = ?2 OR reach = 'alike')",
        )?
        .execute(params![id.as_str(), digest, millis(at)])?;
    Ok(changed == 1)
}

/// The same request's own question, or an answer that covers it. A no to this very request comes first.
fn find(connection: &Connection, ask: &NewApproval) -> rusqlite::Result<Option<ApprovalRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval
         WHERE holder = ?2 AND state IN ('pending', 'approved', 'denied')
           AND (digest = ?3 OR (alike = ?4 AND reach = 'alike' AND state = 'approved'))
         ORDER BY CASE state WHEN 'denied' THEN 0 WHEN 'approved' THEN 1 ELSE 2 END, digest = ?3 DESC LIMIT 1"
    );
    let row = connection
        .prepare_cached(&sql)?
        .query_row(params![millis(ask.asked), holder(&ask.lineage), ask.digest, ask.alike], approval)
        .optional()?;
    row.map(|row| with_answers(connection, row)).transpose()
}

fn holder(lineage: &[RevocationId]) -> &str {
    lineage.last().map_or("", RevocationId::as_str)
}

fn close_ended(connection: &Connection, now: OffsetDateTime) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE approval SET state = 'expired', shown = NULL
             WHERE state IN ('pending', 'approved', 'denied') AND expires_at <= ?1",
        )?
        .execute([millis(now)])?;
    connection
        .prepare_cached(
            "DELETE FROM approval WHERE state IN ('used', 'covered', 'expired') AND pass_ends_at <= ?1",
        )?
        .execute([millis(now - KEPT)])?;
    Ok(())
}

fn waiting(connection: &Connection, root: Option<&str>) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM approval WHERE state = 'pending' AND root = ?1")?
        .query_row([root], |row| row.get(0))
}

fn waiting_in_all(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM approval WHERE state = 'pending'")?
        .query_row([], |row| row.get(0))
}

fn insert(connection: &Connection, ask: &NewApproval) -> rusqlite::Result<()> {
    let lineage: Vec<&str> = ask.lineage.iter().map(RevocationId::as_str).collect();
    let approvers: Vec<&str> = ask.approvers.iter().map(ApproverName::as_str).collect();
    connection
        .prepare_cached(
            "INSERT INTO approval (id, root, holder, lineage, task, connection, operation, digest, alike, request,
                                   shown, needed, approvers, state, uses, asked_at, expires_at, pass_ends_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'pending', 0, ?14, ?15, ?16)",
        )?
        .execute(params![
            ask.id.as_str(),
            lineage.first(),
            holder(&ask.lineage),
            lineage.join(" "),
            ask.task,
            ask.connection.as_str(),
            ask.operation,
            ask.digest,
            ask.alike,
            ask.request,
            ask.shown,
            ask.needed,
            approvers.join(" "),
            millis(ask.asked),
            millis(ask.expires),
            millis(ask.pass_ends),
        ])?;
    Ok(())
}

/// The row, where it still takes an answer.
fn open(
    connection: &Connection,
    id: &ApprovalId,
    now: OffsetDateTime,
) -> rusqlite::Result<Result<ApprovalRow, AnswerTaken>> {
    Ok(match one(connection, id, now)? {
        None => Err(AnswerTaken::NotFound),
        Some(row) => match row.status {
            ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Denied => Ok(row),
            settled => Err(AnswerTaken::Settled(settled)),
        },
    })
}

/// Grants the least of what the approvers said: exact if one said so, the fewest times, the earliest end.
fn grant(writing: &Writing<'_>, row: &ApprovalRow, answers: &[AnswerRow]) -> rusqlite::Result<()> {
    let alike = answers.iter().all(|answer| answer.grant.reach == Reach::Alike);
    let reach = if alike { Reach::Alike } else { Reach::Exact };
    let times = answers.iter().filter_map(|answer| answer.grant.times).min();
    let until = answers.iter().map(|answer| answer.grant.until).min().unwrap_or(row.expires);
    writing
        .connection
        .prepare_cached(
            "UPDATE approval SET state = 'approved', because = NULL, reach = ?2, uses_left = ?3, expires_at = ?4
             WHERE id = ?1",
        )?
        .execute(params![row.id.as_str(), reach_word(reach), times, millis(until)])?;
    if alike {
        writing
            .connection
            .prepare_cached(
                "UPDATE approval SET state = 'covered', shown = NULL
                 WHERE holder = ?1 AND alike = ?2 AND state = 'pending' AND id <> ?3",
            )?
            .execute(params![holder(&row.lineage), row.alike, row.id.as_str()])?;
    }
    Ok(())
}

fn set_state(connection: &Connection, id: &ApprovalId, state: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE approval SET state = ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), state])?;
    Ok(())
}

fn taken(
    connection: &Connection,
    id: &ApprovalId,
    now: OffsetDateTime,
) -> rusqlite::Result<Verdict<AnswerTaken>> {
    Ok(Verdict::Keep(
        one(connection, id, now)?.map_or(AnswerTaken::NotFound, |row| AnswerTaken::Done(Box::new(row))),
    ))
}

fn one(
    connection: &Connection,
    id: &ApprovalId,
    now: OffsetDateTime,
) -> rusqlite::Result<Option<ApprovalRow>> {
    let sql = format!("SELECT {COLUMNS} FROM approval WHERE id = ?2");
    let row =
        connection.prepare_cached(&sql)?.query_row(params![millis(now), id.as_str()], approval).optional()?;
    row.map(|row| with_answers(connection, row)).transpose()
}
