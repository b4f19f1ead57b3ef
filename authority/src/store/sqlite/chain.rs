//! The end of the chain of records, and the next link.

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::audit::line::Beside;
use crate::audit::{FIRST_LINK, link};
use crate::store::sqlite::columns::millis;
use crate::store::{ChainLink, Line, WordingRow};

/// The end of the chain as the writer knows it.
pub(crate) struct Chain {
    head: ChainLink,
}

impl Chain {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        end(connection).map(|head| Self { head })
    }

    pub(crate) fn head(&self) -> ChainLink {
        self.head
    }

    pub(crate) fn restore(&mut self, head: ChainLink) {
        self.head = head;
    }

    pub(crate) fn append(&mut self, connection: &Connection, line: &Line) -> rusqlite::Result<u64> {
        let seq = self.head.seq + 1;
        let facts = line.beside.as_ref().map(|beside| put(connection, seq, beside)).transpose()?;
        let text = line.numbered(seq, facts);
        let hash = link(&self.head.hash, &text);
        connection
            .prepare_cached("INSERT INTO audit (seq, record, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, text, hash])?;
        self.head = ChainLink { seq, hash };
        Ok(seq)
    }
}

pub(crate) fn end(connection: &Connection) -> rusqlite::Result<ChainLink> {
    let last = connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok(ChainLink { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()?;
    match last {
        Some(end) => Ok(end),
        None => base(connection),
    }
}

/// Returns the link before the first record that is still here.
pub(crate) fn base(connection: &Connection) -> rusqlite::Result<ChainLink> {
    let base = connection
        .prepare_cached("SELECT seq, hash FROM audit_base")?
        .query_row([], |row| Ok(ChainLink { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()?;
    Ok(base.unwrap_or(FIRST_LINK))
}

/// Seals and writes the data beside the record with this number. Returns its SHA-256, for the record.
pub(crate) fn put(connection: &Connection, seq: u64, beside: &Beside) -> rusqlite::Result<[u8; 32]> {
    let Beside { at, seal, wording } = beside;
    let sealed = seal(seq).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached("INSERT INTO decision_facts (seq, at, facts) VALUES (?1, ?2, ?3)")?
        .execute(params![seq, millis(*at), sealed])?;
    if let Some(WordingRow { digest, sealed, ends }) = wording {
        connection
            .prepare_cached(
                "INSERT INTO pass_wording (digest, wording, ends_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (digest) DO NOTHING",
            )?
            .execute(params![digest, sealed, millis(*ends)])?;
    }
    Ok(Sha256::digest(&sealed.0).into())
}
