//! What tests do to the database without the authority, as somebody could who can write its file.

use std::path::Path;

use rusqlite::Connection;

/// A connection of its own to the database of an authority.
pub(crate) struct Behind(Connection);

/// The database's write lock, held until this is dropped. Anybody who writes meanwhile has to wait.
pub(crate) struct Held(Connection);

impl Behind {
    pub(crate) fn of(path: &Path) -> Self {
        Self(Connection::open(path).unwrap())
    }

    /// Runs these statements.
    pub(crate) fn run(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }

    /// Returns the database's error for a statement that it refuses.
    pub(crate) fn refuses(&self, sql: &str) -> String {
        self.0.execute(sql, []).unwrap_err().to_string()
    }

    /// Returns how many rows a table has.
    pub(crate) fn count(&self, table: &str) -> u64 {
        self.0.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// Returns the value that a query finds.
    pub(crate) fn bytes(&self, sql: &str) -> Option<Vec<u8>> {
        self.0.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn hold(self) -> Held {
        self.run("BEGIN IMMEDIATE");
        Held(self.0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.execute_batch("COMMIT").unwrap();
    }
}

/// Returns bytes as SQL writes them.
pub(crate) fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", crate::audit::hex(bytes))
}
