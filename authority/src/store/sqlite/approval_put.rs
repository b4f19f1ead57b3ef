//! Puts a question. It finds an identical one again. After a no it does not ask again in other words.
//!
//! A no holds for the pass and everything attenuated from it, so a holder gets no new question by making a child. A no
//! to people bars every request that reaches all of them by the same operation, whatever it says. If an answer and a no
//! contradict each other, the later one holds.

use datalog::{ApproverName, RevocationId};
use rusqlite::{Connection, params};
use time::OffsetDateTime;

use super::approval_row::{COLUMNS, approval, one, with_said, word};
use super::columns::millis;
use super::writer::{Verdict, Writing};
use crate::question::Question;
use crate::store::Line;
use crate::store::approval::{ApprovalRow, ApprovalStatus, Bar, Bounds, NewApproval, Put, Word};

/// For how many days a settled question is kept, without the part that an approver saw.
const KEPT: time::Duration = time::Duration::days(7);

pub(super) fn put(
    writing: &mut Writing<'_>,
    ask: &NewApproval,
    bounds: Bounds,
    event: &Line,
) -> rusqlite::Result<Verdict<Put>> {
    close_ended(writing.connection, ask.asked)?;
    if let Some(found) = find(writing.connection, ask)? {
        return Ok(Verdict::Keep(found));
    }
    let root = ask.lineage.first().map(RevocationId::as_str);
    let waiting: u64 = waiting(writing.connection, root)?;
    let in_all: u64 = waiting_in_all(writing.connection)?;
    if waiting >= u64::from(bounds.of_pass) || in_all >= u64::from(bounds.of_all) {
        return Ok(Verdict::Keep(Put::TooMany { waiting: waiting.max(1) }));
    }
    insert(writing.connection, ask)?;
    writing.append(event)?;
    let row = one(writing.connection, &ask.id, ask.asked)?;
    Ok(Verdict::Keep(Put::New(row.ok_or(rusqlite::Error::QueryReturnedNoRows)?)))
}

/// Finds what answers a question. The request's own question comes first. After that, a no that bars it and a yes that
/// covers it count, and the later of the two holds.
fn find(connection: &Connection, ask: &NewApproval) -> rusqlite::Result<Option<Put>> {
    let holder = holder(&ask.lineage);
    let open = open_of(connection, ask)?;
    let own = |row: &&ApprovalRow| row.digest == ask.digest && self::holder(&row.lineage) == holder;
    if let Some(row) = open.iter().find(own) {
        return Ok(Some(Put::Found(row.clone())));
    }
    let no = open.iter().filter(|row| bars(row, &ask.digest, &ask.people)).max_by_key(|row| decided(row));
    let covers = |row: &&ApprovalRow| {
        row.question.status == ApprovalStatus::Approved
            && row.question.reach == Some(crate::store::approval::ApprovalReach::Alike)
            && row.alike.is_some()
            && row.alike == ask.alike
            && self::holder(&row.lineage) == holder
    };
    let yes = open.iter().filter(covers).max_by_key(|row| decided(row));
    Ok(match (no, yes) {
        (Some(no), Some(yes)) if decided(yes) > decided(no) => Some(Put::Found(yes.clone())),
        (Some(no), _) => Some(Put::Barred(no.clone())),
        (None, yes) => yes.cloned().map(Put::Found),
    })
}

/// Whether a no to this question answers a request with this digest that reaches these people.
fn bars(row: &ApprovalRow, digest: &str, people: &[String]) -> bool {
    let Some(denial) = row.question.denial() else { return false };
    let same_people = || !row.people.is_empty() && row.people.iter().all(|one| people.contains(one));
    row.digest == digest || (matches!(denial.word, Word::No { bar: Bar::People, .. }) && same_people())
}

/// Returns the open questions that a no to `row` also answers.
pub(super) fn barred(connection: &Connection, row: &ApprovalRow) -> rusqlite::Result<Vec<ApprovalRow>> {
    let waiting = |other: &ApprovalRow| {
        other.id != row.id
            && other.question.status == ApprovalStatus::Pending
            && bars(row, &other.digest, &other.people)
    };
    let since = row.question.denial().map_or(row.asked, |denial| denial.at);
    let open = open(connection, row.lineage.first(), row.connection.as_str(), &row.operation, since)?;
    Ok(open.into_iter().filter(waiting).collect())
}

/// Returns when the last statement was made that still counts.
fn decided(row: &ApprovalRow) -> Option<OffsetDateTime> {
    row.question.said.iter().filter(|said| said.stands).map(|said| said.at).max()
}

fn open_of(connection: &Connection, ask: &NewApproval) -> rusqlite::Result<Vec<ApprovalRow>> {
    open(connection, ask.lineage.first(), ask.connection.as_str(), &ask.operation, ask.asked)
}

/// Returns the questions about an operation of a pass, and of everything attenuated from it, with people's answers.
fn open(
    connection: &Connection,
    root: Option<&RevocationId>,
    name: &str,
    operation: &str,
    now: OffsetDateTime,
) -> rusqlite::Result<Vec<ApprovalRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval
         WHERE root = ?2 AND connection = ?3 AND operation = ?4 AND state IN ('pending', 'approved', 'denied')
           AND expires_at > ?1 ORDER BY rowid"
    );
    let rows: Vec<ApprovalRow> = connection
        .prepare_cached(&sql)?
        .query_map(params![millis(now), root.map(RevocationId::as_str), name, operation], approval)?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter().map(|row| with_said(connection, row)).collect()
}

pub(super) fn holder(lineage: &[RevocationId]) -> &str {
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
    let begins = Question::new(ask.needed, ask.approvers.clone(), ask.expires, ask.pass_ends);
    let approvers: Vec<&str> = begins.approvers.iter().map(ApproverName::as_str).collect();
    connection
        .prepare_cached(
            "INSERT INTO approval (id, root, holder, lineage, task, connection, operation, digest, alike, request,
                                   shown, needed, approvers, state, uses, asked_at, expires_at, pass_ends_at, people,
                                   version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
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
            begins.needed,
            approvers.join(" "),
            word(begins.status),
            begins.uses,
            millis(ask.asked),
            millis(begins.expires),
            millis(begins.pass_ends),
            ask.people.join(" "),
            begins.version,
        ])?;
    Ok(())
}
