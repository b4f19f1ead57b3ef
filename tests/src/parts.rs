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

/// The path of an installed part.
pub fn part(name: &str) -> PathBuf {
    installed().join(name)
}

/// A command that runs `tests/SCRIPT` with Node 24 and the installed packages.
pub fn node(script: &str) -> Command {
    let read = |script: &str| {
        let source = tests_folder().join(script);
        fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()))
    };
    write_part("recorder.mjs", &read("parts/recorder.mjs"));
    let name = Path::new(script).file_name().and_then(|name| name.to_str()).expect("a script has a name");
    node_file(&write_part(name, &read(script)))
}

/// A command that runs `tests/SCRIPT` in a browser, with the files that such scripts import.
pub fn browser(script: &str) -> Command {
    let person = tests_folder().join("browser/person.mjs");
    write_part("person.mjs", &fs::read_to_string(person).expect("person.mjs is there"));
    let mut command = node(script);
    command.env("CHROMIUM", "/usr/bin/chromium");
    command
}

pub fn node_file(script: &Path) -> Command {
    let mut command = Command::new(installed().join("node"));
    command.arg(script).env("NODE_NO_WARNINGS", "1");
    command
}

/// A command that runs `tests/SCRIPT` with Python and the installed packages.
pub fn python(script: &str) -> Command {
    python_file(&tests_folder().join(script))
}

pub fn python_file(script: &Path) -> Command {
    let mut command = Command::new(installed().join("venv/bin/python"));
    command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Puts a script beside the installed packages: written and then renamed, for tests run in parallel.
pub fn write_part(name: &str, text: &str) -> PathBuf {
    let target = installed().join(name);
    if fs::read_to_string(&target).is_ok_and(|there| there == text) {
        return target;
    }
    let beside = target.with_extension(format!("{}.{:?}", process::id(), std::thread::current().id()));
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, &target))
        .expect("the parts' folder is writable");
    target
}
