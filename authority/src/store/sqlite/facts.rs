//! The tables of facts: one row a decision, with the number of its record, and one row a pass.

use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;

use super::columns::millis;
use super::writer::Verdict;
use crate::audit::line::FactsRow;
use crate::store::facts::FactsStore;
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;
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
            // Records are ordered by time, so the first one that is young enough ends the search.
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

/// Forgets the facts of records that were moved to a file.
pub(super) fn forget_upto(connection: &Connection, base: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM decision_facts WHERE seq <= ?1")?.execute([base]).map(|_| ())
}
