//! The revocation table.

use datalog::RevocationId;
use rusqlite::params;

use super::columns::{millis, parse_name};
use super::writer::Verdict;
use crate::store::Line;
use crate::store::revocation::{RevocationRow, RevocationStore};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

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
}
