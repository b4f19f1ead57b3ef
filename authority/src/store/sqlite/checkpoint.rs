//! The tables beside the audit log: its key, its checkpoints, its base.

use rusqlite::{Connection, Row, params};
use time::OffsetDateTime;

use super::audit::seconds;
use super::columns::{millis, time_at};
use super::facts;
use super::writer::Verdict;
use crate::audit::Checkpoint;
use crate::audit::key::AuditKeyRow;
use crate::store::checkpoint::CheckpointStore;
use crate::store::sqlite::chain::base;
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;
use crate::store::{ChainLink, Line};

impl CheckpointStore for SqliteStore {
    fn audit_key(&self, first: AuditKeyRow) -> Stored<'_, AuditKeyRow> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute(
                "INSERT INTO audit_key (id, public, seed, created_at) VALUES (1, ?1, ?2, ?3)
                 ON CONFLICT (id) DO NOTHING",
                params![first.public, first.seed, millis(first.created)],
            )?;
            let read = |row: &Row<'_>| {
                Ok(AuditKeyRow {
                    public: row.get("public")?,
                    seed: row.get("seed")?,
                    created: time_at(row, "created_at")?,
                })
            };
            writing
                .connection
                .query_row("SELECT public, seed, created_at FROM audit_key", [], read)
                .map(Verdict::Keep)
        }))
    }

    fn checkpointed(&self, checkpoint: Checkpoint) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let Checkpoint { link, at, signature } = checkpoint;
            writing
                .connection
                .prepare_cached(
                    "INSERT INTO audit_checkpoint (seq, hash, at, signature) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (seq) DO NOTHING",
                )?
                .execute(params![link.seq, link.hash, millis(at), signature])?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn checkpoints(&self, first: u64, last: u64) -> Stored<'_, Vec<Checkpoint>> {
        Box::pin(async move {
            self.read_log(|connection| {
                connection
                    .prepare_cached(
                        "SELECT seq, hash, at, signature FROM audit_checkpoint
                         WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
                    )?
                    .query_map(params![first, last], checkpoint)?
                    .collect()
            })
        })
    }

    fn log_base(&self) -> Stored<'_, ChainLink> {
        Box::pin(async move { self.read_log(base) })
    }

    fn log_period(
        &self,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Stored<'_, (Option<u64>, Option<u64>)> {
        Box::pin(async move {
            self.read_log(|connection| {
                let first = since.map(|since| {
                    edge(connection, "min(seq)", "unixepoch(record ->> '$.at', 'subsec') >= ?1", since)
                });
                let last = until.map(|until| {
                    edge(connection, "max(seq)", "unixepoch(record ->> '$.at', 'subsec') < ?1", until)
                });
                Ok((first.transpose()?.flatten(), last.transpose()?.flatten()))
            })
        })
    }

    fn log_rotated(&self, to: ChainLink, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.execute(
                "INSERT INTO audit_base (id, seq, hash) VALUES (1, ?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
                 WHERE excluded.seq > seq",
                params![to.seq, to.hash],
            )?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn forget_rotated(&self, most: u32) -> Stored<'_, u64> {
        Box::pin(self.writer.write(move |writing| {
            let base = base(writing.connection)?.seq;
            let removed = writing
                .connection
                .prepare_cached(
                    "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq <= ?1 ORDER BY seq LIMIT ?2)",
                )?
                .execute(params![base, most])?;
            writing
                .connection
                .prepare_cached("DELETE FROM audit_checkpoint WHERE seq < ?1")?
                .execute([base])?;
            facts::forget_upto(writing.connection, base)?;
            Ok(Verdict::Keep(removed as u64))
        }))
    }
}

/// Returns the outermost record for which `holds` is true at a moment. The code writes both texts; no caller gives
/// them.
fn edge(
    connection: &Connection,
    outermost: &'static str,
    holds: &'static str,
    moment: OffsetDateTime,
) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(&format!("SELECT {outermost} FROM audit WHERE {holds}"))?
        .query_row([seconds(moment)], |row| row.get(0))
}

fn checkpoint(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    let link = ChainLink { seq: row.get("seq")?, hash: row.get("hash")? };
    Ok(Checkpoint { link, at: time_at(row, "at")?, signature: row.get("signature")? })
}
