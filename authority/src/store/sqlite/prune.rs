//! Deletes the rows of ended passes, in all tables that hold them.

use rusqlite::{Connection, params};
use time::OffsetDateTime;

use super::budget_cache::Change;
use super::columns::millis;
use super::writer::Verdict;
use crate::store::prune::{PruneStore, Pruned};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

impl PruneStore for SqliteStore {
    fn pruned(&self, before: OffsetDateTime, most: u32) -> Stored<'_, Pruned> {
        let before = millis(before);
        Box::pin(self.writer.write(move |writing| {
            writing.budget(Change::AllUnknown);
            let connection = writing.connection;
            let mut pruned = Pruned::default();
            for id in ended(connection, before, most)? {
                pruned.passes += run(connection, "DELETE FROM pass WHERE id = ?1", params![id])?;
                pruned.revocations += run(connection, "DELETE FROM revocation WHERE id = ?1", params![id])?;
                // A budget's key is the pass's id, a slash and a name. In ASCII the zero comes right after the slash,
                // so it ends the range.
                let range = params![format!("{id}/"), format!("{id}0")];
                pruned.budgets += run(connection, "DELETE FROM budget WHERE key > ?1 AND key < ?2", range)?;
            }
            pruned.revocations += run(
                connection,
                "DELETE FROM revocation
                 WHERE id NOT GLOB 'p[_]*' AND revoked_at < ?1
                   AND NOT EXISTS (SELECT 1 FROM pass WHERE pass.created_at <= revocation.revoked_at)",
                params![before],
            )?;
            Ok(Verdict::Keep(pruned))
        }))
    }
}

fn ended(connection: &Connection, before: i64, most: u32) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT id FROM pass WHERE expires_at < ?1 LIMIT ?2")?
        .query_map(params![before, most], |row| row.get(0))?
        .collect()
}

fn run(connection: &Connection, sql: &'static str, values: impl rusqlite::Params) -> rusqlite::Result<u64> {
    Ok(connection.prepare_cached(sql)?.execute(values)? as u64)
}
