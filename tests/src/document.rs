//! A page of the documentation, for tests that run its code blocks unchanged.

use std::process::Command;

use crate::hallpass::{Hallpass, binary};
use crate::source;

/// The text of a page, from the workspace's root.
pub fn page(path: &str) -> String {
    std::fs::read_to_string(source::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of one language, in order.
pub fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    text.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// The command as a reader of the page runs it: with `hallpass` on the path, in that Hallpass's home.
pub fn as_reader<'a>(hallpass: &Hallpass, command: &'a mut Command) -> &'a mut Command {
    let bin = hallpass.home().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder in the home");
    // An earlier command of the same reader may have made the link.
    let _ = std::os::unix::fs::symlink(binary(), bin.join("hallpass"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    command.env("PATH", path).env("HALLPASS_HOME", hallpass.home()).env("NO_COLOR", "1")
}
