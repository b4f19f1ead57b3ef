//! The revocation table, and the emergency stop among the settings.

use datalog::RevocationId;
use rusqlite::params;

use super::SqliteStore;
use super::columns::{millis, parse_name};
use super::writer::Verdict;
use crate::store::revocation::{RevocationRow, RevocationStore};
use crate::store::{Line, Stored};

impl RevocationStore for SqliteStore {
    fn revoked(&self, revocations: Vec<(RevocationRow, Line)>) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            for (row, event) in &revocations {
                writing
                    .connection
                    .prepare_cached(
                        "INSERT INTO revocation (id, revoked_at, because) VALUES (?1, ?2, ?3)
                         ON CONFLICT (id) DO NOTHING",
                    )?
                    .execute(params![row.id.as_str(), millis(row.at), row.because])?;
                writing.append(event)?;
            }
            Ok(Verdict::Keep(()))
        }))
    }

    fn revocations(&self) -> Stored<'_, Vec<RevocationId>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached("SELECT id FROM revocation")?
                    .query_map([], |row| parse_name(&row.get::<_, String>(0)?))?
                    .collect()
            })
        })
    }

    fn stopped(&self, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute("REPLACE INTO setting (name, value) VALUES ('stopped', x'01')", [])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn resumed(&self, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute("DELETE FROM setting WHERE name = 'stopped'", [])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn is_stopped(&self) -> Stored<'_, bool> {
        Box::pin(async move {
            self.read(|connection| {
                connection.prepare_cached("SELECT 1 FROM setting WHERE name = 'stopped'")?.exists([])
            })
        })
    }
}
