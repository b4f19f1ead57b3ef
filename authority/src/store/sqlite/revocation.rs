//! The revocation table, and the emergency stop among the settings.

use datalog::RevocationId;
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::columns::{millis, parse_name};
use super::writer::Verdict;
use crate::clock::from_unix_millis;
use crate::store::Line;
use crate::store::revocation::{HaltRow, RevocationRow, RevocationStore};
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

    fn stopped(&self, row: HaltRow, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let kept = Kept { at: row.at.map(millis), because: row.because.clone() };
            // Infallible: a number and a text.
            let kept = serde_json::to_vec(&kept).unwrap_or_default();
            writing.connection.execute(
                "INSERT INTO setting (name, value) VALUES ('stopped', ?1) ON CONFLICT (name) DO NOTHING",
                [kept],
            )?;
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

    fn halt(&self) -> Stored<'_, Option<HaltRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached("SELECT value FROM setting WHERE name = 'stopped'")?
                    .query_row([], |row| row.get::<_, Vec<u8>>(0))
                    .optional()
                    .map(|kept| kept.map(|kept| halt(&kept)))
            })
        })
    }
}

/// The stop of everything, as it is in the settings. Whatever the value is, it holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    at: Option<i64>,
    because: Option<String>,
}

fn halt(kept: &[u8]) -> HaltRow {
    let Kept { at, because } = serde_json::from_slice(kept).unwrap_or_default();
    HaltRow { at: at.map(from_unix_millis), because }
}
