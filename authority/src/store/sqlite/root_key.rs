//! The root_key table, and the value that identifies the vault key.

use rusqlite::{Row, params};

use super::columns::{millis, time_at};
use super::writer::Verdict;
use crate::store::Line;
use crate::store::root_key::{RootKeyRow, RootKeyStore};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;
use crate::vault::Sealed;

impl RootKeyStore for SqliteStore {
    fn root_created(&self, key: RootKeyRow, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute(
                "INSERT INTO root_key (id, public, seed, created_at, retired) VALUES (?1, ?2, ?3, ?4, 0)",
                params![key.id, key.public, key.seed, millis(key.created)],
            )?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn root_retired(&self, id: u32, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute("UPDATE root_key SET retired = 1, seed = NULL WHERE id = ?1", [id])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn root_keys(&self) -> Stored<'_, Vec<RootKeyRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached("SELECT id, public, seed, created_at, retired FROM root_key ORDER BY id")?
                    .query_map([], root_key)?
                    .collect()
            })
        })
    }

    fn vault_check(&self, first: Sealed) -> Stored<'_, Sealed> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute(
                "INSERT INTO setting (name, value) VALUES ('vault_check', ?1) ON CONFLICT (name) DO NOTHING",
                [&first],
            )?;
            writing
                .connection
                .query_row("SELECT value FROM setting WHERE name = 'vault_check'", [], |row| row.get(0))
                .map(Verdict::Keep)
        }))
    }
}

fn root_key(row: &Row<'_>) -> rusqlite::Result<RootKeyRow> {
    Ok(RootKeyRow {
        id: row.get("id")?,
        public: row.get("public")?,
        seed: row.get("seed")?,
        created: time_at(row, "created_at")?,
        is_retired: row.get("retired")?,
    })
}
