//! The database: one connection that writes, and readers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use crate::store::StoreFault;
use crate::store::sqlite::budget_cache::BudgetCache;
use crate::store::sqlite::fault::fault;
use crate::store::sqlite::writer::Writer;

/// An open database.
pub(crate) struct SqliteStore {
    /// Sees committed data. It only makes short reads, so nobody waits long for it. It is closed before the writer. The
    /// writer is closed last, and folds the write-ahead log into the file.
    pub(super) reader: Mutex<Connection>,
    /// Reads the audit log. That takes time, and must not keep requests waiting.
    pub(super) log_reader: Mutex<Connection>,
    /// The committed use of plain budgets.
    pub(super) standing: Arc<BudgetCache>,
    pub(super) writer: Writer,
}

impl crate::store::Store for SqliteStore {}

pub(crate) fn open_reader(path: &Path) -> Result<Mutex<Connection>, StoreFault> {
    let reader =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| fault(&error))?;
    reader.busy_timeout(std::time::Duration::from_secs(5)).map_err(|error| fault(&error))?;
    reader.set_prepared_statement_cache_capacity(32);
    Ok(Mutex::new(reader))
}

pub(crate) fn read<T>(
    reader: &Mutex<Connection>,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreFault> {
    let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
    query(&reader).map_err(|error| fault(&error))
}

/// Sets up a connection. FULL means that a commit that was answered survives a power cut.
pub(crate) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // Deleted tokens are overwritten. Otherwise they would stay in free pages.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
