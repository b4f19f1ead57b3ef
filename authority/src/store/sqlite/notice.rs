//! The table of what people were told.

use rusqlite::{OptionalExtension, params};

use super::writer::Verdict;
use crate::store::notice::NoticeStore;
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;

impl NoticeStore for SqliteStore {
    fn told(&self, sink: &'static str) -> Stored<'_, Option<u64>> {
        Box::pin(async move {
            self.read(|connection| {
                connection
                    .prepare_cached("SELECT seq FROM told WHERE sink = ?1")?
                    .query_row([sink], |row| row.get(0))
                    .optional()
            })
        })
    }

    fn has_told(&self, sink: &'static str, seq: u64) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            writing
                .connection
                .prepare_cached("REPLACE INTO told (sink, seq) VALUES (?1, ?2)")?
                .execute(params![sink, seq])?;
            Ok(Verdict::Keep(()))
        }))
    }
}
