//! The approval tables: questions, and the signed answers to them.
//!
//! A question's deadline is compared with the caller's time. If an open question is past its deadline, it is expired,
//! even if nobody has written that yet. `question` decides what becomes of a question. The result is stored only if the
//! version and the state are still those that were read.

use datalog::{ApprovalId, ApproverName, RevocationId};
use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;

use super::approval_put::{barred, holder, put};
use super::approval_row::{COLUMNS, approval, one, reach_word, with_said, word, write_said};
use super::columns::{millis, name_at, time_at};
use super::writer::{Verdict, Writing};
use crate::question::{Happening, Next};
use crate::store::Line;
use crate::store::approval::{
    Answer, AnswerTaken, ApprovalQuery, ApprovalReach, ApprovalRow, ApprovalStatus, ApprovalStore,
    ApproverRow, Bar, Bounds, NewApproval, Put, Question, Says, Written,
};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::{Stored, Use};

impl ApprovalStore for SqliteStore {
    fn asked(&self, ask: NewApproval, bounds: Bounds, event: Line) -> Stored<'_, Put> {
        Box::pin(self.writer.write(move |writing| put(writing, &ask, bounds, &event)))
    }

    fn approvals(&self, query: ApprovalQuery) -> Stored<'_, Vec<ApprovalRow>> {
        Box::pin(async move {
            self.read(|connection| {
                let sql = format!(
                    "SELECT * FROM (SELECT {COLUMNS}, holder, rowid AS at_row FROM approval)
                     WHERE (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR holder = ?3)
                       AND (?4 IS NULL OR instr(' ' || lineage || ' ', ' ' || ?4 || ' ') > 0)
                     ORDER BY asked_at DESC, at_row DESC LIMIT ?5"
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
                rows.into_iter().map(|row| with_said(connection, row)).collect()
            })
        })
    }

    fn approval<'a>(&'a self, id: &'a ApprovalId, now: OffsetDateTime) -> Stored<'a, Option<ApprovalRow>> {
        Box::pin(async move { self.read(|connection| one(connection, id, now)) })
    }

    fn answered(&self, id: ApprovalId, answer: Answer, written: Written) -> Stored<'_, AnswerTaken> {
        Box::pin(self.writer.write(move |writing| {
            let taken = answer_one(writing, &id, &answer, &written)?;
            Ok(match taken {
                AnswerTaken::Done(_) | AnswerTaken::TooLate(_) => Verdict::Keep(taken),
                _ => Verdict::Undo(taken),
            })
        }))
    }

    fn approval_returned(&self, id: ApprovalId) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let connection = writing.connection;
            // The row is read without a time, because an ended question is closed when it is read at a time.
            let Some(row) = one(connection, &id, OffsetDateTime::UNIX_EPOCH)? else {
                return Ok(Verdict::Keep(()));
            };
            // If the same request was asked about again meanwhile, only that question counts.
            let stands = is_open(row.question.status) || !has_another(connection, &row)?;
            let next = row.question.after(&Happening::Returned);
            if let (true, Ok(Next::Now(next) | Next::TooLate(next))) = (stands, next) {
                keep(connection, &row, &next)?;
            }
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

    fn approver_retired(&self, name: ApproverName, until: OffsetDateTime, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let connection = writing.connection;
            connection
                .prepare_cached("UPDATE approver SET seed = NULL WHERE name = ?1")?
                .execute([name.as_str()])?;
            for row in said_by(connection, &name)? {
                let retired = Happening::Retired { by: name.clone(), until };
                if let Ok(Next::Now(next) | Next::TooLate(next)) = row.question.after(&retired) {
                    keep(connection, &row, &next)?;
                }
            }
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn retired_approvers(&self) -> Stored<'_, Vec<ApproverName>> {
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached(
                        "SELECT DISTINCT record ->> '$.approver' AS name FROM audit
                         WHERE instr(record, 'approver-retired') > 0 AND record ->> '$.event' = 'approver-retired'
                           AND record ->> '$.approver' IS NOT NULL",
                    )?
                    .query_map([], |row| name_at(row, "name"))?
                    .collect()
            })
        })
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

/// Uses up this approval once for this request. Returns whether the approval was good for it.
pub(super) fn use_up(connection: &Connection, Use { id, digest, alike, at }: &Use) -> rusqlite::Result<bool> {
    let Some(row) = one(connection, id, *at)? else { return Ok(false) };
    let is_for_it = row.digest == *digest
        || (row.question.reach == Some(ApprovalReach::Alike) && row.alike.is_some() && row.alike == *alike);
    match row.question.after(&Happening::Used { at: *at }) {
        Ok(Next::Now(next)) if is_for_it => keep(connection, &row, &next),
        _ => Ok(false),
    }
}

fn answer_one(
    writing: &mut Writing<'_>,
    id: &ApprovalId,
    answer: &Answer,
    written: &Written,
) -> rusqlite::Result<AnswerTaken> {
    let Some(row) = one(writing.connection, id, answer.at)? else { return Ok(AnswerTaken::NotFound) };
    if !is_trusted(writing.connection, &answer.by)? {
        return Ok(AnswerTaken::Retired);
    }
    let next = match row.question.after(&Happening::Answered(answer.clone())) {
        Ok(next) => next,
        Err(refused) => return Ok(AnswerTaken::Refused(refused, Box::new(row))),
    };
    let (Next::Now(question) | Next::TooLate(question)) = &next;
    if !keep(writing.connection, &row, question)? {
        return Err(rusqlite::Error::StatementChangedRows(0));
    }
    let row = ApprovalRow { question: question.clone(), ..row };
    writing.append(&written(&row))?;
    if matches!(next, Next::TooLate(_)) {
        return Ok(AnswerTaken::TooLate(Box::new(row)));
    }
    match &answer.says {
        Says::No { because, .. } => {
            for other in barred(writing.connection, &row)? {
                // This no is for one question alone. If a person takes a no back, that is about one question too.
                let says = Says::No { because: because.clone(), bar: Bar::Exact };
                let with = Answer { seen: None, says, ..answer.clone() };
                if let Ok(Next::Now(next)) = other.question.after(&Happening::Answered(with)) {
                    keep(writing.connection, &other, &next)?;
                    writing.append(&written(&ApprovalRow { question: next, ..other }))?;
                }
            }
        }
        Says::Yes { .. } if row.question.reach == Some(ApprovalReach::Alike) => {
            cover(writing.connection, &row, answer.at)?;
        }
        Says::Yes { .. } | Says::Reopen { .. } => {}
    }
    Ok(AnswerTaken::Done(Box::new(row)))
}

/// Stores the new state, if the row is still exactly as it was read. Returns whether it was.
fn keep(connection: &Connection, row: &ApprovalRow, next: &Question) -> rusqlite::Result<bool> {
    let before = &row.question;
    let settled = matches!(next.status, ApprovalStatus::Used | ApprovalStatus::Covered);
    let changed = connection
        .prepare_cached(
            "UPDATE approval
             SET version = ?4, state = ?5, reach = ?6, uses_left = ?7, uses = ?8, expires_at = ?9,
                 shown = CASE WHEN ?10 THEN NULL ELSE shown END
             WHERE id = ?1 AND version = ?2 AND state = ?3 AND uses = ?11",
        )?
        .execute(params![
            row.id.as_str(),
            before.version,
            word(before.status),
            next.version,
            word(next.status),
            next.reach.map(reach_word),
            next.uses_left,
            next.uses,
            millis(next.expires),
            settled,
            before.uses,
        ])?;
    if changed == 1 && next.said != before.said {
        write_said(connection, &row.id, &next.said)?;
    }
    Ok(changed == 1)
}

/// Lets the answer to `row` cover similar waiting questions.
fn cover(connection: &Connection, row: &ApprovalRow, now: OffsetDateTime) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval
         WHERE holder = ?2 AND alike = ?3 AND state = 'pending' AND expires_at > ?1 AND id <> ?4"
    );
    let all: Vec<ApprovalRow> = connection
        .prepare_cached(&sql)?
        .query_map(params![millis(now), holder(&row.lineage), row.alike, row.id.as_str()], approval)?
        .collect::<rusqlite::Result<_>>()?;
    for other in all {
        let other = with_said(connection, other)?;
        if let Ok(Next::Now(next)) = other.question.after(&Happening::Covered) {
            keep(connection, &other, &next)?;
        }
    }
    Ok(())
}

/// Returns the open questions that this approver has answered.
fn said_by(connection: &Connection, name: &ApproverName) -> rusqlite::Result<Vec<ApprovalRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval WHERE state IN ('pending', 'approved')
           AND id IN (SELECT approval FROM approval_said WHERE approver = ?2 AND stands = 1)"
    );
    let all: Vec<ApprovalRow> = connection
        .prepare_cached(&sql)?
        .query_map(params![0, name.as_str()], approval)?
        .collect::<rusqlite::Result<_>>()?;
    all.into_iter().map(|row| with_said(connection, row)).collect()
}

fn is_trusted(connection: &Connection, name: &ApproverName) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM approver WHERE name = ?1 AND seed IS NOT NULL")?
        .query_row([name.as_str()], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

fn is_open(status: ApprovalStatus) -> bool {
    matches!(status, ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Denied)
}

/// Whether the same request has another open question.
fn has_another(connection: &Connection, row: &ApprovalRow) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM approval WHERE holder = ?1 AND digest = ?2 AND id <> ?3
               AND state IN ('pending', 'approved', 'denied')",
        )?
        .query_row([holder(&row.lineage), &row.digest, row.id.as_str()], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}
