//! The audit table: the chain's end in memory, its links on disk.
//!
//! Only the writer appends, so the end that it holds is the real end.

use datalog::{ConnectionName, RevocationId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::millis;
use super::writer::Verdict;
use crate::app::LogQuery;
use crate::store::audit::AuditStore;
use crate::store::sqlite::chain::end;
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;
use crate::store::{ChainLink, Line, StoredRecord};

pub(crate) const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

impl AuditStore for SqliteStore {
    fn append(&self, line: Line) -> Stored<'_, u64> {
        Box::pin(self.writer.write_surely(move |writing| writing.append(&line).map(Verdict::Keep)))
    }

    fn append_later(&self, line: Line) {
        self.writer.write_once_later(move |writing| writing.append(&line).map(|_| ()));
    }

    fn settle(&self) -> Stored<'_, ()> {
        Box::pin(self.writer.write_surely(|_| Ok(Verdict::Keep(()))))
    }

    fn records(&self, query: LogQuery) -> Stored<'_, Vec<StoredRecord>> {
        Box::pin(async move { self.read_log(|connection| records(connection, &query)) })
    }

    fn record(&self, seq: u64) -> Stored<'_, Option<StoredRecord>> {
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached("SELECT seq, record, hash FROM audit WHERE seq = ?1")?
                    .query_row([seq], stored)
                    .optional()
            })
        })
    }

    fn outcome_of(&self, seq: u64) -> Stored<'_, Option<StoredRecord>> {
        // The search begins at the intent, because an outcome is seldom far behind it.
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached(
                        "SELECT seq, record, hash FROM audit WHERE seq > ?1 AND record ->> '$.of' = ?1
                         ORDER BY seq LIMIT 1",
                    )?
                    .query_row([seq], stored)
                    .optional()
            })
        })
    }

    fn chain_after(&self, seq: u64, limit: u32) -> Stored<'_, Vec<StoredRecord>> {
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached(
                        "SELECT seq, record, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                    )?
                    .query_map(params![seq, limit], stored)?
                    .collect()
            })
        })
    }

    fn chain_end(&self) -> Stored<'_, ChainLink> {
        Box::pin(async move { self.read(end) })
    }

    fn head(&self) -> tokio::sync::watch::Receiver<u64> {
        self.writer.head()
    }
}

/// Finds records. An outcome is found by what its intent says.
fn records(connection: &Connection, query: &LogQuery) -> rusqlite::Result<Vec<StoredRecord>> {
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT a.seq, a.record, a.hash
         FROM audit a LEFT JOIN audit i ON i.seq = a.record ->> '$.of'
         WHERE a.seq > ?1
           AND (?2 IS NULL OR a.record ->> '$.kind' = ?2)
           AND (?3 IS NULL OR coalesce(i.record, a.record) ->> '$.decision' = ?3)
           AND (?4 IS NULL OR coalesce(i.record, a.record) ->> '$.connection' = ?4)
           AND (?5 IS NULL OR coalesce(i.record, a.record) ->> '$.operation' GLOB ?5)
           AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(coalesce(i.record, a.record), '$.lineage') WHERE value = ?6))
           AND (?7 IS NULL OR unixepoch(a.record ->> '$.at', 'subsec') >= ?7)
           AND (?8 IS NULL OR unixepoch(a.record ->> '$.at', 'subsec') < ?8)
           AND (?10 IS NULL OR (coalesce(i.record, a.record) ->> '$.method' IS NOT NULL
                AND coalesce(coalesce(i.record, a.record) ->> '$.mode', 'base-url') = ?10))
         ORDER BY a.seq {order} LIMIT ?9"
    );
    let mut found: Vec<StoredRecord> = connection
        .prepare_cached(&sql)?
        .query_map(
            params![
                query.after.unwrap_or(0),
                query.kind,
                query.decision,
                query.connection.as_ref().map(ConnectionName::as_str),
                query.operation.as_deref().map(glob),
                query.pass.as_ref().map(RevocationId::as_str),
                query.since.map(seconds),
                query.until.map(seconds),
                query.limit.unwrap_or(LIMIT).min(LIMIT_MAX),
                query.mode,
            ],
            stored,
        )?
        .collect::<rusqlite::Result<_>>()?;
    if query.after.is_none() {
        found.reverse();
    }
    Ok(found)
}

/// Returns seconds since 1970 with their fraction to the millisecond, as SQLite's `subsec` counts.
pub(super) fn seconds(time: time::OffsetDateTime) -> f64 {
    millis(time) as f64 / 1_000.0
}

/// Returns a pattern for GLOB. Only `*` is special in ours; GLOB has two more special characters.
fn glob(pattern: &str) -> String {
    pattern.replace('[', "[[]").replace('?', "[?]")
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord { seq: row.get(0)?, text: row.get(1)?, hash: row.get(2)? })
}
