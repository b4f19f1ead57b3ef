//! The provenance table: the ids that answers have shown to lineages, within a limit, until the lineages end.

use std::collections::BTreeSet;

use datalog::{ConnectionName, Known, Resource, RevocationId};
use rusqlite::{OptionalExtension, params};
use time::OffsetDateTime;
use verifier::ports::Learned;

use super::columns::millis;
use super::writer::{Verdict, Writing};
use crate::store::provenance::{KEPT_FOR_A_LINEAGE, ProvenanceStore};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

impl ProvenanceStore for SqliteStore {
    fn known<'a>(
        &'a self,
        lineage: &'a RevocationId,
        connection: &'a ConnectionName,
        resources: &'a [Resource],
    ) -> Stored<'a, Known> {
        Box::pin(async move {
            self.read(|database| {
                let mut select = database.prepare_cached(
                    "SELECT created FROM provenance
                     WHERE lineage = ?1 AND connection = ?2 AND kind = ?3 AND id = ?4",
                )?;
                let mut known = Known::default();
                for one in resources {
                    let key = params![lineage.as_str(), connection.as_str(), &*one.kind, one.id];
                    let created: Option<bool> = select.query_row(key, |row| row.get(0)).optional()?;
                    let Some(created) = created else { continue };
                    known.seen.insert(one.clone());
                    if created {
                        known.created.insert(one.clone());
                    }
                }
                Ok(known)
            })
        })
    }

    fn shown(&self, shown: Learned, now: OffsetDateTime) -> Stored<'_, ()> {
        Box::pin(async move {
            let known = self.known(&shown.lineage, &shown.connection, &shown.seen).await?;
            let created: BTreeSet<&Resource> = shown.created.iter().collect();
            let is_new = |one: &&Resource| match created.contains(one) {
                true => !known.created.contains(*one),
                false => !known.seen.contains(*one),
            };
            let new: Vec<(Resource, bool)> =
                shown.seen.iter().filter(is_new).map(|one| (one.clone(), created.contains(one))).collect();
            // Most answers show ids that were shown before, and then there is nothing to write.
            if new.is_empty() {
                return Ok(());
            }
            let (lineage, connection, ends) = (shown.lineage, shown.connection, shown.ends);
            let job = move |writing: &mut Writing<'_>| {
                forget_ended(writing, now)?;
                keep(writing, &lineage, &connection, ends, &new).map(Verdict::Keep)
            };
            self.writer.write(job).await
        })
    }
}

fn forget_ended(writing: &Writing<'_>, now: OffsetDateTime) -> rusqlite::Result<()> {
    let mut delete = writing.connection.prepare_cached("DELETE FROM provenance WHERE ends_at < ?1")?;
    delete.execute([millis(now)]).map(|_| ())
}

fn keep(
    writing: &Writing<'_>,
    lineage: &RevocationId,
    connection: &ConnectionName,
    ends: OffsetDateTime,
    new: &[(Resource, bool)],
) -> rusqlite::Result<()> {
    let mut count =
        writing.connection.prepare_cached("SELECT count(*) FROM provenance WHERE lineage = ?1")?;
    let kept: usize = count.query_row([lineage.as_str()], |row| row.get(0))?;
    let mut insert = writing.connection.prepare_cached(
        "INSERT INTO provenance (lineage, connection, kind, id, created, ends_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET created = max(created, excluded.created)",
    )?;
    for (one, created) in new.iter().take(KEPT_FOR_A_LINEAGE.saturating_sub(kept)) {
        let id = one.id.as_str();
        insert.execute(params![
            lineage.as_str(),
            connection.as_str(),
            &*one.kind,
            id,
            created,
            millis(ends)
        ])?;
    }
    Ok(())
}
