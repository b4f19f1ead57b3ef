//! The table of requests that are sent once: one row for a request that is on its way, or whose outcome is open.

use datalog::RevocationId;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension, params};
use verifier::ports::{Fate, RecordId, Repeat, SentBefore};

use super::columns::{millis, time_at};
use super::writer::Verdict;
use crate::store::Line;
use crate::store::once::{LeftOpen, OnceKey, OnceStore};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

impl OnceStore for SqliteStore {
    fn sent_before<'a>(&'a self, key: &'a OnceKey) -> Stored<'a, Option<SentBefore>> {
        Box::pin(async move { self.read(|connection| stands(connection, key)) })
    }

    fn settled_once_later(
        &self,
        line: Line,
        of: u64,
        open: Option<LeftOpen>,
        then: Box<dyn FnOnce() + Send>,
    ) {
        let job = move |writing: &mut super::writer::Writing<'_>| {
            writing.append(&line)?;
            match open {
                None => {
                    writing.connection.prepare_cached("DELETE FROM sent_once WHERE seq = ?1")?.execute([of])
                }
                Some((fate, free_at)) => writing
                    .connection
                    .prepare_cached("UPDATE sent_once SET fate = ?2, free_at = ?3 WHERE seq = ?1")?
                    .execute(params![of, word(fate), millis(free_at)]),
            }
            .map(|_| ())
        };
        self.writer.write_later_and(job, then);
    }

    fn left_behind(&self) -> Stored<'_, ()> {
        Box::pin(self.writer.write_surely(|writing| {
            writing
                .connection
                .execute("UPDATE sent_once SET fate = 'unknown' WHERE fate = 'on-its-way'", [])
                .map(|_| Verdict::Keep(()))
        }))
    }
}

/// Returns the earlier request that holds this one back.
pub(super) fn stands(connection: &Connection, key: &OnceKey) -> rusqlite::Result<Option<SentBefore>> {
    connection
        .prepare_cached(
            "SELECT seq, sent_at, free_at, fate FROM sent_once
             WHERE lineage = ?1 AND (digest = ?2 OR question = ?3) AND free_at > ?4 AND NOT (?5 AND digest = ?2)
             ORDER BY free_at DESC LIMIT 1",
        )?
        .query_row(
            params![
                key.lineage.as_str(),
                key.same.digest.hex(),
                key.same.question.hex(),
                millis(key.now),
                key.repeat == Repeat::UnderItsKey,
            ],
            |row| {
                Ok(SentBefore {
                    record: RecordId(row.get("seq")?),
                    at: time_at(row, "sent_at")?,
                    free_at: time_at(row, "free_at")?,
                    fate: fate(&row.get::<_, String>("fate")?)?,
                })
            },
        )
        .optional()
}

/// Stores a request. It replaces one that was free to go again, and one with the same key. All rows that are free to go
/// again are deleted.
pub(super) fn put(connection: &Connection, key: &OnceKey, seq: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM sent_once WHERE free_at <= ?1")?.execute([millis(key.now)])?;
    let lineage: &RevocationId = &key.lineage;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO sent_once (lineage, digest, question, seq, sent_at, free_at, fate)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'on-its-way')",
        )?
        .execute(params![
            lineage.as_str(),
            key.same.digest.hex(),
            key.same.question.hex(),
            seq,
            millis(key.now),
            millis(key.until)
        ])
        .map(|_| ())
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::OnItsWay => "on-its-way",
        Fate::Unknown => "unknown",
        Fate::CarriedOut => "carried-out",
    }
}

fn fate(word: &str) -> rusqlite::Result<Fate> {
    match word {
        "on-its-way" => Ok(Fate::OnItsWay),
        "unknown" => Ok(Fate::Unknown),
        "carried-out" => Ok(Fate::CarriedOut),
        _ => {
            Err(rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(FromSqlError::InvalidType)))
        }
    }
}
