//! The connection, credential and refresh_intent tables.

use rusqlite::{Connection, OptionalExtension, Row, params};
use time::OffsetDateTime;

use super::columns::{millis, name_at, optional_time_at, time_at};
use super::writer::{Verdict, Writing};
use crate::clock::from_unix_millis;
use crate::store::Line;
use crate::store::connection::{
    ConcernRow, ConnectionId, ConnectionStore, CredentialRow, GrantEnd, KnownConnectionRow, Moved,
    NewConnection, RefreshBegun, RowStatus,
};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

const SELECT: &str = "
    SELECT c.id, c.name, c.service, c.account, c.asked, c.client_id, c.client_secret, c.status, c.connected_at,
           t.generation, t.access, t.refresh, t.obtained_at, t.expires_at, coalesce(t.scopes, c.scopes) AS scopes,
           t.grant_began_at, t.grant_ends_at,
           (SELECT json_group_array(says) FROM concern WHERE concern.connection = c.id) AS concerns
    FROM connection c
    JOIN credential t ON t.connection = c.id AND t.generation = c.generation";

impl ConnectionStore for SqliteStore {
    fn connected(&self, new: NewConnection, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            insert(writing.connection, &new)?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn known_connections(&self) -> Stored<'_, Vec<KnownConnectionRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(&format!("{SELECT} ORDER BY c.name"))?
                    .query_map([], known)?
                    .collect()
            })
        })
    }

    fn known_connection(&self, id: ConnectionId) -> Stored<'_, Option<KnownConnectionRow>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached(&format!("{SELECT} WHERE c.id = ?1"))?
                    .query_row([id.0], known)
                    .optional()
            })
        })
    }

    fn begin_refresh(
        &self,
        id: ConnectionId,
        generation: u64,
        now: OffsetDateTime,
    ) -> Stored<'_, RefreshBegun> {
        Box::pin(self.writer.write(move |writing| {
            if !is_current(writing.connection, id, generation)? {
                return Ok(Verdict::Keep(RefreshBegun::Moved));
            }
            let open: Option<i64> = writing
                .connection
                .prepare_cached(
                    "SELECT began_at FROM refresh_intent WHERE connection = ?1 AND generation = ?2",
                )?
                .query_row(params![id.0, generation], |row| row.get(0))
                .optional()?;
            if let Some(since) = open {
                return Ok(Verdict::Keep(RefreshBegun::Again { since: from_unix_millis(since) }));
            }
            writing
                .connection
                .prepare_cached(
                    "REPLACE INTO refresh_intent (connection, generation, began_at) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![id.0, generation, millis(now)])?;
            Ok(Verdict::Keep(RefreshBegun::First))
        }))
    }

    fn refreshed(&self, id: ConnectionId, from: u64, next: CredentialRow, event: Line) -> Stored<'_, Moved> {
        Box::pin(self.writer.write(move |writing| {
            let changed = writing
                .connection
                .prepare_cached(
                    "UPDATE connection SET generation = ?3
                     WHERE id = ?1 AND generation = ?2 AND status <> 'disconnecting'",
                )?
                .execute(params![id.0, from, next.generation])?;
            if changed == 0 {
                return Ok(Verdict::Undo(Moved::Superseded));
            }
            insert_credential(writing.connection, id, &next)?;
            writing
                .connection
                .prepare_cached("DELETE FROM credential WHERE connection = ?1 AND generation < ?2")?
                .execute(params![id.0, from])?;
            end_intent(writing, id, from)?;
            writing.append(&event)?;
            Ok(Verdict::Keep(Moved::Done))
        }))
    }

    fn refresh_came_to_nothing(&self, id: ConnectionId, generation: u64) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| end_intent(writing, id, generation).map(Verdict::Keep)))
    }

    fn needs_reconnect(
        &self,
        id: ConnectionId,
        generation: u64,
        concern: ConcernRow,
        event: Line,
    ) -> Stored<'_, Moved> {
        Box::pin(self.writer.write(move |writing| {
            let changed = writing
                .connection
                .prepare_cached(
                    "UPDATE connection SET status = 'needs-reconnect'
                     WHERE id = ?1 AND generation = ?2 AND status = 'healthy'",
                )?
                .execute(params![id.0, generation])?;
            if changed == 0 {
                return Ok(Verdict::Undo(Moved::Superseded));
            }
            end_intent(writing, id, generation)?;
            keep_concern(writing.connection, id, &concern, concern.at)?;
            writing.append(&event)?;
            Ok(Verdict::Keep(Moved::Done))
        }))
    }

    fn concern_began(
        &self,
        id: ConnectionId,
        concern: ConcernRow,
        again: OffsetDateTime,
        event: Line,
    ) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            if keep_concern(writing.connection, id, &concern, again)? > 0 {
                writing.append(&event)?;
            }
            Ok(Verdict::Keep(()))
        }))
    }

    fn concerns_over(&self, id: ConnectionId, kinds: &'static [&'static str]) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            for kind in kinds {
                writing
                    .connection
                    .prepare_cached("DELETE FROM concern WHERE connection = ?1 AND kind = ?2")?
                    .execute(params![id.0, kind])?;
            }
            Ok(Verdict::Keep(()))
        }))
    }

    fn begin_disconnect(&self, id: ConnectionId, event: Line) -> Stored<'_, Moved> {
        Box::pin(self.writer.write(move |writing| {
            let changed = writing
                .connection
                .prepare_cached("UPDATE connection SET status = 'disconnecting' WHERE id = ?1")?
                .execute([id.0])?;
            if changed == 0 {
                return Ok(Verdict::Undo(Moved::Superseded));
            }
            writing.append(&event)?;
            Ok(Verdict::Keep(Moved::Done))
        }))
    }

    fn forgotten(&self, id: ConnectionId, event: Line) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing.connection.prepare_cached("DELETE FROM connection WHERE id = ?1")?.execute([id.0])?;
            writing.append(&event)?;
            Ok(Verdict::Keep(()))
        }))
    }
}

fn insert(connection: &Connection, new: &NewConnection) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM connection WHERE name = ?1")?.execute([new.name.as_str()])?;
    connection
        .prepare_cached(
            "INSERT INTO connection
                 (id, name, service, account, scopes, asked, client_id, client_secret, status, generation,
                  connected_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'healthy', ?9, ?10)",
        )?
        .execute(params![
            new.id.0,
            new.name.as_str(),
            new.service.as_str(),
            new.account.as_str(),
            new.credential.scopes.join(" "),
            new.asked.join(" "),
            new.client_id,
            new.client_secret,
            new.credential.generation,
            millis(new.connected),
        ])?;
    insert_credential(connection, new.id, &new.credential)
}

fn insert_credential(connection: &Connection, id: ConnectionId, row: &CredentialRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO credential
                 (connection, generation, access, refresh, obtained_at, expires_at, scopes, grant_began_at,
                  grant_ends_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            id.0,
            row.generation,
            row.access,
            row.refresh,
            millis(row.obtained),
            row.expires.map(millis),
            row.scopes.join(" "),
            row.grant.map(|grant| millis(grant.began)),
            row.grant.map(|grant| millis(grant.ends)),
        ])?;
    Ok(())
}

/// Stores a concern. Returns how many rows that made or renewed: none if the connection is gone, or if a concern of its
/// kind is there that is not older than `again`.
fn keep_concern(
    connection: &Connection,
    id: ConnectionId,
    concern: &ConcernRow,
    again: OffsetDateTime,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO concern (connection, kind, says, at)
             SELECT id, ?2, ?3, ?4 FROM connection WHERE id = ?1
             ON CONFLICT (connection, kind) DO UPDATE SET says = excluded.says, at = excluded.at
             WHERE concern.at < ?5",
        )?
        .execute(params![id.0, concern.kind, concern.says, millis(concern.at), millis(again)])
}

fn end_intent(writing: &Writing<'_>, id: ConnectionId, generation: u64) -> rusqlite::Result<()> {
    writing
        .connection
        .prepare_cached("DELETE FROM refresh_intent WHERE connection = ?1 AND generation = ?2")?
        .execute(params![id.0, generation])?;
    Ok(())
}

/// Whether this generation is the current one of a connection that may be refreshed.
fn is_current(connection: &Connection, id: ConnectionId, generation: u64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM connection WHERE id = ?1 AND generation = ?2 AND status = 'healthy'")?
        .exists(params![id.0, generation])
}

fn known(row: &Row<'_>) -> rusqlite::Result<KnownConnectionRow> {
    let split = |scopes: String| scopes.split_whitespace().map(String::from).collect::<Vec<_>>();
    let times = (optional_time_at(row, "grant_began_at")?, optional_time_at(row, "grant_ends_at")?);
    let concerns: String = row.get("concerns")?;
    Ok(KnownConnectionRow {
        id: ConnectionId(row.get("id")?),
        name: name_at(row, "name")?,
        service: name_at(row, "service")?,
        account: name_at(row, "account")?,
        asked: row.get::<_, Option<String>>("asked")?.map(split),
        client_id: row.get("client_id")?,
        client_secret: row.get("client_secret")?,
        status: match row.get::<_, String>("status")?.as_str() {
            "healthy" => RowStatus::Healthy,
            "disconnecting" => RowStatus::Disconnecting,
            _ => RowStatus::NeedsReconnect,
        },
        connected: time_at(row, "connected_at")?,
        credential: CredentialRow {
            generation: row.get("generation")?,
            access: row.get("access")?,
            refresh: row.get("refresh")?,
            obtained: time_at(row, "obtained_at")?,
            expires: optional_time_at(row, "expires_at")?,
            scopes: split(row.get("scopes")?),
            grant: times.0.zip(times.1).map(|(began, ends)| GrantEnd { began, ends }),
        },
        // Only this program writes this text. If it cannot be read, it counts as if nobody had been told.
        concerns: serde_json::from_str(&concerns).unwrap_or_default(),
    })
}
