//! The table of the console's sessions.

use rusqlite::params;
use time::OffsetDateTime;

use super::columns::{millis, time_at};
use super::writer::Verdict;
use crate::store::session::{SessionRow, SessionStore};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

impl SessionStore for SqliteStore {
    fn session_kept(&self, row: SessionRow, oldest: OffsetDateTime) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing
                .connection
                .prepare_cached("DELETE FROM console_session WHERE began_at < ?1")?
                .execute([millis(oldest)])?;
            writing
                .connection
                .prepare_cached(
                    "INSERT INTO console_session (id, sealed, began_at, seen_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![row.id, row.sealed, millis(row.began), millis(row.seen)])?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn session_seen(&self, id: String, seen: OffsetDateTime) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing
                .connection
                .prepare_cached("UPDATE console_session SET seen_at = ?2 WHERE id = ?1")?
                .execute(params![id, millis(seen)])?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn session_ended(&self, id: String) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.prepare_cached("DELETE FROM console_session WHERE id = ?1")?.execute([&id])?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn sessions(&self) -> Stored<'_, Vec<SessionRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT id, sealed, began_at, seen_at FROM console_session ORDER BY began_at",
                    )?
                    .query_map([], |row| {
                        Ok(SessionRow {
                            id: row.get("id")?,
                            sealed: row.get("sealed")?,
                            began: time_at(row, "began_at")?,
                            seen: time_at(row, "seen_at")?,
                        })
                    })?
                    .collect()
            })
        })
    }
}
