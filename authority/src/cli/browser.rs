//! Opens the person's browser, if there is one. The address goes as one argument: no shell reads it.

use std::process::{Command, Stdio};

/// Whether a browser was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrowserOpened {
    Yes,
    No,
}

/// Hands `url` to the platform's opener.
pub(super) fn open(url: &str) -> BrowserOpened {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(opener)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(_) => BrowserOpened::Yes,
        Err(_) => BrowserOpened::No,
    }
}
