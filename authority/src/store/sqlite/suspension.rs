//! The suspension table.

use datalog::{ConnectionName, RevocationId};
use rusqlite::params;

use super::columns::{millis, parse_name, time_at};
use super::writer::Verdict;
use crate::store::Line;
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;
use crate::store::suspension::{Suspended, SuspensionRow, SuspensionStore};

impl SuspensionStore for SqliteStore {
    fn suspended(&self, row: SuspensionRow, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let (kind, name) = key(&row.what);
            writing
                .connection
                .prepare_cached(
                    "INSERT INTO suspension (kind, name, because, suspended_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (kind, name) DO NOTHING",
                )?
                .execute(params![kind, name, row.because, millis(row.at)])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn lifted(&self, what: Suspended, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let (kind, name) = key(&what);
            writing
                .connection
                .prepare_cached("DELETE FROM suspension WHERE kind = ?1 AND name = ?2")?
                .execute([kind, name])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn suspensions(&self) -> Stored<'_, Vec<SuspensionRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT kind, name, because, suspended_at FROM suspension ORDER BY suspended_at",
                    )?
                    .query_map([], |row| {
                        let name: String = row.get("name")?;
                        let what = match row.get::<_, String>("kind")?.as_str() {
                            "pass" => Suspended::Pass(parse_name::<RevocationId>(&name)?),
                            "connection" => Suspended::Connection(parse_name::<ConnectionName>(&name)?),
                            _ => Suspended::Task(name),
                        };
                        Ok(SuspensionRow {
                            what,
                            because: row.get("because")?,
                            at: time_at(row, "suspended_at")?,
                        })
                    })?
                    .collect()
            })
        })
    }
}

fn key(what: &Suspended) -> (&'static str, &str) {
    match what {
        Suspended::Pass(id) => ("pass", id.as_str()),
        Suspended::Task(task) => ("task", task),
        Suspended::Connection(name) => ("connection", name.as_str()),
    }
}
