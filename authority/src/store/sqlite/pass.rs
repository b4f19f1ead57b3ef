//! The pass table.

use datalog::{ConnectionName, PassId};
use rusqlite::{OptionalExtension as _, Row, params};

use super::budget;
use super::columns::{millis, name_at, parse_name, time_at};
use super::writer::Verdict;
use crate::store::Line;
use crate::store::pass::{PassQuery, PassRow, PassStore, PassWords};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

impl PassStore for SqliteStore {
    fn minted(&self, pass: PassRow, says: PassWords, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let connections: Vec<&str> = pass.connections.iter().map(ConnectionName::as_str).collect();
            writing
                .connection
                .prepare_cached(
                    "INSERT INTO pass (id, task, created_at, expires_at, connections, root_key, says)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    pass.id.as_str(),
                    pass.task,
                    millis(pass.created),
                    millis(pass.expires),
                    connections.join(" "),
                    pass.root_key,
                    says.0,
                ])?;
            writing.append(&event)?;
            budget::prune(writing, pass.created)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn pass<'a>(&'a self, id: &'a PassId) -> Stored<'a, Option<(PassRow, Option<PassWords>)>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT p.id, p.task, p.created_at, p.expires_at, p.connections, p.root_key, p.says,
                                r.id IS NOT NULL AS is_revoked
                         FROM pass p LEFT JOIN revocation r ON r.id = p.id WHERE p.id = ?1",
                    )?
                    .query_row([id.as_str()], |row| {
                        Ok((pass(row)?, row.get::<_, Option<String>>("says")?.map(PassWords)))
                    })
                    .optional()
            })
        })
    }

    fn passes(&self, query: PassQuery) -> Stored<'_, Vec<PassRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT p.id, p.task, p.created_at, p.expires_at, p.connections, p.root_key,
                                r.id IS NOT NULL AS is_revoked
                         FROM pass p LEFT JOIN revocation r ON r.id = p.id
                         WHERE (?1 IS NULL OR instr(' ' || p.connections || ' ', ' ' || ?1 || ' ') > 0)
                           AND (?2 IS NULL OR (r.id IS NOT NULL) = ?2)
                           AND (?3 IS NULL OR p.expires_at > ?3)
                           AND (?4 IS NULL OR p.expires_at <= ?4)
                         ORDER BY p.created_at DESC, p.rowid DESC LIMIT ?5",
                    )?
                    .query_map(
                        params![
                            query.connection.as_ref().map(ConnectionName::as_str),
                            query.revoked,
                            query.ends_after.map(millis),
                            query.ends_before.map(millis),
                            query.limit,
                        ],
                        pass,
                    )?
                    .collect()
            })
        })
    }

    fn passes_that_begin<'a>(&'a self, beginning: &'a str) -> Stored<'a, Vec<PassId>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT id FROM pass WHERE substr(id, 1, length(?1)) = ?1 ORDER BY rowid DESC LIMIT 4",
                    )?
                    .query_map([beginning], |row| name_at(row, "id"))?
                    .collect()
            })
        })
    }

    fn known_passes<'a>(&'a self, ids: &'a [String]) -> Stored<'a, Vec<String>> {
        Box::pin(async move {
            self.read(|connection| {
                let mut select = connection.prepare_cached("SELECT 1 FROM pass WHERE id = ?1")?;
                let mut known = Vec::new();
                for id in ids {
                    if select.exists([id])? {
                        known.push(id.clone());
                    }
                }
                Ok(known)
            })
        })
    }
}

fn pass(row: &Row<'_>) -> rusqlite::Result<PassRow> {
    let connections: String = row.get("connections")?;
    Ok(PassRow {
        id: name_at(row, "id")?,
        task: row.get("task")?,
        created: time_at(row, "created_at")?,
        expires: time_at(row, "expires_at")?,
        connections: connections.split_whitespace().map(parse_name).collect::<rusqlite::Result<_>>()?,
        root_key: row.get("root_key")?,
        is_revoked: row.get("is_revoked")?,
    })
}
