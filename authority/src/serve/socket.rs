//! The authority's Unix socket: mode 0600, in the owner's own folder, and only the owner gets answers.
//!
//! The process that binds the socket holds the home's lock. So any socket that it finds there is left from a process
//! that is gone.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use datalog::Message;
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};

/// The bound socket. When this is dropped, its file is removed.
pub(super) struct Socket {
    path: PathBuf,
    listener: Option<UnixListener>,
    owner: u32,
}

impl Socket {
    pub(super) fn bind(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().context("the socket's path has no folder")?;
        let mode = std::fs::metadata(folder)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let shown = folder.display();
            let says = format!("expected mode 700 on `{shown}`, got {mode:o}");
            bail!(Message::new(says).hint(format!("chmod 700 '{shown}'")));
        }
        remove_stale(path)?;
        let listener = UnixListener::bind(path).map_err(|error| {
            Message::new(format!("`{}` cannot be used: {error}", path.display()))
                .hint("a socket's path holds about 100 characters: choose a shorter HALLPASS_HOME")
        })?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::symlink_metadata(path)?.uid();
        Ok(Self { path: path.to_owned(), listener: Some(listener), owner })
    }

    /// Returns the listener. It can be taken only once.
    pub(super) fn listener(&mut self) -> anyhow::Result<OwnerOnly> {
        let listener = self.listener.take().context("the socket is served already")?;
        Ok(OwnerOnly { listener, owner: self.owner })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // If the file is already gone, that is fine.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn remove_stale(path: &Path) -> anyhow::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be looked at", path.display())),
        Ok(found) if found.file_type().is_socket() => Ok(std::fs::remove_file(path)?),
        Ok(_) => {
            bail!(Message::new(format!("`{}` is not a socket", path.display())).hint("move it away"))
        }
    }
}

/// Accepts only the socket's owner and root. Others are disconnected before a byte is read.
pub(super) struct OwnerOnly {
    listener: UnixListener,
    owner: u32,
}

impl axum::serve::Listener for OwnerOnly {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => return (stream, address),
                Ok(peer) => {
                    tracing::warn!(uid = peer.uid(), "another user was refused on the authority's socket");
                }
                Err(error) => tracing::warn!(%error, "who connected to the authority's socket is not known"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    #[tokio::test]
    async fn the_socket_is_the_owners_alone_and_goes_with_the_server() {
        let folder = private_folder();
        let path = folder.path().join("authority.sock");
        let socket = Socket::bind(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_another_file_is_not() {
        let folder = private_folder();
        let path = folder.path().join("authority.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(Socket::bind(&path).unwrap());
        std::fs::write(&path, "not a socket").unwrap();
        assert!(Socket::bind(&path).is_err());
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_folder_that_others_can_enter_is_refused() {
        let folder = private_folder();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
        let error = Socket::bind(&folder.path().join("authority.sock")).err().unwrap();
        assert!(error.to_string().contains("expected mode 700"), "{error}");
    }
}
