//! The table of single stops, which is named `suspension`, and the setting with the emergency stop.

use datalog::{ConnectionName, RevocationId};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::columns::{millis, parse_name, time_at};
use super::writer::Verdict;
use crate::clock::from_unix_millis;
use crate::stopped::{EmergencyStop, Stop, StopTarget};
use crate::store::Line;
use crate::store::sqlite::store::SqliteStore;
use crate::store::stop::StopStore;
use crate::store::stored::Stored;

impl StopStore for SqliteStore {
    fn stopped(&self, stop: EmergencyStop, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let kept = Kept { at: stop.since.map(millis), because: stop.because.clone() };
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

    fn emergency_stop(&self) -> Stored<'_, Option<EmergencyStop>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached("SELECT value FROM setting WHERE name = 'stopped'")?
                    .query_row([], |row| row.get::<_, Vec<u8>>(0))
                    .optional()
                    .map(|kept| kept.map(|kept| emergency_stop(&kept)))
            })
        })
    }

    fn stopped_one(&self, stop: Stop, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let (kind, name) = key(&stop.target);
            writing
                .connection
                .prepare_cached(
                    "INSERT INTO suspension (kind, name, because, suspended_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (kind, name) DO NOTHING",
                )?
                .execute(params![kind, name, stop.because, millis(stop.since)])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn resumed_one(&self, target: StopTarget, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let (kind, name) = key(&target);
            writing
                .connection
                .prepare_cached("DELETE FROM suspension WHERE kind = ?1 AND name = ?2")?
                .execute([kind, name])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn single_stops(&self) -> Stored<'_, Vec<Stop>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT kind, name, because, suspended_at FROM suspension ORDER BY suspended_at",
                    )?
                    .query_map([], |row| {
                        let name: String = row.get("name")?;
                        let target = match row.get::<_, String>("kind")?.as_str() {
                            "pass" => StopTarget::Pass(parse_name::<RevocationId>(&name)?),
                            "connection" => StopTarget::Connection(parse_name::<ConnectionName>(&name)?),
                            _ => StopTarget::Task(name),
                        };
                        Ok(Stop {
                            target,
                            because: row.get("because")?,
                            since: time_at(row, "suspended_at")?,
                        })
                    })?
                    .collect()
            })
        })
    }
}

fn key(target: &StopTarget) -> (&'static str, &str) {
    match target {
        StopTarget::Pass(id) => ("pass", id.as_str()),
        StopTarget::Task(task) => ("task", task),
        StopTarget::Connection(name) => ("connection", name.as_str()),
    }
}

/// The stop of everything, as it is in the settings. If the row exists, the stop holds, whatever the value is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    at: Option<i64>,
    because: Option<String>,
}

fn emergency_stop(kept: &[u8]) -> EmergencyStop {
    let Kept { at, because } = serde_json::from_slice(kept).unwrap_or_default();
    EmergencyStop { since: at.map(from_unix_millis), because }
}
