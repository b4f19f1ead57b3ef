//! A small disk for one test, if the machine lets it mount one. It can be filled, and made read-only.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A tmpfs of eight megabytes; unmounted when this is dropped.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// None if this user may not mount.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        run("mount", &["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"], folder.path())
            .then_some(Self { folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the remaining room, to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("the disk has room for a name");
        for size in [64 * 1024, 4096, 1] {
            while ballast.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
        }
    }

    pub fn clear(&self) {
        fs::remove_file(self.ballast()).expect("the ballast is there");
    }

    /// No file on it may be open for writing.
    pub fn make_read_only(&self) {
        assert!(run("mount", &["-o", "remount,ro"], self.path()), "the disk can be made read-only");
    }

    pub fn make_writable(&self) {
        assert!(run("mount", &["-o", "remount,rw"], self.path()), "the disk can be made writable");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, because a process that still uses it ends only a moment later.
        run("umount", &["-l"], self.path());
    }
}

fn run(command: &str, arguments: &[&str], path: &Path) -> bool {
    let output = Command::new(command).args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}
