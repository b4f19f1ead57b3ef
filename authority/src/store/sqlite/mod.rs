//! The embedded backend: one SQLite file, one thread that writes, readers beside it.
//!
//! The only place with SQL. It seals and opens nothing: what it keeps of secrets was sealed before.

mod approval;
mod approval_row;
mod audit;
mod budget;
mod checkpoint;
mod columns;
mod connection;
mod facts;
mod inbox;
mod migrations;
mod notice;
mod pass;
mod provenance;
mod prune;
mod revocation;
mod root_key;
mod standing;
mod suspension;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::StoreFault;
use standing::Standing;
use writer::Writer;

/// An open database.
pub struct SqliteStore {
    /// Sees what is committed; short reads only, so nobody waits long for it. Closed before the writer, which
    /// as the last one folds the write-ahead log into the file.
    reader: Mutex<Connection>,
    /// Reads the audit log, which takes its time and is not to keep requests waiting.
    log_reader: Mutex<Connection>,
    /// What is used of plain budgets, as it is committed.
    standing: Arc<Standing>,
    writer: Writer,
}

impl super::Store for SqliteStore {}

impl SqliteStore {
    /// Opens the database, makes it where there is none, and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self, StoreFault> {
        let mut connection = Connection::open(path).map_err(|error| fault(&error))?;
        configure(&connection).map_err(|error| fault(&error))?;
        migrations::run(&mut connection)?;
        // Before the reader is opened, so that its companions (-wal, -shm) have the right mode too.
        make_private(path)?;
        let standing = Arc::new(Standing::default());
        let writer = Writer::start(connection, standing.clone())?;
        Ok(Self { writer, standing, reader: open_reader(path)?, log_reader: open_reader(path)? })
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreFault> {
        read(&self.reader, query)
    }

    fn read_log<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreFault> {
        read(&self.log_reader, query)
    }
}

fn open_reader(path: &Path) -> Result<Mutex<Connection>, StoreFault> {
    let reader =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| fault(&error))?;
    reader.busy_timeout(std::time::Duration::from_secs(5)).map_err(|error| fault(&error))?;
    reader.set_prepared_statement_cache_capacity(32);
    Ok(Mutex::new(reader))
}

fn read<T>(
    reader: &Mutex<Connection>,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreFault> {
    let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
    query(&reader).map_err(|error| fault(&error))
}

/// FULL: a commit that answered survives the power going.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // Deleted tokens are overwritten, not left in free pages.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), StoreFault> {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o600);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = Path::new(&name);
        if file.exists() {
            std::fs::set_permissions(file, private.clone()).map_err(|error| StoreFault(error.to_string()))?;
        }
    }
    Ok(())
}

fn fault(error: &rusqlite::Error) -> StoreFault {
    StoreFault(error.to_string())
}
