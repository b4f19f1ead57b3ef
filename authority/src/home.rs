//! The folder that everything of one authority is in, and who may read it.
//!
//! It knows names and permissions, and nothing of what the files hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `HALLPASS_HOME`, or the platform's data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
    vault_key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("there is no home directory for this user\nhint: set HALLPASS_HOME to a folder")]
    Nowhere,
    #[error("`{path}` could not be {verb}: {error}", path = path.display())]
    Io { path: PathBuf, verb: &'static str, error: io::Error },
    #[error(
        "`{path}` can be read by others (mode {mode:o}), expected {expected:o}\nhint: chmod {expected:o} {path}",
        path = path.display()
    )]
    Exposed { path: PathBuf, mode: u32, expected: u32 },
}

impl Home {
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self { vault_key: dir.join("vault.key"), dir }
    }

    /// The same, with the vault key somewhere else: on a medium of its own, say.
    pub fn with_vault_key(self, path: impl Into<PathBuf>) -> Self {
        Self { vault_key: path.into(), ..self }
    }

    /// The platform's data directory for a user without a choice of their own.
    pub fn of_platform() -> Result<Self, HomeError> {
        let dirs = directories::ProjectDirs::from("", "", "hallpass").ok_or(HomeError::Nowhere)?;
        Ok(Self::at(dirs.data_dir()))
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `hallpass.toml`.
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("hallpass.toml")
    }

    pub fn database(&self) -> PathBuf {
        self.dir.join("hallpass.db")
    }

    pub fn vault_key(&self) -> &Path {
        &self.vault_key
    }

    /// Where the running authority listens for people.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("authority.sock")
    }

    /// Held by the one process that has the home open.
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join("hallpass.lock")
    }

    /// Where the audit log stood when it was last looked at.
    pub fn checkpoint(&self) -> PathBuf {
        self.dir.join("audit.checkpoint")
    }

    /// Whether `hallpass init` was here.
    pub fn is_initialised(&self) -> bool {
        self.database().exists()
    }

    /// Makes the folder, for this user alone.
    pub fn create(&self) -> Result<(), HomeError> {
        let failed = |error| HomeError::Io { path: self.dir.clone(), verb: "made", error };
        if self.dir.exists() {
            return check_private(&self.dir, 0o700);
        }
        if let Some(parent) = self.dir.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        make_private_dir(&self.dir).map_err(failed)
    }
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Makes a file that only this user reads. Fails where there is one already.
#[cfg(unix)]
pub(crate) fn create_private_file(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed = |error| HomeError::Io { path: path.to_owned(), verb: "made", error };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)
}

/// Opens a file for writing, made for this user alone where there is none.
#[cfg(unix)]
pub(crate) fn open_private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Refuses what the group or others can reach.
#[cfg(unix)]
pub(crate) fn check_private(path: &Path, expected: u32) -> Result<(), HomeError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata =
        fs::metadata(path).map_err(|error| HomeError::Io { path: path.to_owned(), verb: "read", error })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(HomeError::Exposed { path: path.to_owned(), mode, expected })
}
