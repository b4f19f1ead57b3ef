//! The folder with everything of one authority, and who may read it.
//!
//! It knows names and permissions, and nothing about the content of files.

use std::path::{Path, PathBuf};
use std::{fs, io};

use datalog::Hinted;

/// `HALLPASS_HOME`, or the platform's data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
    vault_key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("there is no home directory for this user")]
    Nowhere,
    #[error("`{path}` could not be {verb}: {error}", path = path.display())]
    Io { path: PathBuf, verb: &'static str, error: io::Error },
    #[error(
        "`{path}` can be read by others (mode {mode:o}), expected {expected:o}",
        path = path.display()
    )]
    Exposed { path: PathBuf, mode: u32, expected: u32 },
    #[error(
        "`{path}` belongs to the user with the id {owner}, expected {expected}",
        path = path.display()
    )]
    Foreign { path: PathBuf, owner: u32, expected: u32 },
}

impl Hinted for HomeError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Nowhere => Some("set HALLPASS_HOME to a folder".into()),
            Self::Io { .. } => None,
            Self::Exposed { path, expected, .. } => Some(format!("chmod {expected:o} {}", path.display())),
            Self::Foreign { .. } => {
                Some("run hallpass as that user, or use a folder of your own: `--home`, HALLPASS_HOME".into())
            }
        }
    }
}

impl Home {
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self { vault_key: dir.join("vault.key"), dir }
    }

    /// Returns the same home with the vault key in another place, such as a medium of its own.
    pub fn with_vault_key(self, path: impl Into<PathBuf>) -> Self {
        Self { vault_key: path.into(), ..self }
    }

    /// Returns the platform's data directory as the home, for a user who chose no other.
    pub fn of_platform() -> Result<Self, HomeError> {
        let dirs = directories::ProjectDirs::from("", "", "hallpass").ok_or(HomeError::Nowhere)?;
        Ok(Self::at(dirs.data_dir()))
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the path of `hallpass.toml`.
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("hallpass.toml")
    }

    /// Returns where the store is if nothing else is set.
    pub fn database(&self) -> PathBuf {
        self.dir.join("hallpass.db")
    }

    pub fn vault_key(&self) -> &Path {
        &self.vault_key
    }

    /// Returns the socket on which the running authority listens for people.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("authority.sock")
    }

    /// Returns the file that the one process locks that has the home open.
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join("hallpass.lock")
    }

    /// Returns the file with the audit log's position at the last look.
    pub fn checkpoint(&self) -> PathBuf {
        self.dir.join("audit.checkpoint")
    }

    /// Refuses a folder or file that belongs to somebody else, or that others can write.
    pub fn check(&self, store: Option<&Path>) -> Result<(), HomeError> {
        check_owned(&self.dir, 0o022, 0o700)?;
        let files = [self.config_file(), self.checkpoint()];
        files
            .iter()
            .map(PathBuf::as_path)
            .chain(store)
            .filter(|path| path.exists())
            .try_for_each(|path| check_owned(path, 0o022, 0o600))
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

/// Makes a file that only this user reads. Fails if it exists.
#[cfg(unix)]
pub(crate) fn create_private_file(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed = |error| HomeError::Io { path: path.to_owned(), verb: "made", error };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)
}

/// Opens a file for writing. If it is missing, it is made for this user alone.
#[cfg(unix)]
pub(crate) fn open_private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Refuses a file that belongs to another user, or that the group or others can reach.
#[cfg(unix)]
pub(crate) fn check_private(path: &Path, expected: u32) -> Result<(), HomeError> {
    check_owned(path, 0o077, expected)
}

/// Refuses a file that belongs to another user, or whose mode has any of the `forbidden` bits.
#[cfg(unix)]
fn check_owned(path: &Path, forbidden: u32, expected: u32) -> Result<(), HomeError> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata =
        fs::metadata(path).map_err(|error| HomeError::Io { path: path.to_owned(), verb: "read", error })?;
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own {
        return Err(HomeError::Foreign { path: path.to_owned(), owner: metadata.uid(), expected: own });
    }
    let mode = metadata.mode() & 0o777;
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(HomeError::Exposed { path: path.to_owned(), mode, expected })
}
