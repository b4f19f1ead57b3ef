//! The embedded backend: one SQLite file, one thread that writes, and readers beside it.
//!
//! This is the only place with SQL. It seals and opens nothing: secrets arrive sealed.

mod approval;
mod approval_put;
mod approval_row;
mod audit;
#[cfg(test)]
pub(crate) mod behind;
mod budget;
mod budget_cache;
pub(crate) mod chain;
mod checkpoint;
mod columns;
mod connection;
mod facts;
pub(crate) mod fault;
mod inbox;
mod migrations;
mod notice;
mod once;
mod pass;
mod provenance;
mod prune;
mod revocation;
mod root_key;
mod session;
mod stop;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::StoreFault;
use crate::store::sqlite::fault::fault;
use crate::store::sqlite::store::SqliteStore;
use crate::store::sqlite::store::configure;
use crate::store::sqlite::store::open_reader;
use crate::store::sqlite::store::read;
use budget_cache::BudgetCache;
use writer::Writer;

impl SqliteStore {
    /// Opens the database, makes it if it is missing, and brings its schema up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreFault> {
        let mut connection = Connection::open(path).map_err(|error| fault(&error))?;
        configure(&connection).map_err(|error| fault(&error))?;
        migrations::run(&mut connection)?;
        // This comes before the reader is opened, so that its companions (-wal, -shm) get the right mode too.
        make_private(path)?;
        let standing = Arc::new(BudgetCache::default());
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

#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), StoreFault> {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o600);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = Path::new(&name);
        if file.exists() {
            std::fs::set_permissions(file, private.clone())
                .map_err(|error| StoreFault::new(error.to_string()))?;
        }
    }
    Ok(())
}
