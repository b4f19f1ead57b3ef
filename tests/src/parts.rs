//! The third-party parts, as `tests/run parts` installs them, and our scripts that use them.
//!
//! Scripts live in `tests/parts/` and `tests/agents/`; Node looks for packages beside the script, so a script is
//! copied next to the installed ones before it runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, process};

fn tests_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn installed() -> PathBuf {
    let folder = tests_folder().join("../target/parts");
    assert!(
        folder.join("stamp").exists(),
        "the third-party parts are not installed\nhint: `tests/run parts` does it"
    );
    folder
}

/// A command that runs `tests/SCRIPT` with Node 24 and the installed packages.
pub fn node(script: &str) -> Command {
    let parts = installed();
    for needed in [script, "parts/recorder.mjs"] {
        stage(&parts, needed);
    }
    let name = Path::new(script).file_name().expect("a script has a name");
    let mut command = Command::new(parts.join("node"));
    command.arg(parts.join(name)).env("NODE_NO_WARNINGS", "1");
    command
}

/// A command that runs `tests/SCRIPT` with Python and the installed packages.
pub fn python(script: &str) -> Command {
    let mut command = Command::new(installed().join("venv/bin/python"));
    command.arg(tests_folder().join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Written beside and renamed: tests run in parallel and read it at any time.
fn stage(parts: &Path, script: &str) {
    let source = tests_folder().join(script);
    let text = fs::read(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let target = parts.join(source.file_name().expect("a script has a name"));
    if fs::read(&target).is_ok_and(|there| there == text) {
        return;
    }
    let beside = target.with_extension(format!("{}.{:?}", process::id(), std::thread::current().id()));
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, &target))
        .expect("the parts' folder is writable");
}
