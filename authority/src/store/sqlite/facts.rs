//! The tables of facts: one row a decision, numbered as its record is, and one a pass.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::SqliteStore;
use super::columns::millis;
use super::writer::Verdict;
use crate::store::facts::{Beside, FactsRow, FactsStore};
use crate::store::{Stored, WordingRow};
use crate::vault::Sealed;

impl FactsStore for SqliteStore {
    fn facts(&self, first: u64, last: u64) -> Stored<'_, Vec<FactsRow>> {
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached(
                        "SELECT seq, facts FROM decision_facts WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
                    )?
                    .query_map(params![first, last], |row| {
                        Ok(FactsRow { seq: row.get("seq")?, sealed: row.get("facts")? })
                    })?
                    .collect()
            })
        })
    }

    fn wording(&self, digest: [u8; 32]) -> Stored<'_, Option<Sealed>> {
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached("SELECT wording FROM pass_wording WHERE digest = ?1")?
                    .query_row([digest], |row| row.get("wording"))
                    .optional()
            })
        })
    }

    fn facts_forgotten(&self, before: OffsetDateTime, most: u32) -> Stored<'_, u64> {
        let before = millis(before);
        Box::pin(self.writer.write(move |writing| {
            // Records are in order of time: the first that is young enough ends what is looked at.
            let forgotten = writing
                .connection
                .prepare_cached(
                    "DELETE FROM decision_facts WHERE seq IN (
                         SELECT seq FROM decision_facts
                         WHERE seq < coalesce(
                             (SELECT seq FROM decision_facts WHERE at >= ?1 ORDER BY seq LIMIT 1),
                             (SELECT max(seq) + 1 FROM decision_facts))
                         ORDER BY seq LIMIT ?2)",
                )?
                .execute(params![before, most])?;
            writing
                .connection
                .prepare_cached("DELETE FROM pass_wording WHERE ends_at < ?1")?
                .execute([before])?;
            Ok(Verdict::Keep(forgotten as u64))
        }))
    }
}

/// Seals what is kept beside the record of this number and writes it: its SHA-256, for the record.
pub(super) fn put(connection: &Connection, seq: u64, beside: &Beside) -> rusqlite::Result<[u8; 32]> {
    let Beside { at, seal, wording } = beside;
    let sealed = seal(seq).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached("INSERT INTO decision_facts (seq, at, facts) VALUES (?1, ?2, ?3)")?
        .execute(params![seq, millis(*at), sealed])?;
    if let Some(WordingRow { digest, sealed, ends }) = wording {
        connection
            .prepare_cached(
                "INSERT INTO pass_wording (digest, wording, ends_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (digest) DO NOTHING",
            )?
            .execute(params![digest, sealed, millis(*ends)])?;
    }
    Ok(Sha256::digest(&sealed.0).into())
}

/// Forgets what stood beside records that were moved to a file.
pub(super) fn forget_upto(connection: &Connection, base: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM decision_facts WHERE seq <= ?1")?.execute([base]).map(|_| ())
}
